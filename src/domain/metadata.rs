//! What is said about an item beside its name: tags, and values of fields that metadata collections group. What such texts
//! can be is decided here; whose they are to write is not.

use chrono::NaiveDateTime;

use super::{
    error::{Error, Result},
    id::{CollectionId, FieldId, PrincipalId},
    name,
};

/// Most collections of everybody's, and most personal ones of one user.
pub const MOST_COLLECTIONS: i64 = 200;

/// Most fields of one collection.
pub const MOST_FIELDS: usize = 100;

/// Longest name of a collection or a field, in characters.
pub const LONGEST_NAME: usize = 100;

/// Longest value, in characters.
pub const LONGEST_VALUE: usize = 2000;

/// Most tags of one item.
pub const MOST_TAGS: usize = 100;

/// Longest tag, in characters.
pub const LONGEST_TAG: usize = 100;

/// What the name of a personal collection begins with.
const PERSONAL: &str = "Personal.";

/// Characters that names of collections and fields do not have: the vendor's list. A dot ends a collection's name, a comma
/// ends a field's in a list.
const NOT_IN_NAMES: &str = "/\\<>[]{}=$%'*\"?:#&^.,|";

/// Names that the vendor keeps for itself.
const RESERVED: [&str; 13] = [
    "nul",
    "null",
    "xsystem",
    "xuser",
    "xaf",
    "dmetadataunitid",
    "dparentmetadataunitid",
    "dmetadatainheritlevel",
    "dassignedmetacollection",
    "dmetacollection",
    "dmetacollections",
    "dmetadatacollectionid",
    "dmetadataid",
];

/// A name a collection may have. Case does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectionName {
    text: String,
    personal: bool,
}

impl CollectionName {
    /// Parses a name.
    pub fn parse(text: &str) -> Result<Self> {
        let split = text.split_at_checked(PERSONAL.len()).filter(|(start, _)| start.eq_ignore_ascii_case(PERSONAL));
        let (personal, rest) = split.map_or((false, text), |(_, rest)| (true, rest));
        if !is_name(rest) {
            return Err(Error::Invalid("collectionName"));
        }
        Ok(Self { text: if personal { format!("{PERSONAL}{rest}") } else { rest.to_owned() }, personal })
    }

    /// As it is shown.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What is compared.
    pub fn key(&self) -> String {
        name::key(&self.text)
    }

    /// Whether such a collection belongs to one user.
    pub fn is_personal(&self) -> bool {
        self.personal
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && text.chars().count() <= LONGEST_NAME
        && !text.chars().any(|c| c.is_control() || NOT_IN_NAMES.contains(c))
        && !RESERVED.contains(&&*name::key(text))
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum FieldKind {
    /// Any text.
    Text,
    /// A number in digits.
    Number,
    /// A moment, to the second.
    Date,
    /// Yes or no: `1` or `0`.
    Boolean,
}

impl FieldKind {
    /// Reads a value of this kind; `None`: it is none.
    pub fn read(self, value: &str) -> Option<String> {
        if value.contains('\0') || value.chars().count() > LONGEST_VALUE {
            return None;
        }
        let bare = value.trim();
        match self {
            FieldKind::Text => Some(value.to_owned()),
            FieldKind::Number => {
                let number = bare.len() <= 64 && bare.parse::<f64>().is_ok_and(f64::is_finite);
                number.then(|| bare.to_owned())
            }
            FieldKind::Date => {
                let moment = bare.strip_suffix('Z').unwrap_or(bare);
                let date = bare.len() <= 32 && NaiveDateTime::parse_from_str(moment, "%Y-%m-%dT%H:%M:%S%.f").is_ok();
                date.then(|| bare.to_owned())
            }
            FieldKind::Boolean => match bare {
                "1" | "true" => Some("1".to_owned()),
                "0" | "false" => Some("0".to_owned()),
                _ => None,
            },
        }
    }
}

/// A named set of fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Our key.
    pub id: CollectionId,
    /// Whose it is; `None`: everybody's.
    pub owner: Option<PrincipalId>,
    /// Its name.
    pub name: String,
    /// Whether it is in use; what was said in it is kept meanwhile.
    pub enabled: bool,
    /// Its fields, in their order; none, where only collections were asked for.
    pub fields: Vec<Field>,
}

impl Collection {
    /// Its field of this name; case does not count.
    pub fn field(&self, name: &str) -> Option<&Field> {
        let key = name::key(name);
        self.fields.iter().find(|field| name::key(&field.name) == key)
    }
}

/// A field of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Our key.
    pub id: FieldId,
    /// Its name, unique in its collection.
    pub name: String,
    /// What it holds.
    pub kind: FieldKind,
    /// What shows where no value is set.
    pub default: Option<String>,
    /// Whether it is in use.
    pub enabled: bool,
}

/// A field to be made; parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewField {
    name: String,
    kind: FieldKind,
    default: Option<String>,
}

impl NewField {
    /// Refuses a name that no field can have, and a default that is no value of its kind. An empty default is none.
    pub fn parse(name: &str, kind: FieldKind, default: Option<&str>) -> Result<Self> {
        if !is_name(name) {
            return Err(Error::Invalid("fieldName"));
        }
        Ok(Self { name: name.to_owned(), kind, default: read_default(kind, default)? })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is compared.
    pub fn key(&self) -> String {
        name::key(&self.name)
    }

    /// What it holds.
    pub fn kind(&self) -> FieldKind {
        self.kind
    }

    /// What shows where no value is set.
    pub fn default(&self) -> Option<&str> {
        self.default.as_deref()
    }
}

/// Reads a default of this kind; an empty one is none.
pub fn read_default(kind: FieldKind, default: Option<&str>) -> Result<Option<String>> {
    let given = default.filter(|default| !default.is_empty());
    given.map(|default| kind.read(default).ok_or(Error::Invalid("defaultValue"))).transpose()
}

/// What changes of a field; `None`: as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// Which.
    pub field: FieldId,
    /// Another default, or none any more.
    pub default: Option<Option<String>>,
    /// Whether it is in use.
    pub enabled: Option<bool>,
}

/// What changes of a collection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CollectionChange {
    /// Fields to be made.
    pub add: Vec<NewField>,
    /// Fields to be changed.
    pub change: Vec<FieldChange>,
    /// Fields to go, with all that was said in them.
    pub remove: Vec<FieldId>,
    /// Whether it is in use.
    pub enabled: Option<bool>,
}

/// A value for a field of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The field's collection.
    pub collection: CollectionId,
    /// Whose collection that is; `None`: everybody's.
    pub owner: Option<PrincipalId>,
    /// The field.
    pub field: FieldId,
    /// The value.
    pub value: String,
}

/// A collection that an item has, with what is said in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// The collection with all its fields.
    pub collection: Collection,
    /// Whether it is assigned to the item itself; else to a folder above it.
    pub here: bool,
    /// What is said, in the order of the fields.
    pub values: Vec<Value>,
}

/// What is said in a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// Which.
    pub field: FieldId,
    /// Whether it is said of the item itself; else of a folder above it, the nearest that says something.
    pub here: bool,
    /// What.
    pub text: String,
}

impl Assigned {
    /// What shows of it: values and defaults of the fields that are in use, by name. `None`: not even its name does.
    pub fn shown<'a>(&'a self, inheritance: Inheritance) -> Option<Vec<(&'a str, &'a str)>> {
        let direct = inheritance == Inheritance::Left;
        let said = |field: &Field| {
            let value = self.values.iter().find(|value| value.field == field.id && (value.here || !direct));
            value.map(|value| value.text.as_str())
        };
        let own = !direct || self.here || self.collection.fields.iter().any(|field| said(field).is_some());
        if !self.collection.enabled || !own {
            return None;
        }
        let in_use = self.collection.fields.iter().filter(|field| field.enabled);
        let show = |field: &'a Field| {
            let default = field.default.as_deref().filter(|_| !direct || self.here);
            Some((field.name.as_str(), said(field).or(default)?))
        };
        Some(in_use.filter_map(show).collect())
    }
}

/// Whether what folders above say is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inheritance {
    /// It is.
    Taken,
    /// Only what is said of the item itself.
    Left,
}

/// The tags of an item, in their order; none twice, whatever its case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags(Vec<String>);

impl Tags {
    /// Reads a comma-separated list. Blanks around a tag do not count, nor does an empty one.
    pub fn parse(list: &str) -> Result<Self> {
        Self::read(list.split(','))
    }

    /// Reads tags that come one by one; a comma would end one in a list.
    pub fn listed(tags: &[String]) -> Result<Self> {
        if tags.iter().any(|tag| tag.contains(',')) {
            return Err(Error::Invalid("tags"));
        }
        Self::read(tags.iter().map(String::as_str))
    }

    fn read<'a>(list: impl Iterator<Item = &'a str>) -> Result<Self> {
        let mut tags: Vec<String> = Vec::new();
        let mut keys = std::collections::HashSet::new();
        for tag in list.map(str::trim).filter(|tag| !tag.is_empty()) {
            if tag.chars().any(char::is_control) || tag.chars().count() > LONGEST_TAG {
                return Err(Error::Invalid("setTags"));
            }
            if keys.insert(name::key(tag)) {
                tags.push(tag.to_owned());
            }
            if tags.len() > MOST_TAGS {
                return Err(Error::Invalid("setTags"));
            }
        }
        Ok(Self(tags))
    }

    /// Tags that were read once.
    pub fn of(tags: Vec<String>) -> Self {
        Self(tags)
    }

    /// One by one.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// As a comma-separated list.
    pub fn joined(&self) -> String {
        self.0.join(",")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_name_has_no_dot_but_that_of_a_personal_one() {
        let name = |text: &str| CollectionName::parse(text).map(|name| (name.as_str().to_owned(), name.is_personal()));
        assert_eq!(name("Address").unwrap(), ("Address".to_owned(), false));
        assert_eq!(name("personal.Notes").unwrap(), ("Personal.Notes".to_owned(), true));
        assert_eq!(name("Prüf Plan").unwrap(), ("Prüf Plan".to_owned(), false));
        let long = "x".repeat(LONGEST_NAME + 1);
        for bad in
            ["", " a", "a ", "a.b", "Personal.", "Personal.a.b", "Personal. a", "a,b", "a'b", "a\0", "NULL", &long]
        {
            assert!(name(bad).is_err(), "{bad:?}");
            assert!(NewField::parse(bad, FieldKind::Text, None).is_err(), "{bad:?}");
        }
        assert!(NewField::parse("Personal", FieldKind::Text, None).is_ok());
    }

    #[test]
    fn a_value_is_of_its_fields_kind() {
        let read = |kind: FieldKind, text: &str| kind.read(text);
        assert_eq!(read(FieldKind::Number, " -1.5e3 ").as_deref(), Some("-1.5e3"));
        assert_eq!(read(FieldKind::Boolean, "true").as_deref(), Some("1"));
        for date in ["2017-01-01T00:00:01", "2017-01-01T00:00:01Z", "2017-01-01T00:00:01.25Z"] {
            assert_eq!(read(FieldKind::Date, date).as_deref(), Some(date));
        }
        for bad in ["", "x", "nan", "inf", "1,5", "0x1"] {
            assert_eq!(read(FieldKind::Number, bad), None, "{bad}");
            assert_eq!(read(FieldKind::Date, bad), None, "{bad}");
            assert_eq!(read(FieldKind::Boolean, bad), None, "{bad}");
        }
        assert_eq!(read(FieldKind::Date, "2017-02-30T00:00:00"), None);
        assert_eq!(read(FieldKind::Text, "").as_deref(), Some(""));
        assert_eq!(read(FieldKind::Text, "a\0"), None);
        assert!(read(FieldKind::Text, &"ä".repeat(LONGEST_VALUE)).is_some());
        assert_eq!(read(FieldKind::Text, &"ä".repeat(LONGEST_VALUE + 1)), None);
        assert_eq!(read_default(FieldKind::Number, Some("")).unwrap(), None);
        assert!(read_default(FieldKind::Number, Some("x")).is_err());
    }

    #[test]
    fn tags_come_once_each_in_their_order() {
        let tags = |list: &str| Tags::parse(list).map(|tags| tags.joined());
        assert_eq!(tags(" b, a ,,B,c d,").unwrap(), "b,a,c d");
        assert_eq!(tags("").unwrap(), "");
        let listed = |tags: &[&str]| Tags::listed(&tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>());
        assert_eq!(listed(&[" b", "a ", "B", ""]).unwrap().joined(), "b,a");
        assert!(listed(&["a,b"]).is_err() && listed(&["a\nb"]).is_err());
        assert!(tags("a\nb").is_err() && tags("a\0").is_err() && tags(&"x".repeat(LONGEST_TAG + 1)).is_err());
        let many = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        assert!(tags(&many(MOST_TAGS)).is_ok() && tags(&many(MOST_TAGS + 1)).is_err());
    }

    #[test]
    fn a_default_shows_where_nothing_is_said() {
        let field = |n: u128, default: Option<&str>, enabled| Field {
            id: FieldId(Uuid::from_u128(n)),
            name: format!("F{n}"),
            kind: FieldKind::Text,
            default: default.map(str::to_owned),
            enabled,
        };
        let fields = vec![field(1, Some("d"), true), field(2, None, true), field(3, Some("d"), false)];
        let id = CollectionId(Uuid::nil());
        let collection = Collection { id, owner: None, name: "C".to_owned(), enabled: true, fields };
        let above = Value { field: FieldId(Uuid::from_u128(2)), here: false, text: "v".to_owned() };
        let assigned = Assigned { collection, here: false, values: vec![above] };
        assert_eq!(assigned.shown(Inheritance::Taken), Some(vec![("F1", "d"), ("F2", "v")]));
        assert_eq!(assigned.shown(Inheritance::Left), None);
        let here = Assigned { here: true, ..assigned.clone() };
        assert_eq!(here.shown(Inheritance::Left), Some(vec![("F1", "d")]));
        let mut said = assigned;
        said.values[0].here = true;
        assert_eq!(said.shown(Inheritance::Left), Some(vec![("F2", "v")]));
        said.collection.enabled = false;
        assert_eq!(said.shown(Inheritance::Taken), None);
    }

    proptest! {
        #[test]
        fn no_text_upsets_the_readers(text in any::<String>()) {
            let _ = (CollectionName::parse(&text), Tags::parse(&text));
            for kind in [FieldKind::Text, FieldKind::Number, FieldKind::Date, FieldKind::Boolean] {
                let _ = kind.read(&text);
            }
        }
    }
}

//! Which overload is meant (spec/liferay.md 2.4): parameter names decide, never their order or their values.

use super::{
    error::Error,
    methods::{Method, methods},
    parameters::Parameters,
};

/// A method as an address names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// First segment.
    pub service: String,
    /// Second segment without its hint.
    pub method: String,
    /// So many parameters: picks one overload.
    pub hint: Option<String>,
}

impl Target {
    /// The target of two segments; the second may be missing.
    pub fn new(service: &str, method: &str) -> Self {
        let (method, hint) = match method.split_once('.') {
            Some((method, hint)) => (method, Some(hint.to_owned())),
            None => (method, None),
        };
        Self { service: service.to_owned(), method: method.to_owned(), hint }
    }

    /// The overloads it may mean, in the order in which ties are decided.
    pub fn candidates(&self) -> impl Iterator<Item = &'static Method> {
        let digits = |hint: &&str| hint.bytes().all(|byte| byte.is_ascii_digit());
        let count = self.hint.as_deref().map(|hint| Some(hint).filter(digits)?.parse::<usize>().ok());
        let fits = move |method: &Method| count.is_none_or(|count| count == Some(method.parameters.len()));
        methods().iter().copied().filter(move |method| method.is_at(&self.service, &self.method) && fits(method))
    }

    /// The overload the given names pick.
    ///
    /// # Errors
    /// [`Error::NoAction`], naming the HTTP method by `word`.
    pub fn choose(&self, given: &Parameters, word: &str) -> Result<&'static Method, Error> {
        let mut best: Option<(usize, &'static Method)> = None;
        for method in self.candidates() {
            let matched = method.parameters.iter().filter(|parameter| parameter.is_given(given)).count();
            let qualifies = self.hint.is_some() || matched == method.parameters.len();
            if qualifies && best.is_none_or(|(most, _)| matched > most) {
                best = Some((matched, method));
            }
        }
        best.map(|(_, method)| method).ok_or_else(|| self.unknown(word))
    }

    /// There is no such method.
    pub fn unknown(&self, word: &str) -> Error {
        let method = if self.method.is_empty() { String::new() } else { format!("/{}", self.method) };
        let path: String = format!("/{}{method}", self.service).chars().take(512).collect();
        Error::NoAction { path, word: word.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dialects::liferay::{methods::Kind, parameters::Given};

    fn chosen(path: &str, names: &[&str]) -> Option<String> {
        let (service, method) = path.split_once('/').unwrap();
        let mut given = Parameters::default();
        for name in names {
            given.add(name, Given::Null).unwrap();
        }
        Target::new(service, method).choose(&given, "GET").ok().map(Method::signature)
    }

    #[test]
    fn names_pick_the_overload() {
        let path = "dlapp/check-in-file-entry";
        assert_eq!(chosen(path, &["fileEntryId"]), None);
        let boolean = chosen(path, &["fileEntryId", "changeLog", "majorVersion"]).unwrap();
        assert!(boolean.contains("-boolean-"), "{boolean}");
        assert!(
            chosen(path, &["fileEntryId", "lockUuid"])
                .unwrap()
                .ends_with("checkInFileEntry-3-long-java.lang.String-com.liferay.portal.kernel.service.ServiceContext")
        );
        let listing = ["repositoryId", "folderId", "start", "end", "unknown"];
        assert!(chosen("dlapp/get-file-entries", &listing).unwrap().contains("-4-"));
        assert!(chosen("dlapp/get-file-entries", &listing[..2]).unwrap().contains("-2-"));
        assert!(chosen("dlapp/get-file-entries", &["FOLDERID", "REPOSITORYID"]).is_some());
        assert_eq!(chosen("dlapp/getFileEntries", &listing), None);
        assert_eq!(chosen("nope/get-file-entries", &listing), None);
    }

    #[test]
    fn a_hint_picks_by_number_and_does_not_insist_on_names() {
        assert!(chosen("dlapp/check-in-file-entry.3", &["fileEntryId"]).unwrap().contains("-3-"));
        for hint in ["9", "", "x", "-3", "+3", "3.3", "99999999999999999999999"] {
            assert_eq!(chosen(&format!("dlapp/check-in-file-entry.{hint}"), &["fileEntryId"]), None, "{hint}");
        }
    }

    #[test]
    fn a_tie_is_decided_by_the_signature() {
        let names = ["fileEntryId", "sourceFileName", "mimeType", "title", "description", "changeLog"];
        let tie = [&names[..], &["dlVersionNumberIncrease", "majorVersion", "bytes", "file"]].concat();
        let signature = chosen("dlapp/update-file-entry", &tie).unwrap();
        assert!(signature.contains("-boolean-[B-"), "{signature}");
    }

    #[test]
    fn a_comparator_has_two_names() {
        let listing = ["repositoryId", "folderId", "start", "end"];
        for name in ["obc", "orderByComparator"] {
            let signature = chosen("dlapp/get-file-entries", &[&listing[..], &[name]].concat()).unwrap();
            assert!(signature.ends_with("-5-long-long-int-int-com.liferay.portal.kernel.util.OrderByComparator"));
        }
    }

    proptest! {
        #[test]
        fn the_order_of_parameters_does_not_count(
            // an overload whose name others share, some names of any of them, and one that none has
            (method, some, shuffled) in prop::sample::select(methods()).prop_flat_map(|method| {
                let of_all = Target::new(method.service.path, &method.kebab());
                let mut names: Vec<&str> = of_all
                    .candidates()
                    .flat_map(|overload| overload.parameters.iter().map(|parameter| parameter.name))
                    .chain(["nonsense"])
                    .collect();
                names.sort_unstable();
                names.dedup();
                let most = names.len();
                prop::sample::subsequence(names, 0..=most)
                    .prop_flat_map(|some| (Just(some.clone()), Just(some).prop_shuffle()))
                    .prop_map(move |(some, shuffled)| (method, some, shuffled))
            })
        ) {
            let path = format!("{}/{}", method.service.path, method.kebab());
            let picked = chosen(&path, &some);
            prop_assert_eq!(&picked, &chosen(&path, &shuffled));
            // what is picked has all its names given, and no other that qualifies has more
            let given = |overload: &Method| {
                overload.parameters.iter().all(|one| one.kind == Kind::Context || some.contains(&one.name))
            };
            let target = Target::new(method.service.path, &method.kebab());
            let most = target.candidates().filter(|one| given(one)).map(|one| one.parameters.len()).max();
            let count = target.candidates().find(|one| Some(one.signature()) == picked).map(|one| one.parameters.len());
            prop_assert_eq!(count, most);
        }
    }
}

//! The vendor's models as discovery describes them: class and properties. The objects themselves are in `wire`.

use serde_json::{Value, json};

/// A model.
pub struct Model {
    /// Its name in the table of methods.
    pub name: &'static str,
    /// Names of its properties, by type.
    properties: &'static [(&'static str, &'static str)],
}

/// The models that results are made of, by name.
pub const MODELS: [Model; 9] = [
    Model {
        name: "Company",
        properties: &[
            ("boolean", "active"),
            ("int", "maxUsers"),
            ("long", "companyId groupId logoId"),
            ("string", "homeURL mx webId"),
        ],
    },
    Model {
        name: "FileEntry",
        properties: &[
            ("boolean", "manualCheckInRequired"),
            (
                "long",
                "classNameId classPK companyId createDate ctCollectionId custom1ImageId custom2ImageId expirationDate",
            ),
            (
                "long",
                "fileEntryId fileEntryTypeId folderId groupId largeImageId lastPublishDate modifiedDate mvccVersion",
            ),
            ("long", "repositoryId reviewDate size smallImageId userId"),
            (
                "string",
                "description extension externalReferenceCode extraSettings fileName mimeType name title treePath",
            ),
            ("string", "userName uuid version"),
        ],
    },
    Model {
        name: "FileVersion",
        properties: &[
            ("int", "status"),
            (
                "long",
                "companyId createDate ctCollectionId expirationDate fileEntryId fileEntryTypeId fileVersionId folderId",
            ),
            ("long", "groupId lastPublishDate modifiedDate mvccVersion repositoryId reviewDate size statusByUserId"),
            ("long", "statusDate userId"),
            (
                "string",
                "changeLog checksum description extension extraSettings fileName mimeType statusByUserName title",
            ),
            ("string", "treePath userName uuid version"),
        ],
    },
    Model {
        name: "Folder",
        properties: &[
            ("boolean", "hidden mountPoint"),
            ("int", "restrictionType status"),
            ("long", "companyId createDate ctCollectionId defaultFileEntryTypeId folderId groupId lastPostDate"),
            (
                "long",
                "lastPublishDate modifiedDate mvccVersion parentFolderId repositoryId statusByUserId statusDate userId",
            ),
            ("string", "description name statusByUserName treePath userName uuid"),
        ],
    },
    Model {
        name: "Group",
        properties: &[
            ("boolean", "active inheritContent manualMembership site"),
            ("int", "membershipRestriction remoteStagingGroupCount type"),
            ("long", "classNameId classPK companyId creatorUserId groupId liveGroupId mvccVersion parentGroupId"),
            ("string", "description descriptionCurrentValue friendlyURL groupKey name nameCurrentValue treePath"),
            ("string", "typeSettings uuid"),
        ],
    },
    Model {
        name: "Hits",
        properties: &[
            ("int", "length"),
            ("float", "searchTime"),
            ("float[]", "scores"),
            ("list<object<com.liferay.portal.kernel.search.Document>>", "docs"),
            ("long", "start"),
            ("string", "collatedSpellCheckResult"),
            ("string[]", "querySuggestions queryTerms snippets"),
        ],
    },
    Model {
        name: "Lock",
        properties: &[
            ("boolean", "cachedModel escapedModel expired inheritable neverExpires new"),
            ("long", "companyId createDate expirationDate expirationTime lockId userId"),
            ("string", "className key owner userName userUuid uuid"),
        ],
    },
    Model {
        name: "Repository",
        properties: &[
            ("long", "classNameId companyId createDate dlFolderId groupId lastPublishDate modifiedDate mvccVersion"),
            ("long", "repositoryId userId"),
            ("string", "description name portletId typeSettings userName uuid"),
        ],
    },
    Model {
        name: "User",
        properties: &[
            ("int", "status"),
            ("long", "companyId contactId createDate modifiedDate portraitId userId"),
            (
                "string",
                "emailAddress firstName greeting jobTitle languageId lastName middleName screenName timeZoneId uuid",
            ),
        ],
    },
];

/// The Java class of a model.
pub fn class(name: &str) -> String {
    let package = match name {
        "FileEntry" | "FileVersion" | "Folder" | "FileShortcut" => "com.liferay.portal.kernel.repository.model",
        "Lock" => "com.liferay.portal.kernel.lock",
        "Hits" => "com.liferay.portal.kernel.search",
        _ => "com.liferay.portal.kernel.model",
    };
    format!("{package}.{name}")
}

impl Model {
    /// As discovery lists it, properties sorted by name.
    pub fn described(&self) -> Value {
        let named = self.properties.iter().flat_map(|(kind, names)| names.split(' ').map(move |name| (name, *kind)));
        let mut properties: Vec<(&str, &str)> = named.collect();
        properties.sort_unstable();
        let properties: Vec<Value> =
            properties.into_iter().map(|(name, kind)| json!({"name": name, "type": kind})).collect();
        json!({"entity": self.name, "properties": properties, "type": class(self.name)})
    }
}

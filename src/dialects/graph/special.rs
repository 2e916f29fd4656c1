//! Special folders in this dialect (spec/graph.md 4): how they are spelled in an address and on an item, and what they are
//! called when somebody writes to them first.

use super::{
    Ask,
    address::{Base, Drive, Place},
    error::Refusal,
    ids,
};
use crate::{
    domain::{
        error::{Error, Missing},
        id::{ItemKey, PrincipalId},
        item::{ClientTimes, OnConflict},
        library::Library,
        name::ItemName,
        special::{Special, SpecialKey},
    },
    vault::Look,
};

/// Where the folders of applications lie.
const APPS: &str = "Apps";
/// What the folder of those is called who come without an application, with a token that was made by hand.
const NO_APPLICATION: &str = "Coatcheck";

/// As the vendor spells it.
pub fn name(special: Special) -> &'static str {
    match special {
        Special::Documents => "documents",
        Special::Photos => "photos",
        Special::CameraRoll => "cameraroll",
        Special::AppRoot => "approot",
        Special::Music => "music",
    }
}

/// In any letter case.
pub fn parse(text: &str) -> Result<Special, Refusal> {
    let named = Special::ALL.into_iter().find(|special| name(*special).eq_ignore_ascii_case(text));
    named.ok_or(Refusal::Name("there is no such special folder"))
}

/// Where somebody is about to write.
pub enum Ground {
    /// It is there.
    There(Look),
    /// A special folder that comes into being with the write, when nothing else stands in its way; below this top folder.
    ToCome(Look, Special),
}

impl Ground {
    /// What is there already; what is refused here is refused before anything is made.
    pub fn look(&self) -> &Look {
        match self {
            Ground::There(look) | Ground::ToCome(look, _) => look,
        }
    }

    /// The place itself, made now if it was not there.
    pub async fn made(self, ask: &Ask) -> Result<Look, Refusal> {
        match self {
            Ground::There(look) => Ok(look),
            // seldom, and large
            Ground::ToCome(root, special) => Box::pin(ask.make_special(&root.item().library, special)).await,
        }
    }
}

impl Ask {
    /// Looks at a special folder, or at something below it.
    pub async fn look_at_special(&self, library: &Library, special: Special, path: &[String]) -> Result<Look, Refusal> {
        let vault = &self.hall.vault;
        let found = vault.special_folder(library, &self.special_key(special)).await?;
        let folder = ItemKey::Id(found.ok_or(Error::Missing(Missing::Item))?);
        let key = if path.is_empty() { folder } else { ItemKey::Path(Box::new(folder), path.to_vec()) };
        Ok(vault.look(self.actor(), &key).await?)
    }

    /// Looks at an item, for somebody who writes there: the special folder that the address is comes into being now, if it
    /// was not there.
    pub async fn look_or_make(&self, drive: &Drive, place: &Place) -> Result<Look, Refusal> {
        self.ground(drive, place).await?.made(self).await
    }

    /// Looks at where somebody is about to write; nothing is made yet.
    pub async fn ground(&self, drive: &Drive, place: &Place) -> Result<Ground, Refusal> {
        match (self.look_at(drive, place).await, &place.base) {
            (Err(Refusal::Vault(Error::Missing(Missing::Item))), Base::Special(special)) if place.path.is_empty() => {
                let special = parse(special)?;
                let library = self.library(drive).await?;
                let root = self.hall.vault.look(self.actor(), &ItemKey::Id(library.root)).await?;
                Ok(Ground::ToCome(root, special))
            }
            (looked, _) => Ok(Ground::There(looked?)),
        }
    }

    async fn make_special(&self, library: &Library, special: Special) -> Result<Look, Refusal> {
        let (vault, actor) = (&self.hall.vault, self.actor());
        let root = vault.look(actor, &ItemKey::Id(library.root)).await?;
        let (parent, name) = match special {
            Special::Documents => (root, "Documents".to_owned()),
            Special::Photos => (root, "Pictures".to_owned()),
            Special::Music => (root, "Music".to_owned()),
            Special::CameraRoll => {
                let pictures = match self.look_at_special(library, Special::Photos, &[]).await {
                    Err(Refusal::Vault(Error::Missing(Missing::Item))) => {
                        Box::pin(self.make_special(library, Special::Photos)).await
                    }
                    looked => looked,
                };
                (pictures?, "Camera Roll".to_owned())
            }
            Special::AppRoot => (self.apps(&root).await?, self.application_name().await?),
        };
        let name = ids::item_name(&name)?;
        let made = vault.make_special_folder(actor, &parent, self.special_key(special), &name).await?;
        Ok(vault.look(actor, &ItemKey::Id(made)).await?)
    }

    /// The folder of all applications' folders, an ordinary one.
    async fn apps(&self, root: &Look) -> Result<Look, Refusal> {
        let (vault, actor) = (&self.hall.vault, self.actor());
        let key = ItemKey::Path(Box::new(ItemKey::Id(root.item().id)), vec![APPS.to_owned()]);
        match vault.look(actor, &key).await {
            Err(Error::Missing(Missing::Item)) => {}
            looked => return Ok(looked?),
        }
        let name = ids::item_name(APPS)?;
        let made = vault.create_folder(actor, root, &name, "", OnConflict::Fail, ClientTimes::default()).await;
        Ok(match made {
            Ok(made) => vault.look(actor, &ItemKey::Id(made)).await?,
            // somebody made it at the same moment
            Err(Error::NameTaken(_)) => vault.look(actor, &key).await?,
            Err(other) => return Err(other.into()),
        })
    }

    fn special_key(&self, special: Special) -> SpecialKey {
        let application = if special == Special::AppRoot { self.application() } else { None };
        SpecialKey { special, application }
    }

    /// The application that calls, for itself or for somebody.
    fn application(&self) -> Option<PrincipalId> {
        let itself = if self.actor().is_application() { self.actor().id() } else { None };
        itself.or(self.caller.application)
    }

    /// Its name, as a folder can have it.
    async fn application_name(&self) -> Result<String, Refusal> {
        let Some(application) = self.application() else { return Ok(NO_APPLICATION.to_owned()) };
        let people = self.hall.vault.persons(&[application]).await?;
        let name = people.first().map_or(NO_APPLICATION, |person| &person.name);
        Ok(fitting(name))
    }
}

/// The nearest name that this dialect may give.
fn fitting(text: &str) -> String {
    let fits = |letter: char| if ids::item_name(&format!("x{letter}x")).is_ok() { letter } else { '_' };
    let name: String = text.chars().map(fits).collect();
    let name = ItemName::nearest(name.trim_matches([' ', '.']));
    name.as_str().trim_end_matches([' ', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_read_in_any_letter_case() {
        for special in Special::ALL {
            assert_eq!(parse(&name(special).to_uppercase()).unwrap(), special);
        }
        for none in ["", "document", "desktop", "Camera Roll", "documents "] {
            assert!(parse(none).is_err(), "{none}");
        }
    }

    #[test]
    fn an_applications_name_becomes_one_that_a_folder_can_have() {
        assert_eq!(fitting("Desk & Co"), "Desk & Co");
        assert_eq!(fitting(" a/b: \"c\"? . "), "a_b_ _c__");
        assert_eq!(fitting("..."), "_");
    }

    proptest! {
        #[test]
        fn whatever_it_is_called(text in "\\PC{0,300}") {
            prop_assert!(ids::item_name(&fitting(&text)).is_ok(), "{}", fitting(&text));
        }
    }
}

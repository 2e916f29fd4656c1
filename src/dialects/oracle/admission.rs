//! A caller before an item (spec/oracle.md 3.3, steps 3 to 10). Whether the own role suffices or the link must, and the gates
//! themselves, are the vault's and the domain's; here stands only which item is meant.

use super::{
    auth::Caller,
    ids::{FileId, FolderId, Target},
};
use crate::{
    domain::{actor::Actor, error::Error as No, id::ItemKey, permission::Action},
    vault::{Eyes, Look, Vault},
};

/// A caller before an item: who acts there, with what the link adds, and what is seen. Whether the act is allowed is still
/// for its verb to say.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// Who acts.
    pub actor: Actor,
    /// What is seen.
    pub look: Look,
}

impl Admitted {
    /// Refuses what the verb would refuse; before an upload is read.
    pub fn check(&self, action: Action) -> Result<(), No> {
        self.look.check(&self.actor, action).map(drop)
    }

    /// The same for what somebody's lock does not forbid: a refusal for the caller's rights alone.
    pub fn may(&self, action: Action) -> bool {
        matches!(self.look.check(&self.actor, action), Ok(_) | Err(No::Held(_)))
    }
}

impl Caller {
    /// Looks at a file.
    pub async fn file(&self, vault: &Vault, file: &FileId, action: Action) -> Result<Admitted, No> {
        let admitted = self.look(vault, file.key(), action).await?;
        admitted.look.file()?;
        Ok(admitted)
    }

    /// The same with these eyes. There are no glances for who brings a link: it may have to let them in.
    pub async fn file_with(&self, eyes: &Eyes, vault: &Vault, file: &FileId, action: Action) -> Result<Admitted, No> {
        if self.link.is_some() || eyes.are_open() {
            return self.file(vault, file, action).await;
        }
        let look = vault.look_with(eyes, &self.actor, &file.key()).await?;
        Ok(Admitted { actor: self.actor.clone(), look })
    }

    /// Looks at a folder. `self` is for who is signed in.
    pub async fn folder(&self, vault: &Vault, folder: &FolderId, action: Action) -> Result<Admitted, No> {
        let key = match folder {
            FolderId::Home => ItemKey::Id(vault.own_library(&self.actor).await?.root),
            FolderId::Id(id) => ItemKey::Oracle(id.clone()),
        };
        let admitted = self.look(vault, key, action).await?;
        admitted.look.folder()?;
        Ok(admitted)
    }

    /// Looks at a file or a folder, whichever the path is for.
    pub async fn target(&self, vault: &Vault, target: &Target, action: Action) -> Result<Admitted, No> {
        match target {
            Target::File(file) => self.file(vault, file, action).await,
            Target::Folder(folder) => self.folder(vault, folder, action).await,
        }
    }

    async fn look(&self, vault: &Vault, key: ItemKey, action: Action) -> Result<Admitted, No> {
        let (actor, look) = vault.look_with_link(&self.actor, &key, action, self.link.as_ref()).await?;
        Ok(Admitted { actor, look })
    }
}

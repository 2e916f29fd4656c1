//! Services about what became of an item (spec/oracle.md 12): its versions, and what was done to it.

use super::{
    super::{
        auth::Caller,
        error::Error,
        wire::{ResultSet, ResultSets, time},
    },
    Reply,
    arguments::{Arguments, Named},
};
use crate::{
    domain::{event::Verb, permission::Action},
    vault::Vault,
};

/// So many of the last things that were done are told.
const LONGEST_HISTORY: i64 = 500;

/// `FLD_FILE_REVISIONS`: newest first.
pub async fn revisions(vault: &Vault, caller: &Caller, arguments: &Arguments) -> Result<Reply, Error> {
    let (named, id) = arguments.item("item")?;
    let Named::File(file) = &named else { return Err(Error::BadValue("item")) };
    let on = caller.file(vault, file, Action::View).await.map_err(Error::of(&id))?;
    let editions = vault.editions(&on.actor, &on.look).await.map_err(Error::of(&id))?;
    let name = &on.look.item().name;
    let rows = editions.iter().map(|edition| {
        let version = edition.ordinal.to_string();
        let (size, modified) = (edition.size().to_string(), time(edition.modified_at));
        [name.clone(), version.clone(), version, size, modified, edition.author.name.clone()]
    });
    let columns = ["fFileName", "dRevLabel", "dRevisionID", "dFileSize", "fLastModifiedDate", "fCreatorFullName"];
    Ok(Reply { sets: ResultSets::default().and("REVISIONS", ResultSet::new(columns, rows)), ..Reply::default() })
}

/// `GET_ACTIVITY_HISTORY`: newest first. The columns are a choice: none are known.
pub async fn activities(vault: &Vault, caller: &Caller, arguments: &Arguments) -> Result<Reply, Error> {
    let (named, id) = arguments.item("item")?;
    let on = match &named {
        Named::File(file) => caller.file(vault, file, Action::View).await,
        Named::Folder(folder) => caller.folder(vault, folder, Action::View).await,
    };
    let on = on.map_err(Error::of(&id))?;
    let history = vault.history(&on.actor, &on.look, LONGEST_HISTORY).await.map_err(Error::of(&id))?;
    let rows = history.iter().map(|(entry, person)| {
        let (user, name) =
            person.as_ref().map(|person| (person.oracle_id.clone(), person.name.clone())).unwrap_or_default();
        [time(entry.at), activity(entry.verb, entry.edition.is_some()).to_owned(), user, name]
    });
    let columns = ["activityDate", "activityType", "dUser", "dUserFullName"];
    Ok(Reply { sets: ResultSets::default().and("ActivityHistory", ResultSet::new(columns, rows)), ..Reply::default() })
}

/// What a verb is called; of one edition, or of the whole item.
fn activity(verb: Verb, of_edition: bool) -> &'static str {
    match verb {
        Verb::CheckOut => "reserved",
        Verb::CheckIn | Verb::AddEdition => "version added",
        Verb::Cancel => "reservation cleared",
        Verb::Refresh => "reservation prolonged",
        Verb::Lapse => "reservation lapsed",
        Verb::SaveDraft => "working copy saved",
        Verb::Create => "created",
        Verb::Update => "updated",
        Verb::Carry => "moved along",
        Verb::Delete if of_edition => "version deleted",
        Verb::Delete => "deleted",
        Verb::Restore => "restored",
        Verb::Purge => "deleted from trash",
        Verb::Share => "shared",
        Verb::Link => "public link changed",
        Verb::Associate => "associated",
        Verb::Dissociate => "dissociated",
        Verb::Release => "released",
        Verb::Revise => "revised",
        Verb::LockFolder => "locked",
        Verb::UnlockFolder => "unlocked",
        Verb::RefreshFolder => "lock prolonged",
    }
}

//! What is said about items: their tags, and values in the fields of the metadata collections assigned to them. What
//! everybody sees is a change of the item, which somebody else's lock forbids; what is said in a personal collection shows
//! to its owner alone, and no lock stands in its way.

use std::collections::{BTreeMap, HashMap};

use super::{Look, Vault, locks::ATTEMPTS};
use crate::{
    domain::{
        actor::Actor,
        error::{Error, Missing, Result},
        event::{Outcome, Subject, Verb},
        id::{CollectionId, FieldId, ItemId, PrincipalId},
        metadata::{Assigned, Collection, Setting, Tags},
        permission::{Action, Permit},
    },
    store::{self, Act, files::Seen},
};

/// What is to be said.
enum Said {
    Tags(Tags),
    Assign(Ours),
    Unassign(Ours),
    /// No field twice.
    Set(Vec<Setting>),
    Clear(Ours, Vec<FieldId>),
}

/// A collection as it was found for the caller.
#[derive(Clone, Copy)]
struct Ours {
    id: CollectionId,
    owner: Option<PrincipalId>,
}

impl From<&Collection> for Ours {
    fn from(collection: &Collection) -> Self {
        Self { id: collection.id, owner: collection.owner }
    }
}

impl Said {
    /// The collections it is said in, each once.
    fn collections(&self) -> Vec<Ours> {
        match self {
            Said::Tags(_) => Vec::new(),
            Said::Assign(ours) | Said::Unassign(ours) | Said::Clear(ours, _) => vec![*ours],
            Said::Set(settings) => {
                let all = settings.iter().map(|setting| (setting.collection, setting.owner));
                all.collect::<BTreeMap<_, _>>().into_iter().map(|(id, owner)| Ours { id, owner }).collect()
            }
        }
    }
}

/// How it is written.
#[derive(Clone, Copy)]
enum Way {
    /// As a change of the item: past the lock of a file that was seen so, or past the row of a folder.
    PastTheLock(Option<Seen>),
    /// Without regard to who holds it.
    Beside,
}

/// How it ended; only [`Written::Done`] has changed anything.
enum Written {
    Done,
    /// The item is not as it was looked at.
    Changed,
    /// A collection or a field is gone.
    Gone,
    /// It is not assigned to the item, nor above it.
    NotAssigned,
    OutOfUse,
    /// Its field holds something else by now.
    NoValue,
}

impl Written {
    /// The refusal it is, if it is one for good.
    fn refusal(&self) -> Option<Error> {
        match self {
            Written::Done | Written::Changed => None,
            Written::Gone => Some(Error::Missing(Missing::Collection)),
            Written::NotAssigned => Some(Error::Impossible("the collection is not assigned to the item")),
            Written::OutOfUse => Some(Error::Impossible("the collection or the field is not enabled")),
            Written::NoValue => Some(Error::Invalid("value")),
        }
    }
}

impl Vault {
    /// The tags of an item that was looked at.
    pub async fn tags(&self, actor: &Actor, look: &Look) -> Result<Tags> {
        look.check(actor, Action::View)?;
        let mut db = self.connection().await?;
        Ok(store::metadata::tags(&mut db, look.item.id).await?)
    }

    /// The same of many items that were found for the caller, in one query; who has none is left out.
    pub async fn tags_of(&self, items: &[ItemId]) -> Result<HashMap<ItemId, Tags>> {
        if items.is_empty() {
            return Ok(HashMap::new());
        }
        let mut db = self.connection().await?;
        Ok(store::metadata::tags_of(&mut db, items).await?.into_iter().collect())
    }

    /// Puts tags in the place of those of an item that was looked at.
    ///
    /// # Errors
    /// [`Error::Held`], [`Error::FenceLost`], and what the gates say.
    pub async fn set_tags(&self, actor: &Actor, look: &Look, tags: Tags) -> Result<()> {
        self.say(actor, look, Said::Tags(tags)).await
    }

    /// What is said about an item that was looked at, as far as the caller sees it; also what folders above it say.
    pub async fn metadata(&self, actor: &Actor, look: &Look) -> Result<Vec<Assigned>> {
        look.check(actor, Action::View)?;
        let mut found = self.metadata_of(actor, &[look.item.id]).await?;
        Ok(found.remove(&look.item.id).unwrap_or_default())
    }

    /// The same of many items that were found for the caller, in one query.
    pub async fn metadata_of(&self, actor: &Actor, items: &[ItemId]) -> Result<HashMap<ItemId, Vec<Assigned>>> {
        let mut db = self.connection().await?;
        Ok(store::metadata::of(&mut db, items, actor.id()).await?)
    }

    /// Assigns a collection to an item that was looked at, and to all below it.
    ///
    /// # Errors
    /// [`Missing::Collection`] when it went meanwhile, [`Error::Impossible`] for one that is out of use, [`Error::Held`],
    /// [`Error::FenceLost`], and what the gates say.
    pub async fn assign(&self, actor: &Actor, look: &Look, collection: &Collection) -> Result<()> {
        self.say(actor, look, Said::Assign(collection.into())).await
    }

    /// Takes a collection away from an item that was looked at, with all that is said in it there.
    ///
    /// # Errors
    /// As [`Vault::assign`].
    pub async fn unassign(&self, actor: &Actor, look: &Look, collection: &Collection) -> Result<()> {
        self.say(actor, look, Said::Unassign(collection.into())).await
    }

    /// Sets values of an item that was looked at, in collections that it or a folder above it has. Of two values for one
    /// field the last counts.
    ///
    /// # Errors
    /// [`Error::Impossible`] for a collection that is not assigned or out of use, [`Error::Invalid`] for a value its field
    /// cannot have, and as [`Vault::assign`].
    pub async fn set_values(&self, actor: &Actor, look: &Look, settings: Vec<Setting>) -> Result<()> {
        if settings.is_empty() {
            return Ok(());
        }
        self.say(actor, look, Said::Set(each_once(settings))).await
    }

    /// Takes values of an item that was looked at away.
    ///
    /// # Errors
    /// As [`Vault::assign`].
    pub async fn clear_values(
        &self,
        actor: &Actor,
        look: &Look,
        collection: &Collection,
        fields: Vec<FieldId>,
    ) -> Result<()> {
        self.say(actor, look, Said::Clear(collection.into(), fields)).await
    }

    /// Refuses values that [`Vault::set_values`] would refuse on the item that was looked at, or on a file that is to be made
    /// in it; whoever may not change it is refused elsewhere.
    pub async fn check_values(&self, actor: &Actor, look: &Look, settings: &[Setting]) -> Result<()> {
        if settings.is_empty() {
            return Ok(());
        }
        if settings.iter().any(|setting| setting.owner.is_some()) {
            actor.id().ok_or(Error::NoSession)?;
            look.check_own_words(actor)?;
        }
        let mut db = self.connection().await?;
        let fits = fits(&mut db, look.item.id, settings).await?;
        drop(db);
        fits.refusal().map_or(Ok(()), Err)
    }

    async fn say(&self, actor: &Actor, look: &Look, what: Said) -> Result<()> {
        let (vault, actor, look) = (self.clone(), actor.clone(), look.clone());
        self.complete(async move { vault.try_say(&actor, look, &what).await }).await
    }

    async fn try_say(&self, actor: &Actor, mut look: Look, what: &Said) -> Result<()> {
        let ours = what.collections();
        // tags are in no collection, and everybody's
        let shared = ours.is_empty() || ours.iter().any(|ours| ours.owner.is_none());
        for _ in 0..ATTEMPTS {
            let permit = may_say(actor, &look, what, &ours, shared)?;
            if shared {
                look.check_named_fence(actor)?;
            }
            let seen = look.seen(actor);
            let way = if shared { Way::PastTheLock(seen) } else { Way::Beside };
            let act = self.act(actor, None);
            let written = again!(self.write_said(&permit, &look, what, &ours, way, &act).await)?;
            if let Some(refusal) = written.refusal() {
                return Err(refusal);
            }
            if matches!(written, Written::Done) {
                return Ok(());
            }
            look = self.look_again(actor, &look).await?;
        }
        Err(Error::Overloaded)
    }

    async fn write_said(
        &self,
        permit: &Permit,
        look: &Look,
        what: &Said,
        ours: &[Ours],
        way: Way,
        act: &Act,
    ) -> sqlx::Result<Written> {
        let mut all = self.0.db.begin().await?;
        let held = match way {
            Way::PastTheLock(seen) => {
                let library = look.item.library.id;
                let held = store::metadata::hold(&mut all, permit, library, seen, act).await?;
                held && (seen.is_some() || !self.is_held_from(&mut all, permit.item(), permit.actor()).await?)
            }
            Way::Beside => store::metadata::hold_in_place(&mut all, permit).await?,
        };
        if !held {
            return Ok(Written::Changed);
        }
        let written = write_in(&mut all, permit, permit.item(), what, ours).await?;
        if !matches!(written, Written::Done) {
            return Ok(written);
        }
        if let Way::PastTheLock(_) = way {
            let on = Subject { library: look.item.library.id, item: look.item.id, edition: None, holder: None };
            store::trail::note(&mut all, Verb::Update, Outcome::Done, &on, act).await?;
        }
        all.commit().await?;
        Ok(Written::Done)
    }
}

/// May they? Who assigns a collection that everybody sees shares (spec/oracle.md 10); who takes values away as well, as the
/// vendor has it.
fn may_say(actor: &Actor, look: &Look, what: &Said, ours: &[Ours], shared: bool) -> Result<Permit> {
    if ours.iter().any(|ours| ours.owner.is_some()) {
        actor.id().ok_or(Error::NoSession)?;
        let permit = look.check_own_words(actor)?;
        if !shared {
            return Ok(permit);
        }
    }
    match what {
        Said::Assign(_) | Said::Unassign(_) | Said::Clear(..) => drop(look.check(actor, Action::Share)?),
        Said::Tags(_) | Said::Set(_) => {}
    }
    // which somebody else's lock forbids
    look.check(actor, Action::Describe)
}

/// Sets values of an item in the transaction that makes or changes it: of the permit's, or of one that is made in it. Answers
/// the refusal, if it is one.
pub(super) async fn set_with(
    all: &mut store::PgConnection,
    permit: &Permit,
    item: ItemId,
    said: &[Setting],
) -> sqlx::Result<Option<Error>> {
    let what = Said::Set(each_once(said.to_vec()));
    Ok(write_in(all, permit, item, &what, &what.collections()).await?.refusal())
}

async fn write_in(
    all: &mut store::PgConnection,
    permit: &Permit,
    item: ItemId,
    what: &Said,
    ours: &[Ours],
) -> sqlx::Result<Written> {
    let ids: Vec<CollectionId> = ours.iter().map(|ours| ours.id).collect();
    let held = store::metadata::hold_collections(all, &ids).await?;
    let is_there = |ours: &Ours| held.iter().any(|held| held.id == ours.id && held.owner == ours.owner);
    if !ours.iter().all(is_there) {
        return Ok(Written::Gone);
    }
    match what {
        Said::Tags(tags) => store::metadata::set_tags(all, permit, tags).await?,
        Said::Assign(_) if held.iter().any(|held| !held.enabled) => return Ok(Written::OutOfUse),
        Said::Assign(ours) => store::metadata::assign(all, permit, ours.id).await?,
        Said::Unassign(ours) => store::metadata::unassign(all, permit, ours.id).await?,
        Said::Clear(_, fields) => store::metadata::clear_values(all, permit, fields).await?,
        Said::Set(settings) => {
            let fits = fits(all, item, settings).await?;
            if !matches!(fits, Written::Done) {
                return Ok(fits);
            }
            store::metadata::set_values(all, permit, item, settings).await?;
        }
    }
    Ok(Written::Done)
}

/// Whether these values can be set on an item, or on one that is to be made in it.
async fn fits(db: &mut store::PgConnection, item: ItemId, settings: &[Setting]) -> sqlx::Result<Written> {
    let fields: Vec<FieldId> = settings.iter().map(|setting| setting.field).collect();
    let settable = store::metadata::settable(db, item, &fields).await?;
    let settable: HashMap<FieldId, _> = settable.into_iter().map(|field| (field.field, field)).collect();
    for setting in settings {
        let field = settable.get(&setting.field).filter(|field| field.collection == setting.collection);
        let Some(field) = field else { return Ok(Written::Gone) };
        if !field.assigned {
            return Ok(Written::NotAssigned);
        }
        if !field.enabled {
            return Ok(Written::OutOfUse);
        }
        if field.kind.read(&setting.value).as_ref() != Some(&setting.value) {
            return Ok(Written::NoValue);
        }
    }
    Ok(Written::Done)
}

fn each_once(settings: Vec<Setting>) -> Vec<Setting> {
    let last: BTreeMap<FieldId, Setting> = settings.into_iter().map(|setting| (setting.field, setting)).collect();
    last.into_values().collect()
}

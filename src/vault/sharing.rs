//! Sharing links as Graph has them: offering one, opening one by its secret, and turning what it gives into a role of one's
//! own. They are the same links as `links.rs` keeps.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use chrono::{DateTime, Utc};
use sqlx::{Postgres, Transaction};

use super::{Look, Vault, links, shares};
use crate::{
    domain::{
        actor::{Actor, OpenedLink, Role},
        error::{Error, Missing, Result},
        event::{Outcome, Verb},
        id::{CategoryId, ItemId, ItemKey, LinkId, PrincipalId},
        item::{Item, Kind},
        library::Library,
        link::{Audience, Link},
        page::{Page, Window},
        permission::{self, Action, Denial, Gate, Permit},
        person::Person,
    },
    store::{
        self, Act,
        links::{LinkRow, NewLink},
        shares::Given,
    },
};

/// A link that somebody wants to have on an item, whether there is one like it already or not.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Viewer, downloader or contributor.
    pub role: Role,
    /// Whether it is to be embedded in other pages.
    pub embedded: bool,
    /// Who may use it.
    pub audience: Audience,
    /// Whom [`Audience::Listed`] names.
    pub listed: Vec<PrincipalId>,
    /// The access code, if it is to ask for one.
    pub access_code: Option<String>,
    /// When it ends.
    pub expires_at: Option<DateTime<Utc>>,
}

/// The secret of a link as a caller brings it along.
#[derive(Clone, Debug)]
pub struct BroughtShare {
    /// Graph's share id.
    pub graph_id: String,
    /// What the access code may be: one code in several spellings. None was brought where there is none.
    pub codes: Vec<String>,
    /// Where the caller is, for the count of wrong codes.
    pub from: Option<IpAddr>,
}

/// That something was given on an item, in short.
#[derive(Clone, Debug)]
pub struct Shared {
    /// To whom at most.
    pub audience: Audience,
    /// When the first of it was given.
    pub since: DateTime<Utc>,
    /// By whom, where that is known.
    pub by: Option<Arc<Person>>,
}

/// What links are called that nobody names; the second and all later ones with a number, since names are unique.
const NAME: &str = "Sharing link";

impl Vault {
    /// The link that the caller made on an item like this before, else a new one, under a name of our own; and whether it is
    /// new. However many ask at once without an access code, one is made.
    ///
    /// # Errors
    /// [`Error::Impossible`] for too many links on one item, and what the gates say.
    pub async fn offer_link(&self, actor: &Actor, look: &Look, offer: Offer) -> Result<(Link, bool)> {
        look.check(actor, Action::Share)?;
        let created_by = actor.id().ok_or(Error::NoSession)?;
        let mut listed = offer.listed;
        listed.sort_unstable();
        listed.dedup();
        let mut link = NewLink {
            id: LinkId::fresh(),
            item: look.item.id,
            oracle_id: self.0.fresh.oracle_link(look.item.kind() == Kind::Folder)?,
            graph_id: self.0.fresh.graph_share()?,
            name: NAME.to_owned(),
            embedded: offer.embedded,
            role: offer.role,
            audience: offer.audience,
            listed,
            access_code_hash: None,
            expires_at: offer.expires_at,
            created_by,
        };
        let mut same_code = None;
        if let Some(code) = &offer.access_code {
            same_code = self.same_code(&link, code).await?;
            link.access_code_hash = Some(self.hash_password(code).await?);
        }
        let (vault, actor, look) = (self.clone(), actor.clone(), look.clone());
        self.complete(async move {
            let mut change = vault.0.db.begin().await?;
            let now = vault.0.clock.instead();
            if !store::items::hold(&mut change, link.item).await? {
                return Err(Error::Missing(Missing::Item));
            }
            let there = store::links::on(&mut change, now, link.item).await?;
            let has_code = |row: &LinkRow| row.access_code_hash == same_code;
            if let Some(same) = there.iter().find(|row| {
                is_like(row, &link)
                    && has_code(row)
                    && row.access_code_hash.is_some() == link.access_code_hash.is_some()
            }) {
                return Ok((vault.dress_link(same.clone()).await?, false));
            }
            if i64::try_from(there.len()).is_ok_and(|count| count >= links::MOST) {
                return Err(Error::Impossible("the item has too many links"));
            }
            link.name = free_name(&there);
            vault.note_link(&mut change, &actor, &look).await?;
            store::links::create(&mut change, &link, now).await?;
            let row = store::links::by_id(&mut change, now, link.id).await?;
            change.commit().await?;
            Ok((vault.dress_link(row.ok_or(Error::Missing(Missing::Link))?).await?, true))
        })
        .await
    }

    /// The hash of the first link like this one that has the same access code.
    async fn same_code(&self, link: &NewLink, code: &str) -> Result<Option<String>> {
        let there = {
            let mut db = self.connection().await?;
            store::links::on(&mut db, self.0.clock.instead(), link.item).await?
        };
        let hashes = there.into_iter().filter(|row| is_like(row, link)).filter_map(|row| row.access_code_hash);
        for hash in hashes.take(MOST_VERIFIED) {
            if self.verify_password(code, Some(hash.clone())).await? {
                return Ok(Some(hash));
            }
        }
        Ok(None)
    }

    /// Opens a link by its secret, and looks at what it is on. Who is not admitted by it, or does not know its access code,
    /// and has a role there all the same, goes with that.
    ///
    /// # Errors
    /// [`Missing::Link`]; [`Error::LinkExpired`]; [`Error::LinkRefused`]; [`Error::NoSession`] where somebody must be signed
    /// in and nobody is; [`Error::AccessCode`]; [`Missing::Hidden`] for what the caller may not see even so.
    pub async fn open_share(&self, actor: &Actor, brought: &BroughtShare) -> Result<(Actor, Look)> {
        let row = {
            let mut db = self.connection().await?;
            store::links::by_graph_id(&mut db, self.0.clock.instead(), &brought.graph_id).await?
        };
        let row = row.ok_or(Error::Missing(Missing::Link))?;
        if row.expired {
            return Err(Error::LinkExpired);
        }
        let look = self.look_unseen(actor, &ItemKey::Id(row.item)).await?;
        let actor = match self.admit(actor, &row, &brought.codes, brought.from).await {
            Ok(link) => Actor { link: Some(link), ..actor.clone() },
            Err(Error::LinkRefused(_) | Error::AccessCode) if permission::sees(actor, &look.facts()) => actor.clone(),
            Err(refusal) => return Err(refusal),
        };
        let look = self.look_let_in(&actor, look).await?;
        if permission::sees(&actor, &look.facts()) { Ok((actor, look)) } else { Err(Error::Missing(Missing::Hidden)) }
    }

    /// Opens a link again for somebody who had opened it, as it was then: who bears witness to that brings no access code.
    ///
    /// # Errors
    /// [`Error::LinkExpired`] also for one that is gone or was changed, and as [`Self::open_share`].
    pub async fn reopen_share(&self, actor: &Actor, id: LinkId, changed_at: DateTime<Utc>) -> Result<Actor> {
        let row = {
            let mut db = self.connection().await?;
            store::links::by_id(&mut db, self.0.clock.instead(), id).await?
        };
        let row = row.filter(|row| !row.expired && row.modified_at == changed_at).ok_or(Error::LinkExpired)?;
        links::check_audience(actor, &row)?;
        Ok(Actor { link: Some(links::opened(&row)), ..actor.clone() })
    }

    /// Gives the caller for good what the link gives that they came through to this item. `false`: not for them, or not of a
    /// link with an end, which would outlive itself; then the link still counts for what they do now.
    pub async fn redeem_share(&self, actor: &Actor, look: &Look) -> Result<bool> {
        let (Some(link), Some(caller)) = (actor.link.filter(|link| link.item == look.item.id), actor.id()) else {
            return Ok(false);
        };
        let Ok(permit) = permission::check_redemption(actor, &look.facts()) else { return Ok(false) };
        if look.role(&Actor { link: None, ..actor.clone() }) >= Some(link.role) {
            return Ok(true);
        }
        let (vault, look, act) = (self.clone(), look.clone(), self.act(actor, None));
        self.complete(async move {
            let (mut change, given) = again!(vault.try_redeem(&permit, &look, link, caller, &act).await)?;
            if !given {
                return Ok(false);
            }
            let epoch = vault.start_epoch(&mut change).await?;
            change.commit().await?;
            vault.enter(epoch);
            Ok(true)
        })
        .await
    }

    async fn try_redeem(
        &self,
        permit: &Permit,
        look: &Look,
        link: OpenedLink,
        caller: PrincipalId,
        act: &Act,
    ) -> sqlx::Result<(Transaction<'static, Postgres>, bool)> {
        let mut change = self.0.db.begin().await?;
        let is_there =
            store::items::hold(&mut change, link.item).await? && store::links::hold(&mut change, link.id).await?;
        let row = if is_there { store::links::by_id(&mut change, act.now, link.id).await? } else { None };
        // as it was opened, and without an end
        let lasts = row.is_some_and(|row| row.modified_at == link.changed_at && row.expires_at.is_none());
        if !lasts {
            return Ok((change, false));
        }
        store::shares::raise(&mut change, permit, &[caller], link.role, act.now).await?;
        if store::shares::count(&mut change, link.item).await? > shares::MOST {
            return Ok((change, false));
        }
        store::trail::note(&mut change, Verb::Share, Outcome::Done, &shares::subject(look), act).await?;
        Ok((change, true))
    }

    /// What was given on these items themselves, in short. Ask for what the caller has been shown only.
    pub async fn shared(&self, items: &[ItemId]) -> Result<HashMap<ItemId, Shared>> {
        if items.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = {
            let mut db = self.connection().await?;
            store::shares::shared(&mut db, self.0.clock.instead(), items).await?
        };
        let people = self.people(rows.iter().filter_map(|row| row.by)).await?;
        let short = |row: store::shares::Shared| {
            let audience = match (row.everybody, row.signed_in) {
                (true, _) => Audience::Everybody,
                (false, true) => Audience::SignedIn,
                (false, false) => Audience::Listed,
            };
            let by = row.by.map(|by| people.get(by)).transpose()?;
            Ok((row.item, Shared { audience, since: row.since, by }))
        };
        rows.into_iter().map(short).collect()
    }

    /// The items elsewhere that the caller was given a role on, directly or through a group, by name. A credential reaches
    /// no further here than anywhere.
    ///
    /// # Errors
    /// [`Error::Denied`] for somebody else's library: what is shared with others is for them to see.
    pub async fn shared_with_me(&self, actor: &Actor, own: &Library, window: Window) -> Result<Page<Item>> {
        let me = actor.id().filter(|me| own.personal_to() == Some(*me));
        let me = me.ok_or(Error::Denied(Denial { gate: Gate::Role, action: Action::View }))?;
        permission::check(actor, Action::View, &permission::Facts::of_root(own, &[])).map_err(Error::Denied)?;
        let libraries = self.libraries(actor).await?;
        let mut given = Given {
            items: permission::seen(actor, &libraries).roots,
            with: me,
            hidden_by_policy: Vec::new(),
            hidden: Vec::new(),
            no_private: actor.is_supplier(),
        };
        let of: [(&mut Vec<CategoryId>, bool); 2] = [(&mut given.hidden_by_policy, true), (&mut given.hidden, false)];
        for (hidden, required) in of {
            // what a category is to the caller, a library changes only by requiring policies
            if let Some(library) = libraries.iter().find(|library| library.policies_required == required) {
                *hidden = self.hidden_categories(actor, library).await?;
            }
        }
        let now = self.0.clock.instead();
        let rows = {
            let mut db = self.connection().await?;
            let rows = store::shares::items_given(&mut db, now, &given, window).await?;
            if rows.is_empty() && (window.offset > 0 || window.limit == 0) {
                // past the end, or nothing wanted: only the total is asked for
                let first = Window { offset: 0, limit: 1, ..window };
                let rows = store::shares::items_given(&mut db, now, &given, first).await?;
                return Ok(Page { items: Vec::new(), total: rows.first().map_or(0, |row| row.total) });
            }
            rows
        };
        let total = rows.first().map_or(0, |row| row.total);
        Ok(Page { items: self.dress(rows).await?.into_iter().map(Look::into_item).collect(), total })
    }
}

/// So many access codes are compared at most to find a link that is like another.
const MOST_VERIFIED: usize = 4;

/// Whether a link is what its maker asks for again, but for the access code.
fn is_like(there: &LinkRow, asked: &NewLink) -> bool {
    !there.expired
        && there.created_by == asked.created_by
        && there.role == asked.role
        && there.embedded == asked.embedded
        && there.audience == asked.audience
        && there.expires_at == asked.expires_at
        // both sorted
        && there.listed == asked.listed
}

fn free_name(there: &[LinkRow]) -> String {
    let is_free = |name: &String| there.iter().all(|link| link.name != *name);
    let numbered = (2..).map(|number: usize| format!("{NAME} {number}"));
    std::iter::once(NAME.to_owned()).chain(numbered).find(is_free).unwrap_or_default()
}

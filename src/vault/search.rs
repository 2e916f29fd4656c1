//! Finding items by words over everything the caller sees. Where that is, the checker says; what is left out there for a
//! category or a policy is left out by the store.

use super::{Look, Vault};
use crate::{
    domain::{
        actor::Actor,
        error::Result,
        id::ItemId,
        item::Item,
        library::Library,
        page::Page,
        permission::{self, Action},
        search::{Search, SearchWindow},
    },
    store::{self, search::Scope},
};

impl Vault {
    /// What fits below a folder that was looked at.
    pub async fn search_below(
        &self,
        actor: &Actor,
        folder: &Look,
        search: &Search,
        window: SearchWindow,
    ) -> Result<Page<Item>> {
        folder.folder()?;
        folder.check(actor, Action::View)?;
        let scope = self.within(actor, &folder.item.library, vec![folder.item.id], folder.item.id).await?;
        self.found(search, &scope, window).await
    }

    /// What fits below any of some folders of one library, all looked at; none are nowhere.
    pub async fn search_below_any(
        &self,
        actor: &Actor,
        folders: &[Look],
        search: &Search,
        window: SearchWindow,
    ) -> Result<Page<Item>> {
        let Some(first) = folders.first() else { return Ok(Page { items: Vec::new(), total: 0 }) };
        for folder in folders {
            folder.folder()?;
            folder.check(actor, Action::View)?;
        }
        let (library, roots) = (&first.item.library, folders.iter().map(|folder| folder.item.id).collect());
        let scope = self.within(actor, library, roots, library.root).await?;
        self.found(search, &scope, window).await
    }

    /// What fits in the caller's home, whose root folder was looked at, and in all that others share with the caller.
    pub async fn search_home(
        &self,
        actor: &Actor,
        own: &Look,
        search: &Search,
        window: SearchWindow,
    ) -> Result<Page<Item>> {
        own.folder()?;
        own.check(actor, Action::View)?;
        let libraries = self.libraries(actor).await?;
        let seen = permission::seen(actor, &libraries);
        let mut scope = Scope {
            libraries: seen.libraries,
            roots: seen.roots,
            home: Some(own.item.id),
            no_private: actor.is_supplier(),
            caller: actor.id(),
            ..Scope::default()
        };
        // what a category is to the caller, a library changes only by requiring policies
        for (hidden, required) in [(&mut scope.hidden_by_policy, true), (&mut scope.hidden, false)] {
            if let Some(library) = libraries.iter().find(|library| library.policies_required == required) {
                *hidden = self.hidden_categories(actor, library).await?;
            }
        }
        self.found(search, &scope, window).await
    }

    /// What has a text in its name below a folder that was looked at: folders among files, as they come.
    pub async fn search_names_below(
        &self,
        actor: &Actor,
        folder: &Look,
        part: &str,
        window: SearchWindow,
    ) -> Result<Page<Item>> {
        folder.folder()?;
        folder.check(actor, Action::View)?;
        let library = &folder.item.library;
        let scope = self.names_in(actor, library, vec![folder.item.id], folder.item.id).await?;
        self.found(&Search::of_name(part), &scope, window).await
    }

    /// The same in all of a library that the caller sees: all of it, or what was given to them one by one.
    pub async fn search_names_in(
        &self,
        actor: &Actor,
        library: &Library,
        part: &str,
        window: SearchWindow,
    ) -> Result<Page<Item>> {
        let seen = permission::seen(actor, std::slice::from_ref(library));
        let scope =
            Scope { libraries: seen.libraries, ..self.names_in(actor, library, seen.roots, library.root).await? };
        self.found(&Search::of_name(part), &scope, window).await
    }

    async fn within(&self, actor: &Actor, library: &Library, roots: Vec<ItemId>, below: ItemId) -> Result<Scope> {
        let hidden = self.hidden_categories(actor, library).await?;
        Ok(Scope {
            roots,
            below: Some(below),
            hidden_by_policy: hidden.clone(),
            hidden,
            no_private: actor.is_supplier(),
            caller: actor.id(),
            ..Scope::default()
        })
    }

    async fn names_in(&self, actor: &Actor, library: &Library, roots: Vec<ItemId>, below: ItemId) -> Result<Scope> {
        let hidden = self.hidden_categories(actor, library).await?;
        Ok(Scope {
            roots,
            below: Some(below),
            hidden_by_policy: hidden.clone(),
            hidden,
            no_private: actor.is_supplier(),
            mixed: true,
            ..Scope::default()
        })
    }

    async fn found(&self, search: &Search, scope: &Scope, window: SearchWindow) -> Result<Page<Item>> {
        if search.nothing {
            return Ok(Page { items: Vec::new(), total: 0 });
        }
        let now = self.0.clock.instead();
        let rows = {
            let mut db = self.connection().await?;
            let rows = store::search::find(&mut db, now, search, scope, window).await?;
            if rows.is_empty() && (window.offset > 0 || window.limit == 0) {
                // past the end, or nothing wanted: only the total is asked for
                let first = SearchWindow { offset: 0, limit: 1, ..window };
                let rows = store::search::find(&mut db, now, search, scope, first).await?;
                return Ok(Page { items: Vec::new(), total: rows.first().map_or(0, |row| row.total) });
            }
            rows
        };
        let total = rows.first().map_or(0, |row| row.total);
        Ok(Page { items: self.dress(rows).await?.into_iter().map(Look::into_item).collect(), total })
    }
}

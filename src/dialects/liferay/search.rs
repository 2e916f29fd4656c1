//! Searching (spec/liferay.md 9.1): by what is said of it in a search context, or by who made it. What the caller may not see
//! is not found, and not counted. There is no index beside the database, so nothing is scored: what was changed last comes first.

use std::time::Instant;

use serde_json::Value;

use super::{
    call::Ask,
    convert::SearchContext,
    error::{Error, Operation, Subject},
    find, folders, groups, ids,
    wire::{hits::Hits, shown},
};
use crate::{
    domain::{
        item::{Item, Kind},
        page::{Order, Page, Window},
        search::{Search, SearchOrder, SearchWindow},
    },
    vault::Look,
};

/// Most folders a search context may name: each is looked at.
const MOST_FOLDERS: usize = 100;
/// Most characters of the keywords: they come in bodies, and not in addresses alone.
const LONGEST_KEYWORDS: usize = 1000;

/// `search(repositoryId, searchContext)`, with a query or without: the context says all that counts of it.
pub async fn by_context(ask: Ask) -> Result<Value, Error> {
    let context = ask.search_context()?;
    if context.folder_ids.len() > MOST_FOLDERS {
        return Err(Error::IllegalArgument(Some("Too many folders")));
    }
    let mut places = Vec::new();
    match &context.folder_ids[..] {
        [] => places.push(find::folder_in(ask.vault(), &ask.actor, ask.site()?, ids::ROOT).await?),
        numbers => {
            find::site(ask.vault(), &ask.actor, "repositoryId", ask.site()?).await?;
            for number in numbers {
                match find::folder_in(ask.vault(), &ask.actor, ask.site()?, *number).await {
                    Ok(folder) => places.push(folder),
                    // nothing lies in a folder that is not there
                    Err(error) if error.is_missing() => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
    let SearchContext { keywords, start, end, owner, .. } = &context;
    let words = Some(keywords).filter(|text| text.chars().nth(LONGEST_KEYWORDS).is_none());
    let words = words.and_then(|text| Search::of_words(text)).ok_or(Error::IllegalArgument(None))?;
    let window = folders::between(*start, *end);
    found(&ask, &places, words, *owner, window).await
}

/// `search(repositoryId, creatorUserId, …)`: what one user made, or everybody; in a folder and below it where one is named.
pub async fn by_creator(ask: Ask) -> Result<Value, Error> {
    let folder = if ask.has("folderId") { ask.folder()? } else { ids::ROOT };
    let place = find::folder_in(ask.vault(), &ask.actor, ask.site()?, folder).await?;
    let window = folders::window(&ask)?;
    // a status that nothing here has is found nowhere
    let places = if folders::is_listed(&ask)? { vec![place] } else { Vec::new() };
    // no types are all types
    let media_types = ask.media_types()?;
    let search = Search { media_types, ..Search::default() };
    found(&ask, &places, search, ask.number("creatorUserId")?, window).await
}

/// The part of what is found that is wanted; `None`: none of it.
async fn found(
    ask: &Ask,
    places: &[Look],
    search: Search,
    creator: i64,
    window: Option<Window>,
) -> Result<Value, Error> {
    let begun = Instant::now();
    let nothing = Page { items: Vec::new(), total: 0 };
    let made_by = groups::maker_of(ask, creator).await?;
    let page = match (made_by, places) {
        // nobody, who made nothing
        (None, _) | (_, []) => nothing,
        (Some(made_by), places) => {
            let search = Search { kind: Some(Kind::File), made_by, ..search };
            let window = window.unwrap_or(Window { offset: 0, limit: 0, order: Order::Name });
            looked(ask, places, &search, window).await?
        }
    };
    shown(&Hits::of(&page, ask.company(), ask.vault().now(), begun.elapsed()))
}

async fn looked(ask: &Ask, places: &[Look], search: &Search, window: Window) -> Result<Page<Item>, Error> {
    let order = SearchOrder::Modified;
    // as in the vendor's index, no more than so many are shown; all are counted
    let limit = window.limit.min(ask.settings().search_limit);
    let window = SearchWindow { offset: window.offset, limit, order, descending: true };
    let first = places.first().map_or(ids::ROOT, |place| ids::number_of(place.item()));
    let said = ask.said(Operation::View, &Subject::Folder(first));
    ask.vault().search_below_any(&ask.actor, places, search, window).await.map_err(said)
}

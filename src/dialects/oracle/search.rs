//! Searching files and folders (spec/oracle.md 6.5). What a word is, the domain says; what is found, the vault.

use axum::{extract::State, http::Uri};

use super::{answer::Answer, auth::Caller, error::Error, folders, ids::FolderId, query::Query, wire};
use crate::{
    domain::{
        item::Item,
        metadata::Inheritance,
        page::{Order, Window},
        permission::Action,
        search::{Search, SearchOrder, SearchWindow},
    },
    vault::Vault,
};

/// A page where nothing is said, in 1.0 and 1.1.
const PAGE: i64 = 50;
/// The same in 1.2.
const NEWER_PAGE: i64 = 20;

/// `GET /folders/search/items`: the home and all that others share with the caller.
pub async fn everywhere(State(vault): State<Vault>, caller: Caller, uri: Uri, query: Query) -> Result<Answer, Error> {
    below(State(vault), caller, FolderId::Home, uri, query).await
}

/// `GET /folders/{folderId}/search/items`: below one folder.
pub async fn below(
    State(vault): State<Vault>,
    caller: Caller,
    folder: FolderId,
    uri: Uri,
    query: Query,
) -> Result<Answer, Error> {
    let on = caller.folder(&vault, &folder, Action::View).await?;
    on.check(Action::View)?;
    let search = wanted(&query)?;
    let newer = is_newer(&uri);
    let window = window(&query, newer)?;
    let found = match folder {
        FolderId::Home => vault.search_home(&on.actor, &on.look, &search, window).await?,
        FolderId::Id(_) => vault.search_below(&on.actor, &on.look, &search, window).await?,
    };
    let sizes = vault.folder_sizes(&on.actor, &folders::folders_of(&found)).await?;
    let said = match query.get("fields")? {
        Some("metadata") if newer => {
            let ids: Vec<_> = found.items.iter().map(|item| item.id).collect();
            Some(vault.metadata_of(&on.actor, &ids).await?)
        }
        _ => None,
    };
    let asker = on.actor.id();
    let entry = |item: &Item| {
        let size = || folders::size(&sizes, item);
        let shown = wire::file(item, asker).unwrap_or_else(|| wire::folder(item, size(), asker));
        match &said {
            Some(said) => {
                let said = said.get(&item.id).map(Vec::as_slice).unwrap_or_default();
                shown.object("metadata", wire::said(said, Inheritance::Taken))
            }
            None => shown,
        }
    };
    let shown = Window { offset: window.offset, limit: window.limit, order: Order::Name };
    Ok(Answer::done(folders::listing(&found, shown, entry).number("totalCount", found.total)))
}

/// `fulltext`, else `querytext`, which may ask for a part of a name.
fn wanted(query: &Query) -> Result<Search, Error> {
    if let Some(text) = query.get("fulltext")? {
        return Search::of_words(text).ok_or(Error::BadValue("fulltext"));
    }
    let text = query.get("querytext")?.ok_or(Error::Required("fulltext"))?;
    match part_of_name(text) {
        Some(part) => Ok(Search::of_name(part)),
        None => Search::of_words(text).ok_or(Error::BadValue("querytext")),
    }
}

/// What stands between the quotes of `fItemName<CONTAINS>"x"`.
fn part_of_name(text: &str) -> Option<&str> {
    let rest = text.trim().strip_prefix("fItemName")?.trim_start();
    let operator = rest.get(..10).filter(|operator| operator.eq_ignore_ascii_case("<CONTAINS>"))?;
    let value = rest[operator.len()..].trim();
    // the vendor's own texts write either
    let quoted = ['"', '`'].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
    quoted.filter(|part| !part.is_empty())
}

fn window(query: &Query, newer: bool) -> Result<SearchWindow, Error> {
    let (offset, limit) = query.page(if newer { NEWER_PAGE } else { PAGE })?;
    let (field, direction) = match query.get("orderby")? {
        None => ("name", "asc"),
        Some(text) => text.split_once(':').unwrap_or((text, "asc")),
    };
    let order = match field {
        "name" => SearchOrder::Name,
        "size" => SearchOrder::Size,
        "lastModifiedName" => SearchOrder::ModifierName,
        "lastModifiedDate" => SearchOrder::Modified,
        _ => return Err(Error::BadValue("orderby")),
    };
    let descending = match direction {
        "asc" => false,
        "desc" => true,
        _ => return Err(Error::BadValue("orderby")),
    };
    Ok(SearchWindow { offset, limit, order, descending })
}

/// Whether the client speaks 1.2; the router lets in `/documents/api/{version}/…` only.
fn is_newer(uri: &Uri) -> bool {
    uri.path().split('/').nth(3) == Some("1.2")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_name_is_asked_for_in_the_vendors_form_only() {
        for text in ["fItemName<CONTAINS>\"x y\"", " fItemName <contains> `x y` "] {
            assert_eq!(part_of_name(text), Some("x y"), "{text}");
        }
        for text in [
            "",
            "x",
            "fItemName",
            "fItemName<CONTAINS>",
            "fItemName<CONTAINS>x",
            "fItemName<CONTAINS>\"\"",
            "fItemName<CONTAINS>\"",
            "fItemName<MATCHES>\"x\"",
            "xfItemName<CONTAINS>\"x\"",
            "fItemName<CONTAINSé\"x\"",
        ] {
            assert_eq!(part_of_name(text), None, "{text}");
        }
    }
}

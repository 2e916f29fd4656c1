//! The change feed (spec/graph.md 9.1): all there is, page by page, then what has changed since.

mod token;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use self::token::{Bound, Codec, Token};
use super::{
    Ask,
    error::{Answer, Refusal},
    ids, query, reply,
    wire::{DriveItem, View},
};
use crate::{
    domain::{
        error::Error,
        feed::{Change, Gone, Stretch, TreePlace},
        item::{Item, Kind},
    },
    vault::{Ends, Followed, Told},
};

/// The options a token may come under. The links we write have the first.
const TOKEN: [&str; 3] = ["token", "deltatoken", "skiptoken"];

/// `GET …/delta`.
pub async fn list(ask: &Ask) -> Answer {
    let top = ask.query.top()?.max(1);
    let look = ask.look().await?;
    let vault = &ask.hall.vault;
    let folder = vault.follow(ask.actor(), &look).await?;
    let item = folder.folder();
    let bound = Bound {
        library: item.library.id,
        folder: item.id,
        caller: ask.actor().id(),
        fingerprint: folder.fingerprint(),
    };
    let reader = Reader {
        ask,
        view: ask.view().await?,
        codec: Codec { key: vault.secret("graph.delta").await?, bound },
        folder,
    };
    // the feed is asked first: whatever is read after that and not in it is told next time
    let ends = vault.settle().await?;
    match said(ask) {
        None => reader.listing(ends.last, None, top).await,
        Some(text) if text.eq_ignore_ascii_case("latest") => reader.page(Vec::new(), &Token::Since(ends.last), false),
        Some(text) => match reader.codec.read(text).filter(|token| is_kept(token, &ends)) {
            None => Err(Refusal::Resync(reader.link(None))),
            Some(Token::Listing { since, after }) => reader.listing(since, Some(after), top).await,
            Some(Token::Since(from)) => reader.changes(Stretch::new(from, ends.last), top).await,
            Some(Token::Changes(stretch)) => reader.changes(stretch, top).await,
        },
    }
}

/// The token, wherever it stands: `delta(token='…')` or an option.
fn said(ask: &Ask) -> Option<&str> {
    let argument = ask.address.tail.last().and_then(|word| word.argument.as_deref());
    let option = || TOKEN.iter().find_map(|name| ask.query.get(name));
    argument.map(str::trim).filter(|text| !text.is_empty()).or_else(option)
}

/// Whether what comes after the token is still there. One from beyond the end is of a database that was lost.
fn is_kept(token: &Token, ends: &Ends) -> bool {
    let (from, until) = match token {
        Token::Since(from) | Token::Listing { since: from, .. } => (*from, *from),
        Token::Changes(stretch) => (stretch.from, stretch.until),
    };
    ends.first <= from && until <= ends.last
}

/// Somebody who follows a folder.
struct Reader<'a> {
    ask: &'a Ask,
    view: View,
    codec: Codec,
    folder: Followed,
}

impl Reader<'_> {
    /// A page of what there is; the folder itself comes first.
    async fn listing(&self, since: i64, after: Option<TreePlace>, top: i64) -> Answer {
        let mut value = Vec::new();
        let (after, most) = match after {
            Some(after) => (after, top),
            None => {
                value.push(self.shown(self.folder.folder())?);
                (self.folder.start(), top - 1)
            }
        };
        let mut last = Some(after.clone());
        if most > 0 {
            let (items, end) = self.ask.hall.vault.below(&self.folder, &after, most).await?;
            for item in &items {
                value.push(self.shown(item)?);
            }
            last = end.filter(|_| i64::try_from(items.len()).is_ok_and(|found| found == most));
        }
        match last {
            Some(after) => self.page(value, &Token::Listing { since, after }, true),
            None => self.page(value, &Token::Since(since), false),
        }
    }

    /// A page of what has changed.
    async fn changes(&self, stretch: Stretch, top: i64) -> Answer {
        let Told { changes, rest } = self.ask.hall.vault.changes(self.ask.actor(), &self.folder, stretch, top).await?;
        let mut value = Vec::with_capacity(changes.len());
        for change in &changes {
            value.push(match change {
                Change::Shown(item) => self.shown(item)?,
                Change::Gone(gone) => self.gone(gone),
            });
        }
        match rest {
            Some(rest) => self.page(value, &Token::Changes(rest), true),
            None => self.page(value, &Token::Since(stretch.until), false),
        }
    }

    fn page(&self, value: Vec<Value>, token: &Token, more: bool) -> Answer {
        let link = self.link(Some(&self.codec.write(token)?));
        let name = if more { "@odata.nextLink" } else { "@odata.deltaLink" };
        let body = Map::from_iter([
            ("@odata.context".to_owned(), self.view.context("Collection(driveItem)").into()),
            (name.to_owned(), link.into()),
            ("value".to_owned(), value.into()),
        ]);
        Ok(reply::json(StatusCode::OK, &body))
    }

    /// The address of this feed with a token, or of its beginning; with all other options as they were sent.
    fn link(&self, token: Option<&str>) -> String {
        let place = self.place();
        let kept = query::without(self.ask.head.uri.query().unwrap_or_default(), &TOKEN);
        let options: Vec<String> = [token.map(|token| format!("token={token}")), Some(kept)]
            .into_iter()
            .flatten()
            .filter(|option| !option.is_empty())
            .collect();
        let mark = if options.is_empty() { "" } else { "?" };
        format!("{}{place}/delta{mark}{}", self.ask.origin, options.join("&"))
    }

    /// The path of the folder: by its drive, or as it was sent where a sharing token leads there and the drive may not.
    fn place(&self) -> String {
        if self.ask.share.is_some() {
            let path = self.ask.head.uri.path().trim_end_matches('/');
            return path.rsplit_once('/').map_or(path, |(folder, _)| folder).to_owned();
        }
        let item = self.folder.folder();
        let drive = format!("{}/drives/{}", self.ask.prefix, ids::encoded(&item.library.graph_id));
        if item.is_root() { format!("{drive}/root") } else { format!("{drive}/items/{}", item.graph_id) }
    }

    /// An item. There is no path by default, as it would change with a folder above without being told. Who names
    /// `parentReference` gets all of it: the onedrive client (section 14) does, and passes over what shows no path.
    fn shown(&self, item: &Item) -> Result<Value, Error> {
        let mut object = self.view.selected(&DriveItem::new(&self.view, item)?)?;
        if let Some(Value::Object(parent)) = object.get_mut("parentReference")
            && !self.view.select.names("parentReference")
        {
            parent.remove("path");
        }
        // it is what everything is told by
        object.entry("id").or_insert_with(|| item.graph_id.clone().into());
        Ok(Value::Object(object))
    }

    fn gone(&self, gone: &Gone) -> Value {
        let mut parent =
            Map::from_iter([("driveId".to_owned(), Value::from(self.folder.folder().library.graph_id.clone()))]);
        if let Some(id) = &gone.parent {
            parent.insert("id".to_owned(), id.clone().into());
        }
        let mut object = Map::from_iter([
            ("id".to_owned(), gone.graph_id.clone().into()),
            ("deleted".to_owned(), json!({"state": "deleted"})),
            ("parentReference".to_owned(), parent.into()),
        ]);
        // as the vendor's own examples show; the onedrive client passes over what is neither
        let facet = match gone.kind {
            Kind::File => "file",
            Kind::Folder => "folder",
        };
        if self.view.select.wants(facet) {
            object.insert(facet.to_owned(), json!({}));
        }
        Value::Object(object)
    }
}

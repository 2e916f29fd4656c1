//! Files: search, show, give content, create (spec/arena.md 8). Checking them out is in `locks.rs`.

use std::sync::Arc;

use axum::{
    Json,
    extract::{FromRequestParts, Path, RawQuery, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, request::Parts},
    response::{IntoResponse, Response},
};

use super::{
    super::Hall,
    attributes::Description,
    auth::Caller,
    body::Encoding,
    error::{Asked, Error, What},
    form::{self, Form},
    ids::Guid,
    search::Search,
    wire::{Compact, File, List},
};
use crate::{
    domain::{
        edition::{Edition, Metadata},
        error::{Error as Refusal, Missing},
        id::{CategoryId, EditionKey, ItemKey},
        item::{ClientTimes, NewFile, OnConflict},
        permission::Action,
    },
    http::{content, disposition::Disposition, etag::ETag},
    vault::{Category, Look, NewFileAt, Staged, Vault},
};

const FILE_GUID: HeaderName = HeaderName::from_static("x-arena-fileguid");

/// The `{guid}` of a path, as it is spelled.
#[derive(Clone, Debug)]
pub struct Named(pub String);

impl FromRequestParts<Hall> for Named {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, hall: &Hall) -> Result<Self, Error> {
        let path = Path::<String>::from_request_parts(parts, hall).await;
        path.map(|Path(guid)| Named(guid)).map_err(|_| Error::Syntax)
    }
}

/// A file as the caller sees it, with the edition that a GUID names.
#[derive(Clone, Debug)]
pub struct Sight {
    /// The file.
    pub look: Look,
    /// The edition.
    pub edition: Edition,
    /// Words for what is refused from here on.
    pub asked: Asked,
}

impl Sight {
    /// Looks at the file that has an edition of this GUID.
    pub async fn of(vault: &Vault, caller: &Caller, what: What, guid: &str) -> Result<Self, Error> {
        let asked = Asked::about(what, guid);
        let guid = asked.answer(Guid::parse(guid).ok_or(Refusal::Missing(Missing::Edition)))?.as_str().to_owned();
        let look = asked.answer(vault.look(&caller.actor, &ItemKey::Edition(guid.clone())).await)?;
        // a session is for one workspace: files of another do not exist in it, whatever else the user may see
        if look.item().library.id != caller.library.id {
            return Err(asked.refused(Refusal::Missing(Missing::Hidden)));
        }
        let edition = asked.answer(vault.edition(&caller.actor, &look, &EditionKey::Arena(guid)).await)?;
        Ok(Sight { look, edition, asked })
    }
}

/// `GET /files`: the latest editions that fit, by number (8.1).
pub async fn list(State(hall): State<Hall>, caller: Caller, RawQuery(query): RawQuery) -> Result<Response, Error> {
    let Search { mut query, category, children, window } = Search::read(query.as_deref())?;
    let (actor, library) = (&caller.actor, &caller.library);
    if let Some(guid) = category {
        let asked = Asked::about(What::Categorize, guid.as_str());
        let readable = asked.answer(hall.vault.readable_categories(actor, library).await)?;
        let wanted = asked.answer(find(&readable, &guid).map(|category| category.row.id))?;
        let below = |category: &Category| children && category.row.ancestors.contains(&wanted);
        let among = readable.iter().filter(|category| category.row.id == wanted || below(category));
        query.categories = Some(among.map(|category| category.row.id).collect());
    }
    let asked = Asked::nothing(What::Call);
    let items = asked.answer(hall.vault.search_files(actor, library, query, window.limit, window.offset).await)?;
    let files = items.iter().filter_map(|item| Some(Compact::of(item, &item.file.as_ref()?.edition))).collect();
    Ok(Json(List::of(files)).into_response())
}

/// `GET /files/{guid}`: the edition with this GUID in the full form (8.2).
pub async fn show(State(hall): State<Hall>, caller: Caller, Named(guid): Named) -> Result<Response, Error> {
    let Sight { look, edition, .. } = Sight::of(&hall.vault, &caller, What::Show, &guid).await?;
    Ok(Json(File::full(look.item(), &edition)).into_response())
}

/// `GET /files/{guid}/content`: the bytes of the edition with this GUID; a check-out does not prevent it (8.3).
pub async fn content(
    State(hall): State<Hall>,
    caller: Caller,
    Named(guid): Named,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let Sight { look, edition, asked } = Sight::of(&hall.vault, &caller, What::Content, &guid).await?;
    let bytes = asked.answer(hall.vault.download(&caller.actor, &look, &edition).await)?;
    let download = content::Download {
        disposition: Some((Disposition::Attachment, bytes.file_name)),
        etag: ETag::strong(bytes.content.sha256.to_hex()),
        last_modified: Some(bytes.modified_at.into()),
        // one range is answered; conditions are nothing the vendor knows
        conditions: false,
        ..content::Download::new(bytes.content.size, bytes.media_type)
    };
    let open = async |range| {
        let asked = Asked::about(What::Bytes, guid.as_str());
        asked.answer(hall.vault.open_bytes(&bytes.content, range).await)
    };
    Ok(content::respond(&method, &headers, &download, open).await?)
}

/// `POST /files` with content (8.5).
///
/// Arena knows no folders and lets any number of files have one name, so a new file lands in the root folder of the
/// workspace's library, there under its own name or, where that is taken, with `(2)`, `(3)` … before the extension.
/// What Arena shows as `name` is the name of the upload, kept with the edition.
pub async fn create(State(hall): State<Hall>, caller: Caller, request: Request) -> Result<Response, Error> {
    // without content it would be JSON (8.6), which is not there yet
    if Encoding::of(request.headers())? != Encoding::Form {
        return Err(Error::ContentType);
    }
    let mut form = Form::open(request, &hall)?;
    let asked = Asked::nothing(What::Create);
    let mut upload = None;
    let folder = asked.answer(hall.vault.look_at_root(&caller.actor, &caller.library).await)?;
    if let Some(file) = form.file().await? {
        // no stranger's bytes are written; the refusal waits until the whole form is read (5.2), and the category may
        // come after the file
        if asked.answer(hall.vault.may_create_some(&caller.actor, &folder).await)? {
            upload = Some(Upload::stage(file, &hall.vault).await?);
        }
    }
    let texts = form.rest().await?;
    if let Some(missing) = ["title", "edition"].into_iter().find(|attribute| !texts.says(attribute)) {
        return Err(Error::Required(missing));
    }
    let given = Description::read(&texts)?;
    let category = match &given.category {
        Some(guid) => {
            let category = find_category(&hall.vault, &caller, guid).await?;
            let may = hall.vault.check_create(&caller.actor, &folder, Some(category.row.id)).await;
            categorized(&category, may.map(drop))?;
            Some(category.row.id)
        }
        // the root category
        None => {
            asked.answer(folder.check(&caller.actor, Action::Create))?;
            None
        }
    };
    let upload = asked.answer(upload.ok_or(Refusal::ContentMissing))?;
    // a form that has content has said its name
    let name = asked.answer(given.name.clone().ok_or(Refusal::ContentMissing))?;
    let new = NewFileAt {
        file: NewFile {
            metadata: upload.metadata(given, category),
            name,
            comment: String::new(),
            on_conflict: OnConflict::RenameParentheses,
            client_times: ClientTimes::default(),
        },
        content: Some(upload.content),
    };
    let made = asked.answer(hall.vault.create_file(&caller.actor, &folder, new).await)?;
    let guid = asked.answer(made.arena_guid.ok_or_else(|| Refusal::broken("a file was made without an edition")))?;
    let Sight { look, edition, .. } = Sight::of(&hall.vault, &caller, What::Show, &guid).await?;
    Ok((StatusCode::CREATED, received(&guid), Json(File::full(look.item(), &edition))).into_response())
}

/// The header that tells which edition has received content (1.3).
pub fn received(guid: &str) -> [(HeaderName, HeaderValue); 1] {
    // 20 letters and digits, which a header always holds
    [(FILE_GUID, HeaderValue::from_str(guid).unwrap_or(HeaderValue::from_static("")))]
}

/// A file that was uploaded and that nothing names yet.
#[derive(Debug)]
pub struct Upload {
    /// The bytes.
    pub content: Staged,
    declared_type: Option<String>,
}

impl Upload {
    /// Writes the file of a form to the content store.
    pub async fn stage(file: form::File, vault: &Vault) -> Result<Self, Error> {
        let declared_type = file.declared_type();
        Ok(Self { content: file.stage(vault).await?, declared_type })
    }

    /// What is said of the edition it becomes.
    pub fn metadata(&self, given: Description, category: Option<CategoryId>) -> Metadata {
        Metadata {
            file_name: given.name,
            media_type: None,
            declared_type: self.declared_type.clone(),
            title: given.title,
            description: given.description,
            format: given.format,
            private: given.private,
            label: given.edition,
            author_name: given.author,
            category,
        }
    }
}

/// The category with this GUID, if files of it exist for the caller.
pub async fn find_category(vault: &Vault, caller: &Caller, guid: &str) -> Result<Arc<Category>, Error> {
    let asked = Asked::about(What::Categorize, guid);
    asked.answer(vault.category_of_guid(&caller.actor, &caller.library, guid.trim()).await)
}

/// Refuses a category that the caller may not give to files, or nobody.
pub async fn may_categorize(vault: &Vault, caller: &Caller, category: &Category) -> Result<CategoryId, Error> {
    categorized(category, vault.check_category(&caller.actor, &caller.library, category.row.id).await)?;
    Ok(category.row.id)
}

/// The vault's answer about a category; the vendor tells one that is inactive from one that never takes files.
fn categorized(category: &Category, answer: Result<(), Refusal>) -> Result<(), Error> {
    let row = &category.row;
    match answer {
        Err(Refusal::CategoryNotAssignable) if !row.active => {
            Err(Error::InactiveCategory { guid: row.arena_guid.clone(), name: row.name.clone() })
        }
        other => Asked::about(What::Categorize, row.arena_guid.as_str()).answer(other),
    }
}

fn find<'a>(categories: &'a [Arc<Category>], guid: &str) -> Result<&'a Category, Refusal> {
    let guid = guid.trim();
    let found = categories.iter().find(|category| category.row.arena_guid == guid);
    found.map(|category| &**category).ok_or(Refusal::Missing(Missing::Category))
}

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
    body::{Encoding, Object},
    error::{Asked, Error, What},
    form::{self, Form, Texts},
    ids::Guid,
    search::Search,
    uploads,
    wire::{Compact, File, List},
};
use crate::{
    domain::{
        edition::{Edition, Metadata},
        error::{Error as Refusal, Missing},
        id::{CategoryId, EditionKey, ItemKey},
        item::{ClientTimes, NewFile, OnConflict},
        name::ItemName,
        permission::Action,
    },
    http::{content, disposition::Disposition, etag::ETag},
    vault::{Category, Eyes, Look, NewFileAt, Staged, Vault},
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
        Self::with(&Eyes::default(), vault, caller, what, guid).await
    }

    /// The same with these eyes.
    pub async fn with(eyes: &Eyes, vault: &Vault, caller: &Caller, what: What, guid: &str) -> Result<Self, Error> {
        let asked = Asked::about(what, guid);
        let guid = asked.answer(Guid::parse(guid).ok_or(Refusal::Missing(Missing::Edition)))?.as_str().to_owned();
        let look = asked.answer(vault.look_with(eyes, &caller.actor, &ItemKey::Edition(guid.clone())).await)?;
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

/// `POST /files`: with content in a form (8.5), without in JSON (8.6).
pub async fn create(State(hall): State<Hall>, caller: Caller, request: Request) -> Result<Response, Error> {
    match Encoding::of(request.headers())? {
        Encoding::Json => create_elsewhere(&hall.vault, &caller, Object::read(request, &hall).await?).await,
        Encoding::Form => create_here(&hall, &caller, request).await,
    }
}

/// `POST /files/json`: the same in JSON only.
pub async fn create_json(State(hall): State<Hall>, caller: Caller, body: Object) -> Result<Response, Error> {
    create_elsewhere(&hall.vault, &caller, body).await
}

async fn create_here(hall: &Hall, caller: &Caller, request: Request) -> Result<Response, Error> {
    let drawn = Drawn::read(request, hall, caller, true).await?;
    let (folder, file) = drawn.decide(&hall.vault, caller).await?;
    let guid = make(&hall.vault, caller, &folder, file).await?;
    Ok((received(&guid), shown(&hall.vault, caller, &guid).await?).into_response())
}

async fn create_elsewhere(vault: &Vault, caller: &Caller, body: Object) -> Result<Response, Error> {
    let body = body.unwrapped("file")?;
    let required = ["title", "edition", "storageMethodName"];
    if let Some(missing) = required.into_iter().find(|attribute| !body.says(attribute)) {
        return Err(Error::Required(missing));
    }
    let given = Description::read_json(&body)?;
    let misplaced = given.misplaced(None)?;
    let folder = vault.look_at_root(&caller.actor, &caller.library).await;
    let (folder, category) = may_create(vault, caller, folder, given.category.as_deref()).await?;
    if let Some(error) = misplaced {
        return Err(error);
    }
    let name = ItemName::nearest(given.title.as_deref().unwrap_or_default());
    let guid = make(vault, caller, &folder, new_file(name, given.metadata(category), None)).await?;
    shown(vault, caller, &guid).await
}

/// The folder if the caller may make files in it, and the category that a new file is to have, if one is named: decided
/// before it is known whether there is content.
async fn may_create(
    vault: &Vault,
    caller: &Caller,
    folder: Result<Look, Refusal>,
    category: Option<&str>,
) -> Result<(Look, Option<CategoryId>), Error> {
    let category = match category {
        Some(category) => Some(find_category(vault, caller, category).await?),
        // the root category
        None => None,
    };
    let asked = Asked::nothing(What::Create);
    let folder = asked.answer(folder)?;
    let category = match category {
        Some(category) => {
            let may = vault.check_create(&caller.actor, &folder, Some(category.row.id)).await;
            categorized(&category, may.map(drop))?;
            Some(category.row.id)
        }
        None => {
            asked.answer(folder.check(&caller.actor, Action::Create))?;
            None
        }
    };
    Ok((folder, category))
}

/// A file that is to be made.
///
/// Arena knows no folders and lets any number of files have one name, so a new file lands in the root folder of the
/// workspace's library, there under its own name or, where that is taken, with `(2)`, `(3)` … before the extension.
/// What Arena shows as `name` is the name of the upload, kept with the edition; a file whose bytes are elsewhere has none
/// and is called by its title.
fn new_file(name: ItemName, metadata: Metadata, content: Option<Staged>) -> NewFileAt {
    let comment = String::new();
    let (on_conflict, client_times) = (OnConflict::RenameParentheses, ClientTimes::default());
    NewFileAt { file: NewFile { name, metadata, comment, on_conflict, client_times }, content }
}

/// Makes a file and answers the GUID of its edition.
async fn make(vault: &Vault, caller: &Caller, folder: &Look, file: NewFileAt) -> Result<String, Error> {
    let asked = Asked::nothing(What::Create);
    let made = vault.create_file(&caller.actor, folder, file).await;
    asked.answer(made.and_then(|made| made.arena_guid.ok_or_else(|| Refusal::broken("a file without an edition"))))
}

/// 201 and the edition with this GUID in the full form, as it is now.
pub async fn shown(vault: &Vault, caller: &Caller, guid: &str) -> Result<Response, Error> {
    let Sight { look, edition, .. } = Sight::of(vault, caller, What::Show, guid).await?;
    Ok((StatusCode::CREATED, Json(File::full(look.item(), &edition))).into_response())
}

/// A file as a form draws it, read to its end; its bytes lie in the content store, and nothing names them yet.
#[derive(Debug)]
pub struct Drawn {
    /// The text parts.
    pub texts: Texts,
    given: Description,
    folder: Result<Look, Refusal>,
    part: uploads::Part,
}

impl Drawn {
    /// Reads a form. No stranger's bytes are written; the refusal waits until the whole form is read (5.2). `takes` says
    /// whether they are wanted at all.
    pub async fn read(request: Request, hall: &Hall, caller: &Caller, takes: bool) -> Result<Self, Error> {
        let form = Form::open(request, hall)?;
        let folder = hall.vault.look_at_root(&caller.actor, &caller.library).await;
        // the category may come after the file
        let may = match &folder {
            Ok(folder) if takes => {
                Asked::nothing(What::Create).answer(hall.vault.may_create_some(&caller.actor, folder).await)?
            }
            Ok(_) | Err(_) => false,
        };
        let (texts, part) = uploads::read(form, &hall.vault, may).await?;
        if let Some(missing) = ["title", "edition"].into_iter().find(|attribute| !texts.says(attribute)) {
            return Err(Error::Required(missing));
        }
        Ok(Self { given: Description::read(&texts)?, texts, folder, part })
    }

    /// The file and the folder it is to be made in, if the caller may make it.
    pub async fn decide(self, vault: &Vault, caller: &Caller) -> Result<(Look, NewFileAt), Error> {
        let asked = Asked::nothing(What::Create);
        let (folder, category) = may_create(vault, caller, self.folder, self.given.category.as_deref()).await?;
        let upload = asked.answer(self.part.upload())?;
        // a form that has content has said its name
        let name = asked.answer(self.given.name.clone().ok_or(Refusal::ContentMissing))?;
        let metadata = upload.metadata(self.given, category);
        Ok((folder, new_file(name, metadata, Some(upload.content))))
    }
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
        Metadata { declared_type: self.declared_type.clone(), ..given.metadata(category) }
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

/// The category that a file is to have instead of its own, which takes the right to both. It is looked for before all
/// rights (5.2); `may` is what they say of the file itself.
pub async fn recategorize(
    vault: &Vault,
    caller: &Caller,
    look: &Look,
    guid: Option<&str>,
    may: &Result<(), Refusal>,
) -> Result<Option<CategoryId>, Error> {
    let Some(guid) = guid else { return Ok(None) };
    let category = find_category(vault, caller, guid).await?;
    let rights = !matches!(may, Err(Refusal::Denied(_) | Refusal::Missing(_)));
    if rights && category.row.id != look.item().category.id {
        may_categorize(vault, caller, &category).await.map(Some)
    } else {
        Ok(None)
    }
}

/// The category with this GUID among some.
pub fn find<'a>(categories: &'a [Arc<Category>], guid: &str) -> Result<&'a Category, Refusal> {
    let guid = guid.trim();
    let found = categories.iter().find(|category| category.row.arena_guid == guid);
    found.map(|category| &**category).ok_or(Refusal::Missing(Missing::Category))
}

//! Codes by which other systems know files: given in the transaction that writes what else is said of the file.

use crate::{
    domain::{error::Error, external::ExternalCode, id::ItemId, item::Item, library::Library},
    store,
};

/// The code a file is to get, unless it is the one it has.
pub(super) fn another<'a>(code: Option<&'a ExternalCode>, item: &Item) -> Option<&'a ExternalCode> {
    code.filter(|code| code.as_str() != item.external_code())
}

/// Gives a file of a library its code, where there is one; refuses one that another file has.
pub(super) async fn coded(
    db: &mut store::PgConnection,
    library: &Library,
    file: ItemId,
    code: Option<&ExternalCode>,
) -> sqlx::Result<Option<Error>> {
    let Some(given) = code else { return Ok(None) };
    let done = store::external_codes::set(db, file, given).await?;
    Ok((!done).then(|| taken(library, code)))
}

/// Another file of the library has the code.
pub(super) fn taken(library: &Library, code: Option<&ExternalCode>) -> Error {
    let code = code.map(|code| code.as_str().to_owned()).unwrap_or_default();
    Error::CodeTaken { code, library: library.number }
}

//! Codes by which other systems know files: given in the transaction that writes what else is said of the file.

use crate::{
    domain::{error::Error, external::ExternalCode, id::ItemId, item::Item, library::Library},
    store,
};

/// The constraint that no two files of a library show one code.
pub(super) const CODE_KEY: &str = "items_external_code_key";

/// The code a file is to get, unless it is the one it has.
pub(super) fn another<'a>(code: Option<&'a ExternalCode>, item: &Item) -> Option<&'a ExternalCode> {
    code.filter(|code| code.as_str() != item.external_code())
}

/// Gives a file its code, where there is one; one that another file shows violates [`CODE_KEY`].
pub(super) async fn coded(db: &mut store::PgConnection, file: ItemId, code: Option<&ExternalCode>) -> sqlx::Result<()> {
    match code {
        Some(code) => store::external_codes::set(db, file, code).await,
        None => Ok(()),
    }
}

/// Another file of the library has the code.
pub(super) fn taken(library: &Library, code: Option<&ExternalCode>) -> Error {
    let code = code.map(|code| code.as_str().to_owned()).unwrap_or_default();
    Error::CodeTaken { code, library: library.number }
}

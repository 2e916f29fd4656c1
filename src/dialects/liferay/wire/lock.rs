//! Lock (spec/liferay.md 10.5). Its uuid is a capability: shown only to callers who may view the file or the folder.

use serde::Serialize;

use super::{Millis, millis};
use crate::{
    dialects::liferay::ids::Long,
    domain::{actor::Dialect, lock::Lock as Held},
};

const FILE: &str = "com.liferay.document.library.kernel.model.DLFileEntry";
const FOLDER: &str = "com.liferay.document.library.kernel.model.DLFolder";

/// Lock.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the vendor's shape")]
pub struct Lock<'a> {
    cached_model: bool,
    class_name: &'static str,
    company_id: Long,
    create_date: Millis,
    escaped_model: bool,
    expiration_date: Option<Millis>,
    expiration_time: Long,
    expired: bool,
    inheritable: bool,
    key: String,
    lock_id: Long,
    never_expires: bool,
    new: bool,
    owner: &'a str,
    user_id: Long,
    user_name: &'a str,
    user_uuid: String,
    uuid: String,
}

impl<'a> Lock<'a> {
    /// The lock of the item with this number.
    pub fn of(lock: &'a Held, item: i64, company: i64) -> Self {
        let lifetime = lock.expires_at.map_or(0, |end| (end - lock.taken_at).num_milliseconds());
        Self {
            cached_model: false,
            class_name: if lock.folder.is_some() { FOLDER } else { FILE },
            company_id: Long(company),
            create_date: millis(lock.taken_at),
            escaped_model: false,
            expiration_date: lock.expires_at.map(millis),
            expiration_time: Long(lifetime),
            expired: false,
            inheritable: lock.folder.is_some_and(|folder| folder.inheritable),
            key: item.to_string(),
            lock_id: Long(lock.number),
            never_expires: lock.expires_at.is_none(),
            new: false,
            owner: owner(lock),
            user_id: Long(lock.holder.number),
            user_name: &lock.holder.name,
            user_uuid: lock.holder.id.0.to_string(),
            uuid: lock.uuid.to_string(),
        }
    }
}

/// The free text of the check-out that brought one; other dialects' locks have none here (spec/liferay.md 11.9).
pub fn owner(lock: &Held) -> &str {
    if lock.dialect == Dialect::Liferay { &lock.owner_text } else { "" }
}

//! Content that is written but that no row names yet.

use tokio::runtime::Handle;
use tracing::Instrument as _;

use super::{ContentStore, path};
use crate::domain::content::{Content, Place};

/// Durably written content that nobody has claimed. Dropped, it is removed again, in the background and as well as
/// can be; what is missed is an orphan for the sweep.
#[derive(Debug)]
#[must_use = "content that is not kept is removed again"]
pub struct Staged {
    content: Content,
    /// Who removes it, until it is kept; none where it is lent.
    store: Option<ContentStore>,
}

impl Staged {
    pub(super) fn new(store: ContentStore, content: Content) -> Self {
        Self { content, store: Some(store) }
    }

    /// Content that something else names until a row does: neither a refusal nor its being dropped removes it.
    pub fn lent(content: Content) -> Self {
        Self { content, store: None }
    }

    /// Whether something else names it still.
    pub fn is_lent(&self) -> bool {
        self.store.is_none()
    }

    /// What was written.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// Claims the content.
    ///
    /// Call this *before* the statement whose commit may name the content: if its outcome stays unknown, or the task
    /// ends between commit and answer, an orphan is harmless and a missing blob is not. After a definite no,
    /// [`ContentStore::delete`] it.
    pub fn keep(mut self) -> Content {
        self.store = None;
        self.content.clone()
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        let (Some(store), Place::Blob(key)) = (self.store.take(), &self.content.place) else {
            return;
        };
        let key = *key;
        if let Ok(runtime) = Handle::try_current() {
            let remove = async move {
                if let Err(error) = store.delete(key).await {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(%key, error, "unclaimed content is left to the sweep");
                }
            };
            runtime.spawn(remove.in_current_span());
        } else if let Some(folder) = &store.0.folder {
            let _ = folder.remove(&path(key));
        }
    }
}

//! Publications of the usual kind, those together that come at the same moment; all others are written by themselves (`publish`).

use sqlx::PgPool;
use tokio::runtime::Handle;

use super::{
    Vault,
    combine::{Asked, Combiner, Turn},
    line::Line,
    publish::{Write, Writing},
};
use crate::{
    domain::id::ItemId,
    store::{
        self, PgConnection,
        publications::{Answer, Publishing, Stands},
    },
};

impl Asked for Publishing {
    type Answer = Answer;
    type Key = ItemId;

    fn key(&self) -> ItemId {
        self.permit.item()
    }
}

/// What publishes, those together that come at the same moment.
pub(super) fn publications(apart: &Handle, turn: Turn, db: PgPool) -> Combiner<Publishing> {
    let line = Line::with(db, store::PATIENCE);
    Combiner::over(line, apart, turn, |mut db: PgConnection, publishing: Vec<Publishing>| async move {
        let answers = again!(store::publications::publish_together(&mut db, &publishing).await)?;
        Ok((db, answers))
    })
}

/// How an edition came into the database.
pub(super) struct Written {
    /// The name of the blob that holds the bytes now, if they are not in the row.
    pub blob: Option<String>,
    /// How the file stands since then, where that was said.
    pub stands: Option<Stands>,
}

impl Written {
    /// By a statement that says where the bytes are, and no more.
    pub(super) fn at(blob: Option<String>) -> Self {
        Self { blob, stands: None }
    }
}

impl Writing<'_> {
    /// What is written together with others, if it is of that kind. A label that somebody gave by hand may be taken, and who stands
    /// beside one that is refused is tried again: so it is refused by itself.
    fn publishing(&self) -> Option<Publishing> {
        if !matches!(self.plan.write, Write::Add) || self.plan.is_labelled {
            return None;
        }
        let publishing = Publishing {
            permit: *self.permit,
            library: self.look.item.library.id,
            verb: self.aim.verb,
            edition: self.plan.edition.clone(),
            content: self.content.cloned(),
            binding: self.binding,
            act: self.act.clone(),
        };
        publishing.goes_together().then_some(publishing)
    }
}

impl Vault {
    /// Writes an edition, together with those that are written at the same moment. `None`: it is to be written by itself, where it
    /// waits for whoever is changing the file.
    pub(super) async fn write_together(&self, writing: &Writing<'_>) -> Option<sqlx::Result<Option<Written>>> {
        match self.0.publications.try_ask(writing.publishing()?).await {
            Ok(Answer::Done(stands)) => Some(Ok(Some(Written { blob: None, stands: Some(stands) }))),
            Ok(Answer::Not) => Some(Ok(None)),
            Ok(Answer::Busy) => None,
            // somebody else writes the same bytes
            Err(error) if store::is_impatient(&error) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

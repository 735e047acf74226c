//! Stores a submission whose rows have all come, and gives its receipt. The same request again gives the first receipt again.

use std::sync::Arc;

use super::Engine;
use super::intake::{BadRows, Decision, Refused, Taken};
use super::query::Reader;
use super::replacing::By;
use super::submissions::StoredVersion;
use crate::domain::submission::{Draft, Header, RowProblem};
use crate::store::{Slot, StoreError, WriteError, Written};

/// The result of a submission that was not refused.
pub enum Receipt {
    /// Nothing was stored, as requested. The draft is what would have been stored.
    Validated(Header, Box<Draft>, Foreseen),
    /// It is durable, and answers count it.
    Stored {
        /// The version that it made, or that has the same content.
        version: StoredVersion,
        /// The first problems of rows that were left out.
        problems: Vec<RowProblem>,
        /// Whether an earlier call with the same request id had stored it.
        replayed: bool,
        /// Whether the current version had the same content, so that no new one was made.
        unchanged: bool,
    },
}

/// What a submission that was only validated would have come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreseen {
    /// A new version.
    Stored,
    /// No new version: the current one has the same content.
    Unchanged,
    /// A refusal: rows have problems.
    Refused,
}

impl Engine {
    /// Stores a submission; or only says what would be stored, if its header asks for that. `reader` is told of what stands what it may
    /// read, and no more.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn submit(&self, taken: Taken, reader: &Reader) -> Result<Receipt, Refused> {
        let Taken { caller, header, decision } = taken;
        let by = By { caller: &caller, reader };
        match decision {
            Decision::Validate(draft, outline) => {
                let foreseen = if !header.takes(&draft) {
                    Foreseen::Refused
                } else if self.unchanged(by, &header, &draft.content_hash).await?.is_some() {
                    Foreseen::Unchanged
                } else {
                    self.may_replace(by, &header, &outline).await?;
                    Foreseen::Stored
                };
                Ok(Receipt::Validated(header, draft, foreseen))
            }
            Decision::Store(prepared, outline) => loop {
                let hash = prepared.content_hash();
                if let Some(same) = self.unchanged(by, &header, hash).await? {
                    break self.receipt((same.slot, same.version), false, true).await;
                }
                let over = self.may_replace(by, &header, &outline).await?;
                match self.store.submit(Arc::clone(&prepared), over).await {
                    // What it was compared with has been replaced.
                    Err(WriteError::Overtaken) => {}
                    written => {
                        let Written { version, replayed, .. } = written.map_err(Refused::Write)?;
                        // Written, and only gone if the service is.
                        let made = version.ok_or(Refused::Stopping)?;
                        break self.receipt(made, replayed, false).await;
                    }
                }
            },
            Decision::Refuse(rows) => Err(self.refusal(caller, header.request_id, rows).await),
        }
    }

    async fn receipt(
        &self,
        (slot, version): (Slot, u32),
        replayed: bool,
        unchanged: bool,
    ) -> Result<Receipt, Refused> {
        let read = self.read_store(move |engine| {
            let version = engine.version_of(slot, version)?;
            let problems = version.as_ref().map(|it| engine.row_problems(&it.submission));
            Ok((version, problems.transpose()?.unwrap_or_default()))
        });
        let (version, problems) = read.await?;
        let version = version.ok_or(Refused::Stopping)?;
        Ok(Receipt::Stored { version, problems, replayed, unchanged })
    }

    /// The refusal of rows. If their request id has stored a submission before, the refusal names it: rows that were taken once may
    /// be refused later, when a code has left its list.
    async fn refusal(&self, caller: String, request_id: String, rows: BadRows) -> Refused {
        let read = self.read_store(move |engine| {
            let Some(position) = engine.store.reader().used(&caller, &request_id)? else {
                return Ok(None);
            };
            let made = engine.store.look(|catalog| {
                let mut slots = catalog.slots();
                slots.find_map(|(slot, versions)| {
                    let version = versions.iter().find(|version| version.position == position)?;
                    catalog.submission(slot, version)
                })
            });
            made.map(Some)
        });
        match read.await {
            Ok(None) => Refused::Rows(rows),
            Ok(Some(Some(made))) => Refused::StoredBefore(made, rows),
            Ok(Some(None)) => Refused::Write(WriteError::RequestIdReused),
            Err(refused) => refused,
        }
    }

    /// Reads the store on a thread that may block.
    pub(super) async fn read_store<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Refused> {
        let engine = self.clone();
        let read = tokio::task::spawn_blocking(move || {
            let _still = engine.store.hold();
            read(&engine)
        });
        let read = read.await;
        read.map_err(Refused::Fault)?.map_err(Refused::Store)
    }
}

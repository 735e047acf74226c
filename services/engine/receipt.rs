//! Stores a submission whose rows have all come, and gives its receipt. The same request again gives the first receipt again.

use std::sync::Arc;

use super::Engine;
use super::intake::{BadRows, Decision, Refused, Taken};
use super::submissions::{StoredVersion, version_of};
use crate::domain::submission::{Draft, Header, RowProblem};
use crate::store::{StoreError, WriteError, Written};

/// The result of a submission that was not refused.
pub enum Receipt {
    /// Nothing was stored, as requested. The draft is what would have been stored.
    Validated(Header, Box<Draft>),
    /// It is durable, and answers count it.
    Stored {
        /// The version that it made.
        version: StoredVersion,
        /// The first problems of rows that were left out.
        problems: Vec<RowProblem>,
        /// Whether an earlier call with the same request id had stored it.
        replayed: bool,
    },
}

impl Engine {
    /// Stores a submission; or only says what would be stored, if its header asks for that.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn submit(&self, taken: Taken) -> Result<Receipt, Refused> {
        let Taken { caller, header, decision } = taken;
        match decision {
            Decision::Validate(draft, outline) => {
                self.may_replace(&caller, &header, &outline).await?;
                Ok(Receipt::Validated(header, draft))
            }
            Decision::Store(prepared, outline) => loop {
                let over = self.may_replace(&caller, &header, &outline).await?;
                match self.store.submit(Arc::clone(&prepared), over).await {
                    // What it was compared with has been replaced.
                    Err(WriteError::Overtaken) => {}
                    written => break self.receipt(written.map_err(Refused::Write)?).await,
                }
            },
            Decision::Refuse(rows) => Err(self.refusal(caller, header.request_id, rows).await),
        }
    }

    async fn receipt(&self, written: Written) -> Result<Receipt, Refused> {
        // Written, and only gone if the service is.
        let made = written.submission.ok_or(Refused::Stopping)?;
        let version = version_of(&self.store.catalog(), made.slot, made.version);
        let version = version.ok_or(Refused::Stopping)?;
        let problems = match made.rejected_count {
            0 => Vec::new(),
            _ => self.read_store(move |engine| engine.row_problems(&made)).await?,
        };
        Ok(Receipt::Stored { version, problems, replayed: written.replayed })
    }

    /// The refusal of rows. If their request id has stored a submission before, the refusal names it: rows that were taken once may
    /// be refused later, when a code has left its list.
    async fn refusal(&self, caller: String, request_id: String, rows: BadRows) -> Refused {
        let used =
            self.read_store(move |engine| engine.store.reader().used(&caller, &request_id)).await;
        let position = match used {
            Ok(Some(position)) => position,
            Ok(None) => return Refused::Rows(rows),
            Err(refused) => return refused,
        };
        let catalog = self.store.catalog();
        let mut versions = catalog.slots().flatten();
        match versions.find(|version| version.submission.position == position) {
            Some(made) => Refused::StoredBefore(Arc::clone(&made.submission), rows),
            None => Refused::Write(WriteError::RequestIdReused),
        }
    }

    /// Reads the store on a thread that may block.
    pub(super) async fn read_store<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Refused> {
        let engine = self.clone();
        let read = tokio::task::spawn_blocking(move || read(&engine)).await;
        read.map_err(Refused::Fault)?.map_err(Refused::Store)
    }
}

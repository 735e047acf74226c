//! Starting: when everything is read and checked, the first entries are written if they are missing, and the writer begins.

use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, OnceLock, RwLock};

use prost::Message;

use super::busy::Busy;
use super::caught_up::{self, CaughtUp};
use super::content::configuration;
use super::error::StoreError;
use super::handle::Store;
use super::log::{EntryKind, Log, Opened, SegmentLog};
use super::read::Reader;
use super::recover::LiveState;
use super::settings::Settings;
use super::state::{LOG_FORMAT, genesis_of};
use super::witness::Witness;
use super::writer::Writer;
use crate::proto::store::Genesis;

/// Most changes that may wait for the writer; the next one is refused.
const WAITING: usize = 256;

impl Store {
    /// Opens the store in a folder and creates what is missing.
    ///
    /// # Errors
    /// The folder is in use or cannot be written, or the secret does not match. A damaged sled is rebuilt from the log. With a
    /// log that is damaged or has lost its end the store opens for reading only.
    pub fn open(settings: Settings<'_>) -> Result<Self, StoreError> {
        let fingerprint = fingerprint(settings.secret);
        let mut caught = CaughtUp::open(&settings)?;
        let stopped = OnceLock::new();
        if let Some(why) = caught.refusal.take() {
            tracing::error!(why, "opened for reading only");
            // Set once, here, before anybody else can.
            let _ = stopped.set(why);
        }
        match &caught.state.genesis {
            Some(genesis) if genesis.secret_fingerprint != fingerprint[..] => {
                return Err(StoreError::WrongSecret);
            }
            Some(_) => {}
            None if stopped.get().is_none() => {
                let genesis = Genesis {
                    format_version: LOG_FORMAT,
                    secret_fingerprint: fingerprint.to_vec().into(),
                };
                caught.add(EntryKind::Genesis, &genesis.encode_to_vec())?;
            }
            None => {}
        }
        if let Some(content) = settings
            .content
            .filter(|content| *content != caught.state.content || caught.state.tree.position() < 2)
            && stopped.get().is_none()
        {
            crate::domain::reference::Reference::new(&content)?;
            let configuration = configuration(&content, &caught.state.kept);
            caught.add(EntryKind::Configuration, &configuration.encode_to_vec())?;
        }
        if let Some(error) = caught.state.unusable.take() {
            return Err(StoreError::OldContent(error));
        }
        // A log that has lost something must not become what the witness has seen.
        let keeps = settings.witness.filter(|_| stopped.get().is_none());
        let witness =
            keeps.map(|file| Witness::keep(file.to_owned(), caught.seen())).transpose()?;
        let stopped = Arc::new(stopped);
        let CaughtUp { lock, log, state, reserve, clock, .. } = caught;
        let catalog = Arc::clone(&state.catalog);
        let reader =
            Reader::new(state.tree.rows(), Arc::clone(&state.persons), settings.estimate_bytes);
        let (reader, era) = (Arc::new(reader), Arc::new(RwLock::new(())));
        let (jobs, waiting) = sync_channel(WAITING);
        let (busy, syncs) = (Arc::new(Busy::default()), log.syncs());
        let writer = Writer {
            clock: Arc::clone(&clock),
            appended: log.tail(),
            in_doubt: false,
            witness,
            log,
            live: LiveState {
                state,
                folder: settings.folder.to_owned(),
                sled_bytes: settings.sled_bytes,
                behind: None,
                min_free_bytes: settings.min_free_bytes,
                observer: settings.observer,
                stopped: Arc::clone(&stopped),
                unflushed: 1,
                reserve,
            },
            _lock: lock,
            busy: Arc::clone(&busy),
            reader: Arc::clone(&reader),
            era: Arc::clone(&era),
        };
        let writer = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || writer.run(&waiting))
            .map_err(|error| StoreError::NoThread(error.to_string()))?;
        let folder = settings.folder.to_owned();
        let (jobs, writer) = (Some(jobs), Some(writer));
        Ok(Self { catalog, reader, era, jobs, writer, stopped, busy, syncs, clock, folder })
    }
}

impl Store {
    /// Refuses a folder into which a restore was not finished: before a secret is made for it.
    ///
    /// # Errors
    /// It was not.
    pub fn is_restored(folder: &Path) -> Result<(), StoreError> {
        super::snapshot::unfinished(folder).map_or(Ok(()), Err)
    }

    /// Whether a start would refuse the log of a folder: it has another format, was written with another secret, or has lost something
    /// else than what was accepted. Returns why a start would only read; none: it would write. Reads only; a service may have the
    /// folder.
    ///
    /// # Errors
    /// It would, or the log cannot be read.
    pub fn check(
        folder: &Path,
        secret: &[u8; 32],
        witness: &Path,
        accept_loss: Option<u64>,
    ) -> Result<Option<String>, StoreError> {
        let log = folder.join("log");
        if log.try_exists().unwrap_or(true) {
            let Opened { log, .. } = SegmentLog::read_only(&log, &[])?;
            let genesis = genesis_of(&log)?;
            let is_other = |of: &Genesis| of.secret_fingerprint != fingerprint(secret)[..];
            if genesis.as_ref().is_some_and(is_other) {
                return Err(StoreError::WrongSecret);
            }
        }
        caught_up::check(folder, witness, accept_loss)
    }
}

/// Fingerprint of the secret for the first entry: enough to recognise the secret, not enough to compute it.
fn fingerprint(secret: &[u8; 32]) -> [u8; 32] {
    blake3::derive_key("equity-indicators 2026-11 fingerprint of the secret", secret)
}

#[cfg(test)]
#[path = "open_tests.rs"]
mod tests;

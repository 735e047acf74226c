//! Starting: sled is opened without trust, the log with care, and what sled does not have is applied from the log.

use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, OnceLock};

use prost::Message;

use super::aside::open_first;
use super::error::StoreError;
use super::folder::{free_bytes, make_folder};
use super::handle::Store;
use super::lock::Lock;
use super::log::{Damage, EntryKind, Log, LogError, NewEntry, Opened, SEGMENT_BYTES, SegmentLog};
use super::read::Reader;
use super::recover::{AHEAD_BYTES, LiveState};
use super::reserve::{RESERVE_BYTES, Reserve};
use super::state::State;
use super::touched::Observer;
use super::tree::DATA_FILE;
use super::writer::{Busy, Writer};
use crate::domain::codes::Content;
use crate::proto::store::{Configuration, ConfigurationFile, Genesis};

/// Format of the log's payloads and of the rows.
const FORMAT: u32 = 1;
/// Changes that may wait for the writer.
const WAITING: usize = 256;

/// How to open a store.
pub struct Settings<'a> {
    /// Data folder.
    pub folder: &'a Path,
    /// The deployment's secret.
    pub secret: &'a [u8; 32],
    /// Reference content to put in force; none leaves what is in force.
    pub content: Option<Content>,
    /// Bytes of sled's cache.
    pub sled_bytes: u64,
    /// Bytes of the column cache.
    pub column_bytes: u64,
    /// Free disk space below which nothing is accepted.
    pub min_free_bytes: u64,
    /// Told of every change.
    pub observer: Observer,
}

/// The log and the state, caught up with it.
struct CaughtUp {
    lock: Lock,
    log: SegmentLog,
    state: State,
    reserve: Reserve,
    damage: Option<Damage>,
}

impl Store {
    /// Opens the store in a folder, making what is missing.
    ///
    /// # Errors
    /// The folder is in use or cannot be written, or the secret is another. Damage to sled is repaired from the log; damage to
    /// the log is no error here: the store opens for reading.
    pub fn open(settings: Settings<'_>) -> Result<Self, StoreError> {
        let fingerprint = fingerprint(settings.secret);
        let mut caught = catch_up(settings.folder, settings.sled_bytes)?;
        let stopped = OnceLock::new();
        let refuse = |why: String| {
            tracing::error!(why, "opened for reading only");
            // Set once, here, before anybody else can.
            let _ = stopped.set(why);
        };
        if let Some(damage) = caught.damage.take() {
            refuse(LogError::Damaged(damage).to_string());
        } else if caught.log.tail() < caught.state.tree.position() {
            refuse(format!(
                "the log ends at {} but the store has seen {}: put the log's missing segments back from the backup",
                caught.log.tail(),
                caught.state.tree.position()
            ));
        }
        match &caught.state.genesis {
            Some(genesis) if genesis.secret_fingerprint != fingerprint[..] => {
                return Err(StoreError::WrongSecret);
            }
            Some(_) => {}
            None if stopped.get().is_none() => {
                let genesis = Genesis {
                    format_version: FORMAT,
                    secret_fingerprint: fingerprint.to_vec().into(),
                };
                add(&mut caught, EntryKind::Genesis, &genesis.encode_to_vec())?;
            }
            None => {}
        }
        if let Some(content) = settings
            .content
            .filter(|content| *content != caught.state.content || caught.state.tree.position() < 2)
            && stopped.get().is_none()
        {
            crate::domain::reference::Reference::new(&content)?;
            let files = content.files().map(|(name, content)| ConfigurationFile {
                name: name.to_owned(),
                content: content.to_owned(),
            });
            let payload = Configuration { files: files.collect() }.encode_to_vec();
            add(&mut caught, EntryKind::Configuration, &payload)?;
        }
        if let Some(error) = caught.state.unusable.take() {
            return Err(StoreError::OldContent(error));
        }
        let stopped = Arc::new(stopped);
        let CaughtUp { lock, log, state, reserve, .. } = caught;
        let catalog = Arc::clone(&state.catalog);
        let reader = Reader::new(state.tree.rows(), settings.column_bytes);
        let (jobs, waiting) = sync_channel(WAITING);
        let busy = Arc::new(Busy::default());
        let writer = Writer {
            last_millis: catalog_time(&state),
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
        };
        let writer = std::thread::Builder::new()
            .name("writer".into())
            .spawn(move || writer.run(&waiting))
            .map_err(|source| StoreError::Io {
                doing: "start the writer of",
                path: settings.folder.to_owned(),
                source,
            })?;
        let folder = settings.folder.to_owned();
        let (jobs, writer) = (Some(jobs), Some(writer));
        Ok(Self { catalog, reader, jobs, writer, stopped, busy, folder })
    }
}

/// Opens sled and the log in a folder and applies what sled has not seen.
fn catch_up(folder: &Path, sled_bytes: u64) -> Result<CaughtUp, StoreError> {
    make_folder(folder).map_err(|source| StoreError::Io {
        doing: "create",
        path: folder.to_owned(),
        source,
    })?;
    let lock = Lock::take(folder)?;
    let mut reserve = Reserve::new(folder, folder.join("sled").join(DATA_FILE));
    if free_bytes(folder)? < RESERVE_BYTES {
        reserve.release();
    }
    let mut state = open_first(folder, sled_bytes)?;
    let took = reserve.ahead(AHEAD_BYTES).and_then(|()| reserve.hold());
    if let Err(error) = took {
        tracing::warn!(%error, "no room to set aside for sled: nothing is accepted until there is");
    }
    let Opened { log, damage, .. } =
        SegmentLog::open(&folder.join("log"), SEGMENT_BYTES, state.tree.position())?;
    let (entries, found) = state.replay(&log, &mut |_, _| {})?;
    if entries > 0 {
        state.tree.flush()?;
    }
    Ok(CaughtUp { lock, log, state, reserve, damage: damage.or(found) })
}

fn add(caught: &mut CaughtUp, kind: EntryKind, payload: &[u8]) -> Result<(), StoreError> {
    let time_millis = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
        .max(catalog_time(&caught.state));
    let positions = caught.log.append(&[NewEntry { kind, time_millis, payload }])?;
    let entry = super::log::Entry {
        position: *positions.start(),
        kind,
        time_millis,
        payload_hash: *blake3::hash(payload).as_bytes(),
        payload: payload.to_vec(),
    };
    caught.state.apply(&entry, None).map(drop)
}

/// Time of the newest change.
fn catalog_time(state: &State) -> u64 {
    let catalog = state.catalog.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    let versions = catalog.slots().flat_map(|(_, versions)| versions);
    versions
        .map(|v| v.withdrawn.map_or(v.submission.time_millis, |(_, time)| time))
        .chain(catalog.assessments().last().map(|about| about.time_millis))
        .max()
        .unwrap_or(0)
}

/// What the first entry tells of the secret: enough to know it again, not enough to find it.
fn fingerprint(secret: &[u8; 32]) -> [u8; 32] {
    blake3::derive_key("equity-indicators 2026-11 fingerprint of the secret", secret)
}

#[cfg(test)]
#[path = "open_tests.rs"]
mod tests;

//! Starting: sled is opened and checked, then the log, and entries that sled does not have are applied from the log.

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
use super::state::{LOG_FORMAT, State, genesis_of};
use super::touched::Observer;
use super::tree::DATA_FILE;
use super::writer::{Busy, Writer};
use crate::domain::codes::Content;
use crate::proto::store::{Configuration, ConfigurationFile, Genesis};

/// Most changes that may wait for the writer; the next one is refused.
const WAITING: usize = 256;

/// How to open a store.
pub struct Settings<'a> {
    /// Data folder, created if it is missing.
    pub folder: &'a Path,
    /// The deployment's secret. It has to be the one that the data was written with.
    pub secret: &'a [u8; 32],
    /// Reference content to put in force; none keeps the stored content.
    pub content: Option<Content>,
    /// Size of sled's page cache, in bytes.
    pub sled_bytes: u64,
    /// Size of the cache of estimates, in bytes.
    pub estimate_bytes: u64,
    /// Free disk space, in bytes, below which changes are refused.
    pub min_free_bytes: u64,
    /// Called after every change.
    pub observer: Observer,
}

/// The log, and the state after every readable entry of the log.
struct CaughtUp {
    lock: Lock,
    log: SegmentLog,
    state: State,
    reserve: Reserve,
    damage: Option<Damage>,
}

impl Store {
    /// Opens the store in a folder and creates what is missing.
    ///
    /// # Errors
    /// The folder is in use or cannot be written, or the secret does not match. A damaged sled is rebuilt from the log. With a
    /// damaged log the store opens for reading only.
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
                    format_version: LOG_FORMAT,
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
        let reader =
            Reader::new(state.tree.rows(), Arc::clone(&state.persons), settings.estimate_bytes);
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

impl Store {
    /// Whether a start would refuse the log of a folder: it has another format, or was written with another secret. Reads only;
    /// a service may have the folder.
    ///
    /// # Errors
    /// It would, or the log cannot be read.
    pub fn check(folder: &Path, secret: &[u8; 32]) -> Result<(), StoreError> {
        let folder = folder.join("log");
        if !folder.try_exists().unwrap_or(true) {
            return Ok(());
        }
        let Opened { log, .. } = SegmentLog::read_only(&folder, 0)?;
        match genesis_of(&log)? {
            Some(genesis) if genesis.secret_fingerprint != fingerprint(secret)[..] => {
                Err(StoreError::WrongSecret)
            }
            _ => Ok(()),
        }
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

/// Time of the newest change, in milliseconds since 1970.
fn catalog_time(state: &State) -> u64 {
    let catalog = state.catalog.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    let versions = catalog.slots().flatten();
    versions
        .map(|v| v.withdrawn.map_or(v.submission.time_millis, |(_, time)| time))
        .chain(catalog.assessments().last().map(|about| about.time_millis))
        .max()
        .unwrap_or(0)
}

/// Fingerprint of the secret for the first entry: enough to recognise the secret, not enough to compute it.
fn fingerprint(secret: &[u8; 32]) -> [u8; 32] {
    blake3::derive_key("equity-indicators 2026-11 fingerprint of the secret", secret)
}

#[cfg(test)]
#[path = "open_tests.rs"]
mod tests;

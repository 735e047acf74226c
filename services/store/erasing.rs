//! Doing an erasure, in an order that a kill cannot spoil:
//!
//! 1. The erasure's entry is in the log, behind what replaces a person's submissions: one append. A kill in the middle of it can leave
//!    replacements without the erasure, of which nobody was told: they stand, and the erasure has to be ordered again.
//! 2. Folders that were kept for the operator are removed: they may have copies.
//! 3. The payloads are destroyed in the log.
//! 4. sled is made anew from the log beside the old one, which then goes. (sled frees what it deletes whenever it likes.)
//!
//! A start that finds the entry and not all of the rest does the rest before anything is read: see `unfinished.rs`.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockWriteGuard, TryLockError};
use std::time::{Duration, Instant};

use prost::Message as _;

use super::change::{Change, Written};
use super::described::inflated;
use super::erasure::{NewErasure, ToErase, left_by, left_of};
use super::error::{StoreError, WriteError, damaged, io};
use super::folder::folder_bytes;
use super::keys::Slot;
use super::log::{Entry, EntryKind, Log, NewEntry, SEGMENT_BYTES};
use super::prepare::{Prepared, chunks_hash};
use super::runs;
use super::state::State;
use super::stored::Version;
use super::touched::Touched;
use super::without;
use super::writer::{Writer, unsure};
use crate::proto::store::{Commit, Erase, ErasedVersion, SubmissionMeta};

/// sled while it is made anew, and the old one before it goes.
pub(super) const NEW: &str = "sled-new";
pub(super) const OLD: &str = "sled-erased";

/// Longest wait for a moment without questions, and pause between two looks.
const PATIENCE: Duration = Duration::from_secs(30);
const MOMENT: Duration = Duration::from_millis(1);
/// Most versions of one erasure that the retention makes: an entry of the log has a largest size.
const MOST_AT_ONCE: usize = 10_000;

/// What an erasure does.
struct Plan {
    erase: Erase,
    /// What stands in the place of submissions that lose a person, and the position of each.
    instead: Vec<(u64, Prepared)>,
}

/// A version with its place in the catalogue.
type Placed = BTreeMap<u64, (Slot, Version)>;

impl<L: Log> Writer<L> {
    /// Erases data. Returns when it is gone.
    pub(super) fn erase(&mut self, change: &Change) -> Result<Written, WriteError> {
        let Change::Erase(new) = change else {
            return Err(WriteError::Store("this is no erasure".into()));
        };
        if let Some(why) = self.live.stopped.get() {
            return Err(WriteError::Stopped(why.clone()));
        }
        self.live.catch_up(&self.log)?;
        if let Some(done) = self.earlier(change)? {
            // Nothing that is kept tells one person from another: who is still there was not erased by that call.
            let is_person = matches!(new.what, ToErase::Person { .. });
            return match is_person.then(|| self.plan_erasure(new)) {
                None | Some(Err(WriteError::NoSuchPerson)) => Ok(done),
                Some(Ok(_)) => Err(WriteError::RequestIdReused),
                Some(Err(error)) => Err(error),
            };
        }
        let plan = self.plan_erasure(new)?;
        // sled once more, the largest segment once more, and what comes instead.
        let sled = folder_bytes(&self.live.folder.join("sled"));
        let instead: u64 = plan.instead.iter().map(|(_, of)| of.bytes()).sum();
        self.live.has_room(sled + SEGMENT_BYTES + 2 * instead)?;
        let left = left_by(&plan.erase).collect();
        let position = self.append_erasure(plan)?;
        self.finish(&left, position).map_err(|error| {
            let why = format!(
                "an erasure could not be finished: {error}. Start the service again: the start finishes it"
            );
            self.live.stop(&why);
            unsure(WriteError::Stopped(why))
        })?;
        Ok(Written { version: None, position, replayed: false })
    }

    fn plan_erasure(&self, new: &NewErasure) -> Result<Plan, WriteError> {
        let placed: Placed = {
            let catalog = self.live.state.catalog.read().unwrap_or_else(PoisonError::into_inner);
            let slots = catalog.slots();
            let of_slot = |(slot, versions): (Slot, &[Version])| {
                versions.iter().map(|of| (of.position, (slot, of.clone()))).collect::<Vec<_>>()
            };
            slots.flat_map(of_slot).collect()
        };
        let mut plan = Plan {
            erase: Erase {
                kind: new.kind() as u32,
                reason: new.reason.clone(),
                caller: new.caller.clone(),
                request_id: new.request_id.clone(),
                content_hash: new.hash().to_vec().into(),
                ..Erase::default()
            },
            instead: Vec::new(),
        };
        if let ToErase::Person { scheme, key } = &new.what {
            let found = self.with_person(&mut plan, &placed, (scheme, *key))?;
            return if found { Ok(plan) } else { Err(WriteError::NoSuchPerson) };
        }
        let ended = ended_at(&placed, |position| self.time_of(position));
        for (position, (slot, of)) in placed.iter().filter(|(_, (_, of))| !of.is_erased) {
            let is_meant = match &new.what {
                ToErase::Submission { slot: asked, version, all_versions } => {
                    asked == slot && (*all_versions || *version == of.version)
                }
                ToErase::Retention { before, replaced_before } => {
                    before.is_some_and(|before| slot.month < before)
                        || replaced_before
                            .zip(ended(slot, of))
                            .is_some_and(|(limit, at)| at < limit)
                }
                ToErase::Person { .. } => false,
            };
            let is_full = matches!(new.what, ToErase::Retention { .. })
                && plan.erase.versions.len() == MOST_AT_ONCE;
            if is_meant && !is_full {
                let entry = self.entry(*position)?;
                let commit = Commit::decode(entry.payload.as_slice()).map_err(damaged)?;
                let meta = inflated(&commit.meta)?;
                plan.erase.record_count += meta.accepted_count;
                plan.erase.versions.push(erased(*position, &commit, &meta, of.version));
            }
        }
        if plan.erase.versions.is_empty() {
            return Err(WriteError::AlreadyErased);
        }
        let stray = self.each_commit(|_, _, _| Ok(()))?;
        plan.erase.stray_chunks = stray.iter().map(|chunk| chunk.place.position).collect();
        Ok(plan)
    }

    /// Time of the change at a position, milliseconds since 1970.
    fn time_of(&self, position: u64) -> u64 {
        let catalog = self.live.state.catalog.read().unwrap_or_else(PoisonError::into_inner);
        catalog.time_of(position)
    }

    fn entry(&self, position: u64) -> Result<Entry, WriteError> {
        let found = self.log.read_from(position).map_err(StoreError::from)?.next();
        let entry = found.transpose().map_err(StoreError::from)?;
        let there = entry.filter(|entry| entry.place.position == position);
        Ok(there.ok_or_else(|| damaged(format!("entry {position} is not there")))?)
    }

    /// Finds a person's records. Says whether there are any, in submissions or in chunks that are none.
    fn with_person(
        &self,
        plan: &mut Plan,
        placed: &Placed,
        (scheme, key): (&str, u64),
    ) -> Result<bool, WriteError> {
        let mut next = self.log.tail() + 1;
        let Plan { erase, instead } = plan;
        let stray = self.each_commit(|position, commit, chunks| {
            let meta = inflated(&commit.meta)?;
            if meta.person_key_scheme != scheme {
                return Ok(());
            }
            let runs = runs::joined(chunks.iter().map(|chunk| &*chunk.payload))?;
            if !without::has(&meta, &runs, key)? {
                return Ok(());
            }
            let of = &placed.get(&position).ok_or_else(|| damaged("a version is not there"))?.1;
            let mut erased = erased(position, commit, &meta, of.version);
            if of.stands.is_some() {
                let (rest, records) = without::without(&meta, &runs, key)?;
                erase.record_count += records;
                if let Some((mut meta, runs)) = rest {
                    without::renamed(&mut meta, &erase.caller, &erase.request_id);
                    let prepared = Prepared::of_runs(meta, &runs);
                    next += prepared.chunks.len() as u64;
                    erased.replaced_by = next;
                    instead.push((next, prepared));
                    next += 1;
                }
            }
            erase.versions.push(erased);
            Ok(())
        })?;
        let mut found = !erase.versions.is_empty();
        for chunk in &stray {
            found |= without::is_in(&runs::joined([&*chunk.payload].into_iter())?, key);
        }
        erase.stray_chunks = stray.iter().map(|chunk| chunk.place.position).collect();
        Ok(found)
    }

    /// Reads the whole log. `look` gets every commit whose payload is there, with its chunks. Returns the chunks of no commit: an append
    /// that a crash has cut short leaves them.
    fn each_commit(
        &self,
        mut look: impl FnMut(u64, &Commit, &[Entry]) -> Result<(), StoreError>,
    ) -> Result<Vec<Entry>, StoreError> {
        let (mut chunks, mut stray) = (Vec::new(), Vec::new());
        for entry in self.log.read_from(1)? {
            let entry = entry?;
            if entry.kind == EntryKind::Chunk {
                chunks.extend((!entry.erased).then_some(entry));
                continue;
            }
            if entry.kind == EntryKind::Commit && !entry.erased {
                let commit = Commit::decode(entry.payload.as_slice()).map_err(damaged)?;
                let own = usize::try_from(commit.chunk_count).map_err(damaged)?;
                let others = chunks.len().checked_sub(own);
                let others = others.ok_or_else(|| damaged("a commit has no chunks"))?;
                look(entry.place.position, &commit, &chunks.split_off(others))?;
            }
            stray.append(&mut chunks);
        }
        stray.append(&mut chunks);
        Ok(stray)
    }

    /// One append, with one fsync.
    fn append_erasure(&mut self, plan: Plan) -> Result<u64, WriteError> {
        let mut payloads = Vec::new();
        for (_, prepared) in plan.instead {
            prepared.pack.map_err(|error| WriteError::Store(error.to_string()))?;
            let hashes: Vec<_> =
                prepared.chunks.iter().map(|chunk| *blake3::hash(chunk).as_bytes()).collect();
            let commit = Commit {
                meta: prepared.described.into(),
                chunk_count: u32::try_from(prepared.chunks.len()).unwrap_or(u32::MAX),
                chunks_hash: chunks_hash(hashes.iter()).to_vec().into(),
            };
            payloads.extend(prepared.chunks.into_iter().map(|chunk| (EntryKind::Chunk, chunk)));
            payloads.push((EntryKind::Commit, commit.encode_to_vec()));
        }
        payloads.push((EntryKind::Erase, plan.erase.encode_to_vec()));
        let time_millis = self.clock.begin_erasure();
        let segments = self.log.segments();
        let new: Vec<_> = payloads
            .iter()
            .map(|(kind, payload)| NewEntry { kind: *kind, time_millis, payload })
            .collect();
        let places = self.log.append(&new).map_err(|error| self.refusal(&error))?;
        self.tell_witness(&places, time_millis, self.log.segments() > segments);
        Ok(self.appended)
    }

    /// Everything after the append.
    fn finish(&mut self, left: &BTreeMap<u64, Vec<u8>>, position: u64) -> Result<(), StoreError> {
        let folder = self.live.folder.clone();
        remove_copies(&folder)?;
        self.log.erase(left)?;
        let new = folder.join(NEW);
        let mut made = State::open(&new, self.live.sled_bytes)?;
        if let (_, Some(damage)) = made.replay(&self.log, &mut |_, _| {})? {
            return Err(super::log::LogError::Damaged(damage).into());
        }
        made.tree.flush()?;
        drop(made);
        let era = std::sync::Arc::clone(&self.era);
        let changing = between_questions(&era);
        self.live.state.tree.close();
        let (sled, old) = (folder.join("sled"), folder.join(OLD));
        rename(&sled, &old)?;
        rename(&new, &sled)?;
        sync(&folder)?;
        self.live.state.adopt(State::open(&sled, self.live.sled_bytes)?);
        self.live.unflushed = 0;
        self.reader.forget();
        (self.live.observer)(Touched::Erased, position);
        drop(changing);
        remove(&old)
    }
}

/// Waits for a moment without questions. A writer that waits in the lock keeps new questions out, so it does that only when none comes.
fn between_questions(era: &RwLock<()>) -> RwLockWriteGuard<'_, ()> {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        match era.try_write() {
            Ok(changing) => return changing,
            Err(TryLockError::Poisoned(changing)) => return changing.into_inner(),
            Err(TryLockError::WouldBlock) => std::thread::sleep(MOMENT),
        }
    }
    era.write().unwrap_or_else(PoisonError::into_inner)
}

/// When each version stopped standing: when the next one came, or it was withdrawn.
fn ended_at(placed: &Placed, time: impl Fn(u64) -> u64) -> impl Fn(&Slot, &Version) -> Option<u64> {
    let next: BTreeMap<(Slot, u32), u64> =
        placed.values().map(|(slot, of)| ((*slot, of.version), of.position)).collect();
    move |slot, of| {
        let withdrawn = of.withdrawn.map(|(_, at)| at);
        let replaced = next.get(&(*slot, of.version + 1)).map(|position| time(*position));
        withdrawn.into_iter().chain(replaced).min()
    }
}

fn erased(position: u64, commit: &Commit, meta: &SubmissionMeta, version: u32) -> ErasedVersion {
    let (chunk_count, left) = (commit.chunk_count, Some(left_of(meta)));
    ErasedVersion { position, chunk_count, left, version, replaced_by: 0 }
}

/// Removes whatever may have a copy of data: what was kept for the operator, and what a killed command has left.
pub(super) fn remove_copies(folder: &Path) -> Result<(), StoreError> {
    copies(folder)?.iter().try_for_each(|path| remove(path))
}

/// Folders of a sled that was kept for the operator.
pub(super) fn set_aside(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut found = copies(folder)?;
    found.retain(|path| {
        path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"sled-"))
    });
    Ok(found)
}

/// The folders beside log and sled that may have copies of data.
fn copies(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut found = Vec::new();
    for item in fs::read_dir(folder).map_err(io("list", folder))? {
        let path = item.map_err(io("list", folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("sled-") || name.starts_with("log-lost-") || name == "verify" {
            found.push(path);
        }
    }
    Ok(found)
}

pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io("remove", path)(error)),
        _ => Ok(()),
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(io("rename", from))
}

fn sync(folder: &Path) -> Result<(), StoreError> {
    fs::File::open(folder).and_then(|file| file.sync_all()).map_err(io("make durable", folder))
}

#[cfg(test)]
#[path = "erasing_tests.rs"]
pub(super) mod tests;

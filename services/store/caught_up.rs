//! What a start finds: sled is opened and checked, then the log, and entries that sled does not have are applied from the log. What
//! is lost is said.

use std::path::Path;
use std::sync::Arc;

use prost::Message as _;

use super::aside::{OF_ANOTHER_LOG, free_name, made_anew, open_first};
use super::clock::LogClock;
use super::erasing::set_aside;
use super::error::{StoreError, io};
use super::folder::{free_bytes, make_folder};
use super::lock::Lock;
use super::log::{
    Damage, Entry, EntryKind, Known, Log, LogError, NewEntry, Opened, SEGMENT_BYTES, SegmentLog,
    lose,
};
use super::recover::AHEAD_BYTES;
use super::reserve::{RESERVE_BYTES, Reserve};
use super::settings::Settings;
use super::snapshot;
use super::state::State;
use super::tree::DATA_FILE;
use super::unfinished::{Unfinished, finish_at_start};
use super::witness::{self, Seen};
use super::work_folder;

/// The log, and the state after every readable entry of the log.
pub(super) struct CaughtUp {
    pub(super) lock: Lock,
    pub(super) log: SegmentLog,
    pub(super) state: State,
    pub(super) reserve: Reserve,
    pub(super) clock: Arc<LogClock>,
    /// Why nothing may be written; none: the log has everything that anybody has seen.
    pub(super) refusal: Option<String>,
}

impl CaughtUp {
    /// Opens sled and the log in a folder and applies what sled has not seen.
    pub(super) fn open(settings: &Settings<'_>) -> Result<Self, StoreError> {
        let (folder, sled_bytes) = (settings.folder, settings.sled_bytes);
        make_folder(folder).map_err(io("create", folder))?;
        let lock = Lock::take(folder)?;
        snapshot::remove_left(folder)?;
        work_folder::remove_left(folder);
        let mut reserve = Reserve::new(folder, folder.join("sled").join(DATA_FILE));
        if free_bytes(folder)? < RESERVE_BYTES {
            reserve.release();
        }
        let kept = set_aside(folder)?;
        let mut state = open_first(folder, sled_bytes)?;
        let took = reserve.ahead(AHEAD_BYTES).and_then(|()| reserve.hold());
        if let Err(error) = took {
            tracing::warn!(%error, "no room to set aside for sled: nothing is accepted until there is");
        }
        let seen = settings.witness.and_then(witness::read);
        let applied = state.tree.at().known();
        let witnessed: Vec<Known> = seen.iter().flat_map(Seen::known).collect();
        let how = (settings.accept_loss, settings.segment_bytes.unwrap_or(SEGMENT_BYTES));
        let opened = open_log(folder, (&applied, &witnessed), how)?;
        let (Opened { mut log, damage, denied, .. }, accepted) = opened;
        if applied.iter().any(|known| denied.contains(known)) {
            state = made_anew(state, folder, sled_bytes, OF_ANOTHER_LOG)?;
        }
        // Below, one is set aside that has seen every erasure of the log.
        let mut aside = set_aside(folder)?;
        aside.retain(|path| !kept.contains(path));
        if accepted && state.tree.position() > log.tail() {
            state = made_anew(
                state,
                folder,
                sled_bytes,
                "the store has entries whose loss was accepted",
            )?;
        }
        let mut unfinished = Unfinished::default();
        if damage.is_none() {
            unfinished = Unfinished::of(&log)?;
            if let Some(refusal) = unfinished.refuses(settings.accept_loss) {
                return Err(refusal);
            }
            state = finish_at_start(&mut log, &unfinished, state, folder, sled_bytes, &aside)?;
        }
        let (entries, found) = state.replay(&log, &mut |_, _| {})?;
        if entries > 0 {
            state.tree.flush()?;
        }
        // A file that cannot be read now may be readable at the next start. Until then the service goes on only if sled has what stands there,
        // which nobody knows of the end of the log.
        let served = state.tree.position().min(log.tail());
        let mut unread = damage.iter().chain(&found).filter(|damage| damage.is_unreadable());
        if let Some(damage) = unread.find(|damage| served < damage.position) {
            return Err(StoreError::Unreadable(damage.clone()));
        }
        let newest = seen.map_or(0, |seen| seen.time_millis).max(log.time_millis());
        let clock = Arc::new(LogClock::new(newest, seen.and_then(|seen| seen.at_boot)));
        let stranger = seen.filter(|_| witnessed.iter().any(|known| denied.contains(known)));
        let refusal = match (damage.or(found), stranger, settings.witness) {
            (Some(damage), ..) => Some(lost(damage, log.last_known())),
            (None, Some(seen), Some(file)) if settings.accept_loss != Some(log.tail()) => {
                Some(of_another(&seen, file, log.tail()))
            }
            _ => None,
        };
        let mut this = Self { lock, log, state, reserve, clock, refusal };
        if let Some(erase) = unfinished.naming(&this.log, &this.state)? {
            tracing::warn!(
                submissions = erase.versions.len(),
                "an erasure is lost: a new entry names what it has erased"
            );
            this.add(EntryKind::Erase, &erase.encode_to_vec())?;
        }
        Ok(this)
    }

    /// Appends an entry and applies it.
    pub(super) fn add(&mut self, kind: EntryKind, payload: &[u8]) -> Result<(), StoreError> {
        let time_millis = self.clock.begin();
        let places = self.log.append(&[NewEntry { kind, time_millis, payload }])?;
        for place in places {
            let payload_hash = *blake3::hash(payload).as_bytes();
            let payload = payload.to_vec();
            let entry = Entry { place, kind, time_millis, payload_hash, payload, erased: false };
            self.state.apply(&entry, None)?;
        }
        self.clock.done();
        Ok(())
    }

    /// How far the log has come; none: it is empty.
    pub(super) fn seen(&self) -> Option<Seen> {
        let last = self.log.end()?;
        let (root, time_millis) = (self.state.tree.at().root()?, self.log.time_millis());
        Some(Seen { last, root, time_millis, at_boot: self.clock.at_boot() })
    }
}

/// Opens the log, and goes on without what is lost if an operator has accepted just that. `known`: what the store and the witness
/// know of it. True: something was accepted.
fn open_log(
    folder: &Path,
    (applied, witnessed): (&[Known], &[Known]),
    (accept, segment_bytes): (Option<u64>, u64),
) -> Result<(Opened, bool), StoreError> {
    let (path, known) = (folder.join("log"), [applied, witnessed].concat());
    let opened = SegmentLog::open(&path, segment_bytes, &known)?;
    let Some(damage) = accepted(&opened, witnessed, accept)? else {
        let has_lost = is_of_another_log(&opened, witnessed)
            || !Unfinished::of(&opened.log)?.unnamed.is_empty();
        if accept.is_some() && !has_lost {
            tracing::warn!(accept, "nothing is lost: leave --accept-loss out at the next start");
        }
        return Ok((opened, false));
    };
    let aside = free_name(&path, "log-lost").map_err(io("set aside", &path))?;
    lose(&path, damage, &aside)?;
    let (position, until) = (damage.whole_until(), opened.log.last_known());
    tracing::warn!(
        position, until, aside = %aside.display(),
        "the loss of the entries behind this position was accepted: what is left of them is set aside"
    );
    drop(opened);
    let kept: Vec<Known> = known.into_iter().filter(|known| known.position <= position).collect();
    let opened = SegmentLog::open(&path, segment_bytes, &kept)?;
    Ok((opened, true))
}

/// Whether the witness has seen another log than this one.
fn is_of_another_log(opened: &Opened, witnessed: &[Known]) -> bool {
    witnessed.iter().any(|known| opened.denied.contains(known))
}

/// The loss that an operator has accepted; none: nothing has to be given up.
///
/// # Errors
/// Something else is lost than what was accepted.
fn accepted<'a>(
    opened: &'a Opened,
    witnessed: &[Known],
    accept: Option<u64>,
) -> Result<Option<&'a Damage>, StoreError> {
    let Some(accept) = accept else { return Ok(None) };
    match &opened.damage {
        None if is_of_another_log(opened, witnessed) && opened.log.tail() != accept => {
            Err(not_this(accept, opened.log.tail()))
        }
        None => Ok(None),
        Some(damage) if !damage.is_loss() => Err(StoreError::NotThisLoss(format!(
            "--accept-loss {accept} cannot be done: {damage}; nothing is lost there"
        ))),
        Some(damage) if damage.whole_until() != accept => {
            Err(not_this(accept, damage.whole_until()))
        }
        Some(damage) => Ok(Some(damage)),
    }
}

/// Why a start on this log would only read, and what to do; none: it would write. Reads only.
///
/// # Errors
/// A start would refuse: something else is lost than what was accepted, or the log cannot be read.
pub(super) fn check(
    folder: &Path,
    witness: &Path,
    accept: Option<u64>,
) -> Result<Option<String>, StoreError> {
    if let Some(refusal) = snapshot::unfinished(folder) {
        return Err(refusal);
    }
    let log = folder.join("log");
    let seen = witness::read(witness);
    if !log.try_exists().unwrap_or(true) {
        return match (seen, accept) {
            (Some(_), Some(accept @ 1..)) => Err(not_this(accept, 0)),
            (Some(seen), None) => Ok(Some(format!(
                "there is no log, and the witness {} has seen entries up to {}: restore the log from a backup. If no backup has them, \
                 `equity serve --accept-loss 0` goes on without them, once",
                witness.display(),
                seen.last.position
            ))),
            (None, _) | (Some(_), Some(0)) => Ok(None),
        };
    }
    let witnessed: Vec<Known> = seen.iter().flat_map(Seen::known).collect();
    let opened = SegmentLog::read_only(&log, &witnessed)?;
    // Whatever the store has, a start refuses a log of which nothing behind this can be read.
    let unread = opened.damage.as_ref().filter(|damage| damage.is_unreadable());
    if let Some(damage) = unread.filter(|damage| opened.log.tail() < damage.position) {
        return Err(StoreError::Unreadable(damage.clone()));
    }
    let is_accepted = accepted(&opened, &witnessed, accept)?.is_some();
    if opened.damage.is_none()
        && let Some(refusal) = Unfinished::of(&opened.log)?.refuses(accept)
    {
        return Err(refusal);
    }
    let is_of_another = is_of_another_log(&opened, &witnessed);
    Ok(match (opened.damage, seen) {
        (Some(damage), _) if !is_accepted => Some(lost(damage, opened.log.last_known())),
        (None, Some(seen)) if is_of_another && accept != Some(opened.log.tail()) => {
            Some(of_another(&seen, witness, opened.log.tail()))
        }
        _ => None,
    })
}

fn not_this(accept: u64, whole_until: u64) -> StoreError {
    StoreError::NotThisLoss(format!(
        "--accept-loss {accept} is not the loss that there is: the log is whole up to entry {whole_until}; start without the option to \
         read what is lost, then decide"
    ))
}

/// Why nothing is written after entries were lost, and what to do.
fn lost(damage: Damage, last_known: u64) -> String {
    let (from, accept, is_loss) = (damage.position, damage.whole_until(), damage.is_loss());
    let text = LogError::Damaged(damage).to_string();
    if !is_loss || last_known < from {
        return text;
    }
    let count = last_known - accept;
    format!(
        "{text}. Entries that are lost or cannot be read: {count}, from {from} to {last_known}. If no backup has them, \
         `equity serve --accept-loss {accept}` goes on without them, once"
    )
}

/// Why nothing is written to a log that is not the one that the witness has seen, and what to do.
fn of_another(seen: &Seen, file: &Path, tail: u64) -> String {
    format!(
        "the witness {} has seen another log than this one, up to entry {}: put back the log that it belongs to, or name a \
         `witness_file` of its own for each data folder. If this log is the right one, `equity serve --accept-loss {tail}` goes on \
         with it, once",
        file.display(),
        seen.last.position
    )
}

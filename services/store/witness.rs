//! The witness: a small file outside log and store that says how far the log had come. A log that has lost its end looks like a log that
//! is whole, and a store that is lost with it cannot tell; the witness can.
//!
//! It is replaced a moment after each change, with each new segment and on a clean stop, and when somebody has removed it, by a thread
//! of its own: a disk that hangs holds up no change.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::clock::AtBoot;
use super::error::StoreError;
use super::log::{Known, Place};

/// Longest time between a change and the witness of it, and between two looks at whether the witness is there.
const EVERY: Duration = Duration::from_secs(2);
const HEAD: &str = "# How far the log of this data had come. A start compares it with the log: see the operator's guide.";

/// What the witness has seen of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// The last entry that was durable.
    pub(super) last: Place,
    /// Chain of the first entry, which tells logs apart.
    pub(super) root: [u8; 32],
    /// Log time of the last entry, milliseconds since 1970.
    pub(super) time_millis: u64,
    /// What the clock of the next start has to know.
    pub(super) at_boot: Option<AtBoot>,
}

impl Seen {
    /// What it says of the log.
    pub(super) fn known(&self) -> [Known; 2] {
        let root = Some(self.root);
        [Known { position: 1, chain: root, root }, Known { root, ..self.last.into() }]
    }

    /// The file's text. The last line is the hash of those before it.
    fn text(&self) -> String {
        let Self { last: Place { position, chain }, root, time_millis, at_boot } = self;
        let (chain, root) = (hex(chain), hex(root));
        let boot =
            at_boot.map(|AtBoot { boot, millis }| format!("boot {boot}\nboot_millis {millis}\n"));
        let text = format!(
            "{HEAD}\nposition {position}\nchain {chain}\nroot {root}\ntime_millis {time_millis}\n{}",
            boot.unwrap_or_default()
        );
        let check = blake3::hash(text.as_bytes()).to_hex();
        format!("{text}check {check}\n")
    }

    fn parse(text: &str) -> Option<Self> {
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.map(str::trim)
        };
        let number = |name| value(name)?.parse().ok();
        let hash = |name| Some(*blake3::Hash::from_hex(value(name)?).ok()?.as_bytes());
        let last = Place { position: number("position")?, chain: hash("chain")? };
        let at_boot = || Some((value("boot")?.parse().ok()?, value("boot_millis")?.parse().ok()?));
        let at_boot = at_boot().map(|(boot, millis)| AtBoot { boot, millis });
        let seen = Self { last, root: hash("root")?, time_millis: number("time_millis")?, at_boot };
        (seen.text() == text).then_some(seen)
    }
}

/// What the witness has seen; none if there is no witness, or none that can be believed, which is told.
pub(super) fn read(file: &Path) -> Option<Seen> {
    let why = match fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        Err(error) => error.to_string(),
        Ok(text) => match Seen::parse(&text) {
            Some(seen) => return Some(seen),
            None => "it is not what the service has written".to_owned(),
        },
    };
    tracing::error!(
        file = %file.display(), why,
        "the witness of the log cannot be used: a loss of the log's end may go unnoticed at this start"
    );
    None
}

/// Replaces the witness. Under its name it is whole, or the one before.
fn write(file: &Path, seen: &Seen) -> io::Result<()> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = file.with_file_name(name);
    let mut options = OpenOptions::new();
    let mut written = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    written.write_all(seen.text().as_bytes())?;
    // If the new name is lost, the witness is an earlier one, which is true too.
    written.sync_data()?;
    fs::rename(&beside, file)
}

/// Makes the witness's name durable: without it a first witness, or one that accepts a loss, could be lost.
fn sync_name(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[derive(Default)]
struct Told {
    newest: Option<Seen>,
    /// It is to be written at once.
    at_once: bool,
    is_over: bool,
}

/// The thread that keeps the witness. Dropping it writes the last state.
pub(super) struct Witness {
    told: Arc<(Mutex<Told>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Witness {
    /// Writes the witness and goes on keeping it. If it cannot be written, the log says so, and the service goes on.
    pub(super) fn keep(file: PathBuf, now: Option<Seen>) -> Result<Self, StoreError> {
        let mut keeper = Keeper { file, written: None, failed: false };
        if let Some(now) = now {
            keeper.write(now);
            if let (false, Err(error)) = (keeper.failed, sync_name(&keeper.file)) {
                keeper.fail(&error);
            }
        }
        let told = Told { newest: now, ..Told::default() };
        let told = Arc::new((Mutex::new(told), Condvar::new()));
        let shared = Arc::clone(&told);
        let thread = std::thread::Builder::new()
            .name("witness".into())
            .spawn(move || keeper.run(&shared))
            .map_err(|error| StoreError::NoThread(error.to_string()))?;
        Ok(Self { told, thread: Some(thread) })
    }

    /// Tells it how far the log has come. `at_once`: a new segment was begun.
    pub(super) fn tell(&self, seen: Seen, at_once: bool) {
        let mut told = self.told.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.newest = Some(seen);
        told.at_once |= at_once;
        drop(told);
        self.told.1.notify_one();
    }

    /// Tells it where the log's time is now, if that is not where it was: the clock has jumped, and was followed.
    pub(super) fn tell_clock(&self, now: AtBoot) {
        let mut told = self.told.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(newest) = &mut told.newest
            && newest.at_boot.is_none_or(|before| before.differs(now))
        {
            newest.at_boot = Some(now);
            self.told.1.notify_one();
        }
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.told.0.lock().unwrap_or_else(PoisonError::into_inner).is_over = true;
        self.told.1.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that keeps the witness failed");
        }
    }
}

struct Keeper {
    file: PathBuf,
    written: Option<Seen>,
    failed: bool,
}

impl Keeper {
    fn run(mut self, (told, changed): &(Mutex<Told>, Condvar)) {
        loop {
            let now = told.lock().unwrap_or_else(PoisonError::into_inner);
            let is_idle = |told: &mut Told| told.newest == self.written && !told.is_over;
            let waited = changed.wait_timeout_while(now, EVERY, is_idle);
            let (now, looks) = waited.unwrap_or_else(PoisonError::into_inner);
            // What comes within a moment is one witness.
            let waits = |told: &mut Told| !looks.timed_out() && !told.at_once && !told.is_over;
            let waited = changed.wait_timeout_while(now, EVERY, waits);
            let mut now = waited.unwrap_or_else(PoisonError::into_inner).0;
            now.at_once = false;
            let (newest, is_over) = (now.newest, now.is_over);
            drop(now);
            let is_needed = is_over || newest != self.written || self.is_gone();
            if let Some(newest) = newest.filter(|_| is_needed) {
                self.write(newest);
            }
            if is_over {
                return;
            }
        }
    }

    /// Whether somebody has removed the witness.
    fn is_gone(&self) -> bool {
        matches!(self.file.try_exists(), Ok(false))
    }

    fn write(&mut self, seen: Seen) {
        match write(&self.file, &seen) {
            Ok(()) if self.failed => {
                self.failed = false;
                tracing::info!(file = %self.file.display(), "the witness of the log is written again");
            }
            Ok(()) => {}
            Err(error) => self.fail(&error),
        }
        // Also if it failed: it is tried again with the next change, when it is not there, and when the service stops.
        self.written = Some(seen);
    }

    fn fail(&mut self, error: &io::Error) {
        if !self.failed {
            tracing::error!(
                %error, file = %self.file.display(),
                "the witness of the log cannot be written: if log and store are lost together, the service will not notice; name a file that the \
                 service can write in `witness_file`"
            );
        }
        self.failed = true;
    }
}

fn hex(hash: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*hash).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(position: u64) -> Seen {
        let last = Place { position, chain: [7; 32] };
        let at_boot = AtBoot { boot: uuid::Uuid::from_u128(5), millis: -3 };
        let at_boot = (position != 1).then_some(at_boot);
        Seen { last, root: [9; 32], time_millis: 1_700_000_000_000 + position, at_boot }
    }

    #[test]
    fn it_is_read_as_it_was_written_and_a_changed_one_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("witness");
        assert_eq!(read(&file), None);
        for position in [1, 44, 1 << 60] {
            write(&file, &seen(position)).unwrap();
            assert_eq!(read(&file), Some(seen(position)));
        }
        write(&file, &seen(44)).unwrap();
        let text = fs::read(&file).unwrap();
        for at in 0..text.len() {
            let mut changed = text.clone();
            changed[at] ^= 1;
            fs::write(&file, &changed).unwrap();
            assert_eq!(read(&file), None, "byte {at}");
            fs::write(&file, &text[..at]).unwrap();
            assert_eq!(read(&file), None, "cut at {at}");
        }
    }

    #[test]
    fn the_newest_is_written_in_time_at_once_and_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("witness");
        let witness = Witness::keep(file.clone(), Some(seen(1))).unwrap();
        assert_eq!(read(&file), Some(seen(1)));
        let until = |position| {
            let begin = std::time::Instant::now();
            while read(&file) != Some(seen(position)) {
                assert!(begin.elapsed() < EVERY * 10);
                std::thread::sleep(Duration::from_millis(10));
            }
            begin.elapsed()
        };
        witness.tell(seen(2), true);
        until(2);
        witness.tell(seen(3), false);
        witness.tell(seen(4), false);
        until(4);
        witness.tell(seen(5), false);
        drop(witness);
        assert_eq!(read(&file), Some(seen(5)));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_clock_that_was_followed_is_written_and_one_that_drifts_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("witness");
        for (millis, is_written) in [(997, false), (-60_000, true)] {
            let witness = Witness::keep(file.clone(), Some(seen(2))).unwrap();
            let before = seen(2).at_boot.unwrap();
            witness.tell_clock(AtBoot { millis, ..before });
            drop(witness);
            let written = read(&file).unwrap().at_boot.unwrap();
            assert_eq!(written.millis, if is_written { millis } else { before.millis });
        }
    }

    #[test]
    fn one_that_was_removed_comes_back_without_a_change_and_on_stopping() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("witness");
        let witness = Witness::keep(file.clone(), Some(seen(1))).unwrap();
        fs::remove_file(&file).unwrap();
        let begin = std::time::Instant::now();
        while read(&file) != Some(seen(1)) {
            assert!(begin.elapsed() < EVERY * 10);
            std::thread::sleep(Duration::from_millis(10));
        }
        fs::remove_file(&file).unwrap();
        drop(witness);
        assert_eq!(read(&file), Some(seen(1)));
    }

    #[test]
    fn one_that_could_not_be_written_is_tried_again_on_stopping() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gone/witness");
        let witness = Witness::keep(file.clone(), Some(seen(1))).unwrap();
        witness.tell(seen(2), true);
        // Until it was tried in vain.
        while witness.told.0.lock().unwrap().at_once {
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_millis(100));
        std::fs::create_dir(folder.path().join("gone")).unwrap();
        drop(witness);
        assert_eq!(read(&file), Some(seen(2)));
    }

    #[test]
    fn one_that_cannot_be_written_keeps_nobody_from_working() {
        let folder = tempfile::tempdir().unwrap();
        let witness = Witness::keep(folder.path().join("gone/witness"), Some(seen(1))).unwrap();
        witness.tell(seen(2), true);
        drop(witness);
    }
}

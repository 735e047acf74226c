//! Threads of sled. sled panics over some damaged files, so that it is opened and first read on a thread of its own, whose panics are
//! not printed: they come back as damage. And sled waits for ever when the system starts none of its threads.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::task::{Context, Waker};
use std::thread::Builder;
use std::time::{Duration, Instant};

use super::error::StoreError;
use super::sled_error::{is_locked, unwritten};

/// How the names of these threads begin: the hook for panics is silent about them.
const OPENING: &str = "sled-open";
const READING: &str = "sled-read";
/// How the names of sled's own threads begin.
const OF_SLED: &str = "sled-io";
/// Pause between two looks at whether opening goes on, and the number of looks without any sign of it that are enough.
const LOOK: Duration = Duration::from_millis(500);
const ENOUGH: u32 = 8;
/// How often a flush is checked, and the longest time of one.
const FLUSH_LOOK: Duration = Duration::from_millis(100);
const FLUSH_LONGEST: Duration = Duration::from_secs(30);
/// Longest time that a thread takes to give itself its name.
const NAMED: Duration = Duration::from_secs(2);
/// How often a locked file is tried again, and the pause before each.
const LOCK_TRIES: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// Opens sled; the error of a panic is damage. A sled that was dropped keeps its file locked while a thread of its own ends its work, so that
/// a locked file is waited for.
///
/// # Errors
/// [`StoreError::Locked`] if the file stays locked.
pub(super) fn open(config: &sled::Config) -> Result<sled::Result<sled::Db>, StoreError> {
    for _ in 0..LOCK_TRIES {
        match open_once(config)? {
            Err(error) if is_locked(&error) => std::thread::sleep(LOCK_PAUSE),
            opened => return Ok(opened),
        }
    }
    Err(StoreError::Locked(config.get_path()))
}

fn open_once(config: &sled::Config) -> Result<sled::Result<sled::Db>, StoreError> {
    let (done, opened) = sync_channel(1);
    let config = config.clone();
    Builder::new()
        .name(OPENING.into())
        // Whoever waited is gone only if sled never comes back.
        .spawn(move || drop(done.send(config.open())))
        .map_err(|error| StoreError::NoThread(error.to_string()))?;
    let mut without_a_sign = 0;
    loop {
        match opened.recv_timeout(LOOK) {
            Ok(Ok(db)) => return with_threads(db).map(Ok),
            Ok(failed) => return Ok(failed),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(StoreError::Damaged("sled panicked while opening".into()));
            }
            Err(RecvTimeoutError::Timeout) if waits_for_nobody() => without_a_sign += 1,
            Err(RecvTimeoutError::Timeout) => without_a_sign = 0,
        }
        if without_a_sign == ENOUGH {
            return Err(StoreError::NoThread("sled has none to read with".into()));
        }
    }
}

/// sled, if it has threads. A flush takes one of them and waits for another that writes: with fewer, closing sled would wait for ever.
fn with_threads(db: sled::Db) -> Result<sled::Db, StoreError> {
    // Makes sled start its threads; nobody waits for this flush.
    let _ = pin!(db.flush_async()).poll(&mut Context::from_waker(Waker::noop()));
    let begin = Instant::now();
    while begin.elapsed() < NAMED {
        let mut threads = names().peekable();
        // A system that lists no threads cannot be asked.
        if threads.peek().is_none()
            || threads.filter(|(_, name)| name.starts_with(OF_SLED)).count() >= 2
        {
            return Ok(db);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    std::mem::forget(db);
    Err(StoreError::NoThread("sled has too few to write with".into()))
}

/// Reads from sled; the error of a panic is damage.
pub(super) fn read<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, StoreError> {
    std::thread::scope(|scope| {
        let thread = Builder::new().name(READING.into()).spawn_scoped(scope, work);
        let thread = thread.map_err(|error| StoreError::NoThread(error.to_string()))?;
        thread.join().map_err(|_| StoreError::Damaged("sled panicked while reading".into()))
    })
}

/// Makes sled write its memory to disk. sled may wait for ever for another write that failed, so the wait ends by itself.
pub(super) fn flush(
    db: sled::Db,
    failed: impl Fn() -> Option<StoreError>,
) -> Result<(), StoreError> {
    let (done, told) = sync_channel(1);
    let flush = move || {
        // Nobody listens any more if it took too long.
        let _ = done.send(db.flush());
    };
    Builder::new()
        .name("flush".into())
        .spawn(flush)
        .map_err(|error| StoreError::NoThread(error.to_string()))?;
    let begin = Instant::now();
    loop {
        match told.recv_timeout(FLUSH_LOOK) {
            Ok(flushed) => return flushed.map(drop).map_err(|error| unwritten(&error)),
            Err(RecvTimeoutError::Timeout) if begin.elapsed() < FLUSH_LONGEST => {
                if let Some(error) = failed() {
                    return Err(error);
                }
            }
            Err(_) => {
                let what = format!("sled did not flush within {FLUSH_LONGEST:?}");
                return Err(StoreError::Apply(what));
            }
        }
    }
}

/// Whether the thread that opens sled sleeps, and sled has no thread that could wake it.
fn waits_for_nobody() -> bool {
    let mut sleeps = false;
    for (thread, name) in names() {
        if name.starts_with(OF_SLED) {
            return false;
        }
        if name.trim_end() == OPENING {
            // The state is the first field behind the name, which ends with a bracket.
            let stat = text(&thread.join("stat"));
            sleeps = stat.rsplit_once(')').is_some_and(|(_, state)| state.trim().starts_with('S'));
        }
    }
    sleeps
}

/// Every thread of this process with its name, as Linux lists them.
fn names() -> impl Iterator<Item = (PathBuf, String)> {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    threads.map(|thread| (thread.path(), text(&thread.path().join("comm"))))
}

fn text(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_still_locked_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let config = sled::Config::new().path(folder.path()).flush_every_ms(None);
        let first = open(&config).unwrap().unwrap();
        assert!(is_locked(&open_once(&config).unwrap().unwrap_err()), "the file is locked");
        let closing = std::thread::spawn(move || {
            std::thread::sleep(3 * LOCK_PAUSE);
            drop(first);
        });
        let second = open(&config).unwrap().unwrap();
        assert!(second.is_empty());
        closing.join().unwrap();
    }
}

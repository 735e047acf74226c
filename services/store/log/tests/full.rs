//! Disks that are full or broken.
//!
//! The failures come from the kernel where it can be made to give them without privileges: writing to `/dev/full` is a
//! real ENOSPC, and a child process under `ulimit -f` gets a real EFBIG. A failed fsync or truncate has no such way and
//! is made up.

use std::{
    fs::File,
    io::{self, IoSlice, Write},
    process::Command,
    sync::{Arc, Mutex},
};

use super::*;
use crate::store::log::disk::Disk;

/// What goes wrong.
#[derive(Clone, Copy, Debug, Default)]
struct Trouble {
    /// Bytes that still fit; then the disk is full.
    room: Option<usize>,
    sync: bool,
    sync_folder: bool,
    truncate: bool,
    create: bool,
}

#[derive(Clone, Default)]
struct BadDisk(Arc<Mutex<Trouble>>);

impl BadDisk {
    fn set(&self, trouble: Trouble) {
        *self.0.lock().unwrap() = trouble;
    }

    fn get(&self) -> Trouble {
        *self.0.lock().unwrap()
    }
}

fn broken(broken: bool) -> io::Result<()> {
    if broken { Err(io::Error::from_raw_os_error(5)) } else { Ok(()) } // EIO
}

fn full() -> io::Error {
    let error = File::options().write(true).open("/dev/full").unwrap().write(b"x").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    error
}

impl Disk for BadDisk {
    fn create(&mut self, path: &Path) -> io::Result<File> {
        if self.get().create { Err(full()) } else { crate::store::log::disk::RealDisk.create(path) }
    }

    fn write(&mut self, mut file: &File, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let trouble = self.get();
        let Some(room) = trouble.room else { return file.write_vectored(parts) };
        if room == 0 {
            return Err(full());
        }
        // Short writes: one part at a time, as far as there is room.
        let part = parts.iter().find(|part| !part.is_empty()).unwrap();
        let written = file.write(&part[..part.len().min(room)])?;
        self.set(Trouble { room: Some(room - written), ..trouble });
        Ok(written)
    }

    fn sync(&mut self, file: &File) -> io::Result<()> {
        broken(self.get().sync).and_then(|()| file.sync_data())
    }

    fn sync_folder(&mut self, _: &Path) -> io::Result<()> {
        broken(self.get().sync_folder)
    }

    fn truncate(&mut self, file: &File, bytes: u64) -> io::Result<()> {
        broken(self.get().truncate).and_then(|()| file.set_len(bytes))
    }
}

fn on_bad_disk(segment_bytes: u64) -> (tempfile::TempDir, BadDisk, SegmentLog) {
    let (folder, disk) = (tempfile::tempdir().unwrap(), BadDisk::default());
    let log = SegmentLog::open_on(
        Box::new(disk.clone()),
        Shape::CHANGES,
        folder.path(),
        segment_bytes,
        &[],
    )
    .unwrap()
    .log;
    (folder, disk, log)
}

/// A folder with a log of three entries.
fn log_in(segment_bytes: u64) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fill(&mut open(folder.path(), segment_bytes, 0).log, 3);
    folder
}

#[test]
fn full_after_every_number_of_bytes() {
    let group = (frame_bytes(4) + frame_bytes(5)) as usize;
    for room in (0..group).step_by(3) {
        let (folder, disk, mut log) = on_bad_disk(ONE_SEGMENT);
        fill(&mut log, 3);
        let before = content(folder.path());
        disk.set(Trouble { room: Some(room), ..Trouble::default() });
        for _ in 0..2 {
            let error = log.append(&[entry(&payload(4)), entry(&payload(5))]).unwrap_err();
            assert!(matches!(error, LogError::Full(_)), "{error}");
            disk.set(Trouble { room: Some(room), ..Trouble::default() });
        }
        assert_eq!(content(folder.path()), before, "undone to the byte");
        assert_eq!((log.tail(), good(&log, 1)), (3, positions(1..=3)));
        disk.set(Trouble { room: Some(group), ..Trouble::default() }); // just enough
        fill_at_once(&mut log, 5);
        disk.set(Trouble::default());
        fill(&mut log, 6);
        drop(log);
        let opened = open(folder.path(), ONE_SEGMENT, 6);
        assert!(opened.damage.is_none() && opened.cut.is_none());
        assert_eq!(good(&opened.log, 1), positions(1..=6));
    }
}

#[test]
fn no_room_for_a_new_segment() {
    let (folder, disk, mut log) = on_bad_disk(1);
    fill(&mut log, 3);
    disk.set(Trouble { create: true, ..Trouble::default() });
    assert!(matches!(log.append(&[entry(b"x")]).unwrap_err(), LogError::Full(_)));
    disk.set(Trouble { room: Some(10), ..Trouble::default() });
    assert!(matches!(log.append(&[entry(b"x")]).unwrap_err(), LogError::Full(_)));
    disk.set(Trouble::default());
    fill(&mut log, 5);
    assert_eq!(good(&log, 1), positions(1..=5));
    assert_eq!(good(&open(folder.path(), 1, 5).log, 1), positions(1..=5));
}

/// Every failure after which nobody knows what is on disk.
#[test]
fn writing_stops_until_opened_again() {
    let fails = Trouble::default();
    let troubles = [
        Trouble { sync: true, ..fails },
        Trouble { sync_folder: true, ..fails },
        Trouble { room: Some(100), truncate: true, ..fails },
        Trouble { room: Some(100), sync: true, ..fails }, // the undoing cannot be made durable
    ];
    for (trouble, segment_bytes) in
        troubles.into_iter().zip([ONE_SEGMENT, 1, ONE_SEGMENT, ONE_SEGMENT])
    {
        let (folder, disk, mut log) = on_bad_disk(segment_bytes);
        fill(&mut log, 3);
        disk.set(trouble);
        let error = log.append(&[entry(&payload(4))]).unwrap_err();
        assert!(matches!(error, LogError::Stopped { .. }), "{trouble:?}: {error}");
        disk.set(Trouble::default());
        for _ in 0..3 {
            let error = log.append(&[entry(&payload(4))]).unwrap_err();
            assert!(matches!(error, LogError::Stopped { .. }), "{trouble:?}: {error}");
        }
        assert_eq!((log.tail(), read(&log, 1)), (3, vec![Ok(1), Ok(2), Ok(3)]), "reading goes on");
        drop(log);
        let opened = open(folder.path(), segment_bytes, 3);
        assert_eq!(opened.damage, None, "{trouble:?}");
        let mut log = opened.log;
        assert!((3..=4).contains(&log.tail()), "the failed append may be there or not");
        fill(&mut log, 6);
        assert_eq!(good(&log, 1), positions(1..=6));
    }
}

/// What another program does to the file that is written: nothing is acknowledged that nobody could read again.
#[test]
fn a_segment_that_somebody_meddled_with_stops_writing() {
    type Meddle = fn(&Path, &Path);
    let meddles: [(&str, Meddle); 5] = [
        ("removed", |segment, _| fs::remove_file(segment).unwrap()),
        ("moved", |segment, aside| fs::rename(segment, aside).unwrap()),
        ("replaced by a copy", |segment, aside| {
            fs::copy(segment, aside).unwrap();
            fs::rename(aside, segment).unwrap();
        }),
        ("longer", |segment, _| edit(segment, |bytes| bytes.push(0))),
        ("shorter", |segment, _| edit(segment, |bytes| bytes.truncate(bytes.len() - 1))),
    ];
    for (what, meddle) in meddles {
        let folder = log_in(ONE_SEGMENT);
        let mut log = open(folder.path(), ONE_SEGMENT, 3).log;
        meddle(&segments(folder.path())[0], &folder.path().join("aside"));
        let before = content(folder.path());
        let error = log.append(&[entry(&payload(4))]).unwrap_err();
        assert!(matches!(error, LogError::Stopped { .. }), "{what}: {error}");
        assert!(error.to_string().contains("another program has removed, replaced"), "{error}");
        assert_eq!(content(folder.path()), before, "{what}: nothing was written");
        assert_eq!(log.tail(), 3, "{what}");
    }
}

/// The child of [`a_real_limit_of_the_system`]; alone it does nothing.
#[test]
fn child_under_a_file_size_limit() {
    let Ok(folder) = std::env::var("EQUITY_TEST_LIMITED_LOG") else { return };
    let mut log = open(Path::new(&folder), ONE_SEGMENT, 0).log;
    fill(&mut log, 3);
    let large = vec![7; 200 * 1024];
    for _ in 0..2 {
        let error = log.append(&[entry(&payload(4)), entry(&large)]).unwrap_err();
        assert!(
            matches!(&error, LogError::Full(source) if source.kind() == io::ErrorKind::FileTooLarge),
            "{error}"
        );
        assert_eq!(
            fs::metadata(&segments(Path::new(&folder))[0]).unwrap().len(),
            (1..=3).map(frame_bytes).sum::<u64>()
        );
    }
    fill(&mut log, 5);
    assert_eq!(good(&log, 1), positions(1..=5));
    fs::write(Path::new(&folder).join("child-was-here"), b"").unwrap();
}

/// No file may grow beyond 64 or 128 KiB (`ulimit -f` counts in blocks of 512 or 1,024 bytes): a real short write, then a
/// real EFBIG.
#[test]
fn a_real_limit_of_the_system() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 128 && exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--nocapture",
            concat!("store::log::tests::full", "::child_under_a_file_size_limit"),
        ])
        .env("EQUITY_TEST_LIMITED_LOG", folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(folder.path().join("child-was-here").try_exists().unwrap(), "the child must have run");
    fs::remove_file(folder.path().join("child-was-here")).unwrap();
    let opened = open(folder.path(), ONE_SEGMENT, 5);
    assert!(opened.damage.is_none() && opened.cut.is_none());
    assert_eq!(good(&opened.log, 1), positions(1..=5));
}

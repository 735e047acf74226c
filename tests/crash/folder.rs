//! Data folders to be damaged: one that holds something, copies of it, and the places in its log.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{
    feed::{Dice, Parcel},
    memory::{Memory, withdraw},
    running::{Running, Start},
};

/// Fills a data folder over several starts; the last one ended as `ending` says.
pub(super) async fn filled(folder: &Path, dice: &mut Dice, ending: Ending) -> Memory {
    filled_by(folder, dice, ending, &Start::default()).await
}

/// The same by a service that is started so.
pub(super) async fn filled_by(
    folder: &Path,
    dice: &mut Dice,
    ending: Ending,
    start: &Start<'_>,
) -> Memory {
    let mut memory = Memory::default();
    for sizes in [[40, 200, 3], [1, 9_000, 120]] {
        let running = Running::try_start(folder, start).unwrap();
        let channel = running.channel().await;
        for rows in sizes {
            let parcel = Parcel::new(dice, rows);
            memory.sent(&parcel);
            memory.told(&parcel, parcel.send(&channel).await.unwrap().0);
        }
        let (_, told) = memory.any(dice).unwrap();
        let (name, id) = (told.unwrap().name, uuid::Uuid::new_v4().to_string());
        memory.withdrawing(&name, &id);
        if let Ok(position) = withdraw(&channel, &name, &id).await {
            memory.withdrawn(&name, &id, position);
        }
        match ending {
            Ending::Stopped => assert_eq!(running.terminate().0, Some(0)),
            Ending::Killed => running.kill(),
            Ending::KilledLater => {
                wait_for_witness(folder);
                running.kill();
            }
        }
    }
    memory
}

/// Waits until the witness has seen the last entry of the log, which takes about two seconds.
fn wait_for_witness(folder: &Path) {
    let segments = segments(folder);
    let segment = segments.last().unwrap();
    let (at, _) = *entries(segment).last().unwrap();
    let head = &fs::read(segment).unwrap()[at..];
    let position = u64::from_le_bytes(head[16..24].try_into().unwrap());
    let (file, begin) = (folder.join("secret.key.witness"), Instant::now());
    let line = format!("\nposition {position}\n");
    while !fs::read_to_string(&file).is_ok_and(|text| text.contains(&line)) {
        assert!(begin.elapsed() < Duration::from_secs(60), "the witness has not seen {position}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// How the last service on a folder ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Stopped,
    Killed,
    /// Killed when the witness had seen the last change: some two seconds after it.
    KilledLater,
}

/// Copies a folder.
pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for item in fs::read_dir(from).unwrap() {
        let item = item.unwrap();
        let target = to.join(item.file_name());
        if item.file_type().unwrap().is_dir() {
            copy(&item.path(), &target);
        } else {
            fs::copy(item.path(), target).unwrap();
        }
    }
}

/// Every file below a folder.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for item in fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// Every file below a folder with its content.
pub(super) fn content(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    files(folder).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Changes bytes of a file.
pub(super) fn damage(file: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(file).unwrap();
    change(&mut bytes);
    fs::write(file, bytes).unwrap();
}

/// The entries of a segment: where each begins, and how long its payload is.
pub(super) fn entries(segment: &Path) -> Vec<(usize, usize)> {
    let bytes = fs::read(segment).unwrap();
    let (mut at, mut found) = (0, Vec::new());
    while at < bytes.len() {
        let length = match bytes[at + 5] {
            1 => u16::from_le_bytes(bytes[at + 6..at + 8].try_into().unwrap()).into(),
            _ => u32::from_le_bytes(bytes[at + 40..at + 44].try_into().unwrap()),
        };
        let length = usize::try_from(length).unwrap();
        found.push((at, length));
        at += HEADER + length;
    }
    found
}

/// Bytes in front of a payload.
pub(super) const HEADER: usize = 112;

/// The segments of a log, in order.
pub(super) fn segments(folder: &Path) -> Vec<PathBuf> {
    files(&folder.join("log"))
}

/// The only segment of a small log.
pub(super) fn segment(folder: &Path) -> PathBuf {
    let segments = segments(folder);
    assert_eq!(segments.len(), 1);
    segments[0].clone()
}

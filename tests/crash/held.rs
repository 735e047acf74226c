//! Memory that a service holds for what it has had: a version that was replaced costs a few dozen bytes, however many rows it had.

use super::{
    feed::{Dice, MONTHS, ORGANISATIONS, Parcel, seed},
    running::{Running, Start},
};

/// Versions that replace others, before the first look and between two looks.
const BEFORE: usize = 900;
const BETWEEN: usize = 3_000;
/// Most bytes that a replaced version may cost. Once it was 8 to 15 KB, for its columns were kept; 100 to 200 bytes are what it costs. The
/// rest is for what sled and the allocator hold now and did not before.
const MOST: u64 = 2_000;

/// Replaces versions, several callers at once: each has its months.
async fn replace(running: &Running, dice: &mut Dice, count: usize) {
    let channel = running.channel().await;
    let callers = ORGANISATIONS.map(|organisation| {
        let (channel, mut dice) = (channel.clone(), Dice::new(dice.roll()));
        tokio::spawn(async move {
            for number in 0..count / ORGANISATIONS.len() {
                let month = MONTHS[number % MONTHS.len()];
                Parcel::new(&mut dice, 20).of(organisation, month).send(&channel).await.unwrap();
            }
        })
    });
    for caller in callers {
        caller.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replaced_version_holds_little_memory() {
    let (mut dice, place) = (Dice::new(seed()), tempfile::tempdir().unwrap());
    // What caches may hold does not count.
    let settings = [("EQUITY_CACHE_SLED_BYTES", "1048576"), ("EQUITY_CACHE_MEMORY_BYTES", "0")];
    let start = Start { settings: &settings, ..Start::default() };
    let folder = place.path().join("data");
    let each = |before: u64, after: u64| after.saturating_sub(before) / BETWEEN as u64;
    // While it goes on, what work has left free counts too: that is printed, and not compared.
    let running = Running::try_start(&folder, &start).unwrap();
    replace(&running, &mut dice, BEFORE).await;
    let working = running.resident_bytes();
    assert_eq!(running.terminate().0, Some(0));
    // And after a start, when nothing has been done but to read what there is.
    let running = Running::try_start(&folder, &start).unwrap();
    let few = running.resident_bytes();
    replace(&running, &mut dice, BETWEEN).await;
    let worked = running.resident_bytes();
    assert_eq!(running.terminate().0, Some(0));
    let running = Running::try_start(&folder, &start).unwrap();
    let many = running.resident_bytes();
    println!(
        "working {} KB, {BETWEEN} versions later {} KB: {} bytes each; started {} KB and {} KB: {} bytes each",
        working >> 10,
        worked >> 10,
        each(working, worked),
        few >> 10,
        many >> 10,
        each(few, many)
    );
    assert!(each(few, many) < MOST, "{} bytes for each version at a start", each(few, many));
}

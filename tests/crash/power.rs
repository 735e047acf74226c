//! The whole service under power cuts: every byte that was not fsynced is thrown away.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use super::{
    feed::{Dice, seed},
    load::Load,
    memory::Memory,
    running::{Running, Start, verify_clean},
    shim::{Fsync, materialise},
};

/// A data folder that loses power again and again.
struct Place {
    place: tempfile::TempDir,
    number: u32,
    memory: Arc<Mutex<Memory>>,
    dice: Dice,
}

impl Place {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let this = Self { place, number: 0, memory: Arc::default(), dice: Dice::new(seed()) };
        std::fs::create_dir(this.root()).unwrap();
        this
    }

    fn root(&self) -> PathBuf {
        self.place.path().join(format!("root-{}", self.number))
    }

    fn data(&self) -> PathBuf {
        self.root().join("data")
    }

    /// Load until a random moment, SIGKILL, and the power goes.
    async fn work_and_cut(&mut self, fsync: Fsync) {
        let (root, image) = (self.root(), self.place.path().join(format!("image-{}", self.number)));
        let start = Start { shim: Some((&root, &image, fsync)), ..Start::default() };
        let running = Running::try_start(&self.data(), &start).unwrap();
        let load = Load::start(&running.channel().await, &self.memory, &mut self.dice);
        let before = self.memory.lock().unwrap().acknowledged();
        let least = Duration::from_millis(100 + self.dice.below(900));
        tokio::time::sleep(least).await;
        while self.memory.lock().unwrap().acknowledged() < before + 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        running.kill();
        load.end().await;
        self.number += 1;
        materialise(&image, &self.root()).unwrap();
    }

    /// Whether everything acknowledged is there.
    async fn holds(&self) -> Result<(), String> {
        let running =
            Running::try_start(&self.data(), &Start::default()).map_err(|error| error.said)?;
        let mut memory = std::mem::take(&mut *self.memory.lock().unwrap());
        let holds = memory.holds(&running.channel().await).await;
        *self.memory.lock().unwrap() = memory;
        holds
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_power_cuts() {
    let mut place = Place::new();
    for _ in 0..6 {
        place.work_and_cut(Fsync::Kept).await;
        place.holds().await.unwrap();
        verify_clean(&place.data());
    }
}

/// The test above would notice, from the first start and later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_fsync_it_is_lost() {
    let mut place = Place::new();
    place.work_and_cut(Fsync::TakenOut).await;
    let lost = place.holds().await.unwrap_err();
    assert!(lost.contains("found None"), "{lost}");

    let mut place = Place::new();
    place.work_and_cut(Fsync::Kept).await;
    place.holds().await.unwrap();
    place.work_and_cut(Fsync::TakenOut).await;
    let lost = place.holds().await.unwrap_err();
    assert!(lost.contains("found None"), "{lost}");
}

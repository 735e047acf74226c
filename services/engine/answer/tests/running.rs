//! An engine on a folder of its own, and what it was told, in order.

use std::path::Path;
use std::sync::Arc;

use super::random::Random;
use super::world::{Said, Setting};
use crate::domain::codes::Content;
use crate::domain::collection::Dataset;
use crate::domain::disclosure::ProfileName;
use crate::domain::reference::Reference;
use crate::domain::submission::Keyer;
use crate::engine::query::Reader;
use crate::engine::{Engine, Followers, ReleaseSettings, Settings};
use crate::store::{self, Slot, Store};

/// One change that was acknowledged.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) position: u64,
    /// What was said; none: the month was withdrawn.
    pub(super) said: Option<Arc<Said>>,
    /// What the change is about, by example.
    pub(super) about: Arc<Said>,
}

/// A world as it stands in an engine.
pub(super) struct Running {
    engine: Option<Arc<Engine>>,
    pub(super) changes: Vec<Change>,
    folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
    requests: u64,
}

/// A reader who may see all.
pub(super) fn everything() -> Reader {
    Reader::of(ProfileName::Internal)
}

pub(super) fn open(folder: &Path) -> Engine {
    open_with(folder, Content::embedded()).0
}

/// An engine, and those who are told of its changes.
pub(crate) fn opened(folder: &Path) -> (Engine, Arc<Followers>) {
    open_with(folder, Content::embedded())
}

/// Opens an engine with other reference content.
pub(crate) fn open_with(folder: &Path, content: Content) -> (Engine, Arc<Followers>) {
    // A column cache of 64 KiB lets go of columns all the time.
    let settings = Settings {
        memory_bytes: 1 << 20,
        question_bytes: 1 << 30,
        max_rows: 1 << 20,
        threads: 2,
        releases: ReleaseSettings::default(),
    };
    let followers = Arc::new(Followers::new(&settings));
    let told = Arc::clone(&followers);
    let store = Store::open(store::Settings {
        folder,
        secret: &[7; 32],
        content: Some(content),
        sled_bytes: 16 << 20,
        estimate_bytes: 64 << 10,
        min_free_bytes: 0,
        witness: None,
        accept_loss: None,
        segment_bytes: None,
        observer: Arc::new(move |slot, position| told.changed(slot, position)),
    })
    .unwrap();
    let engine = Engine::new(Arc::new(store), Keyer::new(&[7; 32]), &settings, &followers);
    (engine, followers)
}

impl Running {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = Some(Arc::new(open(folder.path())));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Self { engine, changes: Vec::new(), folder, runtime, requests: 0 }
    }

    pub(super) fn engine(&self) -> &Engine {
        self.engine.as_ref().unwrap()
    }

    /// Does something with the engine that waits.
    pub(super) fn block_on<T>(&self, work: impl AsyncFnOnce(&Engine) -> T) -> T {
        self.runtime.block_on(work(self.engine()))
    }

    /// The engine, to be asked on another thread.
    pub(super) fn engine_handle(&self) -> Arc<Engine> {
        Arc::clone(self.engine.as_ref().unwrap())
    }

    pub(super) fn reference(&self) -> Arc<Reference> {
        Arc::clone(&self.engine().store().catalog().reference)
    }

    /// A random change: mostly something said, now and then something withdrawn.
    pub(super) fn change(&mut self, random: &mut Random, reference: &Reference, setting: &Setting) {
        let standing = self.standing(u64::MAX);
        if random.chance(20) && !standing.is_empty() {
            let about = Arc::clone(standing[random.below(standing.len())]);
            return self.withdraw(&about);
        }
        let said = setting.said(random, reference);
        if said.dataset == Dataset::Consultations && random.chance(60) {
            let people = setting.people_of(random, reference, &said);
            self.submit(people);
        }
        self.submit(said);
    }

    /// Submits; gives the content hash.
    pub(super) fn submit(&mut self, said: Said) -> [u8; 32] {
        self.requests += 1;
        let header = said.header(format!("r{}", self.requests));
        let mut builder = self.engine().builder(header.clone());
        said.tell(&mut builder);
        let draft = builder.finish();
        assert_eq!((draft.rejected_count, &draft.problems[..]), (0, &[][..]));
        let prepared = Engine::prepare("test", &header, &draft);
        let written =
            self.runtime.block_on(self.engine().store.submit(prepared.into(), None)).unwrap();
        let said = Arc::new(said);
        let about = Arc::clone(&said);
        self.changes.push(Change { position: written.position, said: Some(said), about });
        draft.content_hash
    }

    pub(super) fn slot(&self, said: &Said) -> Slot {
        let catalog = self.engine().store().catalog();
        Slot {
            collection: catalog.collection(said.collection).unwrap(),
            dataset: said.dataset,
            organisation: catalog.organisation(&said.organisation).unwrap(),
            month: said.month,
        }
    }

    /// Withdraws what stands for the slot of an earlier change.
    pub(super) fn withdraw(&mut self, about: &Arc<Said>) {
        self.requests += 1;
        let slot = self.slot(about);
        let version = {
            let catalog = self.engine().store().catalog();
            catalog.versions(&slot).last().unwrap().version
        };
        let id = format!("r{}", self.requests);
        let done = self.engine().store().withdraw(slot, version, "test", &id);
        let written = self.runtime.block_on(done).unwrap();
        let about = Arc::clone(about);
        self.changes.push(Change { position: written.position, said: None, about });
    }

    /// What stands after the change at a position.
    pub(super) fn standing(&self, position: u64) -> Vec<&Arc<Said>> {
        let mut standing: Vec<(&Arc<Said>, Option<&Arc<Said>>)> = Vec::new();
        for change in self.changes.iter().filter(|change| change.position <= position) {
            let same = |said: &Said| {
                (said.collection, said.dataset, &said.organisation, said.month)
                    == (
                        change.about.collection,
                        change.about.dataset,
                        &change.about.organisation,
                        change.about.month,
                    )
            };
            standing.retain(|(about, _)| !same(about));
            standing.push((&change.about, change.said.as_ref()));
        }
        standing.into_iter().filter_map(|(_, said)| said).collect()
    }

    /// Closes the engine and opens another on the same folder, with other reference content.
    pub(super) fn reopen_with(&mut self, content: Content) {
        drop(self.engine.take());
        self.engine = Some(Arc::new(open_with(self.folder.path(), content).0));
    }

    /// Closes the engine and opens another on the same folder.
    pub(super) fn reopen(&mut self, between: impl FnOnce(&Path)) {
        drop(self.engine.take());
        between(self.folder.path());
        self.engine = Some(Arc::new(open(self.folder.path())));
    }
}

//! Packs come back run by run, and what they are made of survives replay, loss and formats.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::domain::codes::Content;
use crate::domain::collection::Dataset;
use crate::domain::reference::Reference;
use crate::domain::submission::{Builder, Draft, Header, Keyer};
use crate::proto::store::{SubmissionMeta, VersionRow};
use crate::store::catalog::Catalog;
use crate::store::keys::Slot;
use crate::store::pack::Pack;
use crate::store::state::State;
use crate::store::tree::Row;
use crate::store::{Prepared, Settings, Store, StoreError, verify};

const SEXES: [&str; 4] = ["1", "2", "9", "X"];
const CHANNELS: [&str; 3] = ["TELEPHONE", "VIDEO", "FACE_TO_FACE"];

fn header(month: &str, organisation: &str) -> Header {
    Header {
        organisation: organisation.to_owned(),
        collection: "practice-feed".to_owned(),
        dataset: Dataset::Consultations,
        month: month.parse().unwrap(),
        request_id: uuid::Uuid::new_v4().to_string(),
        code_systems: BTreeMap::new(),
        collected: [Field::Sex, Field::Age].into(),
        person_key_scheme: "scheme".to_owned(),
        source: None,
        expected_record_count: None,
        allow_partial: true,
        validate_only: false,
        allow_shrinking: false,
    }
}

/// A submission of rows that a seed makes up.
fn draft(header: &Header, rows: usize, seed: u64, weighted: bool) -> Draft {
    let reference = Arc::new(Reference::new(&Content::embedded()).unwrap());
    let mut builder = Builder::new(reference, header.clone(), Keyer::new(&[7; 32]), 1000);
    let mut dice = seed;
    let mut roll = |below: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % below
    };
    let place = |number: u64| usize::try_from(number).unwrap();
    for _ in 0..rows {
        builder.begin_row();
        builder.code(Field::Channel, CHANNELS[place(roll(3))]);
        builder.code(Field::Sex, SEXES[place(roll(3))]);
        builder.age(Some(i32::try_from(roll(100)).unwrap()), "");
        builder.date(&format!("{}-{:02}", header.month, 1 + roll(28)));
        if weighted {
            builder.weight("record_count", Some(1 + roll(300) as i64), 1);
        } else if roll(9) > 0 {
            builder.person(&format!("person {}", roll(rows as u64)));
        }
        builder.end_row(Vec::new);
    }
    builder.finish()
}

/// The submission as the catalogue has it, its pack, and the person keys that it numbers.
fn applied(header: &Header, draft: &Draft) -> (Arc<Submission>, Vec<u8>, RwLock<PersonKeys>) {
    let prepared = Prepared::new("caller", header, draft);
    let pack: Pack = prepared.pack.unwrap();
    let mut persons = PersonKeys::default();
    persons.set_scheme("scheme", 0);
    let numbered = pack.persons.as_ref().map(|keys| persons.number(0, keys));
    let (directory, bytes) =
        pack.with_persons(numbered.as_ref().map(|n| n.numbers.as_slice())).unwrap();
    if let Some(numbered) = numbered {
        persons.add(0, &numbered.new);
    }
    let mut catalog = Catalog::new(Arc::new(Reference::new(&Content::embedded()).unwrap()));
    let words = catalog.words().numbered(&pack.words);
    catalog.words_mut().add(&words);
    let row = VersionRow {
        position: 5,
        time_millis: 1,
        meta: Some(SubmissionMeta { columns: Vec::new(), ..prepared.meta }),
        directory: directory.encode(&words.numbers).into(),
        first_value: 0,
        erased: false,
    };
    let slot =
        Slot { collection: 0, dataset: header.dataset, organisation: 0, month: header.month };
    (catalog.add(slot, 1, &row).unwrap(), bytes, RwLock::new(persons))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_pack_comes_back_run_by_run_and_only_its_values_are_read(
        rows in 0usize..400, seed in any::<u64>(), weighted in any::<bool>(), value_bytes in 1usize..900,
        chosen in any::<u64>(),
    ) {
        let header = header("2024-02", "C82001");
        let draft = draft(&header, rows, seed, weighted);
        let (submission, bytes, persons) = applied(&header, &draft);
        let values: Vec<&[u8]> = bytes.chunks(value_bytes).collect();
        let touched = RefCell::new(BTreeSet::new());
        let read = |runs: &[Run]| {
            let scan = |numbers: Range<u32>| {
                let numbers = numbers.start as usize..numbers.end as usize;
                touched.borrow_mut().extend(numbers.clone());
                Ok(values[numbers].concat())
            };
            PackPart::read_by(value_bytes, scan, &persons, &submission, runs).unwrap()
        };
        for column in &draft.columns {
            let run = Run::Column(column.field.number());
            touched.borrow_mut().clear();
            prop_assert_eq!(&read(&[run]).column(column.field).unwrap(), &column.packed);
            let range = submission.directory.range(run).unwrap();
            let own: BTreeSet<_> = range.map(|byte| byte / value_bytes).collect();
            prop_assert_eq!(&*touched.borrow(), &own);
        }
        prop_assert_eq!(&read(&[Run::Column(number::WEIGHT)]).weights().unwrap(), &draft.weights);
        let of_persons = read(&[Run::Column(number::PERSON)]);
        prop_assert_eq!(Some(of_persons.persons().unwrap()), draft.persons.clone());
        // Several at once, in whatever stretches they lie.
        let all: Vec<Run> = submission.directory.entries().map(|entry| entry.run).collect();
        let runs: Vec<Run> =
            all.iter().enumerate().filter(|(n, _)| chosen >> (n % 64) & 1 == 1).map(|(_, run)| *run).collect();
        let part = read(&runs);
        for run in all {
            let alone = read(&[run]);
            if runs.contains(&run) {
                prop_assert_eq!(part.bytes(run).unwrap(), alone.bytes(run).unwrap());
            }
        }
        for column in &draft.columns {
            let field = column.field;
            let cells = read(&[Run::Rollup(field.number())]).rollup(field.number()).unwrap();
            let sum: u64 = cells.iter().map(|(_, count)| count).sum();
            let none = crate::store::pack::INNER.contains(&field) || column.values.len() < 2;
            prop_assert_eq!(sum, if none { 0 } else { draft.total_count });
        }
    }

    #[test]
    fn a_hostile_directory_gives_errors_and_no_panic(
        directory in proptest::collection::vec(any::<u8>(), 0..80), bytes in proptest::collection::vec(any::<u8>(), 0..200),
        records in 0u64..100,
    ) {
        let mut catalog = Catalog::new(Arc::new(Reference::new(&Content::embedded()).unwrap()));
        let row = VersionRow {
            meta: Some(SubmissionMeta { accepted_count: records, ..SubmissionMeta::default() }),
            directory: directory.into(),
            ..VersionRow::default()
        };
        let month = "2024-02".parse().unwrap();
        let slot = Slot { collection: 0, dataset: Dataset::Consultations, organisation: 0, month };
        if let Ok(submission) = catalog.add(slot, 1, &row) {
            let persons = RwLock::default();
            let scan = |numbers: Range<u32>| {
                let from = bytes.len().min(numbers.start as usize * 16);
                Ok(bytes[from..bytes.len().min((numbers.end as usize).saturating_mul(16))].to_vec())
            };
            for entry in submission.directory.entries() {
                let part = PackPart::read_by(16, scan, &persons, &submission, &[entry.run]);
                if let Ok(part) = part {
                    let _ = (part.weights(), part.persons(), part.rollup(number::TOTAL));
                    Field::all().for_each(|field| drop(part.column(field)));
                }
            }
        }
    }
}

pub(in crate::store) fn open(folder: &Path) -> Result<Store, StoreError> {
    Store::open(Settings {
        folder,
        secret: &[7; 32],
        content: Some(Content::embedded()),
        sled_bytes: 8 << 20,
        estimate_bytes: 1 << 20,
        min_free_bytes: 0,
        witness: None,
        accept_loss: None,
        segment_bytes: None,
        observer: Arc::new(|_, _| {}),
    })
}

/// A store with submissions of several months and organisations, one of several values. Stopped.
pub(in crate::store) async fn filled(folder: &Path) {
    let store = open(folder).unwrap();
    for (number, rows) in [40, 6_000, 3, 200].into_iter().enumerate() {
        for organisation in ["C82001", "C82002"] {
            let header = header(&format!("2024-0{}", number + 1), organisation);
            let draft = draft(&header, rows, number as u64, false);
            store.submit(Arc::new(Prepared::new("caller", &header, &draft)), None).await.unwrap();
        }
    }
}

pub(in crate::store) fn rows(folder: &Path) -> Vec<Row> {
    let state = State::open(&folder.join("sled"), 8 << 20).unwrap();
    state.tree.rows().all().unwrap().map(Result::unwrap).collect()
}

#[tokio::test]
async fn replay_gives_every_word_and_person_the_same_number() {
    let place = tempfile::tempdir().unwrap();
    filled(place.path()).await;
    let before = rows(place.path());
    for kind in [keys::WORD, keys::PERSONS, keys::PACK, keys::VERSION] {
        assert!(before.iter().any(|(key, _)| key[0] == kind), "{kind}");
    }
    let report = verify(place.path(), None, None, &mut |_, _| {}).unwrap();
    assert_eq!((report.submissions, report.differences), (8, Vec::new()));
    std::fs::remove_dir_all(place.path().join("sled")).unwrap();
    drop(open(place.path()).unwrap());
    assert_eq!(rows(place.path()), before);
    // Words known from before the loss get no second number.
    filled(place.path()).await;
    let words = |rows: &[Row]| rows.iter().filter(|(key, _)| key[0] == keys::WORD).count();
    assert_eq!(words(&rows(place.path())), words(&before));
}

#[tokio::test]
async fn a_version_without_a_row_of_its_pack_is_damage() {
    for kind in [keys::PACK, keys::WORD, keys::PERSONS] {
        let place = tempfile::tempdir().unwrap();
        filled(place.path()).await;
        let sled = place.path().join("sled");
        let mut state = State::open(&sled, 8 << 20).unwrap();
        let all: Vec<Row> = state.tree.rows().all().unwrap().map(Result::unwrap).collect();
        let lost = all.iter().find(|(key, _)| key[0] == kind).unwrap().clone();
        // The digest follows: only the directory knows.
        state.tree.remove(&[lost]).unwrap();
        state.tree.flush().unwrap();
        drop(state);
        let error = State::open(&sled, 8 << 20).err().unwrap();
        assert!(matches!(error, StoreError::Damaged(_)), "{error}");
        // The next start makes it anew.
        drop(open(place.path()).unwrap());
        assert_eq!(rows(place.path()), all);
    }
}

#[tokio::test]
async fn rows_of_an_entry_that_was_not_finished_are_removed() {
    let place = tempfile::tempdir().unwrap();
    filled(place.path()).await;
    let sled = place.path().join("sled");
    let mut state = State::open(&sled, 8 << 20).unwrap();
    let before: Vec<Row> = state.tree.rows().all().unwrap().map(Result::unwrap).collect();
    let next = state.tree.position() + 1;
    let position = u8::try_from(next).unwrap();
    let rows_of_next = [
        (keys::pack(1_000), vec![1, 2, 3]),
        (keys::word(21, 900, 0), vec![position, b'w']),
        (keys::persons(0, 1_000_000), [&[position][..], &[0; 8]].concat()),
    ];
    state.tree.write(&rows_of_next).unwrap();
    drop(state);
    let after = rows(place.path());
    assert_eq!(after, before);
}

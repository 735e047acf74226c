//! How often a search for the largest gaps reads each month, and that tables of which its reader may read nothing are not counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::convert::question::question;
use crate::domain::collection::Dataset;
use crate::domain::disclosure::ProfileName;
use crate::domain::field::Field;
use crate::domain::partner::{Named, Scope};
use crate::domain::submission::Header;
use crate::engine::Engine;
use crate::engine::answer::Protected;
use crate::engine::answer::tests::running::opened;
use crate::engine::query::Reader;
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;

const COLLECTION: &str = "practice-feed";
const MONTHS: [&str; 3] = ["2020-04", "2020-05", "2020-06"];
const DIMENSIONS: [&str; 3] = ["sex", "age_band", "ethnic_group_broad"];

/// An engine on one thread, and its folder. Consultations and access snapshots of three months.
async fn world() -> (Engine, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let engine = opened(folder.path()).0;
    let mut requests = 0;
    for month in MONTHS {
        for organisation in ["C82001", "C82002"] {
            for dataset in [Dataset::Consultations, Dataset::DigitalAccess] {
                requests += 1;
                submit(&engine, (dataset, organisation, month), requests).await;
            }
        }
    }
    (engine.on_one_thread(), folder)
}

async fn submit(
    engine: &Engine,
    (dataset, organisation, month): (Dataset, &str, &str),
    request: u32,
) {
    let header = Header {
        organisation: organisation.to_owned(),
        collection: COLLECTION.to_owned(),
        dataset,
        month: month.parse().unwrap(),
        request_id: format!("r{request}"),
        code_systems: BTreeMap::new(),
        collected: [Field::Sex, Field::Age, Field::EthnicCategory, Field::DigitalAccess].into(),
        person_key_scheme: "nhs".to_owned(),
        source: None,
        expected_record_count: None,
        allow_partial: false,
        validate_only: false,
        allow_shrinking: false,
    };
    let mut builder = engine.builder(header.clone());
    for number in 0..60 {
        builder.begin_row();
        if dataset == Dataset::Consultations {
            builder.code(Field::Channel, ["TELEPHONE", "VIDEO", "FACE_TO_FACE"][number % 3]);
            // Men miss a third of theirs, women none.
            builder.code(Field::Attendance, ["5", "3"][usize::from(number % 6 == 0)]);
            builder.date(&format!("{month}-{:02}", 1 + number % 28));
        } else {
            builder.code(Field::DigitalAccess, ["UNABLE", "ABLE"][number % 2]);
        }
        builder.code(Field::Sex, ["1", "2"][number % 2]);
        builder.code(Field::EthnicCategory, ["A", "H", "M"][number % 3]);
        builder.age(i32::try_from(20 + number).ok(), "");
        builder.person(&format!("p{number}"));
        builder.end_row(Vec::new);
    }
    let draft = builder.finish();
    assert_eq!(draft.rejected_count, 0, "{:?}", draft.problems);
    let prepared = Engine::prepare("test", &header, &draft);
    engine.store().submit(prepared.into(), None).await.unwrap();
}

fn reader(indicators: Named) -> Reader {
    let scope = Arc::new(Scope { indicators, ..Scope::everything() });
    Reader { scope, ..Reader::of(ProfileName::Internal) }
}

fn only(codes: &[&str]) -> Reader {
    reader(Named::Only(codes.iter().map(|code| (*code).to_owned()).collect()))
}

fn query(by: &[&str]) -> Option<v1::BreakdownQuery> {
    let period = v1::PeriodRange { first: MONTHS[0].into(), last: MONTHS[2].into() };
    Some(v1::BreakdownQuery {
        collection: COLLECTION.into(),
        area: "QK1".into(),
        period: Some(period),
        by: by.iter().map(|id| (*id).to_owned()).collect(),
        ..Default::default()
    })
}

fn gaps(dimensions: &[&str]) -> Table {
    let dimensions = dimensions.iter().map(|id| (*id).to_owned()).collect();
    Table::Gaps(v1::ListGapsRequest { query: query(&[]), dimensions, ..Default::default() })
}

/// The answer, how many months were scanned for it, each once for each scan, and how many slabs were made.
fn answer(engine: &Engine, reader: &Reader, table: &Table) -> (Protected, u64, u64) {
    let (passes, [made, _]) = engine.read_so_far();
    let found = question(&engine.reference(), reader, table).unwrap().answer(engine).unwrap();
    let (after, [made_after, _]) = engine.read_so_far();
    (found, after - passes, made_after - made)
}

fn passes(engine: &Engine, reader: &Reader, table: &Table) -> u64 {
    answer(engine, reader, table).1
}

/// The tables that are searched, by one dimension. That of channel impact has CH-12, which is searched without the rest of it.
fn outcomes(dimension: &str) -> Table {
    Table::Outcomes(v1::GetAccessOutcomesRequest {
        query: query(&[dimension]),
        ..Default::default()
    })
}

fn provision(dimension: &str) -> Table {
    let query = query(&[dimension]);
    Table::Provision(v1::GetFaceToFaceProvisionRequest { query, ..Default::default() })
}

fn exclusion(dimension: &str) -> Table {
    let (query, estimate_collections) = (query(&[dimension]), vec!["-".to_owned()]);
    let asked = v1::GetDigitalExclusionBreakdownRequest {
        query,
        estimate_collections,
        ..Default::default()
    };
    Table::Exclusion(asked)
}

/// Each column of a month is made once, however many tables and dimensions need it; the months are scanned as often as the tables alone need it,
/// and CH-12 adds one scan for each dimension.
#[tokio::test]
async fn a_search_makes_each_slab_once_and_scans_no_more_than_its_tables() {
    let (engine, _folder) = world().await;
    let all = reader(Named::All);
    let (found, scanned, made) = answer(&engine, &all, &gaps(&DIMENSIONS));
    assert!(found.provenance().notes.iter().any(|note| note.contains("were compared")));
    let (_, [made_in_all, kept]) = engine.read_so_far();
    assert_eq!((made, made_in_all), (kept, kept), "a slab was made twice");
    let alone = DIMENSIONS.map(|id| {
        let tables = [outcomes(id), provision(id), exclusion(id)];
        tables.map(|of| passes(&engine, &all, &of))
    });
    assert_eq!(alone, [SCANNED; DIMENSIONS.len()]);
    let followed = (DIMENSIONS.len() * MONTHS.len()) as u64;
    assert_eq!(scanned, alone.iter().flatten().sum::<u64>() + followed);
    // Again: everything is there, and the months are scanned as often.
    let (_, again, made) = answer(&engine, &all, &gaps(&DIMENSIONS));
    assert_eq!((again, made), (scanned, 0));
}

/// Months that are scanned for a dimension: access outcomes each of three months once, face-to-face provision too, digital exclusion the last snapshot
/// twice. A change of these numbers is a change of how often the data is read.
const SCANNED: [u64; 3] = [3, 3, 2];

#[tokio::test]
async fn tables_of_which_nothing_may_be_read_are_not_counted() {
    let (engine, _folder) = world().await;
    let (all, months) = (reader(Named::All), MONTHS.len() as u64);
    let whole = passes(&engine, &all, &gaps(&["sex"]));
    let [of_outcomes, of_provision] =
        [outcomes("sex"), provision("sex")].map(|table| passes(&engine, &all, &table));
    for (codes, expected) in [
        (&["CH-09"][..], of_outcomes),
        (&["CH-12"], months),
        (&["CH-07"], of_provision),
        (&["CH-09", "CH-12"], of_outcomes + months),
        (&["*"], 0),
    ] {
        let some = only(codes);
        let (found, scanned, _) = answer(&engine, &some, &gaps(&["sex"]));
        assert_eq!(scanned, expected, "{codes:?} of {whole}");
        let notes = &found.provenance().notes;
        assert!(notes.iter().any(|note| note.contains("may read")), "{codes:?}: {notes:?}");
        let is_readable = |row: &crate::engine::answer::Row| {
            codes.iter().any(|code| row.keys[2].code.starts_with(code))
        };
        assert!(found.rows().iter().all(is_readable), "{codes:?}");
        assert_eq!(found.rows().is_empty(), !codes.contains(&"CH-09"), "{codes:?}");
    }
}

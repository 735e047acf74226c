//! Published figures beside a question: which of them are about the same people, the nearest area, the newest period.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::running::open;
use crate::domain::collection::Dataset;
use crate::domain::estimate::EstimateSource;
use crate::domain::submission::{Given, Header};
use crate::engine::answer::PublishedEstimate;
use crate::engine::query::{AsOf, Asked, Filter, Query};
use crate::engine::{Engine, QueryError, Touched};

/// Area, period, keys, value.
type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], f64);

struct World {
    engine: Engine,
    runtime: tokio::runtime::Runtime,
    requests: u32,
    _folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = open(folder.path());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Self { engine, runtime, requests: 0, _folder: folder }
    }

    /// Submits figures of DX-12; gives the position.
    fn submit(&mut self, collection: &str, month: &str, series: &str, rows: &[Row<'_>]) -> u64 {
        self.requests += 1;
        let header = Header {
            organisation: "ONS".into(),
            collection: collection.into(),
            dataset: Dataset::Estimates,
            month: month.parse().unwrap(),
            request_id: format!("r{}", self.requests),
            code_systems: BTreeMap::new(),
            collected: std::collections::BTreeSet::new(),
            person_key_scheme: String::new(),
            expected_record_count: None,
            allow_partial: false,
            validate_only: false,
        };
        let source = EstimateSource { series: series.into(), ..EstimateSource::default() };
        let mut builder = self.engine.estimate_builder(header.clone(), source);
        for (area, period, keys, value) in rows {
            let given = Given {
                indicator: "DX-12",
                area,
                period,
                keys: keys.to_vec(),
                value: Some(*value),
                ..Given::default()
            };
            builder.row(&given, Vec::new);
        }
        let draft = builder.finish();
        assert_eq!(draft.problems, []);
        let prepared = Engine::prepare("test", &header, &draft);
        self.runtime.block_on(self.engine.write(prepared)).unwrap().position
    }

    fn query(&self, asked: &Asked, as_of: AsOf) -> Query {
        let reference = Arc::clone(&self.engine.store().catalog().reference);
        Query::new(&reference, asked, as_of).unwrap()
    }

    fn found(&self, asked: &Asked) -> Vec<PublishedEstimate> {
        self.engine.estimates(&self.query(asked, AsOf::Head), &[]).unwrap().found
    }

    fn values(&self, asked: &Asked) -> Vec<f64> {
        self.found(asked).into_iter().map(|found| found.estimate.value).collect()
    }
}

fn about(area: &str, last: &str, by: &[&str], filters: &[(&str, &[&str])]) -> Asked {
    let filter = |(dimension, codes): &(&str, &[&str])| Filter {
        dimension: (*dimension).to_owned(),
        codes: codes.iter().map(|code| (*code).to_owned()).collect(),
    };
    Asked {
        area: area.into(),
        first: last.into(),
        by: by.iter().map(|id| (*id).to_owned()).collect(),
        filters: filters.iter().map(filter).collect(),
        ..Asked::default()
    }
}

#[test]
fn figures_match_by_field_and_condition_from_the_nearest_area() {
    let mut world = World::new();
    let rows: &[Row<'_>] = &[
        ("K02000001", "2018", &[], 0.10),
        ("K02000001", "2018", &[("age_band", "75+")], 0.56),
        ("K02000001", "2018", &[("age_band", "16-24")], 0.01),
        ("K02000001", "2018", &[("age_75", "0-74")], 0.05),
        ("K02000001", "2018", &[("age_band", "75+"), ("sex", "2")], 0.62),
        ("K02000001", "2018", &[("publisher:employment_status", "Retired")], 0.3),
        ("K02000001", "2018", &[("publisher:answer", "Never"), ("sex", "1")], 0.07),
        ("E06000016", "2018", &[], 0.13),
        ("NAME:Somewhere", "2018", &[], 0.99),
        ("K02000001", "2017", &[], 0.11),
        ("K02000001", "2020", &[], 0.08),
    ];
    world.submit("ons-internet-users", "2020-03", "lfs", rows);
    let cases: &[(Asked, &[f64])] = &[
        (about("QK1", "2018-12", &[], &[]), &[0.10]),
        (about("E06000016", "2018-12", &[], &[]), &[0.13]),
        // A sub-ICB location lies in the system, and that in the country; Leicester is not around it.
        (about("04C", "2019", &[], &[]), &[0.10]),
        (about("QK1", "2018-01", &["month"], &[]), &[0.10]),
        (about("QK1", "2017-12", &[], &[]), &[0.11]),
        (about("QK1", "2016", &[], &[]), &[]),
        (about("QK1", "2021", &[], &[]), &[0.08]),
        // Any view of the same field; Leicester has none, so what is around it counts.
        (about("E06000016", "2018", &["age_broad"], &[]), &[0.56, 0.01, 0.05]),
        (about("QK1", "2018", &["age_band", "sex"], &[]), &[0.62]),
        (about("QK1", "2018", &["age_band"], &[("sex", &["2"])]), &[0.62]),
        (about("QK1", "2018", &["age_band"], &[("sex", &["1"])]), &[]),
        (about("QK1", "2018", &[], &[("age_band", &["75+"])]), &[0.56]),
        (about("QK1", "2018", &[], &[("age_75", &["0-74"])]), &[0.01, 0.05]),
        (about("QK1", "2018", &[], &[("age_band", &["75+", "16-24"])]), &[0.56, 0.01]),
        // What was answered is no dimension.
        (about("QK1", "2018", &["sex"], &[]), &[0.07]),
        (about("QK1", "2018", &["religion"], &[]), &[]),
    ];
    for (asked, expected) in cases {
        assert_eq!(world.values(asked), *expected, "{asked:?}");
    }
    let found = world.found(&about("QK1", "2018", &[], &[]));
    assert_eq!((found[0].area_name.as_str(), found[0].series_break), ("United Kingdom", false));
    let organisation = Asked {
        area: String::new(),
        organisations: vec!["04C".into()],
        ..about("", "2018", &[], &[])
    };
    // The organisation gives care in Leicester, which has a figure of its own.
    assert_eq!(world.values(&organisation), [0.13]);
}

#[test]
fn each_series_has_its_newest_period_and_breaks_are_told() {
    let mut world = World::new();
    let of = |rows: &'static [Row<'static>]| rows;
    let old = of(&[("E92000001", "2016", &[], 0.3), ("E92000001", "2017", &[], 0.2)]);
    world.submit("gpps", "2017-06", "old", old);
    let new = of(&[("E92000001", "2018", &[], 0.4), ("E92000001", "2018", &[("sex", "1")], 0.5)]);
    world.submit("gpps", "2018-06", "new", new);
    let found = world.found(&about("QK1", "2019", &[], &[]));
    let told: Vec<_> = found.iter().map(|f| (f.estimate.value, f.series_break)).collect();
    assert_eq!(told, [(0.4, true), (0.2, false)]);
    // Another figure of the same people in the next year follows its own series.
    world.submit("gpps", "2019-06", "new", of(&[("E92000001", "2019", &[], 0.45)]));
    let found = world.found(&about("QK1", "2019", &[], &[]));
    let told: Vec<_> = found.iter().map(|f| (f.estimate.value, f.series_break)).collect();
    assert_eq!(told, [(0.45, false), (0.2, false)]);
    let by_sex = world.found(&about("QK1", "2019", &["sex"], &[]));
    assert_eq!(by_sex.len(), 1);
    assert!(!by_sex[0].series_break, "nothing was published of them before");
    // The same period again, in a later month: the newest submission holds.
    world.submit("gpps", "2019-09", "new", of(&[("E92000001", "2019", &[], 0.46)]));
    assert_eq!(world.values(&about("QK1", "2019", &[], &[])), [0.46, 0.2]);
}

#[test]
fn the_past_stays_and_the_scope_covers_what_changes_the_answer() {
    let mut world = World::new();
    let asked = about("QK1", "2018", &[], &[]);
    let head =
        |world: &World| world.engine.estimates(&world.query(&asked, AsOf::Head), &[]).unwrap();
    let nothing = head(&world);
    assert!(nothing.found.is_empty() && nothing.data_position == 0);
    let first = world.submit("gpps", "2018-06", "s", &[("E92000001", "2018", &[], 0.4)]);
    let slot = |world: &World, collection: &str| {
        let catalog = world.engine.store().catalog();
        let number = catalog.collection(collection).unwrap();
        Touched::Slot(*catalog.slots_of(number, Dataset::Estimates).next().unwrap().0)
    };
    // A collection that had no number when the answer was made.
    assert!(nothing.scope.unwrap().covers(&slot(&world, "gpps")));
    let before = head(&world);
    let second = world.submit("gpps", "2018-06", "s", &[("E92000001", "2018", &[], 0.5)]);
    let third = world.submit("ons-internet-users", "2030-01", "t", &[("QK1", "2018", &[], 0.6)]);
    assert!(before.scope.unwrap().covers(&slot(&world, "ons-internet-users")));
    let now = head(&world);
    assert_eq!(now.found.iter().map(|f| f.estimate.value).collect::<Vec<_>>(), [0.5, 0.6]);
    assert_eq!(now.data_position, third);
    for (position, expected) in [(first - 1, vec![]), (first, vec![0.4]), (second, vec![0.5])] {
        let query = world.query(&asked, AsOf::Position(position));
        let past = world.engine.estimates(&query, &[]).unwrap();
        assert_eq!(past.found.iter().map(|f| f.estimate.value).collect::<Vec<_>>(), expected);
    }
    let only = |ids: &[&str]| {
        let ids: Vec<_> = ids.iter().map(|id| (*id).to_owned()).collect();
        world.engine.estimates(&world.query(&asked, AsOf::Head), &ids)
    };
    assert_eq!(only(&["gpps", "gpps"]).unwrap().found.len(), 1);
    assert!(only(&["-"]).unwrap().found.is_empty());
    assert!(matches!(only(&["gppss"]), Err(QueryError::NotFound { .. })));
    assert!(matches!(only(&["practice-feed"]), Err(QueryError::Field { .. })));
}

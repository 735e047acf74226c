//! Published figures beside a question: which of them are about the same people, the nearest area, the newest period.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::running::{everything, open};
use crate::domain::collection::Dataset;
use crate::domain::estimate::EstimateSource;
use crate::domain::submission::{EstimateRow, Header};
use crate::engine::answer::estimates::Estimates;
use crate::engine::answer::{EstimateList, EstimatesWanted, Place, PublishedEstimate};
use crate::engine::query::{AsOf, Asked, Basis, Filter, Query};
use crate::engine::{Engine, QueryError, Touched};

/// Indicator, period, base, value of a figure of England.
type OfEngland<'a> = (&'a str, &'a str, &'a str, f64);
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
        let given = rows.iter().map(|(area, period, keys, value)| EstimateRow {
            indicator: "DX-12",
            area,
            period,
            keys: keys.to_vec(),
            value: Some(*value),
            ..EstimateRow::default()
        });
        let given: Vec<_> = given.collect();
        self.submit_given(collection, month, series, &given)
    }

    /// Submits figures of England to the survey of patients; gives the position.
    fn survey(&mut self, month: &str, series: &str, rows: &[OfEngland<'_>]) -> u64 {
        let given = rows.iter().map(|(indicator, period, base, value)| EstimateRow {
            indicator,
            area: "E92000001",
            period,
            value: Some(*value),
            base,
            ..EstimateRow::default()
        });
        let given: Vec<_> = given.collect();
        self.submit_given("gpps", month, series, &given)
    }

    fn submit_given(
        &mut self,
        collection: &str,
        month: &str,
        series: &str,
        rows: &[EstimateRow<'_>],
    ) -> u64 {
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
            source: None,
            expected_record_count: None,
            allow_partial: false,
            validate_only: false,
            allow_shrinking: false,
        };
        let source = EstimateSource { series: series.into(), ..EstimateSource::default() };
        let mut builder = self.engine.estimate_builder(header.clone(), source);
        for given in rows {
            builder.row(given, Vec::new);
        }
        let draft = builder.finish();
        assert_eq!(draft.problems, []);
        let prepared = Engine::prepare("test", &header, &draft);
        self.runtime.block_on(self.engine.store.submit(prepared.into(), None)).unwrap().position
    }

    fn query(&self, asked: &Asked, as_of: AsOf) -> Query {
        let reference = Arc::clone(&self.engine.store().catalog().reference);
        Query::new(&reference, &everything(), asked, as_of).unwrap()
    }

    /// What stands beside a question that names collections and indicators.
    fn beside(
        &self,
        asked: &Asked,
        collections: &[&str],
        indicators: &[&str],
    ) -> Result<Estimates, QueryError> {
        let of = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        let wanted = EstimatesWanted { collections: of(collections), indicators: of(indicators) };
        self.engine.estimates(&self.query(asked, AsOf::Head), &wanted)
    }

    fn found(&self, asked: &Asked) -> Vec<PublishedEstimate> {
        self.engine
            .estimates(&self.query(asked, AsOf::Head), &EstimatesWanted::default())
            .unwrap()
            .found
    }

    fn values(&self, asked: &Asked) -> Vec<f64> {
        self.found(asked).into_iter().map(|found| found.estimate.value.unwrap()).collect()
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
    let told: Vec<_> = found.iter().map(|f| (f.estimate.value.unwrap(), f.series_break)).collect();
    assert_eq!(told, [(0.4, true), (0.2, false)]);
    // Another figure of the same people in the next year follows its own series.
    world.submit("gpps", "2019-06", "new", of(&[("E92000001", "2019", &[], 0.45)]));
    let found = world.found(&about("QK1", "2019", &[], &[]));
    let told: Vec<_> = found.iter().map(|f| (f.estimate.value.unwrap(), f.series_break)).collect();
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
    let head = |world: &World| world.beside(&asked, &[], &[]).unwrap();
    let nothing = head(&world);
    assert!(nothing.found.is_empty() && nothing.data_position == 0);
    let first = world.submit("gpps", "2018-06", "s", &[("E92000001", "2018", &[], 0.4)]);
    let slot = |world: &World, collection: &str| {
        let catalog = world.engine.store().catalog();
        let number = catalog.collection(collection).unwrap();
        Touched::Slot(catalog.slots().find(|(slot, _)| slot.collection == number).unwrap().0)
    };
    // A collection that had no number when the answer was made.
    assert!(nothing.scope.covers(&slot(&world, "gpps")));
    let before = head(&world);
    let second = world.submit("gpps", "2018-06", "s", &[("E92000001", "2018", &[], 0.5)]);
    let third = world.submit("ons-internet-users", "2030-01", "t", &[("QK1", "2018", &[], 0.6)]);
    assert!(before.scope.covers(&slot(&world, "ons-internet-users")));
    let now = head(&world);
    assert_eq!(now.found.iter().map(|f| f.estimate.value.unwrap()).collect::<Vec<_>>(), [0.5, 0.6]);
    assert_eq!(now.data_position, third);
    for (position, expected) in [(first - 1, vec![]), (first, vec![0.4]), (second, vec![0.5])] {
        let query = world.query(&asked, AsOf::Position(position));
        let past = world.engine.estimates(&query, &EstimatesWanted::default()).unwrap();
        assert_eq!(
            past.found.iter().map(|f| f.estimate.value.unwrap()).collect::<Vec<_>>(),
            expected
        );
    }
    let only = |ids: &[&str]| world.beside(&asked, ids, &[]);
    assert_eq!(only(&["gpps", "gpps"]).unwrap().found.len(), 1);
    assert!(matches!(only(&["gppss"]), Err(QueryError::NotFound { .. })));
    assert!(matches!(only(&["practice-feed"]), Err(QueryError::Field { .. })));
}

/// What publishers made of several areas is nearer than the system, the system's region nearer than the country; of areas that are
/// not around the asked one nothing counts.
#[test]
fn the_nearest_area_is_the_publishers_own_then_the_region() {
    let mut world = World::new();
    let rows: &[Row<'_>] = &[
        ("K02000001", "2018", &[], 0.898),
        ("E12000004", "2018", &[], 0.884),
        ("NAME:Leicestershire CC and Rutland", "2018", &[], 0.912),
        ("E06000016", "2018", &[], 0.867),
        ("E12000003", "2018", &[], 0.111),
        ("E92000001", "2018", &[("sex", "1")], 0.5),
        ("K02000001", "2018", &[("sex", "1")], 0.6),
    ];
    world.submit("ons-internet-users", "2018-12", "lfs", rows);
    for (area, value, name) in [
        ("E10000018", 0.912, "Leicestershire CC and Rutland"),
        ("E06000017", 0.912, "Leicestershire CC and Rutland"),
        ("E07000129", 0.912, "Leicestershire CC and Rutland"),
        ("E06000016", 0.867, "Leicester"),
        ("QK1", 0.884, "East Midlands"),
        ("04V", 0.884, "East Midlands"),
    ] {
        // No organisation belongs to a district: people live there.
        let basis = (area == "E07000129").then_some(Basis::Residence);
        let asked = Asked { basis, ..about(area, "2018", &[], &[]) };
        let found = world.found(&asked);
        let told: Vec<_> =
            found.iter().map(|f| (f.estimate.value.unwrap(), &*f.area_name)).collect();
        assert_eq!(told, [(value, name)], "{area}");
    }
    assert_eq!(world.values(&about("E10000018", "2018", &["sex"], &[])), [0.5]);
}

/// A figure on another base takes nobody's place and is told as a break, also within one series.
#[test]
fn figures_on_another_base_stand_apart() {
    let mut world = World::new();
    let (adults, users) = ("adults 18+", "users of any online service");
    world.survey("2023-06", "s1", &[("DX-12", "2023", adults, 0.30)]);
    world.survey("2024-06", "s1", &[("DX-12", "2024", users, 0.10)]);
    let told = |world: &World| -> Vec<_> {
        let found = world.found(&about("QK1", "2026", &[], &[]));
        found
            .into_iter()
            .map(|f| (f.estimate.value.unwrap(), f.estimate.base, f.series_break))
            .collect()
    };
    let first = (0.30, adults.to_owned(), false);
    assert_eq!(told(&world), [first, (0.10, users.to_owned(), true)]);
    // Both bases in one year: each goes on from its own, and the one that begins beside it has none before.
    world.survey(
        "2025-06",
        "s1",
        &[("DX-12", "2025", adults, 0.28), ("DX-12", "2025", users, 0.09)],
    );
    let second = (0.28, adults.to_owned(), true);
    assert_eq!(told(&world), [second, (0.09, users.to_owned(), false)]);
}

#[test]
fn what_stands_beside_is_what_was_asked_for() {
    let mut world = World::new();
    let ids = ["DX-05", "DX-05-USED", "DX-06", "DX-10", "SURVEY-ANSWER"];
    let value = |id: &str| if id == "DX-10" { 4.0 } else { 0.5 };
    let rows: Vec<_> = ids.iter().map(|id| (*id, "2021", "", value(id))).collect();
    world.survey("2021-03", "s", &rows);
    let asked = about("QK1", "2021", &[], &[]);
    let found = |collections: &[&str], indicators: &[&str]| -> Vec<String> {
        let found = world.beside(&asked, collections, indicators).unwrap().found;
        found.into_iter().map(|found| found.estimate.indicator).collect()
    };
    assert_eq!(found(&[], &[]), ["DX-05", "DX-05-USED", "DX-06", "DX-10"]);
    assert_eq!(found(&["gpps"], &[]), ids);
    assert_eq!(found(&[], &["DX-06"]), ["DX-06"]);
    assert_eq!(found(&["gpps"], &["DX-05", "DX-07"]), ["DX-05", "DX-05-USED"]);
    assert_eq!(found(&[], &["DX-0", "DX-1"]), Vec::<String>::new());
    // The indicator says so, whether or not whoever submitted it did.
    let flags: Vec<_> = world.found(&asked).iter().map(|f| f.source.not_for_targets).collect();
    assert_eq!(flags, [false, false, false, true]);
}

#[test]
fn every_figure_is_in_the_list() {
    let mut world = World::new();
    let rows: &[Row<'_>] = &[
        ("K02000001", "2017", &[("publisher:employment_status", "Retired")], 0.3),
        ("K02000001", "2018", &[("publisher:employment_status", "Retired")], 0.2),
        ("NAME:Somewhere", "2018", &[], 0.9),
        ("E54000015", "2018-Q2", &[], 0.4),
    ];
    world.submit("ons-internet-users", "2018-12", "lfs", rows);
    world.survey("2020-03", "s", &[("SURVEY-ANSWER", "2020", "", 0.1)]);
    world.submit("ons-internet-users", "2019-12", "new", &[("NAME:Somewhere", "2019", &[], 0.8)]);
    let list = |asked: [&str; 4]| {
        let [collection, indicator, area, period] = asked.map(str::to_owned);
        let list = EstimateList { collection, indicator, area, period };
        let (mut all, mut after): (Vec<_>, Option<Place>) = (Vec::new(), None);
        loop {
            let page = world.engine.list_estimates(&list, after, 2)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            all.extend(page.into_iter().map(|(_, f)| (f.estimate.value.unwrap(), f.series_break)));
        }
        Ok::<_, QueryError>(all)
    };
    let values =
        |asked| -> Vec<f64> { list(asked).unwrap().into_iter().map(|one| one.0).collect() };
    assert_eq!(values(["", "", "", ""]), [0.3, 0.2, 0.9, 0.4, 0.1, 0.8]);
    assert_eq!(values(["gpps", "", "", ""]), [0.1]);
    assert_eq!(values(["", "DX-12", "", "2018"]), [0.2, 0.9, 0.4]);
    assert_eq!(values(["", "", "QK1", ""]), [0.4]);
    assert_eq!(values(["", "", "E54000015", "2018-04"]), Vec::<f64>::new());
    assert_eq!(list(["", "", "NAME:Somewhere", ""]).unwrap(), [(0.9, false), (0.8, true)]);
    let holds_none = list(["practice-feed", "", "", ""]).unwrap_err();
    assert!(matches!(holds_none, QueryError::Field { field, .. } if field == "collection"));
    let no_time = list(["", "", "", "soon"]).unwrap_err();
    assert!(matches!(no_time, QueryError::Field { field, .. } if field == "period"));
    for asked in [["nowhere", "", "", ""], ["", "DX-1O", "", ""], ["", "", "NAME:Nowhere", ""]] {
        let unknown = list(asked).unwrap_err();
        assert!(matches!(unknown, QueryError::NotFound { name, .. } if asked.contains(&&*name)));
    }
}

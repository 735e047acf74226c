//! Submitted indicators, held against a plain sum over rows.

use std::collections::BTreeMap;

use super::faults::row;
use super::protected::{Seen, compare, pair};
use super::random::{Random, cases};
use super::running::{Running, everything};
use super::view::views;
use super::world::{Row, Said};
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::engine::answer::{IndicatorQuestion, Protected, Reason};
use crate::engine::query::{AsOf, Asked, Query, TableKind};

const ORGANISATIONS: [&str; 3] = ["C82001", "C82002", "C82003"];
/// A snapshot, and what happened in a month.
const INDICATORS: [&str; 2] = ["C20-SMI", "C20-CAN"];

fn said(organisation: &str, month: &str, rows: Vec<Row>) -> Said {
    Said {
        collection: "practice-feed",
        dataset: Dataset::IndicatorCounts,
        organisation: organisation.into(),
        month: month.parse().unwrap(),
        systems: BTreeMap::new(),
        collected: [Field::Sex, Field::Age].into(),
        scheme: String::new(),
        rows,
    }
}

fn count(indicator: &str, sex: &str, numerator: u32, denominator: u32) -> Row {
    let mut fields = vec![(Field::Indicator, indicator)];
    fields.extend((!sex.is_empty()).then_some((Field::Sex, sex)));
    Row { numerator, ..row(denominator, &fields) }
}

fn ask(running: &Running, indicator: &str, by: &[&str]) -> Protected {
    running.engine().answer(&question(running, indicator, by)).unwrap()
}

fn question(running: &Running, indicator: &str, by: &[&str]) -> IndicatorQuestion {
    let asked = Asked {
        table: TableKind::Indicators,
        area: "QK1".into(),
        first: "2026-04".into(),
        last: "2026-06".into(),
        by: by.iter().map(|id| (*id).to_owned()).collect(),
        ..Asked::default()
    };
    let query = Query::new(&running.reference(), &everything(), &asked, AsOf::Head).unwrap();
    IndicatorQuestion { query, indicator: indicator.into() }
}

/// The code that a row has on a dimension.
fn code(said: &Said, row: &Row, id: &str) -> String {
    match id {
        "organisation" => said.organisation.clone(),
        "month" => said.month.to_string(),
        _ => match row.fields.get(&Field::Sex) {
            Some(super::world::Given::Code(code)) => code.clone(),
            _ => "NOT_RECORDED".into(),
        },
    }
}

/// Numerator and denominator of each row, by a loop over what was said.
fn naive(all: &[Said], indicator: &str, by: &[&str]) -> BTreeMap<Vec<String>, (u64, u64)> {
    let has = |row: &&Row| {
        row.fields.get(&Field::Indicator) == Some(&super::world::Given::Code(indicator.into()))
    };
    let with: Vec<_> = all.iter().filter(|said| said.rows.iter().any(|row| has(&row))).collect();
    let mut sums = BTreeMap::<Vec<String>, (u64, u64)>::new();
    let mut sum = |keys: &[&str]| {
        for said in &with {
            let later = |other: &&&Said| {
                other.organisation == said.organisation && other.month > said.month
            };
            let is_last = keys.contains(&"month") || !with.iter().any(|other| later(&other));
            if indicator == INDICATORS[0] && !is_last {
                continue;
            }
            for row in said.rows.iter().filter(has) {
                let key: Vec<_> = keys.iter().map(|id| code(said, row, id)).collect();
                let of = sums.entry(key).or_default();
                of.0 += u64::from(row.numerator);
                of.1 += u64::from(row.weight.unwrap());
            }
        }
    };
    sum(&[]);
    if !by.is_empty() {
        sum(by);
    }
    // A row of nobody is no row.
    sums.retain(|key, of| key.is_empty() || of.1 > 0);
    sums
}

fn found(answer: &Protected, indicator: &str) -> BTreeMap<Vec<String>, (u64, u64)> {
    let row = |row: super::view::View<'_>| {
        let tally = row.tally(indicator);
        assert_eq!(row.count("NUMERATOR"), tally.numerator);
        assert_eq!(row.count("DENOMINATOR"), tally.denominator);
        (row.codes().map(str::to_owned).collect(), (tally.numerator, tally.denominator))
    };
    views(answer).map(row).collect()
}

#[test]
fn every_row_is_the_plain_sum_of_the_submitted_counts() {
    for seed in 0..cases(8) {
        let mut random = Random::new(seed);
        let (mut running, mut all) = (Running::new(), Vec::new());
        for organisation in ORGANISATIONS {
            for month in ["2026-04", "2026-05", "2026-06"] {
                if random.chance(25) {
                    continue;
                }
                let rows = (0..1 + random.below(12)).map(|_| {
                    let denominator = random.below(60) as u32;
                    let numerator = random.below(denominator as usize + 1) as u32;
                    let indicator = *random.pick(&INDICATORS);
                    {
                        let sex = *random.pick(&["", "1", "2"]);
                        count(indicator, sex, numerator, denominator)
                    }
                });
                let one = said(organisation, month, rows.collect());
                running.submit(one.clone());
                all.push(one);
            }
        }
        for reopened in [false, true] {
            if reopened {
                // Everything is made anew from the log.
                running.reopen(|folder| std::fs::remove_dir_all(folder.join("sled")).unwrap());
            }
            for indicator in INDICATORS {
                for by in
                    [&[][..], &["sex"], &["month"], &["organisation", "sex"], &["sex", "month"]]
                {
                    let expected = naive(&all, indicator, by);
                    let answer = ask(&running, indicator, by);
                    if expected.is_empty() {
                        let empty = answer.provenance().empty.as_ref();
                        assert_eq!(empty.unwrap().reason, Reason::NoData, "seed {seed}");
                        continue;
                    }
                    if expected[&Vec::new()].1 == 0 {
                        continue;
                    }
                    assert_eq!(
                        found(&answer, indicator),
                        expected,
                        "seed {seed} {indicator} {by:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_suppressed_count_leaves_no_share_of_the_rest() {
    let mut running = Running::new();
    let suppressed = Row { suppressed: true, weight: Some(0), ..count("C20-SMI", "2", 0, 0) };
    running.submit(said("C82001", "2026-06", vec![count("C20-SMI", "1", 3, 9), suppressed]));
    let answer = ask(&running, "C20-SMI", &["sex"]);
    for row in views(&answer) {
        let is_men = row.codes().eq(["1"]);
        let why = (!is_men).then_some(Reason::Suppressed);
        assert_eq!(row.why("C20-SMI"), why, "{:?}", row.labels());
    }
}

#[test]
fn a_snapshot_without_the_indicator_does_not_replace_one_that_has_it() {
    let mut running = Running::new();
    running.submit(said("C82001", "2026-04", vec![count("C20-SMI", "1", 3, 9)]));
    running.submit(said("C82001", "2026-05", vec![count("RTT-LW-52", "1", 1, 40)]));
    let answer = ask(&running, "C20-SMI", &[]);
    assert_eq!(found(&answer, "C20-SMI")[&Vec::new()], (3, 9));
}

#[test]
fn numerators_and_denominators_are_protected_as_every_other_count_of_people() {
    let (mut running, mut random) = (Running::new(), Random::new(77));
    for organisation in ORGANISATIONS {
        for month in ["2026-04", "2026-05"] {
            let rows = (0..20).map(|_| {
                let denominator = random.below(40) as u32;
                let numerator = random.below(denominator as usize + 1) as u32;
                let sex = *random.pick(&["", "1", "2", "9"]);
                count(random.pick::<&str>(&INDICATORS), sex, numerator, denominator)
            });
            running.submit(said(organisation, month, rows.collect()));
        }
    }
    let mut seen = Seen::default();
    for indicator in INDICATORS {
        for by in
            [&[][..], &["sex"], &["organisation"], &["organisation", "sex"], &["month", "sex"]]
        {
            let all = question(&running, indicator, by);
            let asked = pair(&all.query, |query| IndicatorQuestion { query, ..all.clone() });
            compare(&running, &asked, &mut seen);
        }
    }
    assert!(seen.shown > 50 && seen.changed > 20 && seen.withheld > 20, "{seen:?}");
}

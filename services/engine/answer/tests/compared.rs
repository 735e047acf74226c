//! Comparisons and inequality out of counts that are known: figures against the formulas, and what has none.

use std::sync::Arc;

use super::faults::{query, row, said};
use super::running::{Running, everything};
use crate::domain::codes::Content;
use crate::domain::collection::Dataset;
use crate::domain::disclosure::ptable::{Noise, PTable};
use crate::domain::disclosure::{Protection, Rules, TrueCount};
use crate::domain::field::Field;
use crate::domain::indicator::Unit;
use crate::domain::measures::Tally;
use crate::domain::reference::Reference;
use crate::domain::statistics::{Confidence, Verdict, difference, ratio};
use crate::engine::answer::comparison::{compared, notes};
use crate::engine::answer::{
    AnyQuestion, BasicQuestion, Between, Cell, ColumnDefinition, Figure, GapsQuestion,
    IndicatorQuestion, Key, OutcomeQuestion, Protected, Reason, Row, SummaryQuestion,
    TrendQuestion,
};
use crate::engine::query::{Against, AsOf, Asked, Comparison, Query, Showing, TableKind};

/// Missed of all that were attended or missed, by sex.
const APRIL: [(&str, u32, u32); 2] = [("1", 100, 1000), ("2", 60, 1200)];
const MAY: [(&str, u32, u32); 2] = [("1", 65, 1000), ("2", 60, 1200)];

fn world() -> Running {
    let mut running = Running::new();
    for (month, shares) in [("2020-04", APRIL), ("2020-05", MAY)] {
        let rows = shares.iter().flat_map(|(sex, missed, all)| {
            [("DID_NOT_ATTEND", *missed), ("ATTENDED", all - missed)].map(|(attendance, count)| {
                let fields = [
                    (Field::Channel, "TELEPHONE"),
                    (Field::Sex, *sex),
                    (Field::Attendance, attendance),
                ];
                row(count, &fields)
            })
        });
        let rows = rows.collect();
        running.submit(said(Dataset::Consultations, "04C", month, rows));
    }
    running
}

fn question(running: &Running, by: &[&str], against: Option<Against>) -> OutcomeQuestion {
    let mut query = query(running, "QK1", by);
    query.comparison = against.map(|against| Comparison { dimension: "sex".into(), against });
    OutcomeQuestion { query, late_counts_as_missed: false }
}

fn cell<'a>(answer: &'a Protected, keys: &[&str], column: &str) -> &'a Cell {
    let place = answer.columns().iter().position(|of| of.id == column);
    let place = place.unwrap_or_else(|| panic!("no column {column}"));
    let is = |codes: Vec<&str>| codes == keys;
    let row =
        answer.rows().iter().find(|row| is(row.keys.iter().map(|key| key.code.as_str()).collect()));
    &row.unwrap_or_else(|| panic!("no row {keys:?}")).cells[place]
}

fn value(cell: &Cell) -> f64 {
    cell.figure.as_ref().unwrap_or_else(|why| panic!("{why:?}")).value
}

/// Both months together.
const MEN: (u64, u64) = (165, 2000);
const WOMEN: (u64, u64) = (120, 2400);

#[test]
fn a_named_reference_has_newcombe_and_katz_limits_and_a_verdict() {
    let running = world();
    let asked = question(&running, &["sex"], Some(Against::Named("2".into())));
    let answer = running.engine().answer(&asked).unwrap();
    let found = cell(&answer, &["1"], "CH-09/DIFFERENCE");
    let expected = difference(MEN, WOMEN, Confidence::P95).unwrap();
    let figure = found.figure.as_ref().unwrap();
    assert_eq!(
        (figure.value, figure.limits),
        (expected.value, Some((expected.lower, expected.upper)))
    );
    assert_eq!(found.verdict, Some(Verdict::Worse), "missing more is worse");
    let found = cell(&answer, &["1"], "CH-09/RATIO").figure.clone().unwrap();
    let expected = ratio(MEN, WOMEN, 0.0, Confidence::P95).unwrap();
    assert_eq!((found.value, found.limits), (expected.value, expected.limits.ok()));
    // The reference is not compared with itself, and the total contains it.
    for keys in [&["2"][..], &[]] {
        let why = cell(&answer, keys, "CH-09/DIFFERENCE").figure.clone().unwrap_err();
        assert_eq!(why.reason, Reason::NotComputable, "{keys:?}");
    }
    // Counts are not compared, and every share has both.
    let ids: Vec<_> = answer.columns().iter().map(|of| of.id.as_str()).collect();
    assert!(!ids.contains(&"CONTACTS/DIFFERENCE"), "{ids:?}");
    assert!(ids.contains(&"CH-09/TELEPHONE/RATIO"), "{ids:?}");
}

#[test]
fn every_reference_is_the_group_that_it_says() {
    let running = world();
    let men = 165.0 / 2000.0;
    let women = 120.0 / 2400.0;
    let all = 285.0 / 4400.0;
    for (against, of_men, of_women) in [
        (Against::Largest, Some(men - women), None),
        (Against::Best, Some(men - women), None),
        (Against::Whole, Some(men - all), Some(women - all)),
        (Against::Complement, Some(men - women), Some(women - men)),
    ] {
        let asked = question(&running, &["sex"], Some(against.clone()));
        let answer = running.engine().answer(&asked).unwrap();
        for (code, expected) in [("1", of_men), ("2", of_women)] {
            let found = cell(&answer, &[code], "CH-09/DIFFERENCE").figure.as_ref().ok();
            let near = match (found, expected) {
                (Some(found), Some(expected)) => (found.value - expected).abs() < 1e-12,
                (found, expected) => found.is_none() && expected.is_none(),
            };
            assert!(near, "{against:?} {code}: {found:?} {expected:?}");
        }
    }
    // Each month is compared with its own reference.
    let asked = question(&running, &["month", "sex"], Some(Against::Largest));
    let answer = running.engine().answer(&asked).unwrap();
    let found =
        ["2020-04", "2020-05"].map(|month| value(cell(&answer, &[month, "1"], "CH-09/DIFFERENCE")));
    for (found, expected) in found.into_iter().zip([0.05, 0.015]) {
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }
}

#[test]
fn protected_figures_alone_are_compared_and_limits_are_wider() {
    let table = PTable::generate(Noise::default());
    let rules = Arc::new(Rules { table, threshold: 10 });
    let showing = |protection| Showing { confidence: Confidence::P95, protection };
    let (exact, changed) = (showing(Protection::Exact), showing(Protection::Perturbed(rules)));
    let share = |part: u64, whole: u64, showing: &Showing| {
        let of = |count: u64| TrueCount::of_each(7, count);
        let tally = Tally { numerator: of(part), denominator: of(whole), ..Tally::default() };
        Cell::share(tally, "consultations", showing)
    };
    let reference = Reference::new(&Content::embedded()).unwrap();
    let table = |showing: &Showing| {
        let key = |code: &str| Key::named("sex", code, "");
        let row = |keys: Vec<Key>, cell: Cell| Row {
            keys,
            cells: vec![cell],
            sentence: String::new(),
            source_table: "",
        };
        let column = ColumnDefinition::indicator("CH-09", &[], "").column(&reference, Vec::new());
        let rows = vec![
            row(Vec::new(), share(285, 4400, showing)),
            row(vec![key("1")], share(165, 2000, showing)),
            row(vec![key("2")], share(120, 2400, showing)),
            row(vec![key("3")], share(3, 20, showing)),
        ];
        (vec![column], rows)
    };
    for against in [Against::Named("2".into()), Against::Whole, Against::Complement] {
        let of = Comparison { dimension: "sex".into(), against };
        let width = |showing: &Showing| {
            let (columns, rows) = compared(&reference, &of, table(showing), showing);
            let ids: Vec<_> = columns.iter().map(|of| of.id.as_str()).collect();
            assert_eq!(ids, ["CH-09", "CH-09/DIFFERENCE", "CH-09/RATIO"]);
            // Three of twenty are withheld from a reader of changed counts, and so is what is made of them.
            let few = &rows[3].cells[1].figure;
            let is_withheld = few.as_ref().is_err_and(|why| why.reason == Reason::Withheld);
            assert_eq!(is_withheld, !showing.protection.is_exact(), "{few:?}");
            let limits =
                |place: usize| rows[1].cells[place].figure.clone().unwrap().limits.unwrap();
            // Of a ratio on the logarithmic scale: its value changes with the counts.
            let (difference, ratio) = (limits(1), limits(2));
            [difference.1 - difference.0, ratio.1 / ratio.0]
        };
        let (own, wider) = (width(&exact), width(&changed));
        assert!(wider[0] > own[0] && wider[1] > own[1], "{of:?}: {own:?} {wider:?}");
    }
}

/// A score has no counts, a rate no rest: neither is compared with what it cannot be compared with, and the reason says so.
#[test]
fn what_cannot_be_compared_says_why() {
    let showing = Showing { confidence: Confidence::P95, protection: Protection::Exact };
    let reference = Reference::new(&Content::embedded()).unwrap();
    let score = |value| Cell::without_counts(Ok(Figure::exact(value)), 100);
    let row = |keys: &[&str], value| Row {
        keys: keys.iter().map(|code| Key::named("sex", code, "")).collect(),
        cells: vec![score(value)],
        sentence: String::new(),
        source_table: "",
    };
    let cells = |against: Against, unit: Unit| {
        let mut column =
            ColumnDefinition::indicator("DQ-05", &[], "").column(&reference, Vec::new());
        column.unit = unit;
        let rows = vec![row(&[], 0.9), row(&["1"], 0.8), row(&["2"], 0.95)];
        let of = Comparison { dimension: "sex".into(), against };
        let (_, rows) = compared(&reference, &of, (vec![column], rows), &showing);
        rows[1].cells[1..].to_vec()
    };
    for (against, unit, expected) in [
        (Against::Named("2".into()), Unit::Ratio, "no numerator and denominator"),
        (Against::Complement, Unit::Ratio, "no numerator and denominator"),
        (Against::Complement, Unit::Per1000Month, "outside the group is not known"),
        (Against::Named("9".into()), Unit::Ratio, "the reference has no row"),
    ] {
        for cell in cells(against.clone(), unit) {
            let why = cell.figure.unwrap_err();
            assert_eq!(why.reason, Reason::NotComputable, "{against:?}");
            assert!(why.detail.contains(expected), "{against:?} {unit:?}: {why:?}");
        }
    }
    // The whole is taken as fixed: that needs no counts.
    let of_whole = cells(Against::Whole, Unit::Ratio);
    assert!(
        (value(&of_whole[0]) + 0.1).abs() < 1e-12
            && (value(&of_whole[1]) - 8.0 / 9.0).abs() < 1e-12
    );
}

#[test]
fn groups_that_share_records_are_said_to_have_wider_limits() {
    let reference = Reference::new(&Content::embedded()).unwrap();
    let says = |dimension: &str, against: Against| {
        let of = Comparison { dimension: dimension.into(), against };
        notes(&reference, &of, false).iter().any(|note| note.contains("can be in several groups"))
    };
    assert!(says("disability", Against::Largest) && says("disability", Against::Named("1".into())));
    // The complement shares nobody with the group, and the whole is taken as fixed.
    assert!(!says("disability", Against::Complement) && !says("disability", Against::Whole));
    assert!(!says("sex", Against::Largest));
    // Of people, each of whom may have records in several groups, the complement is told.
    let says = |against: Against, distinct: bool| {
        let of = Comparison { dimension: "sex".into(), against };
        notes(&reference, &of, distinct).iter().any(|note| note.contains("records in several"))
    };
    assert!(says(Against::Complement, true));
    assert!(!says(Against::Complement, false) && !says(Against::Whole, true));
}

#[test]
fn a_basic_view_has_verdicts_without_limits() {
    let running = world();
    let asked = any(question(&running, &["sex"], Some(Against::Whole)));
    let answer = BasicQuestion(asked).answer(running.engine()).unwrap();
    let found = cell(&answer, &["1"], "CH-09/DIFFERENCE");
    assert_eq!(found.verdict, Some(Verdict::Worse));
    assert!(found.figure.as_ref().unwrap().limits.is_none());
}

fn any(question: OutcomeQuestion) -> Arc<dyn AnyQuestion> {
    Arc::new(question)
}

#[test]
fn a_summary_has_every_measure_or_its_reason() {
    let running = world();
    let of = any(question(&running, &["sex"], None));
    let asked = SummaryQuestion {
        of,
        period: None,
        dimension: "sex".into(),
        columns: vec!["CH-09".into()],
        reference: Some("2".into()),
    };
    let answer = asked.answer(running.engine()).unwrap();
    assert_eq!(answer.rows().len(), 1);
    let gap = 165.0 / 2000.0 - 120.0 / 2400.0;
    assert!((value(cell(&answer, &["CH-09"], "D")) - gap).abs() < 1e-12);
    assert!((value(cell(&answer, &["CH-09"], "R")) - 1.65).abs() < 1e-12);
    for (id, says) in [("SII", "no order"), ("BGV", "more than two groups")] {
        let why = cell(&answer, &["CH-09"], id).figure.clone().unwrap_err();
        assert!(why.detail.contains(says), "{id}: {why:?}");
    }
    assert!(answer.rows()[0].sentence.starts_with("D compares"), "{}", answer.rows()[0].sentence);
}

#[test]
fn a_gap_that_closes_because_the_worse_off_gained_is_levelled_up() {
    let running = world();
    let of = any(question(&running, &["month", "sex"], None));
    let (period, dimension) = ("month".to_owned(), "sex".to_owned());
    let between = Between::Furthest;
    let asked = TrendQuestion { of, period, dimension, column: "CH-09".into(), between };
    let answer = asked.answer(running.engine()).unwrap();
    for (month, expected) in [("2020-04", 0.05), ("2020-05", 0.015)] {
        assert!((value(cell(&answer, &[month], "D")) - expected).abs() < 1e-12, "{month}");
    }
    let change = cell(&answer, &[], "D-CHANGE");
    assert!((value(change) + 0.035).abs() < 1e-12);
    assert_eq!(change.verdict, Some(Verdict::LevelledUp));
    let why = cell(&answer, &[], "D-SLOPE").figure.clone().unwrap_err();
    assert!(why.detail.contains("last five points"), "{why:?}");
    assert!(value(cell(&answer, &[], "TREND-P-VALUE/1")) < 0.01);
    assert!(value(cell(&answer, &[], "TREND-P-VALUE/2")) > 0.99);
}

#[test]
fn gaps_are_those_that_are_significantly_worse_with_the_people_to_level_up() {
    let running = world();
    let base = query(&running, "QK1", &[]);
    let part = ("sex".to_owned(), any(question(&running, &["sex"], None)));
    let gaps = |rate| {
        let parts = vec![part.clone()];
        let asked = GapsQuestion {
            query: base.clone(),
            parts,
            submitted: Vec::new(),
            rate,
            skip: 0,
            most: 1000,
            notes: Vec::new(),
        };
        asked.answer(running.engine()).unwrap()
    };
    let answer = gaps(0.05);
    let first = &answer.rows()[0];
    let codes: Vec<_> = first.keys.iter().map(|key| key.code.as_str()).collect();
    assert_eq!(codes, ["sex", "1", "CH-09"]);
    let all = 285.0 / 4400.0;
    // 2000 times the share of all is 129.5: 36 of 165 have to come.
    assert!((value(cell(&answer, &codes, "LEVEL-UP")) - 36.0).abs() < 1e-12);
    assert!((value(cell(&answer, &codes, "WHOLE")) - all).abs() < 1e-12);
    let says = "8.2 % of 2000 consultations, 1.8 points above all (6.5 %), from 0.6 to 3.1 with 95 % confidence. To level up takes 36 of them.";
    assert!(first.sentence.ends_with(says), "{}", first.sentence);
    assert!(answer.rows().iter().all(|row| row.keys[1].code == "1"), "women are better");
    assert!(gaps(1e-30).rows().is_empty());
}

#[test]
fn gaps_of_several_questions_are_those_of_each_alone() {
    let running = world();
    let base = query(&running, "QK1", &[]);
    let dimensions = ["sex", "age_band", "month", "organisation", "attendance", "sex"];
    let parts = dimensions.map(|id| (id.to_owned(), any(question(&running, &[id], None))));
    let gaps = |parts: &[(String, Arc<dyn AnyQuestion>)]| {
        let asked = GapsQuestion {
            query: base.clone(),
            parts: parts.to_vec(),
            submitted: Vec::new(),
            rate: 1.0,
            skip: 0,
            most: 1000,
            notes: Vec::new(),
        };
        asked.answer(running.engine()).unwrap()
    };
    // Without the p-values, which are adjusted for all that was compared.
    let rows = |answer: &Protected| -> Vec<String> {
        let row = |row: &Row| format!("{:?} {:?}", row.keys, &row.cells[..5]);
        answer.rows().iter().map(row).collect()
    };
    let (mut found, mut expected) = (rows(&gaps(&parts)), Vec::new());
    parts.iter().for_each(|part| expected.extend(rows(&gaps(std::slice::from_ref(part)))));
    found.sort();
    expected.sort();
    assert!(!found.is_empty());
    assert_eq!(found, expected);
}

#[test]
fn gaps_of_nothing_say_what_was_asked() {
    let running = world();
    let asked = Asked {
        table: TableKind::Indicators,
        collection: "practice-feed".into(),
        area: "QK1".into(),
        first: "2020-04".into(),
        last: "2020-06".into(),
        ..Asked::default()
    };
    let query = |by: &[&str]| {
        let asked = Asked { by: by.iter().map(|id| (*id).to_owned()).collect(), ..asked.clone() };
        Query::new(&running.reference(), &everything(), &asked, AsOf::Head).unwrap()
    };
    let by_sex = IndicatorQuestion { query: query(&["sex"]), indicator: String::new() };
    let asked = GapsQuestion {
        query: query(&[]),
        parts: Vec::new(),
        submitted: vec![("sex".to_owned(), by_sex)],
        rate: 0.05,
        skip: 0,
        most: 1000,
        notes: Vec::new(),
    };
    let answer = asked.answer(running.engine()).unwrap();
    let of = answer.provenance();
    assert!(answer.rows().is_empty());
    assert_eq!(
        (of.table, of.collection.as_str(), of.area.as_str()),
        ("GAPS", "practice-feed", "QK1")
    );
    let months = of.months.map(|(first, last)| [first.to_string(), last.to_string()]);
    assert_eq!(months, Some(["2020-04".to_owned(), "2020-06".to_owned()]));
    assert_eq!(of.empty.as_ref().map(|why| why.reason), Some(Reason::NoData));
    assert!(of.profile.is_some() && of.protection.is_some());
    assert_eq!(answer.position(), running.engine().position());
    assert!(of.parameters.contains(&("gap_count", "0".to_owned())), "{:?}", of.parameters);
}

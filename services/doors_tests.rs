//! Every door says the same figure: the message of the contract, export rows, CSV, Parquet and the terminal are held against the
//! answer of the engine, cell by cell. Every table, and one that only the tests have.

use std::collections::BTreeMap;

#[cfg(feature = "parquet")]
use parquet::file::reader::{FileReader as _, SerializedFileReader};

use crate::cli::export::doors_tests::csv;
#[cfg(feature = "parquet")]
use crate::cli::export::doors_tests::parquet as parquet_file;
use crate::cli::show::indicators::Indicators;
use crate::cli::show::{Look, breakdown, numbers};
use crate::domain::disclosure::ProfileName;
use crate::domain::indicator::Unit;
use crate::engine::answer::tests::full::{COLLECTION, Full, MONTHS};
use crate::engine::answer::tests::support::SupportQuestion;
use crate::engine::answer::{AnyQuestion as _, Cell, Column, Key, Protected};
use crate::engine::query::{AsOf, Asked, Query, Reader, TableKind};
use crate::proto::v1::{self, breakdown_question::Table, get_area_risk_request::HighRisk};
use crate::rpc::doors_tests::{answer, exported, indicators, message};

/// A figure as every door can be asked for it: value, limits, five counts, reason of absence.
type Said = [String; 9];

fn text<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// What the engine says.
fn truth(cell: &Cell) -> Said {
    let figure = cell.figure.as_ref().ok();
    let limits = figure.and_then(|figure| figure.limits);
    let counts = cell.counts;
    let counts = [
        counts.numerator,
        counts.denominator,
        counts.unknown,
        counts.not_collected,
        counts.outside,
    ];
    let [numerator, denominator, unknown, not_collected, outside] = counts.map(text);
    let why = cell.figure.as_ref().err().map(|absence| absence.detail.clone());
    [
        text(figure.map(|figure| figure.value)),
        text(limits.map(|(lower, _)| lower)),
        text(limits.map(|(_, upper)| upper)),
        numerator,
        denominator,
        unknown,
        not_collected,
        outside,
        why.unwrap_or_default(),
    ]
}

fn of_message(cell: &v1::Cell) -> Said {
    let counts = [
        cell.numerator_count,
        cell.denominator_count,
        cell.unknown_count,
        cell.not_collected_count,
        cell.outside_count,
    ];
    let [numerator, denominator, unknown, not_collected, outside] = counts.map(text);
    let why = cell.absence.as_ref().map_or_else(String::new, |absence| absence.detail.clone());
    let figure = [text(cell.value), text(cell.lower), text(cell.upper)];
    let [value, lower, upper] = figure;
    [value, lower, upper, numerator, denominator, unknown, not_collected, outside, why]
}

/// Columns of flat files that hold a figure, in the order of [`Said`].
const FLAT: [&str; 9] = [
    "value",
    "lower",
    "upper",
    "numerator_count",
    "denominator_count",
    "unknown_count",
    "not_collected_count",
    "outside_count",
    "absence_detail",
];

/// Row and column of a figure in a flat file, the codes of the keys and the id of the column; and the figure.
fn of_line(line: &BTreeMap<String, String>) -> (String, Said) {
    let field = |name: &str| line.get(name).unwrap_or_else(|| panic!("no column {name}")).clone();
    let keys = (1..=3).map(|n| field(&format!("key_{n}_code"))).filter(|code| !code.is_empty());
    let keys: Vec<_> = keys.collect();
    (format!("{} {}", keys.join("|"), field("column")), FLAT.map(field))
}

fn csv_lines(bytes: &[u8]) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(bytes);
    reader.deserialize().map(Result::unwrap).collect()
}

#[cfg(feature = "parquet")]
fn parquet_lines(bytes: Vec<u8>) -> Vec<BTreeMap<String, String>> {
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
    #[allow(clippy::wildcard_enum_match_arm, reason = "every other type is written alike")]
    let text = |field: &parquet::record::Field| match field {
        parquet::record::Field::Null => String::new(),
        parquet::record::Field::Str(text) => text.clone(),
        // As Rust writes it, so that not a digit is lost.
        parquet::record::Field::Double(value) => value.to_string(),
        other => other.to_string(),
    };
    let line = |row: parquet::record::Row| {
        row.get_column_iter().map(|(name, field)| (name.clone(), text(field))).collect()
    };
    reader.get_row_iter(None).unwrap().map(|row| line(row.unwrap())).collect()
}

/// The cells that the terminal shows of a row are words for those that it has: those of groups in two dimensions, and what needs are
/// known from, stand below a table only in total.
fn in_terminal(column: &Column, keys: &[Key]) -> bool {
    let sources = ["ACCESS_STATUS", "INTERPRETER_NEEDED", "ACCESSIBLE_NEED", "CH-11"];
    column.group.len() < 2 && (keys.is_empty() || !sources.contains(&column.indicator.as_str()))
}

/// The words for a figure in the terminal.
fn words(column: &v1::Column, cell: &v1::Cell) -> Option<String> {
    let limits = cell.lower.zip(cell.upper);
    cell.value.map(|value| numbers::figure(column.unit(), value, limits))
}

/// Holds the terminal's lines against the message: of each row every figure, as often as it occurs.
fn terminal_says(answer: &Protected, told: &v1::Breakdown, all: &Indicators, name: &str) {
    let drawn =
        breakdown::text(told, answer.position().try_into().unwrap(), all, true, &Look::PLAIN);
    let mut figures: BTreeMap<String, usize> = BTreeMap::new();
    let lines = drawn.lines().filter(|line| line.starts_with('|'));
    for cell in lines.flat_map(|line| line.split('|')) {
        // A share stands behind its numerator.
        let cell = cell.trim();
        *figures.entry(cell.rsplit("  ").next().unwrap_or(cell).to_owned()).or_default() += 1;
    }
    let mut expected: BTreeMap<String, usize> = BTreeMap::new();
    for (row, of) in told.rows.iter().zip(answer.rows()) {
        for ((column, cell), own) in told.columns.iter().zip(&row.cells).zip(answer.columns()) {
            if in_terminal(own, &of.keys)
                && let Some(words) = words(column, cell)
            {
                *expected.entry(words).or_default() += 1;
            }
        }
    }
    for (words, count) in expected {
        let shown = figures.get(&words).copied().unwrap_or_default();
        assert!(shown >= count, "{name}: `{words}` {shown} of {count} times\n{drawn}");
    }
    for estimate in &told.estimates {
        let value = estimate.record.as_ref().and_then(|record| record.value).unwrap();
        assert!(drawn.contains(&numbers::percent(value)), "{name}: {value}\n{drawn}");
    }
    for assessment in &told.assessments {
        assert!(drawn.contains(&assessment.text), "{name}\n{drawn}");
    }
    // Sentences are broken where the line ends.
    let flat = drawn.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some(empty) = &told.context.as_ref().unwrap().empty {
        assert!(flat.contains(&empty.detail), "{name}\n{drawn}");
    }
}

/// Holds every door against the answer; gives how many cells have a figure, and how many have none.
fn all_say_the_same(world: &Full, name: &str, answer: &Protected) -> (usize, usize) {
    let told = message(answer);
    let mut expected = BTreeMap::new();
    let mut counted = (0, 0);
    for (row, of) in answer.rows().iter().zip(&told.rows) {
        assert_eq!(of.cells.len(), answer.columns().len());
        let keys: Vec<_> = row.keys.iter().map(|key| key.code.as_str()).collect();
        for ((column, cell), of) in answer.columns().iter().zip(&row.cells).zip(&of.cells) {
            let said = truth(cell);
            assert_eq!(of_message(of), said, "{name}: {keys:?} {}", column.id);
            let about = format!("{} {}", keys.join("|"), column.id);
            assert!(expected.insert(about, said).is_none(), "{name}: a cell is there twice");
            if cell.figure.is_ok() { counted.0 += 1 } else { counted.1 += 1 }
        }
    }
    let table = answer.provenance().table;
    let rows = exported(answer, &world.engine().reference());
    let files = [
        ("CSV", csv_lines(&csv(&rows))),
        #[cfg(feature = "parquet")]
        ("Parquet", parquet_lines(parquet_file(&rows))),
    ];
    for (door, lines) in files {
        let own = lines.iter().filter(|line| line["table_name"] == table);
        let found: BTreeMap<_, _> = own.clone().map(of_line).collect();
        assert_eq!(found.len(), own.count(), "{name}: {door} has a cell twice");
        if let Some(empty) = &answer.provenance().empty {
            assert!(found.values().all(|said| said[8] == empty.detail), "{name}: {found:?}");
        } else {
            assert_eq!(found, expected, "{name}: {door}");
        }
        let beside = |table: &str| lines.iter().filter(|l| l["table_name"] == table).count();
        assert_eq!(beside("ESTIMATES"), told.estimates.len(), "{name}: {door}");
        assert_eq!(beside("ASSESSMENTS"), told.assessments.len(), "{name}: {door}");
    }
    let all = indicators(&world.engine().reference());
    let all = Indicators { all, ..Indicators::default() };
    terminal_says(answer, &told, &all, name);
    counted
}

fn query(first: &str, by: &[&str], filters: &[(&str, &[&str])]) -> v1::BreakdownQuery {
    let words = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect();
    let filter = |(dimension, codes): &(&str, &[&str])| v1::Filter {
        dimension: (*dimension).to_owned(),
        codes: words(codes),
    };
    let last = if first == MONTHS.0 { MONTHS.1 } else { first };
    v1::BreakdownQuery {
        area: "QK1".into(),
        collection: COLLECTION.into(),
        period: Some(v1::PeriodRange { first: first.into(), last: last.into() }),
        by: words(by),
        r#where: filters.iter().map(filter).collect(),
        ..Default::default()
    }
}

/// A question to each table.
fn questions(query: &v1::BreakdownQuery) -> Vec<Table> {
    let asked = || Some(query.clone());
    let residents = v1::BreakdownQuery { period: None, r#where: Vec::new(), ..query.clone() };
    let by = if query.by.is_empty() { vec!["sex".to_owned()] } else { query.by.clone() };
    let represented = v1::BreakdownQuery { by, r#where: Vec::new(), ..query.clone() };
    vec![
        Table::Channels(v1::GetChannelBreakdownRequest {
            query: asked(),
            include_rates: true,
            ..Default::default()
        }),
        Table::Outcomes(v1::GetAccessOutcomesRequest { query: asked(), ..Default::default() }),
        Table::Exclusion(v1::GetDigitalExclusionBreakdownRequest {
            query: asked(),
            ..Default::default()
        }),
        Table::Provision(v1::GetFaceToFaceProvisionRequest {
            query: asked(),
            ..Default::default()
        }),
        Table::Impact(v1::GetChannelImpactRequest { query: asked(), ..Default::default() }),
        Table::Indicators(v1::GetIndicatorBreakdownRequest {
            query: asked(),
            indicator: "C20-SMI".into(),
        }),
        Table::Risk(v1::GetAreaRiskRequest {
            query: Some(residents),
            high_risk: Some(HighRisk::HighRiskTopShare(0.2)),
            ..Default::default()
        }),
        Table::Recording(v1::GetRecordingQualityRequest { query: asked(), ..Default::default() }),
        Table::Consistency(v1::GetConsistencyRequest { query: asked(), ..Default::default() }),
        Table::Representativeness(v1::GetRepresentativenessRequest {
            query: Some(represented),
            ..Default::default()
        }),
        Table::StandardisedRates(v1::GetStandardisedRatesRequest {
            query: asked(),
            ..Default::default()
        }),
        Table::Restoration(v1::GetRestorationRequest {
            query: asked(),
            baseline: asked().and_then(|query| query.period),
        }),
    ]
}

#[test]
fn every_door_says_the_same_figure() {
    let world = Full::new();
    let engine = world.engine();
    let (mut figures, mut absent) = (BTreeMap::new(), 0);
    for (first, by, filters) in [
        (MONTHS.0, &[][..], &[][..]),
        // Missing states.
        (MONTHS.0, &["sex"], &[]),
        // Values that overlap.
        (MONTHS.0, &["disability"], &[]),
        // Rows with a declared parent.
        (MONTHS.0, &[], &[("sex", &["1", "2"][..])]),
        // Nothing.
        ("2030-01", &[], &[]),
    ] {
        for table in questions(&query(first, by, filters)) {
            let answer = answer(&engine, &table);
            let name = format!("{} by {by:?} where {filters:?}", answer.provenance().table);
            let (some, none) = all_say_the_same(&world, &name, &answer);
            *figures.entry(answer.provenance().table).or_insert(0) += some;
            absent += none;
        }
    }
    assert!(figures.values().all(|count| *count > 10) && figures.len() == 12, "{figures:?}");
    assert!(absent > 100, "{absent}");
}

#[test]
fn comparisons_and_inequality_go_through_every_door() {
    let world = Full::new();
    let engine = world.engine();
    let asked = |by: &[&str]| v1::GetAccessOutcomesRequest {
        query: Some(query(MONTHS.0, by, &[])),
        ..Default::default()
    };
    let shares = |by: &[&str]| {
        let table = Some(v1::share_question::Table::Outcomes(asked(by)));
        Some(v1::ShareQuestion { table })
    };
    let mut compared = asked(&["sex"]);
    let reference = v1::ComparisonReference::Largest.into();
    let comparison = v1::Comparison { reference, ..Default::default() };
    compared.query.as_mut().unwrap().comparison = Some(comparison);
    let inequality =
        v1::GetInequalitySummaryRequest { question: shares(&["sex"]), ..Default::default() };
    let trend =
        v1::GetGapTrendRequest { question: shares(&["month", "sex"]), ..Default::default() };
    let gaps = v1::ListGapsRequest {
        query: Some(query(MONTHS.0, &[], &[])),
        false_discovery_rate: Some(1.0),
        ..Default::default()
    };
    let status = v1::GetTargetStatusRequest {
        query: Some(query(MONTHS.0, &["sex"], &[])),
        target: "C20-SMI".into(),
    };
    for (table, least) in [
        (Table::TargetStatus(status), 6),
        (Table::Outcomes(compared), 10),
        (Table::Inequality(inequality), 3),
        (Table::GapTrend(trend), 4),
        (Table::Gaps(gaps), 1),
    ] {
        let answer = answer(&engine, &table);
        let (some, _) = all_say_the_same(&world, table.name(), &answer);
        assert!(some >= least, "{}: {:?}", table.name(), message(&answer));
        assert!(!answer.rows().is_empty(), "{}", table.name());
    }
}

#[test]
fn a_new_table_goes_through_every_door() {
    let world = Full::new();
    let asked = Asked {
        table: TableKind::Access,
        collection: COLLECTION.into(),
        area: "QK1".into(),
        first: MONTHS.0.into(),
        by: vec!["sex".into()],
        ..Asked::default()
    };
    let query = Query::new(
        &world.engine().reference(),
        &Reader::of(ProfileName::Internal),
        &asked,
        AsOf::Head,
    )
    .unwrap();
    let answer = SupportQuestion(query).answer(&world.engine()).unwrap();
    let ids: Vec<_> = answer.columns().iter().map(|column| column.id.as_str()).collect();
    assert!(ids.contains(&"SUPPORT_ACCEPTED/UNABLE"), "{ids:?}");
    assert!(answer.columns().iter().any(|column| column.unit == Unit::Ratio));
    let (some, _) = all_say_the_same(&world, "SUPPORT", &answer);
    assert!(some > 10, "{:?}", message(&answer));
}

//! The list of tables against the tables: every column of an answer is one kind of column that is listed, and every kind that is
//! listed occurs.

use std::collections::{BTreeMap, BTreeSet};

use equity_indicators::ingest::generate::{Generator, GeneratorSettings};
use equity_indicators::proto::v1::{
    Breakdown, Cell, Column, ListIndicatorsRequest, ListTablesRequest, Table, TableColumn, Unit,
};
use serde_json::{Value, json};

use crate::support::{TestServer, cells_of, column, ids, keys};

const MONTHS: [&str; 2] = ["2020-04", "2020-06"];

/// A few synthetic consultations, people and their access, the bundled scores of small areas, and people who live in some.
async fn world() -> TestServer {
    let server = TestServer::start().await;
    let mut settings = GeneratorSettings::new(7).unwrap();
    settings.rows = 2_000;
    (settings.first_month, settings.last_month) =
        (MONTHS[0].parse().unwrap(), MONTHS[1].parse().unwrap());
    let generator = Generator::new(settings).unwrap();
    // A few practices' people, and some who are registered there, are enough.
    let people = generator.populations().take(10).chain(generator.access(|_| true).take(10));
    let people = people.chain(generator.indicator_counts());
    for file in generator.consultations().chain(people) {
        server.submit_parcel(file).await;
    }
    let scores = "deploy/demo/deri_depahri_lsoa11_llr.csv";
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    server.submit_file(&root.join(scores)).await;
    super::risk::people(&server).await;
    server
}

/// Broad questions to every table.
fn questions() -> Vec<(&'static str, Value)> {
    let query = || {
        json!({"collection": "synthetic-llr", "area": "QK1",
        "period": {"first": MONTHS[0], "last": MONTHS[1]}, "by": ["sex"]})
    };
    let measured = |measure: &str| json!({"query": query(), "measure": measure});
    let plain = || json!({"query": query()});
    let mut by_month = query();
    let mut timely = query();
    timely["by"] = json!(["month"]);
    by_month["by"] = json!(["month", "sex"]);
    vec![
        ("channels", json!({"query": query(), "includeRates": true})),
        ("channels", measured("MEASURE_ATTENDED_CONTACTS")),
        ("channels", measured("MEASURE_PERSONS")),
        ("outcomes", plain()),
        ("exclusion", plain()),
        ("exclusion", json!({"query": query(), "indicators": ["DX-06", "DX-21"]})),
        ("provision", plain()),
        ("impact", plain()),
        ("indicators", json!({"query": query(), "indicator": "C20-SMI"})),
        ("target_status", json!({"query": query(), "target": "C20-SMI"})),
        ("risk", json!({"query": {"area": "QK1"}})),
        ("risk", json!({"query": {"area": "QK1"}, "indicator": "DX-10-BROADBAND"})),
        ("recording", plain()),
        ("timeliness", json!({"query": timely})),
        ("consistency", plain()),
        ("restoration", json!({"query": query(), "baseline": {"first": MONTHS[0]}})),
        ("standardised_rates", plain()),
        ("standardised_rates", measured("MEASURE_ATTENDED_CONTACTS")),
        ("representativeness", plain()),
        ("representativeness", measured("MEASURE_ATTENDED_CONTACTS")),
        ("representativeness", measured("MEASURE_PERSONS")),
        ("inequality", json!({"question": {"outcomes": plain()}})),
        ("gap_trend", json!({"question": {"outcomes": {"query": by_month}}})),
        (
            "gaps",
            json!({"query": {"collection": "synthetic-llr", "area": "QK1", "period": {"first": MONTHS[0]}}, "falseDiscoveryRate": 1.0}),
        ),
    ]
}

/// The names in braces of a pattern, in their order.
fn groups(pattern: &str) -> Vec<&str> {
    let parts = pattern.split('/').skip(1);
    parts.map(|part| part.strip_prefix('{').unwrap().strip_suffix('}').unwrap()).collect()
}

/// What is listed: tables by name, and indicators.
struct Listed {
    tables: BTreeMap<String, Table>,
    indicators: BTreeSet<String>,
}

impl Listed {
    async fn of(server: &TestServer) -> Self {
        let mut client = server.reference();
        let tables = client.list_tables(ListTablesRequest::default()).await.unwrap();
        let tables = tables.into_inner().tables;
        let all = ListIndicatorsRequest { page_size: 1_000, ..Default::default() };
        let indicators = client.list_indicators(all).await.unwrap().into_inner().indicators;
        Self {
            tables: tables.into_iter().map(|table| (table.name.clone(), table)).collect(),
            indicators: indicators.into_iter().map(|indicator| indicator.id).collect(),
        }
    }

    /// Whether a column is of this kind: its indicator, and groups of the pattern's, some of which may be left out.
    fn is_of(&self, table: &Table, kind: &TableColumn, column: &Column) -> bool {
        let is_it = if kind.id.starts_with("{indicator}") {
            // Whatever indicator the question asks for; one that has a kind of its own is that.
            self.indicators.contains(&column.indicator)
                && table.columns.iter().all(|other| other.indicator != column.indicator)
        } else {
            kind.indicator == column.indicator
        };
        let mut groups = groups(&kind.id).into_iter();
        is_it && column.group.iter().all(|key| groups.any(|group| group == key.dimension))
    }
}

/// The kinds of column that an answer has; that each of its columns is of exactly one.
fn kinds(listed: &Listed, table: &Table, answer: &Breakdown) -> BTreeSet<String> {
    let mut occurring = BTreeSet::new();
    for id in ids(answer) {
        let column = column(answer, id);
        let codes = column.group.iter().map(|key| key.code.as_str());
        let parts: Vec<_> = std::iter::once(column.indicator.as_str()).chain(codes).collect();
        assert_eq!(id, parts.join("/"), "an id is the indicator and the codes of the group");
        let kinds = table.columns.iter().filter(|kind| listed.is_of(table, kind, column));
        let kinds: Vec<_> = kinds.collect();
        let [kind] = kinds[..] else { panic!("{} {id} is of {kinds:?}", table.name) };
        occurring.insert(kind.id.clone());
        if !kind.indicator.is_empty() {
            // A share of a gap has the words of its own table.
            let is_of_gap = table.name == "GAP_TREND" && kind.indicator == "VALUE";
            assert!(column.label == kind.label || is_of_gap, "{id}: {}", column.label);
            // A difference of shares is listed with the shares.
            let is_difference = id.ends_with("/REMOTE_LESS_IN_PERSON");
            let is_unit = column.unit() == kind.unit();
            assert!(is_unit || (is_difference && column.unit() == Unit::Difference), "{id}");
        }
        assert!(!column.label.is_empty() && column.unit() != Unit::Unspecified, "{column:?}");
        assert_eq!(column.group_labels.len(), column.group.len(), "{column:?}");
    }
    let unique: BTreeSet<_> = ids(answer).into_iter().collect();
    assert_eq!(unique.len(), answer.columns.len(), "an id stands there twice");
    occurring
}

/// Value and limits are finite, and the limits hold the value: neither or both of them are there, and none without the value.
fn is_number(cell: &Cell) -> bool {
    let numbers = [cell.value, cell.lower, cell.upper];
    let limits = cell.lower.zip(cell.upper);
    let holds = |(lower, upper): (f64, f64)| {
        cell.value.is_some_and(|of| lower <= of + 1e-9 && of <= upper + 1e-9)
    };
    numbers.iter().flatten().all(|of| of.is_finite())
        && cell.lower.is_some() == cell.upper.is_some()
        && limits.is_none_or(holds)
}

#[test]
fn a_cell_that_is_no_number_is_found() {
    let cell = |value, lower, upper| Cell { value, lower, upper, ..Cell::default() };
    assert!(
        is_number(&cell(Some(0.5), Some(0.4), Some(0.6))) && is_number(&cell(None, None, None))
    );
    for wrong in [
        cell(Some(f64::NAN), None, None),
        cell(Some(f64::INFINITY), None, None),
        cell(Some(0.5), Some(f64::NEG_INFINITY), Some(0.6)),
        cell(Some(0.5), Some(0.4), None),
        cell(Some(0.7), Some(0.4), Some(0.6)),
        cell(None, Some(0.4), Some(0.6)),
    ] {
        assert!(!is_number(&wrong), "{wrong:?}");
    }
}

#[tokio::test]
async fn columns_are_those_that_are_listed_and_all_of_them_occur() {
    let server = world().await;
    let listed = Listed::of(&server).await;
    let names = [
        "CHANNELS",
        "CONSISTENCY",
        "EXCLUSION",
        "GAPS",
        "GAP_TREND",
        "IMPACT",
        "INDICATORS",
        "INEQUALITY",
        "OUTCOMES",
        "PROVISION",
        "RECORDING",
        "REPRESENTATIVENESS",
        "RESTORATION",
        "RISK",
        "STANDARDISED_RATES",
        "TARGET_STATUS",
        "TIMELINESS",
    ];
    assert!(listed.tables.keys().eq(names.iter()), "{:?}", listed.tables.keys());
    let mut missing: BTreeSet<(String, String)> = BTreeSet::new();
    for table in listed.tables.values() {
        for kind in &table.columns {
            assert!(!kind.definition.is_empty(), "{} {} has no definition", table.name, kind.id);
            assert!(kind.label.is_empty() == kind.indicator.is_empty(), "{kind:?}");
            assert!(missing.insert((table.name.clone(), kind.id.clone())), "{} twice", kind.id);
        }
    }
    let mut finite = 0;
    for (name, question) in questions() {
        let answer = server.table(name, question.clone()).await.unwrap();
        let context = answer.context.as_ref().unwrap();
        assert_eq!(context.empty, None, "{question}");
        assert_eq!(context.table, name.to_uppercase());
        let table = &listed.tables[&context.table];
        assert_eq!(context.title, table.title);
        for kind in kinds(&listed, table, &answer) {
            missing.remove(&(table.name.clone(), kind));
        }
        for key in keys(&answer) {
            for (column, cell) in cells_of(&answer, &key) {
                assert!(
                    cell.value.is_some() != cell.absence.is_some(),
                    "{key} {column:?} {cell:?}"
                );
                assert!(is_number(cell), "{} {key} {column:?} {cell:?}", context.table);
                finite += usize::from(cell.lower.is_some());
            }
        }
    }
    assert_eq!(missing, BTreeSet::new(), "listed, and in no answer");
    assert!(finite > 200, "{finite} cells with limits");
}

//! Publications of small random worlds, attacked by a reader who knows each organisation's total, and solves what the tables say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::attacked::{PLACES, cells_of, world};
use super::protected::controlled;
use super::random::cases;
use super::released::make;
use super::running::Running;
use crate::domain::codes::Content;
use crate::domain::disclosure::attack::{Limits, MOST, Published, Sum, certify};
use crate::domain::disclosure::public;
use crate::engine::publishing::{Publication, PublishedRow, RowShown};

const TABLES: &str = r#"
version = "7"
[[table]]
id = "carers"
title = "Carers who are veterans"
collection = "synthetic-llr"
area = "QK1"
dimensions = ["carer", "veteran"]
period = "MONTH"
periods = 2
[[table]]
id = "places"
title = "Interpreters by place"
collection = "synthetic-llr"
area = "QK1"
dimensions = ["interpreter_needed", "sub_icb"]
period = "MONTH"
periods = 2
[[table]]
id = "needs"
title = "Accessible needs by quarter"
collection = "synthetic-llr"
area = "QK1"
dimensions = ["accessible_need", "carer"]
period = "QUARTER"
periods = 1
"#;
/// Few say yes, hardly anybody twice: the tables have numbers of few.
const MOST_YES: [usize; 5] = [400, 6, 2, 1, 1];
/// Least values that a cell of few keeps.
const WIDTH: usize = 5;

fn content(tables: &str) -> Content {
    let files = controlled();
    let files = files.files().map(|(name, text)| (name.to_owned(), text.to_owned()));
    let replaced = [("published.toml".to_owned(), tables.to_owned())];
    Content::exactly(files.filter(|(name, _)| name != "published.toml").chain(replaced))
}

fn published(running: &Running) -> Arc<Publication> {
    let made = running.block_on(async |engine| make(engine, "first", "maker", "first").await);
    running.engine().publish(&made.unwrap().release).unwrap()
}

/// The base cells of a row; none: nobody is there, and everybody knows that.
fn cells(row: &PublishedRow) -> Option<Vec<usize>> {
    let mut found: BTreeSet<usize> = cells_of("QK1", &BTreeMap::new()).into_iter().collect();
    for key in &row.keys {
        if key.state.is_some() {
            return None;
        }
        let mut of_key = BTreeSet::new();
        for code in key.code.split('+') {
            of_key.extend(match code {
                "Y" | "N" => cells_of("QK1", &[(key.dimension.to_string(), code == "Y")].into()),
                place => cells_of(place, &BTreeMap::new()),
            });
        }
        found.retain(|cell| of_key.contains(cell));
    }
    Some(found.into_iter().collect())
}

/// How many cells of few are left with too few values. `exact`: the reader gets true counts.
fn exposed(publication: &Publication, counts: &[u64], exact: bool) -> (usize, usize) {
    let total = |cells: &[usize]| cells.iter().map(|cell| counts[*cell]).sum::<u64>();
    let mut sums = Vec::new();
    for row in publication.tables.iter().flat_map(|table| &table.rows) {
        let Some(cells) = cells(row).filter(|cells| !cells.is_empty()) else {
            assert!(matches!(row.shown, RowShown::Few | RowShown::Coarsened), "{row:?}");
            continue;
        };
        let truth = total(&cells);
        let (low, high) = match &row.shown {
            _ if exact => (truth, truth),
            RowShown::Count(count) => public::reveals(Some(*count)),
            RowShown::Few => public::reveals(None),
            RowShown::Coarsened | RowShown::Merged(_) | RowShown::NotShown => (0, MOST),
        };
        assert!((low..=high).contains(&truth), "{truth}: {row:?}");
        sums.push(Sum { cells, low, high });
    }
    for organisation in PLACES.iter().flat_map(|(_, all)| all) {
        let cells = cells_of(organisation, &BTreeMap::new());
        let total = total(&cells);
        sums.push(Sum { cells, low: total, high: total });
    }
    // Numbers of few are looked at by cells of their own, which are what the numbers lack of a larger one.
    let mut looked_at: Vec<usize> =
        (0..counts.len()).filter(|cell| (1..10).contains(&counts[*cell])).collect();
    let mut next = counts.len();
    for sum in sums.clone() {
        let truth = total(&sum.cells);
        if (1..10).contains(&truth) {
            let cells = sum.cells.into_iter().chain([next]).collect();
            sums.push(Sum { cells, low: truth + 1_000, high: truth + 1_000 });
            looked_at.push(next);
            next += 1;
        }
    }
    let all = Published::new(next, sums).unwrap();
    let certificate = certify(&all, &looked_at, WIDTH, Limits::default()).unwrap();
    (certificate.failures().count(), looked_at.len())
}

#[test]
fn nobody_is_found_out_in_what_is_published_and_exact_tables_expose_some() {
    let (mut found, mut small, mut exact) = (0, 0, 0);
    for seed in 0..cases(1) {
        let (running, counts) = world(seed, content(TABLES), MOST_YES);
        let publication = published(&running);
        assert_eq!(publication.tables.len(), 3);
        assert!(publication.tables_version.starts_with("7-"));
        assert!(publication.tables.iter().all(|table| !table.rows.is_empty()));
        let (of_published, of) = exposed(&publication, &counts, false);
        (found, small) = (found + of_published, small + of);
        exact += exposed(&publication, &counts, true).0;
    }
    assert_eq!(found, 0, "of {small}");
    assert!(small > 50 && exact > 0, "{small} {exact}");
}

#[test]
fn the_same_release_is_published_in_the_same_way_after_all() {
    let (mut running, _) = world(3, content(TABLES), MOST_YES);
    let before = format!("{:?}", published(&running));
    running.reopen(|_| ());
    let release = running.engine().release("first").unwrap();
    let after = running.engine().publish(&release).unwrap();
    assert_eq!(format!("{after:?}"), before, "with the content of then");
    let again = running.engine().publish(&release).unwrap();
    assert!(Arc::ptr_eq(&after, &again), "it is made once");
}

#[test]
fn without_tables_nothing_is_published_and_what_may_not_be_published_is_no_content() {
    let (running, _) = world(1, content("version = \"1\"\n"), MOST_YES);
    let made = running.block_on(async |engine| make(engine, "first", "maker", "first").await);
    let refused = running.engine().publish(&made.unwrap().release).unwrap_err();
    assert!(refused.to_string().contains("lists no table"), "{refused}");
    for (from, to, says) in [
        ("\"carer\", \"veteran\"", "\"disability\"", "several values"),
        ("\"carer\", \"veteran\"", "\"carer\", \"organisation\"", "is not published"),
        ("\"carer\", \"veteran\"", "\"carer\", \"veteran\", \"sex\"", "1 to 2 dimensions"),
        ("\"carer\", \"veteran\"", "\"carer\", \"carer\"", "twice"),
        ("\"carer\", \"veteran\"", "\"age_band\", \"age_broad\"", "same field"),
        ("\"interpreter_needed\"", "\"sexual_orientation\"", "sensitive"),
        ("\"synthetic-llr\"", "\"gpad-regional\"", "is open"),
        ("\"synthetic-llr\"", "\"nobody\"", "no collection"),
        ("\"QK1\"", "\"E92000001\"", "area of type"),
        ("\"places\"", "\"carers\"", "defined twice"),
        ("\"carers\"", "\"Carers!\"", "small letters"),
        ("periods = 2", "periods = 0", "1 to 60 periods"),
    ] {
        let refused =
            crate::domain::reference::Reference::new(&content(&TABLES.replacen(from, to, 1)));
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains(says) && refused.contains("published.toml"), "{to}: {refused}");
    }
}

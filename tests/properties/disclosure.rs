//! Disclosure control against vectors: of the written rules, of an integer-programming attack, and of the ONS's own package.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use equity_indicators::domain::disclosure::attack::{
    Attack, End, Limits, Published, Sum, Verdict, certify,
};
use equity_indicators::domain::disclosure::ptable::{Noise, PTable};
use equity_indicators::domain::disclosure::{Protection, Rules, TrueCount, public, sum_of};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/disclosure").join(name)
}

fn rows(name: &str) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(file(name)).unwrap();
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[test]
fn public_counts_follow_the_rule_of_nhs_england() {
    let rows = rows("disclosure_rounding.csv");
    assert!(rows.len() > 30);
    for row in &rows {
        let number = |column: usize| row[column].parse::<u64>().ok();
        let (count, low, high) = (number(0).unwrap(), number(3).unwrap(), number(4).unwrap());
        let found = public::published(count);
        if count == 0 {
            assert_eq!(found, None, "zero is withheld with the small counts");
            continue;
        }
        assert_eq!(found, number(1), "{count}");
        // What is withheld may be zero, too.
        let low = if found.is_none() { 0 } else { low };
        assert_eq!(public::reveals(found), (low, high), "{count}");
    }
}

/// The records are not here: their keys were added up by the package. So this compares the p-table, its row for each count, and
/// the threshold; sums of keys are compared where records are counted.
#[test]
fn partner_counts_are_those_of_the_package_of_the_ons() {
    let table = PTable::generate(Noise::default());
    let rules = Rules { table: table.clone(), threshold: 10 };
    let protection = Protection::Perturbed(Arc::new(rules));
    let rows = rows("cell_key_perturbation.csv");
    assert!(rows.len() > 500, "{}", rows.len());
    let mut withheld = 0;
    for row in &rows {
        let (count, key) = (row[0].parse().unwrap(), row[1].parse().unwrap());
        assert_eq!(table.change(count, key), row[2].parse::<i64>().unwrap(), "{count} {key}");
        let found = protection.see(TrueCount::new(sum_of(key, count), u64::MAX));
        assert_eq!(found, row[3].parse().ok(), "{count} {key}");
        withheld += u32::from(found.is_none());
    }
    assert!((50..300).contains(&withheld), "{withheld}");
}

#[derive(serde::Deserialize)]
struct Case {
    id: String,
    base_cells: usize,
    published: Vec<Interval>,
    attacked: Vec<Interval>,
}

#[derive(serde::Deserialize)]
struct Interval {
    cells: Vec<usize>,
    #[serde(rename = "true")]
    truth: Option<u64>,
    low: u64,
    high: u64,
}

#[test]
fn attacks_find_what_integer_programming_found() {
    let mut text: serde_json::Value = serde_json::from_str(
        &std::fs::read_to_string(file("disclosure_attack_cases.json")).unwrap(),
    )
    .unwrap();
    let cases: Vec<Case> = serde_json::from_value(text["cases"].take()).unwrap();
    assert_eq!(cases.len(), 7);
    for case in cases {
        let sums = case.published.into_iter();
        let sums = sums.map(|of| Sum { cells: of.cells, low: of.low, high: of.high }).collect();
        let published = Published::new(case.base_cells, sums).unwrap();
        let attack = Attack::new(&published, Limits::default()).unwrap();
        for attacked in &case.attacked {
            let range = attack.range(&attacked.cells);
            for (end, expected) in [(range.low, attacked.low), (range.high, attacked.high)] {
                let End::Proven { value, witness } = end else { panic!("{}: {end:?}", case.id) };
                assert_eq!(value, expected, "{} {:?}", case.id, attacked.cells);
                assert!(published.fits(&witness), "{}: {witness:?}", case.id);
                let sum: u64 = attacked.cells.iter().map(|cell| witness[*cell]).sum();
                assert_eq!(sum, value, "{}", case.id);
            }
            let truth = attacked.truth.unwrap();
            assert!((attacked.low..=attacked.high).contains(&truth), "{}", case.id);
        }
        // Five values remain exactly where the interval has five: these cases have no gaps.
        let sensitive: Vec<_> = case.attacked.iter().map(|attacked| attacked.cells[0]).collect();
        let certificate = certify(&published, &sensitive, 5, Limits::default()).unwrap();
        for attacked in &case.attacked {
            let keeps = matches!(certificate.cells[&attacked.cells[0]], Verdict::Keeps(_));
            assert_eq!(keeps, attacked.high - attacked.low + 1 >= 5, "{}", case.id);
        }
    }
}

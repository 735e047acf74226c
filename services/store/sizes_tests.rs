//! Where the bytes of a data folder go, by kind of row and run. For a folder of a stopped service:
//! `EQUITY_SIZES_FOLDER=… cargo test --lib store::sizes -- --nocapture`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::folder::folder_bytes;
use super::keys;
use super::pack_read::pack_tests::filled;
use super::state::State;
use crate::domain::cube::Run;
use crate::domain::field::{Field, number};

#[tokio::test]
#[expect(clippy::print_stdout, reason = "it is for people")]
async fn where_the_bytes_go() {
    let place = tempfile::tempdir().unwrap();
    let folder = match std::env::var("EQUITY_SIZES_FOLDER") {
        Ok(folder) => PathBuf::from(folder),
        Err(_) => {
            filled(place.path()).await;
            place.path().to_owned()
        }
    };
    let state = State::open(&folder.join("sled"), 64 << 20).unwrap();
    let mut packed = 0;
    let mut rows: BTreeMap<&str, (u64, usize)> = BTreeMap::new();
    for row in state.tree.rows().all().unwrap() {
        let (key, value) = row.unwrap();
        let kind = match key[0] {
            keys::PACK => "packs",
            keys::VERSION => "version rows",
            keys::WORD => "words",
            keys::PERSONS => "person keys",
            keys::REQUEST => "request ids",
            _ => "rest",
        };
        packed += if kind == "packs" { value.len() } else { 0 };
        let sum = rows.entry(kind).or_default();
        *sum = (sum.0 + 1, sum.1 + key.len() + value.len());
    }
    let catalog = state.catalog.read().unwrap();
    let submissions: Vec<_> = catalog.slots().flatten().collect();
    let records: u64 = submissions.iter().map(|v| v.submission.accepted_count).sum();
    let mut runs: BTreeMap<String, usize> = BTreeMap::new();
    for version in &submissions {
        for entry in version.submission.directory.entries() {
            let name = match entry.run {
                Run::Rollup(_) => "roll-ups".to_owned(),
                Run::Column(number::KEY) => "record keys".to_owned(),
                Run::Column(number::WEIGHT) => "weights".to_owned(),
                Run::Column(number::PERSON) => "person numbers".to_owned(),
                Run::Column(number::ESTIMATES) => "estimates".to_owned(),
                Run::Column(field) => {
                    let field = Field::from_number(field.into()).unwrap();
                    format!("column {}", field.name())
                }
            };
            *runs.entry(name).or_default() += entry.length as usize;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let each = |bytes: u64| bytes as f64 / records.max(1) as f64;
    let log = folder_bytes(&folder.join("log"));
    let sled = folder_bytes(&folder.join("sled"));
    println!("{records} records, {} versions", submissions.len());
    println!("{:>10.2} B a record: log", each(log));
    println!("{:>10.2} B a record: sled's file", each(sled));
    for (kind, (count, bytes)) in rows {
        println!(
            "{:>10.2} B a record: {kind}, {count} rows of {} B",
            each(bytes as u64),
            bytes as u64 / count
        );
    }
    assert_eq!(runs.values().sum::<usize>(), packed, "runs fill the packs");
    for (name, bytes) in runs {
        println!("{:>14.3} {name}", each(bytes as u64));
    }
}

//! An attacker who asks everything that may be asked of twelve organisations, knows each one's total, and solves what the answers say.
//! No small cell may be left with few values. Without the changes some are: the attack has teeth. Without the threshold none of so small a
//! world is, because the changes alone leave each number several counts: that half of the proof needs a larger world.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::faults::{contacts, row, said};
use super::protected::controlled;
use super::random::{Random, cases};
use super::running::{Running, everything};
use crate::domain::codes::Content;
use crate::domain::collection::Dataset;
use crate::domain::disclosure::attack::{Limits, Published, Sum, certify};
use crate::domain::disclosure::ptable::{Noise, PTable};
use crate::domain::disclosure::{Protection, Rules, public};
use crate::domain::field::Field;
use crate::engine::query::{AsOf, Asked, Query};

/// Four practices of each of three areas.
pub(super) const PLACES: [(&str, [&str; 4]); 3] = [
    ("03W", ["C82001", "C82002", "C82009", "C82010"]),
    ("04C", ["C82005", "C82008", "C82018", "C82019"]),
    ("04V", ["C82003", "C82007", "C82011", "C82012"]),
];
const BY: [&str; 4] = ["carer", "veteran", "interpreter_needed", "accessible_need"];
const FIELDS: [Field; 4] =
    [Field::Carer, Field::Veteran, Field::InterpreterNeeded, Field::AccessibleNeed];
/// Cells of an organisation: yes or no to each.
const EACH: usize = 1 << BY.len();
/// Least values that a cell of few keeps.
const WIDTH: usize = 5;

/// Less than so many people say yes so often, from never to always.
const MOST: [usize; 5] = [400, 40, 12, 6, 4];

/// A world of few yeses, and its cells: organisation by organisation.
pub(super) fn world(seed: u64, content: Content, most: [usize; 5]) -> (Running, Vec<u64>) {
    let (mut random, mut running, mut cells) = (Random::new(seed), Running::new(), Vec::new());
    running.reopen_with(content);
    for organisation in PLACES.iter().flat_map(|(_, organisations)| organisations) {
        let mut rows = Vec::new();
        for cell in 0..EACH {
            let yeses = cell.count_ones() as usize;
            let count = random.below(most[yeses]) as u64;
            cells.push(count);
            let code = |at: usize| if cell >> at & 1 == 1 { "Y" } else { "N" };
            let mut fields = vec![(Field::Channel, "TELEPHONE")];
            fields.extend(FIELDS.iter().enumerate().map(|(at, field)| (*field, code(at))));
            if count > 0 {
                rows.push(row(count as u32, &fields));
            }
        }
        let mut said = said(Dataset::Consultations, organisation, "2020-04", rows);
        (said.systems, said.collected) = (BTreeMap::new(), FIELDS.into());
        said.scheme = String::new();
        running.submit(said);
    }
    (running, cells)
}

/// Which cells an organisation, place or system and some answers are about.
pub(super) fn cells_of(area: &str, says: &BTreeMap<String, bool>) -> Vec<usize> {
    let organisations = PLACES.iter().flat_map(|(place, all)| all.map(|one| (*place, one)));
    let inside = organisations.enumerate().filter(|(_, (place, organisation))| {
        area == "QK1" || area == *place || area == *organisation
    });
    let holds = |cell: &usize| {
        BY.iter()
            .enumerate()
            .all(|(at, id)| says.get(*id).is_none_or(|yes| *yes == (cell >> at & 1 == 1)))
    };
    let cells = inside
        .flat_map(|(number, _)| (0..EACH).filter(holds).map(move |cell| number * EACH + cell));
    cells.collect()
}

/// Every question that a partner may ask: of an organisation or a place by two characteristics, of the system by three.
fn questions() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut areas = vec![("QK1", 3)];
    for (place, organisations) in &PLACES {
        areas.push((place, 2));
        areas.extend(organisations.iter().map(|one| (*one, 2)));
    }
    let sets = (0..EACH).map(|set| {
        let chosen = BY.iter().enumerate().filter(move |(at, _)| set >> at & 1 == 1);
        chosen.map(|(_, id)| *id).collect::<Vec<_>>()
    });
    let sets: Vec<_> = sets.collect();
    let of = |(area, most): (&'static str, usize)| {
        let sets = sets.iter().filter(move |set| set.len() <= most).cloned();
        sets.map(move |set| (area, set)).collect::<Vec<_>>()
    };
    areas.into_iter().flat_map(of).collect()
}

/// What the answers say to an attacker who knows how they are made.
fn published(running: &Running, protection: &Protection, cells: &[u64], few: u64) -> Published {
    let mut sums = Vec::new();
    for (area, by) in questions() {
        let mut asked = Asked { collection: "synthetic-llr".into(), ..Asked::default() };
        asked.first = "2020-04".into();
        asked.last = "2020-04".into();
        asked.by = by.iter().map(|id| (*id).to_owned()).collect();
        match area.starts_with('C') {
            true => asked.organisations.push(area.into()),
            false => asked.area = area.into(),
        }
        let mut query =
            Query::new(&running.reference(), &everything(), &asked, AsOf::Head).unwrap();
        query.showing.protection = protection.clone();
        let answer = running.engine().answer(&contacts(query)).unwrap();
        for row in answer.rows() {
            let says = row.keys.iter().map(|key| match key.code.as_str() {
                "Y" | "N" if key.state.is_none() => {
                    Some((key.dimension.to_string(), key.code == "Y"))
                }
                _ => None,
            });
            // Nobody is in a missing state, and everybody knows that.
            let Some(says) = says.collect::<Option<BTreeMap<_, _>>>() else { continue };
            let count = row.cells[0].counts.numerator.filter(|count| *count >= few);
            let (low, high) = match protection {
                Protection::Perturbed(rules) => rules.reveals(count),
                Protection::Rounded => public::reveals(count),
                Protection::Exact => count.map_or((0, few - 1), |count| (count, count)),
            };
            let (of_row, truth) =
                (cells_of(area, &says), |of: &[usize]| of.iter().map(|c| cells[*c]).sum::<u64>());
            if count.is_some() || truth(&of_row) <= high {
                sums.push(Sum { cells: of_row, low, high });
                continue;
            }
            // Too many to be withheld for themselves: they leave few of all.
            let rest = cells_of(area, &BTreeMap::new()).into_iter().filter(|c| !of_row.contains(c));
            let (rest, high) = (rest.collect::<Vec<_>>(), high + 5);
            if truth(&rest) <= high {
                sums.push(Sum { cells: rest, low: 0, high });
            }
        }
    }
    // Each organisation's total is published elsewhere.
    for organisation in PLACES.iter().flat_map(|(_, all)| all) {
        let of = cells_of(organisation, &BTreeMap::new());
        let total = of.iter().map(|cell| cells[*cell]).sum();
        sums.push(Sum { cells: of, low: total, high: total });
    }
    Published::new(cells.len(), sums).unwrap()
}

/// How many cells of few are left with too few values, of how many.
fn exposed(running: &Running, protection: &Protection, cells: &[u64], few: u64) -> [usize; 2] {
    let published = published(running, protection, cells, few);
    let small: Vec<usize> =
        (0..cells.len()).filter(|cell| (1..10).contains(&cells[*cell])).collect();
    let certificate = certify(&published, &small, WIDTH, Limits::default()).unwrap();
    [certificate.failures().count(), small.len()]
}

#[test]
fn no_cell_of_few_is_found_out_and_without_changes_some_are() {
    let table = PTable::generate(Noise::default());
    let with =
        |threshold| Protection::Perturbed(Arc::new(Rules { table: table.clone(), threshold }));
    let (mut small, mut whole, mut unchanged) = (0, 0, 0);
    for seed in 0..cases(1) {
        let (running, cells) = world(seed, controlled(), MOST);
        let [found, of] = exposed(&running, &with(10), &cells, 10);
        (whole, small) = (whole + found, small + of);
        unchanged += exposed(&running, &Protection::Exact, &cells, 10)[0];
    }
    assert_eq!(whole, 0, "of {small} cells of few");
    assert!(small > 100 && unchanged > 0, "{small} {unchanged}");
}

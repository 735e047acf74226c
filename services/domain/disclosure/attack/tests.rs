use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::near::{near, neighbours};
use super::*;

fn sum(cells: &[usize], low: u64, high: u64) -> Sum {
    Sum { cells: cells.to_vec(), low, high }
}

fn published(cells: usize, sums: &[Sum]) -> Published {
    Published::new(cells, sums.to_vec()).unwrap()
}

fn ends(published: &Published, cells: &[usize]) -> (Option<u64>, Option<u64>) {
    let range = Attack::new(published, Limits::default()).unwrap().range(cells);
    for end in [&range.low, &range.high] {
        if let End::Proven { value, witness } = end {
            assert!(published.fits(witness), "{witness:?}");
            assert_eq!(cells.iter().map(|cell| witness[*cell]).sum::<u64>(), *value);
        }
    }
    (range.low.value(), range.high.value())
}

#[test]
fn a_cell_that_nothing_limits_has_every_value() {
    let nothing = published(2, &[sum(&[0], 3, 3)]);
    assert_eq!(ends(&nothing, &[1]), (Some(0), Some(MOST)));
    assert_eq!(ends(&nothing, &[0]), (Some(3), Some(3)));
    assert_eq!(ends(&nothing, &[0, 1]), (Some(3), Some(3 + MOST)));
    assert_eq!(ends(&nothing, &[]), (Some(0), Some(0)));
    let certificate = certify(&nothing, &[1], 5, Limits::default()).unwrap();
    assert!(certificate.is_safe(), "{certificate:?}");
}

/// An odd circle: halves would fit, whole numbers do not.
#[test]
fn whole_numbers_are_not_fractions() {
    let pairs = [[0, 1], [1, 2], [0, 2]];
    let even = published(3, &pairs.map(|pair| sum(&pair, 8, 8)));
    assert_eq!(ends(&even, &[0]), (Some(4), Some(4)));
    let odd = published(3, &pairs.map(|pair| sum(&pair, 7, 7)));
    assert_eq!(Attack::new(&odd, Limits::default()).err(), Some(Contradiction));
    let wide = published(3, &[sum(&[0, 1], 7, 7), sum(&[1, 2], 7, 7), sum(&[0, 2], 6, 7)]);
    assert_eq!(ends(&wide, &[0, 1, 2]), (Some(10), Some(10)));
}

#[test]
fn a_cell_with_gaps_keeps_only_the_values_that_it_may_have() {
    // Cells 1 and 2 are both 6 less cell 0. Cell 3 is 12 less cells 1 and 2, so it is even.
    let sums = [sum(&[0, 1], 6, 6), sum(&[0, 2], 6, 6), sum(&[1, 2, 3], 12, 12)];
    let gaps = published(4, &sums);
    let certificate = certify(&gaps, &[3], 5, Limits::default()).unwrap();
    let Verdict::Keeps(values) = &certificate.cells[&3] else { panic!("{certificate:?}") };
    assert!(values.len() >= 5 && values.keys().all(|value| value % 2 == 0), "{values:?}");
    let certificate = certify(&gaps, &[3], 8, Limits::default()).unwrap();
    assert_eq!(certificate.cells[&3], Verdict::Confined([0, 2, 4, 6, 8, 10, 12].into()));
    assert!(!certificate.is_safe());
}

#[test]
fn what_is_not_solved_is_not_proven_and_never_safe() {
    let rows: Vec<_> = (0..6).map(|row| (0..6).map(|c| row * 6 + c).collect::<Vec<_>>()).collect();
    let columns = (0..6).map(|c| (0..6).map(|row| row * 6 + c).collect::<Vec<_>>());
    let sums: Vec<_> =
        rows.iter().cloned().chain(columns).map(|cells| sum(&cells, 20, 23)).collect();
    let table = published(36, &sums);
    let small = Limits { cells: 35, ..Limits::default() };
    let range = Attack::new(&table, small).unwrap().range(&[0]);
    assert_eq!(range.low, End::NotProven(Open::TooLarge));
    let certificate = certify(&table, &[0, 7], 2, small).unwrap();
    assert!(!certificate.is_safe() && certificate.witnesses.is_empty());
    assert_eq!(certificate.failures().count(), 2);
    let short = Limits { time: std::time::Duration::ZERO, ..Limits::default() };
    let certificate = certify(&table, &[0], 2, short).unwrap();
    assert_eq!(certificate.cells[&0], Verdict::NotProven(Open::LimitReached));
    assert!(certify(&table, &[0, 7], 5, Limits::default()).unwrap().is_safe());
}

#[test]
fn bad_sums_and_contradictions_are_named() {
    let refused = |sums: &[Sum]| Published::new(2, sums.to_vec()).unwrap_err().to_string();
    let good = sum(&[0], 0, 1);
    assert_eq!(
        refused(&[good.clone(), sum(&[0, 2], 0, 1)]),
        "sum 1 names cell 2; cells are numbered from 0 to less than 2"
    );
    assert_eq!(refused(&[sum(&[1, 1], 0, 1)]), "sum 0 names cell 1 twice; name each cell once");
    assert!(refused(&[sum(&[1], 2, 1)]).starts_with("sum 0 is at least 2 and at most 1"));
    for sums in [
        [sum(&[0], 3, 3), sum(&[0, 1], 1, 2)],
        [sum(&[0], 3, 3), sum(&[0], 4, 5)],
        [sum(&[], 1, 1), sum(&[0], 4, 5)],
    ] {
        let wrong = published(2, &sums);
        assert_eq!(Attack::new(&wrong, Limits::default()).err(), Some(Contradiction), "{sums:?}");
        assert_eq!(certify(&wrong, &[0], 2, Limits::default()), Err(Contradiction), "{sums:?}");
    }
}

/// All values of a few cells that fit.
fn enumerated(published: &Published, cells: usize, most: u64) -> Vec<Vec<u64>> {
    let mut all = vec![Vec::new()];
    for _ in 0..cells {
        let longer = |values: &Vec<u64>| {
            let values = values.clone();
            (0..=most).map(move |value| [values.clone(), vec![value]].concat())
        };
        all = all.iter().flat_map(longer).collect();
    }
    all.retain(|values| published.fits(values));
    all
}

const CELLS: usize = 5;
const EACH: u64 = 5;

/// The cells of a set of bits.
fn named(mask: u8) -> Vec<usize> {
    (0..CELLS).filter(|cell| mask & (1 << cell) > 0).collect()
}

/// Cells of 0 to 5, and intervals around sums of the truth: which cells, how far below it, and how far above.
fn around(truth: &[u64], sums: &[(u8, u64, u64)]) -> Published {
    let each = (0..CELLS).map(|cell| sum(&[cell], 0, EACH));
    let others = sums.iter().map(|(mask, below, above)| {
        let cells = named(*mask);
        let value: u64 = cells.iter().map(|cell| truth[*cell]).sum();
        Sum { cells, low: value.saturating_sub(*below), high: value + above }
    });
    published(CELLS, &each.chain(others).collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// Any sums of five cells of 0 to 5, as intervals around the truth: the attack finds what a full enumeration finds.
    #[test]
    fn attack_and_certificate_agree_with_a_full_enumeration(
        truth in vec(0..=EACH, CELLS),
        sums in vec((1u8..32, 0u64..3, 0u64..3), 0..7),
        target in 1u8..32,
        width in 1usize..7,
    ) {
        let published = around(&truth, &sums);
        let fitting = enumerated(&published, CELLS, EACH);
        let target = named(target);
        let values = fitting.iter().map(|values| target.iter().map(|cell| values[*cell]).sum::<u64>());
        let values: BTreeSet<u64> = values.collect();
        let (low, high) = ends(&published, &target);
        prop_assert_eq!((low, high), (values.first().copied(), values.last().copied()));

        let sensitive: Vec<_> = (0..CELLS).collect();
        let certificate = certify(&published, &sensitive, width, Limits::default()).unwrap();
        prop_assert!(certificate.witnesses.iter().all(|witness| published.fits(witness)));
        for (cell, verdict) in &certificate.cells {
            let possible: BTreeSet<u64> = fitting.iter().map(|values| values[*cell]).collect();
            match verdict {
                Verdict::Keeps(kept) => {
                    prop_assert!(kept.len() >= width && possible.len() >= width);
                    for (value, witness) in kept {
                        prop_assert_eq!(certificate.witnesses[*witness][*cell], *value);
                    }
                }
                Verdict::Confined(values) => prop_assert!(values == &possible && possible.len() < width),
                Verdict::NotProven(open) => prop_assert!(false, "{:?}", open),
            }
        }
    }
}

proptest! {
    /// Where few cells may change, those are found that a full enumeration finds, and no others change.
    #[test]
    fn near_a_known_value_those_are_found_that_an_enumeration_finds(
        truth in vec(0..=EACH, CELLS),
        sums in vec((1u8..32, 0u64..2, 0u64..2), 1..7),
        (cell, value, most) in (0..CELLS, 0..=EACH, 1..CELLS),
    ) {
        let published = around(&truth, &sums);
        let attack = Attack::knowing(&published, &truth, Limits::default()).unwrap();
        let Some((number, position)) = attack.places[cell] else { return Ok(()) };
        let (part, known) = (&attack.parts[number], attack.some[number].clone().unwrap());
        let Some(value) = value.checked_sub(attack.bounds.low[cell]) else { return Ok(()) };
        let found = near(part, &known, (position, value), most, Limits::default());
        let free = neighbours(part, position, most);
        let may_be = |values: &Vec<u64>| {
            let stays = |at: &usize| free.contains(at) || values[*at] == known[*at];
            values[position] == value && part.fits(values) && (0..known.len()).all(|at| stays(&at))
        };
        if let Some(found) = &found {
            prop_assert!(may_be(found) && free.len() <= most);
        }
        let all = enumerated(&published, CELLS, EACH);
        let above = |all: &Vec<u64>| part.cells.iter().map(|cell| all[*cell] - attack.bounds.low[*cell]).collect();
        let is_small = part.cells.len() <= most;
        prop_assert_eq!(found.is_some(), !is_small && all.iter().map(above).any(|values| may_be(&values)));
    }
}

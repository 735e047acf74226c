use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

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

/// All values of up to four cells that fit.
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
        let named = |mask: u8| (0..CELLS).filter(|cell| mask & (1 << cell) > 0).collect::<Vec<_>>();
        let each = (0..CELLS).map(|cell| sum(&[cell], 0, EACH));
        let others = sums.iter().map(|(mask, below, above)| {
            let cells = named(*mask);
            let value: u64 = cells.iter().map(|cell| truth[*cell]).sum();
            Sum { cells, low: value.saturating_sub(*below), high: value + above }
        });
        let all: Vec<_> = each.chain(others).collect();
        let published = published(CELLS, &all);
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

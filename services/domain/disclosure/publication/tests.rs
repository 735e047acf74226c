use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::domain::disclosure::attack::{Attack, Limits, MOST, Published, Sum, certify};
use crate::domain::disclosure::public;

/// Organisations, and the categories of three characteristics.
const SHAPE: [usize; 4] = [3, 3, 2, 2];
const CELLS: usize = SHAPE[0] * SHAPE[1] * SHAPE[2] * SHAPE[3];

/// The place of a base cell on an axis.
fn place(cell: usize, axis: usize) -> usize {
    cell / SHAPE[axis + 1..].iter().product::<usize>() % SHAPE[axis]
}

/// The base cells at some places: all of them without any.
fn cells(at: &[(usize, usize)]) -> Vec<usize> {
    let is_at = |cell: &usize| at.iter().all(|(axis, of)| place(*cell, *axis) == *of);
    (0..CELLS).filter(is_at).collect()
}

/// Two tables: the first characteristic by the second, and by the third, with every total.
fn draft(counts: &[u64]) -> Draft {
    let mut draft = Draft {
        cells: counts.iter().map(|count| TrueCount::of_each(0, *count)).collect(),
        known: (0..SHAPE[0]).map(|organisation| cells(&[(0, organisation)])).collect(),
        numbers: Vec::new(),
    };
    let alone = |at: &[(usize, usize)]| Number { cells: cells(at), siblings: Vec::new() };
    draft.numbers.push(alone(&[]));
    draft.numbers.extend((0..SHAPE[1]).map(|one| alone(&[(1, one)])));
    for other in [2, 3] {
        draft.numbers.extend((0..SHAPE[other]).map(|of| alone(&[(other, of)])));
        for of in 0..SHAPE[other] {
            let first = draft.numbers.len();
            for one in 0..SHAPE[1] {
                let siblings = (0..SHAPE[1]).filter(|sibling| *sibling != one);
                let siblings = siblings.map(|sibling| first + sibling).collect();
                draft.numbers.push(Number { cells: cells(&[(1, one), (other, of)]), siblings });
            }
        }
    }
    draft
}

fn interval(shown: Shown) -> (u64, u64) {
    match shown {
        Shown::Count(count) => public::reveals(Some(count)),
        Shown::Few => public::reveals(None),
        Shown::Coarsened | Shown::Merged(_) => (0, MOST),
    }
}

/// What a reader learns, beside the known totals.
fn read(draft: &Draft, settled: &Settled) -> Vec<Sum> {
    let one = |(cells, shown): (Vec<usize>, Shown)| {
        let (low, high) = interval(shown);
        Sum { cells, low, high }
    };
    let alone = draft.numbers.iter().zip(&settled.shown);
    let alone = alone.map(|(number, shown)| (number.cells.clone(), *shown));
    let merged = settled.merged.iter().map(|merged| {
        let all = merged.numbers.iter().flat_map(|number| &draft.numbers[*number].cells);
        (all.copied().collect(), merged.shown)
    });
    alone.chain(merged).map(one).collect()
}

fn total(counts: &[u64], cells: &[usize]) -> u64 {
    cells.iter().map(|cell| counts[*cell]).sum()
}

/// The sums of few people that are left with too few values. The attacker solves without a look at the counts.
fn found(draft: &Draft, counts: &[u64], told: &[Sum]) -> Vec<Vec<usize>> {
    let known = draft.known.iter().map(|cells| {
        let total = total(counts, cells);
        Sum { cells: cells.clone(), low: total, high: total }
    });
    let known: Vec<_> = known.collect();
    let without = Published::new(CELLS, known.clone()).unwrap();
    let without = Attack::new(&without, Limits::default()).unwrap();
    let mut sums: Vec<_> = (0..CELLS).map(|cell| vec![cell]).collect();
    sums.extend(draft.numbers.iter().map(|number| number.cells.clone()));
    sums.retain(|cells| (1..=FEW).contains(&total(counts, cells)));
    let is_found = |cells: &Vec<usize>| {
        let range = without.range(cells);
        let (low, high) = (range.low.value().unwrap(), range.high.value().unwrap());
        let least = LEAST_VALUES.min(usize::try_from(high - low).unwrap() + 1);
        // The sum is what a cell more lacks of a number.
        let whole = total(counts, cells) + 1_000;
        let looked_at = cells.iter().copied().chain([CELLS]).collect();
        let mut all = [known.as_slice(), told].concat();
        all.push(Sum { cells: looked_at, low: whole, high: whole });
        let all = Published::new(CELLS + 1, all).unwrap();
        !certify(&all, &[CELLS], least, Limits::default()).unwrap().is_safe()
    };
    sums.into_iter().filter(is_found).collect()
}

fn counts() -> impl Strategy<Value = Vec<u64>> {
    vec(prop_oneof![2 => Just(0u64), 3 => 1..6u64, 2 => 6..40u64], CELLS)
}

fn rounded(draft: &Draft) -> Vec<Sum> {
    let parts = parts::Parts::new(draft);
    parts.all.iter().filter_map(parts::Part::tells).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_attack_on_what_is_published_finds_nothing(counts in counts()) {
        let draft = draft(&counts);
        let settled = settle(&draft, &|| true).unwrap();
        prop_assert_eq!(found(&draft, &counts, &read(&draft, &settled)), Vec::<Vec<usize>>::new());
        prop_assert_eq!(settle(&draft, &|| true).unwrap(), settled, "the same draft, the same publication");
    }

    /// Exact numbers are found out: the attack has teeth.
    #[test]
    fn an_attack_on_exact_numbers_finds_people(counts in counts()) {
        let draft = draft(&counts);
        let exact = draft.numbers.iter().map(|number| {
            let count = total(&counts, &number.cells);
            Sum { cells: number.cells.clone(), low: count, high: count }
        });
        let few = draft.numbers.iter().any(|number| (1..=FEW).contains(&total(&counts, &number.cells)));
        prop_assert!(!few || !found(&draft, &counts, &exact.collect::<Vec<_>>()).is_empty());
    }
}

/// A draft of single cells whose total is a number too.
fn total_of(counts: &[u64]) -> Draft {
    let all = 0..counts.len();
    let mut numbers: Vec<_> = all
        .clone()
        .map(|cell| Number {
            cells: vec![cell],
            siblings: all.clone().filter(|of| *of != cell).collect(),
        })
        .collect();
    numbers.push(Number { cells: all.collect(), siblings: Vec::new() });
    let cells = counts.iter().map(|count| TrueCount::of_each(0, *count)).collect();
    Draft { cells, known: Vec::new(), numbers }
}

#[test]
fn rounding_alone_is_found_out_and_the_cheapest_number_becomes_coarser() {
    // 8 and 8 are shown as 10 and 10, their total of 16 as 15: each is 8 or 9.
    let draft = total_of(&[8, 8]);
    assert_eq!(rounded(&draft).len(), 3);
    let settled = settle(&draft, &|| true).unwrap();
    let merged = Merged { numbers: vec![0, 1], shown: Shown::Count(15) };
    assert_eq!(settled.merged, [merged]);
    assert_eq!(settled.shown, [Shown::Merged(0), Shown::Merged(0), Shown::Count(15)]);
}

#[test]
fn what_is_safe_is_published_as_it_is() {
    let settled = settle(&total_of(&[40, 3, 62]), &|| true).unwrap();
    let count = Shown::Count;
    assert_eq!(settled.shown, [count(40), Shown::Few, count(60), count(105)]);
    assert!(settled.merged.is_empty());
}

#[test]
fn a_known_total_leaves_no_more_values_than_it_leaves() {
    // Everybody knows that the two are 2 together: 0, 1 and 2 are all there is to keep.
    let mut draft = total_of(&[1, 1]);
    draft.known = vec![vec![0, 1]];
    let settled = settle(&draft, &|| true).unwrap();
    assert_eq!(settled.shown, [Shown::Few; 3]);
}

#[test]
fn nothing_is_published_where_nobody_waits() {
    assert_eq!(settle(&total_of(&[1, 30]), &|| false), Err(NotProven::Stopped));
}

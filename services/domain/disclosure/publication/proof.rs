//! The attack on a publication: which cells it must not find out, and which of them it does.

use std::collections::{BTreeMap, BTreeSet};

use super::parts::Parts;
use super::{Draft, FEW, LEAST_VALUES, NotProven};
use crate::domain::disclosure::TrueCount;
use crate::domain::disclosure::attack::{Attack, Limits, Published, Sum, certify_attack};

/// Sensitive sums that are proven together: what is found for one serves the others, and is kept for so long.
const AT_ONCE: usize = 64;
/// A sum that is proven may grow by so much at most. This is more than what it has to.
const ROOM: u64 = 16;

/// A sum of base cells of few people, and the number of values that it has to keep: no more than the known totals leave.
#[derive(Clone)]
pub(super) struct Sensitive {
    pub(super) cells: Vec<usize>,
    least: usize,
}

/// Every base cell and every number of few people.
pub(super) fn sensitive(draft: &Draft) -> Vec<Sensitive> {
    let of_cell = known_of_cell(draft);
    let totals: Vec<u64> = draft.known.iter().map(|cells| sum(draft, cells).count()).collect();
    let alone = (0..draft.cells.len()).map(|cell| vec![cell]);
    let numbers = draft.numbers.iter().map(|number| number.cells.clone());
    let few: BTreeSet<_> =
        alone.chain(numbers).filter(|cells| is_of_few(sum(draft, cells))).collect();
    let made = few.into_iter().map(|cells| {
        let mut inside: BTreeMap<usize, usize> = BTreeMap::new();
        let mut free = false;
        for cell in &cells {
            match of_cell[*cell] {
                Some(known) => *inside.entry(known).or_default() += 1,
                None => free = true,
            }
        }
        // A known total whose cells are all in the sum tells nothing of its parts, but all of itself.
        let partly = inside.iter().filter(|(known, count)| draft.known[**known].len() > **count);
        let room: u64 = partly.map(|(known, _)| totals[*known]).sum();
        let left = usize::try_from(room.saturating_add(1)).unwrap_or(usize::MAX);
        Sensitive { cells, least: if free { LEAST_VALUES } else { left.min(LEAST_VALUES) } }
    });
    made.filter(|one| one.least > 1).collect()
}

fn sum(draft: &Draft, cells: &[usize]) -> TrueCount {
    cells.iter().map(|cell| draft.cells[*cell]).sum()
}

fn is_of_few(count: TrueCount) -> bool {
    let few = |count: u64| (1..=FEW).contains(&count);
    few(count.count()) || count.least_persons().is_some_and(few)
}

/// The known total that each cell belongs to.
fn known_of_cell(draft: &Draft) -> Vec<Option<usize>> {
    let mut of_cell = vec![None; draft.cells.len()];
    for (known, cells) in draft.known.iter().enumerate() {
        cells.iter().for_each(|cell| of_cell[*cell] = Some(known));
    }
    of_cell
}

/// Those of the sensitive sums that are not proven to keep enough values.
pub(super) fn confined(
    draft: &Draft,
    parts: &Parts<'_>,
    sensitive: &[Sensitive],
    limits: Limits,
    go_on: &dyn Fn() -> bool,
) -> Result<Vec<Sensitive>, NotProven> {
    let mut values: Vec<u64> = draft.cells.iter().map(|cell| cell.count()).collect();
    let mut sums: Vec<Sum> = parts.all.iter().filter_map(super::parts::Part::tells).collect();
    sums.retain(|sum| !sum.cells.is_empty());
    for cells in &draft.known {
        let total = sum(draft, cells).count();
        sums.push(Sum { cells: cells.clone(), low: total, high: total });
    }
    // A sum is looked at by a cell of its own, which is what the sum lacks of a number: it has as many values.
    let mut looked_at = Vec::new();
    for Sensitive { cells, .. } in sensitive {
        if let [cell] = cells[..] {
            looked_at.push(cell);
            continue;
        }
        let whole = sum(draft, cells).count() + ROOM;
        let cells = cells.iter().copied().chain([values.len()]).collect();
        looked_at.push(values.len());
        values.push(ROOM);
        sums.push(Sum { cells, low: whole, high: whole });
    }
    let published = Published::new(values.len(), sums).map_err(|_| NotProven::Contradiction)?;
    let attack = Attack::knowing(&published, &values, limits);
    let attack = attack.map_err(|_| NotProven::Contradiction)?;
    let mut found = Vec::new();
    for least in 2..=LEAST_VALUES {
        let of: Vec<usize> =
            (0..sensitive.len()).filter(|one| sensitive[*one].least == least).collect();
        for some in of.chunks(AT_ONCE) {
            if !go_on() {
                return Err(NotProven::Stopped);
            }
            let cells: Vec<usize> = some.iter().map(|one| looked_at[*one]).collect();
            let certificate = certify_attack(&attack, &cells, least);
            let failed: BTreeSet<usize> = certificate.failures().map(|(cell, _)| cell).collect();
            let failed = some.iter().filter(|one| failed.contains(&looked_at[**one]));
            found.extend(failed.map(|one| sensitive[*one].clone()));
        }
    }
    Ok(found)
}

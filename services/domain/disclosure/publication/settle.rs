//! The loop: attack, make coarser what the attack got through, attack again.

use std::collections::BTreeSet;
use std::time::Duration;

use super::parts::Parts;
use super::proof::{Sensitive, confined, sensitive};
use super::{Draft, NotProven, Settled};
use crate::domain::disclosure::attack::Limits;

/// Limits of one question to the solver. They count steps, not time: the same draft gives the same publication on every machine.
const LIMITS: Limits = Limits { nodes: 200, time: Duration::from_secs(24 * 60 * 60), cells: 400 };

/// Settles what is published. `go_on` says whether somebody still waits.
///
/// # Errors
/// Nothing may be published.
pub fn settle(draft: &Draft, go_on: &dyn Fn() -> bool) -> Result<Settled, NotProven> {
    let (mut parts, all) = (Parts::new(draft), sensitive(draft));
    loop {
        let mut failed = confined(draft, &parts, &all, LIMITS, go_on)?;
        if failed.is_empty() {
            return Ok(parts.settled());
        }
        // Only what failed is looked at until it passes. Then all is, because numbers that become one tell something new.
        while !failed.is_empty() {
            coarsen(draft, &mut parts, &failed)?;
            failed = confined(draft, &parts, &failed, LIMITS, go_on)?;
        }
    }
}

/// Makes numbers coarser: one for each sum that failed, of those that share no cell with another one that became coarser.
fn coarsen(draft: &Draft, parts: &mut Parts<'_>, failed: &[Sensitive]) -> Result<(), NotProven> {
    let mut touched = BTreeSet::new();
    for Sensitive { cells, .. } in failed {
        if cells.iter().any(|cell| touched.contains(cell)) {
            continue;
        }
        // What is told of others tells of these too, where the total of all is known.
        let around =
            draft.known.iter().filter(|known| known.iter().any(|cell| cells.contains(cell)));
        let around: BTreeSet<usize> = around.flatten().copied().collect();
        let around: Vec<usize> = around.into_iter().collect();
        let coarser = parts.coarsen(cells).or_else(|| parts.coarsen(&around));
        touched.extend(coarser.into_iter().flatten());
    }
    if touched.is_empty() { Err(NotProven::Confined(failed.len())) } else { Ok(()) }
}

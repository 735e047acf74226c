//! Shares of people of whom a condition holds, each person in one of their counts: indicators of one dimension and the same
//! conditions are counted together.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::disclosure::TrueCount;
use crate::domain::indicator::{Condition, Count};
use crate::domain::measures::{Response, Tally};
use crate::domain::reference::Reference;
use crate::engine::answer::axis_answers::{answers, merge};
use crate::engine::answer::crosstab::Folded;
use crate::engine::answer::outcome_shares::says;
use crate::engine::answer::plan::Plan;

/// Indicators of one dimension and the same conditions.
pub(super) struct Shares {
    indicators: Vec<String>,
    /// Whether they are of everybody, and not only of whom some conditions hold.
    pub(super) of_all: bool,
    /// A tally for each indicator; nothing where nobody is.
    tallies: Folded<Vec<Tally>>,
}

/// The shares among indicators and those that differences are made of, by dimension and conditions.
pub(super) fn grouped<'a>(
    reference: &'a Reference,
    indicators: &'a [String],
) -> BTreeMap<(&'a String, &'a Vec<Condition>), BTreeSet<&'a String>> {
    let count = |id: &String| reference.indicator(id)?.count.as_ref();
    let ids = indicators.iter().flat_map(|id| match count(id) {
        Some(Count::Difference { difference: (first, second) }) => vec![first, second],
        Some(Count::Share { .. }) | None => vec![id],
    });
    let mut groups: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for id in ids {
        if let Some(Count::Share { dimension, conditions, .. }) = count(id) {
            groups.entry((dimension, conditions)).or_default().insert(id);
        }
    }
    groups
}

/// How a cell is added to the tallies of a row: by its places on the inner axes.
type AddCell = Box<dyn Fn(&mut Vec<Tally>, &[usize], TrueCount)>;

/// Indicators that are about to be counted.
pub(super) struct Counting<'a> {
    pub(super) plan: Plan,
    pub(super) add: AddCell,
    ids: BTreeSet<&'a String>,
    of_all: bool,
}

impl<'a> Counting<'a> {
    /// Of some indicators. The last axes of the plan are that of the dimension and those of the conditions. A condition is no
    /// filter: of whom it is not known is counted as unknown.
    pub(super) fn new(conditions: &[Condition], ids: BTreeSet<&'a String>, mut plan: Plan) -> Self {
        let outer = plan.axes.len() - 1 - conditions.len();
        let mut holds = Vec::new();
        for (condition, axis) in conditions.iter().zip(&mut plan.axes[outer + 1..]) {
            let yes: Vec<_> = condition.codes.iter().map(String::as_str).collect();
            let known: Vec<_> = axis.categories.iter().map(|(code, _)| code.as_str()).collect();
            let says = answers(axis, &yes, &known);
            merge(axis, &says);
            holds.push(says);
        }
        let axis = &mut plan.axes[outer];
        let said: Vec<_> = ids.iter().map(|id| says(&plan.reference, id, axis, false)).collect();
        let of_place = |place: usize| said.iter().map(|says| says[place]).collect();
        let says: Vec<Vec<Response>> = (0..axis.places()).map(of_place).collect();
        merge(axis, &says);
        let add = move |tallies: &mut Vec<Tally>, at: &[usize], count: TrueCount| {
            let held = holds.iter().zip(&at[1..]).map(|(says, place)| says[*place]);
            let held = held.fold(Response::Yes, Response::and);
            let says = &says[at[0]];
            tallies.resize(says.len(), Tally::default());
            for (tally, says) in tallies.iter_mut().zip(says) {
                tally.count(says.given(held), count);
            }
        };
        Self { plan, add: Box::new(add), ids, of_all: conditions.is_empty() }
    }

    /// Bytes in memory of what is counted for a row.
    pub(super) fn bytes_of_a_row(&self) -> usize {
        size_of::<Vec<Tally>>() + self.ids.len() * size_of::<Tally>()
    }

    /// With what was counted.
    pub(super) fn counted(&self, tallies: Folded<Vec<Tally>>) -> Shares {
        let indicators = self.ids.iter().map(|id| (*id).clone()).collect();
        Shares { indicators, of_all: self.of_all, tallies }
    }
}

impl Shares {
    /// The tally of an indicator in a row; none: it is not among these.
    pub(super) fn tally(&self, id: &str, row: &[usize]) -> Option<Tally> {
        let place = self.indicators.iter().position(|known| known == id)?;
        let tallies = self.tallies.row(row);
        Some(tallies.and_then(|tallies| tallies.get(place)).copied().unwrap_or_default())
    }
}

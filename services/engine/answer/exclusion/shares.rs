//! Shares of people of whom a condition holds, each person in one of their counts: indicators of one dimension and the same
//! conditions are counted together.

use crate::domain::indicator::{Condition, Count};
use crate::domain::measures::{Response, Tally};
use crate::domain::reference::Reference;
use crate::engine::answer::axis_answers::{answers, merge};
use crate::engine::answer::crosstab::Folded;
use crate::engine::answer::outcome_shares::says;
use crate::engine::answer::plan::Plan;
use crate::engine::{Engine, QueryError};

/// Indicators of one dimension and the same conditions.
pub(super) struct Shares {
    pub(super) dimension: String,
    pub(super) conditions: Vec<Condition>,
    /// Their ids, and what each place of the dimension says to them, once it is counted.
    indicators: Vec<(String, Vec<Response>)>,
    /// A tally for each indicator; nothing where nobody is.
    tallies: Folded<Vec<Tally>>,
}

impl Shares {
    /// The shares among indicators and those that differences are made of, none of them counted yet.
    pub(super) fn of(reference: &Reference, indicators: &[String]) -> Vec<Self> {
        let count = |id: &String| reference.indicator(id).and_then(|found| found.count.as_ref());
        let ids = indicators.iter().flat_map(|id| match count(id) {
            Some(Count::Difference { difference: (first, second) }) => vec![first, second],
            Some(Count::Share { .. }) | None => vec![id],
        });
        let mut groups: Vec<Self> = Vec::new();
        for id in ids {
            let Some(Count::Share { dimension, conditions, .. }) = count(id) else { continue };
            if groups.iter().any(|group| group.place(id).is_some()) {
                continue;
            }
            let share = (id.clone(), Vec::new());
            let same = |group: &&mut Self| {
                group.dimension == *dimension && group.conditions == *conditions
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.indicators.push(share),
                None => groups.push(Self {
                    dimension: dimension.clone(),
                    conditions: conditions.clone(),
                    indicators: vec![share],
                    tallies: Folded::default(),
                }),
            }
        }
        groups
    }

    /// What a plan has to be by: the dimension, then that of each condition.
    pub(super) fn dimensions(&self) -> Vec<&str> {
        let conditions = self.conditions.iter().map(|condition| condition.dimension.as_str());
        std::iter::once(self.dimension.as_str()).chain(conditions).collect()
    }

    /// Counts. The last axes of the plan are those of [`Self::dimensions`]. A condition is no filter: of whom it is not known is
    /// counted as unknown.
    pub(super) fn count(&mut self, engine: &Engine, mut plan: Plan) -> Result<(), QueryError> {
        let outer = plan.axes.len() - 1 - self.conditions.len();
        let mut holds = Vec::new();
        for (condition, axis) in self.conditions.iter().zip(&mut plan.axes[outer + 1..]) {
            let yes: Vec<_> = condition.codes.iter().map(String::as_str).collect();
            let known: Vec<_> = axis.categories.iter().map(|(code, _)| code.as_str()).collect();
            let says = answers(axis, &yes, &known);
            merge(axis, &says);
            holds.push(says);
        }
        let axis = &mut plan.axes[outer];
        for (id, of) in &mut self.indicators {
            *of = says(&plan.reference, id, axis, false);
        }
        let of_place = |place: usize| self.indicators.iter().map(|(_, says)| says[place]).collect();
        let says: Vec<Vec<Response>> = (0..axis.places()).map(of_place).collect();
        merge(axis, &says);
        let add = |tallies: &mut Vec<Tally>, at: &[usize], count: u64| {
            let held = holds.iter().zip(&at[1..]).map(|(says, place)| says[*place]);
            let held = held.fold(Response::Yes, Response::and);
            let says = &says[at[0]];
            tallies.resize(says.len(), Tally::default());
            for (tally, says) in tallies.iter_mut().zip(says) {
                tally.count(says.given(held), count);
            }
        };
        engine.fold(&plan, outer, &mut self.tallies, add)
    }

    /// What each place of the dimension says to an indicator; none: it is not among these.
    pub(super) fn says(&self, id: &str) -> Option<&[Response]> {
        self.place(id).map(|place| self.indicators[place].1.as_slice())
    }

    /// The tally of an indicator in a row; none: it is not among these.
    pub(super) fn tally(&self, id: &str, row: &[usize]) -> Option<Tally> {
        let place = self.place(id)?;
        let tallies = self.tallies.row(row);
        Some(tallies.and_then(|tallies| tallies.get(place)).copied().unwrap_or_default())
    }

    fn place(&self, id: &str) -> Option<usize> {
        self.indicators.iter().position(|(known, _)| known == id)
    }
}

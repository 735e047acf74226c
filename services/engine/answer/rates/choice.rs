//! Which people rates are over: those that the organisations themselves submit, or those that are published of them.

use std::collections::BTreeSet;

use super::Population;
use crate::engine::answer::plan::Plan;
use crate::engine::answer::provenance::some_of;
use crate::engine::query::Query;
use crate::engine::scope::Scope;
use crate::engine::{Engine, QueryError};

impl Engine {
    /// The population that goes with a plan of consultations.
    pub(in crate::engine::answer) fn population(
        &self,
        plan: &Plan,
        query: &Query,
        named: &str,
    ) -> Result<Population, QueryError> {
        let of = &plan.collection;
        let (own, published) = (&*of.population_collection, &*of.published_population_collection);
        if !named.is_empty() || published.is_empty() {
            let collection = if named.is_empty() { own } else { named };
            return self.population_of(plan, query, collection);
        }
        // What the organisations themselves say comes first, unless there are published people for more of the months and organisations: a rate of an area
        // needs people of all its organisations, and rates are compared only if all people are counted alike. The answer depends on both.
        let own = self.population_of(plan, query, own)?;
        let (all, matched) = own.matched();
        if all > 0 && matched == all {
            return Ok(own);
        }
        let other = self.population_of(plan, query, published)?;
        let is_less = own.plan.months.is_empty() || matched < other.matched().1;
        let (mut used, unused) = if is_less { (other, own) } else { (own, other) };
        used.plan.data_position = used.plan.data_position.max(unused.plan.data_position);
        used.plan.scope = Scope::both(used.plan.scope.take(), unused.plan.scope.clone());
        let organisations = unused.plan.organisations().into_iter().map(str::to_owned).collect();
        used.unused = Some((unused.plan.collection.id.clone(), organisations));
        Ok(used)
    }
}

impl Population {
    /// The number of organisations' months with consultations, and of those whose people match them.
    fn matched(&self) -> (usize, usize) {
        let Some(behind) = self.behind.get(&[][..]) else { return (0, 0) };
        let unlike = behind.unlike.values().flatten();
        let unlike: BTreeSet<_> = unlike.map(|of| (of.slot.organisation, of.slot.month)).collect();
        (behind.count, behind.count - behind.without.len() - unlike.len())
    }

    /// Says whose people there are none of, and whose were not used.
    pub(super) fn says_who_is_left_out(&self, figure: &str, notes: &mut Vec<String>) {
        let behind = self.behind.get(&[][..]);
        // If there is no population at all, each absent figure says so.
        let behind = behind.filter(|behind| behind.without.len() < behind.count);
        let without = behind.into_iter().flat_map(|of| &of.without);
        let without: BTreeSet<&str> = without.map(|of| &*of.organisation).collect();
        if !without.is_empty() {
            let some = some_of(&Vec::from_iter(without), 5);
            notes.push(format!(
                "Collection `{}` has no people of {some} for some of the months. Each {figure} that would count their consultations is absent.",
                self.plan.collection.id
            ));
        }
        if let Some((other, organisations)) = self.unused.as_ref().filter(|(_, of)| !of.is_empty())
        {
            let some = some_of(organisations, 5);
            notes.push(format!(
                "Collection `{other}` has people of {some} too. They are not used: an answer takes all its people from one collection, and `{}` has \
                 people for at least as many of the months and organisations. `population_collection` names another one.",
                self.plan.collection.id
            ));
        }
    }
}

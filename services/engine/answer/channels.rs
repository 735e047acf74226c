//! How consultations reached people: indicators CH-01 to CH-03.

use std::collections::BTreeSet;

use super::around::{axis_sums, has_total, nothing, occurring};
use super::context::{Absence, Context, Key, Reason};
use super::parent::Parent;
use super::plan::{Ask, Plan};
use super::rates::Population;
use super::table::Unit;
use crate::domain::codes::State;
use crate::domain::collection::Dataset;
use crate::domain::statistics::{Confidence, Interval, proportion, rate};
use crate::engine::cache::Scope;
use crate::engine::query::{Denominator, Filter, Measure, Query};
use crate::engine::{Engine, QueryError};

/// Asks how consultations reached people.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelQuestion {
    /// What is asked about.
    pub query: Query,
    /// What is counted.
    pub measure: Measure,
    /// What shares are shares of.
    pub denominator: Denominator,
    /// Collection of the population that rates are wanted of; none: no rates; empty: the one that the collection names.
    pub rates: Option<String>,
}

/// The figures of one channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// Consultations or persons.
    pub count: u64,
    /// Share of the base.
    pub share: Option<Interval>,
    /// Per 1,000 people a month.
    pub rate: Option<Interval>,
}

/// One channel of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelCell {
    /// Channel, or the state.
    pub key: Key,
    /// The figures, or why there are none.
    pub figures: Result<Figures, Absence>,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelRow {
    /// Categories; none for the total.
    pub keys: Vec<Key>,
    /// Whatever the channel.
    pub total: u64,
    /// What shares are shares of.
    pub base: u64,
    /// Whose channel is not known.
    pub unknown_channel: u64,
    /// Whose source does not collect the channel.
    pub uncollected_channel: u64,
    /// Channels, in order.
    pub channels: Vec<ChannelCell>,
    /// People times months.
    pub population: Option<u64>,
    /// Why there are no rates.
    pub rate_absence: Option<Absence>,
}

/// A table of channels.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelTable {
    /// What it was made of.
    pub context: Context,
    /// Dimension ids.
    pub dimensions: Vec<String>,
    /// The total first.
    pub rows: Vec<ChannelRow>,
    /// Position that was read at.
    pub position: u64,
    /// The data that it was made of, for the cache.
    pub scope: Option<Scope>,
}

/// The filters of a question with those that the care setting and the measure add.
pub(super) fn filters(query: &Query, measure: Measure) -> Vec<Filter> {
    let mut filters = query.filters.clone();
    let mut add = |dimension: &str, code: &str| {
        filters.push(Filter { dimension: dimension.into(), codes: vec![code.into()] });
    };
    if let Some(setting) = &query.care_setting {
        add("care_setting", setting);
    }
    if measure == Measure::AttendedContacts {
        add("attendance", "ATTENDED");
    }
    filters
}

impl Engine {
    /// Answers how consultations reached people.
    ///
    /// # Errors
    /// See [`QueryError`]; nothing to answer is no error.
    pub fn channels(&self, question: &ChannelQuestion) -> Result<ChannelTable, QueryError> {
        let query = &question.query;
        let unit = match question.measure {
            Measure::Contacts | Measure::AttendedContacts => Unit::Weights,
            Measure::Persons => Unit::Persons,
        };
        if unit == Unit::Persons && question.rates.is_some() {
            return Err(QueryError::Field {
                field: "include_rates".into(),
                description: "rates are of consultations: leave it out, or ask for CONTACTS".into(),
            });
        }
        let mut plan = self.plan(&self.ask(query, question.measure))?;
        let mut context = self.context(&mut plan, query);
        if unit == Unit::Persons {
            let without = plan.without_person(self.store().reader(), self.settings.threads)?;
            person_notes(&plan, without, &mut context);
        }
        let outer = plan.axes.len() - 1;
        let table =
            plan.table(self.store().reader(), unit, plan.path(unit), 1, self.settings.threads)?;
        let channels = occurring(&table, plan.axes[outer].places());
        // What else the answer looks at, besides the plan: it changes the answer too. All of it is read where the table was
        // read, whatever is written meanwhile.
        let pinned = plan.pinned(query);
        let mut scope = plan.scope.clone();
        if let Some(elsewhere) = self.unattributed(&plan, &pinned, |other| {
            self.consultations(other, question.measure, &[])
        })? {
            context.data_position = context.data_position.max(elsewhere.data_position);
            scope = scope.zip(elsewhere.scope).map(|(scope, other)| scope.joined(other));
            context.unattributed = elsewhere.told;
        }
        if query.full {
            context.legend = plan.legend(&table, outer, &channels);
        }
        let sums = match unit {
            Unit::Weights => axis_sums(&plan, &table, outer),
            Unit::Persons => self.volumes(&plan)?,
        };
        context.quality = self.quality(&[(&plan, sums)])?;
        let population = match &question.rates {
            Some(collection) => Some(self.population(&plan, &pinned, collection)?),
            None => None,
        };
        let maker = Rows {
            plan: &plan,
            question,
            unit,
            channels: &channels,
            population: population.as_ref(),
        };
        let mut rows = Vec::new();
        if has_total(query) {
            rows.push(maker.row(&[], &table.all));
        }
        if let Some(Parent { key, query, note }) = plan.declared_parent(&pinned) {
            let whole = self.channels(&ChannelQuestion { query, ..question.clone() })?;
            context.stands_beside(&whole.context, note);
            let keys = vec![key];
            rows.extend(whole.rows.into_iter().map(|row| ChannelRow { keys: keys.clone(), ..row }));
            scope = scope.zip(whole.scope).map(|(scope, other)| scope.joined(other));
        }
        let wanted = table.rows.iter().filter(|(row, _)| !row.is_empty() && plan.wants(row));
        rows.extend(wanted.map(|(row, counts)| maker.row(row, counts)));
        if rows.iter().all(|row| row.total == 0) && context.empty.is_none() {
            context.empty = Some(nothing(&plan, &context, "consultation"));
        }
        if let Some(population) = &population {
            context.notes.extend(population.notes());
        }
        if let Some(population) = population {
            context.data_position = context.data_position.max(population.data_position());
            scope = scope.zip(population.scope()).map(|(scope, other)| scope.joined(other));
        }
        let position = plan.position;
        Ok(ChannelTable { context, dimensions: query.by.clone(), rows, position, scope })
    }

    /// A plan of consultations by what is asked for and by more; consultations also where persons are asked for.
    pub(super) fn consultations(
        &self,
        query: &Query,
        measure: Measure,
        inner: &[&str],
    ) -> Result<Plan, QueryError> {
        let measure = match measure {
            Measure::Persons => Measure::Contacts,
            measure @ (Measure::Contacts | Measure::AttendedContacts) => measure,
        };
        let mut dimensions = query.by.clone();
        dimensions.extend(inner.iter().map(|id| (*id).to_owned()));
        let (collection, dataset) = (query.collection.as_str(), Dataset::Consultations);
        self.plan(&Ask { query, collection, dataset, dimensions, filters: filters(query, measure) })
    }

    pub(super) fn ask<'a>(&self, query: &'a Query, measure: Measure) -> Ask<'a> {
        let mut dimensions = query.by.clone();
        dimensions.push("channel".into());
        let filters = filters(query, measure);
        Ask {
            query,
            collection: &query.collection,
            dataset: Dataset::Consultations,
            dimensions,
            filters,
        }
    }
}

/// `keyless` are consultations without a key in submissions that carry keys.
fn person_notes(plan: &Plan, keyless: u64, context: &mut Context) {
    let schemes: BTreeSet<_> =
        plan.submissions.iter().filter(|s| s.has_persons).map(|s| &s.person_key_scheme).collect();
    let without = plan.submissions.iter().filter(|s| !s.has_persons).count();
    if schemes.len() > 1 {
        context.notes.push(format!(
            "Persons per scheme, summed: {} person-key schemes cannot be merged.",
            schemes.len()
        ));
    }
    if without > 0 {
        context.notes.push(format!(
            "{without} of {} submissions carry no person keys and count no persons.",
            plan.submissions.len()
        ));
    }
    if keyless > 0 {
        context.notes.push(format!(
            "{keyless} consultations in submissions with person keys carry none and count no person."
        ));
    }
    if schemes.is_empty() && !plan.submissions.is_empty() {
        context.empty = Some(Absence {
            reason: Reason::NotComputable,
            detail: "no submission carries person keys: ask for CONTACTS or ATTENDED_CONTACTS"
                .into(),
        });
    }
}

/// Makes rows of counts.
struct Rows<'a> {
    plan: &'a Plan,
    question: &'a ChannelQuestion,
    unit: Unit,
    channels: &'a [usize],
    population: Option<&'a Population>,
}

impl Rows<'_> {
    fn row(&self, row: &[usize], counts: &[u64]) -> ChannelRow {
        let axis = &self.plan.axes[self.plan.axes.len() - 1];
        let places = axis.places();
        let known = |place: usize| axis.state(place).is_none_or(|state| state == State::Coarser);
        let collected = |place: usize| axis.state(place) != Some(State::NotCollected);
        let sum = |of: &dyn Fn(usize) -> bool| -> u64 {
            (0..places).filter(|place| of(*place)).map(|place| counts[place]).sum()
        };
        let (total, covered, known_total) = match self.unit {
            Unit::Persons => (counts[places], counts[places + 1], counts[places + 2]),
            Unit::Weights => (sum(&|_| true), sum(&collected), sum(&known)),
        };
        let (base, in_base): (_, &dyn Fn(usize) -> bool) = match self.question.denominator {
            Denominator::KnownOnly => (known_total, &known),
            Denominator::All => (covered, &collected),
        };
        let people = self.population.map(|population| population.of(row));
        let confidence: Confidence = self.question.query.confidence;
        let cell = |place: &usize| {
            let count = counts[*place];
            let share = proportion(count, base, confidence).filter(|_| in_base(*place));
            let of_people = people.as_ref().and_then(|p| p.as_ref().ok());
            #[allow(clippy::cast_precision_loss)] // people times months are below 2^53
            let rate = of_people.and_then(|people| rate(count, *people as f64, 1000.0, confidence));
            ChannelCell { key: axis.key(*place), figures: Ok(Figures { count, share, rate }) }
        };
        ChannelRow {
            keys: self.plan.keys(row),
            total,
            base,
            unknown_channel: covered - known_total,
            uncollected_channel: total - covered,
            channels: self
                .channels
                .iter()
                .filter(|p| axis.only.as_ref().is_none_or(|o| o.contains(p)))
                .map(cell)
                .collect(),
            population: people.as_ref().and_then(|p| p.as_ref().ok().copied()),
            rate_absence: people.and_then(Result::err),
        }
    }
}

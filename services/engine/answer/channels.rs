//! How consultations reached people: indicators CH-01 to CH-04.

use std::collections::{BTreeMap, BTreeSet};

use super::context::{Absence, Context, Key, Reason};
use super::plan::{Ask, Plan};
use super::rates::Population;
use super::table::{Table, Unit};
use crate::domain::area::Area;
use crate::domain::codes::State;
use crate::domain::collection::Dataset;
use crate::domain::reference::Reference;
use crate::domain::statistics::{Confidence, Interval, proportion, rate};
use crate::engine::cache::Scope;
use crate::engine::query::{Denominator, Filter, Measure, Query, Where};
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
        let plan = self.plan(&self.ask(query, question.measure))?;
        let mut context = plan.context(query);
        if unit == Unit::Persons {
            person_notes(&plan, &mut context);
        }
        let outer = plan.axes.len() - 1;
        let table =
            plan.table(self.store().reader(), unit, plan.path(unit), 1, self.settings.threads)?;
        let channels = occurring(&table, plan.axes[outer].places());
        // What else the answer looks at, besides the plan: it changes the answer too. All of it is read where the table was
        // read, whatever is written meanwhile.
        let pinned = plan.pinned(query);
        let mut scope = plan.scope.clone();
        if let Some(elsewhere) = self.unattributed(&plan, &pinned, question.measure)? {
            context.data_position = context.data_position.max(elsewhere.data_position);
            scope = scope.zip(elsewhere.scope).map(|(scope, other)| scope.joined(other));
            context.unattributed = elsewhere.told;
        }
        if query.full {
            context.legend = plan.legend(&table, outer, &channels);
        }
        context.quality = plan.quality(&axis_sums(&plan, &table, outer));
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
        if maker.has_total() {
            rows.push(maker.row(&[], &table.all));
        }
        if let Some((key, query)) = plan.declared_parent(&pinned) {
            let whole = self.channels(&ChannelQuestion { query, ..question.clone() })?;
            context.notes.push(format!(
                "{} stands for all organisations of that area, those not listed included.",
                key.code
            ));
            let keys = vec![key];
            rows.extend(whole.rows.into_iter().map(|row| ChannelRow { keys: keys.clone(), ..row }));
            context.data_position = context.data_position.max(whole.context.data_position);
            scope = scope.zip(whole.scope).map(|(scope, other)| scope.joined(other));
        }
        let wanted = table.rows.iter().filter(|(row, _)| !row.is_empty() && plan.wants(row));
        rows.extend(wanted.map(|(row, counts)| maker.row(row, counts)));
        if rows.iter().all(|row| row.total == 0) && context.empty.is_none() {
            context.empty = Some(nothing(&plan, &context));
        }
        if let Some(population) = &population {
            context.notes.push(population.note());
        }
        if let Some(population) = population {
            context.data_position = context.data_position.max(population.data_position());
            scope = scope.zip(population.scope()).map(|(scope, other)| scope.joined(other));
        }
        let position = plan.position;
        Ok(ChannelTable { context, dimensions: query.by.clone(), rows, position, scope })
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

    /// What cannot be attributed to the area that was asked for: volume of organisations that belong to its parent and to no
    /// area of its kind; by residence, that of people whose home is not known.
    pub(super) fn unattributed(
        &self,
        plan: &Plan,
        query: &Query,
        measure: Measure,
    ) -> Result<Option<Elsewhere>, QueryError> {
        let mut other = Query { by: Vec::new(), ..query.clone() };
        let detail = match &query.place {
            Where::Organisations(_) => return Ok(None),
            Where::Provider(code) => {
                let Some(area) = plan.reference.areas().get(code) else { return Ok(None) };
                let elsewhere = belonging_to_none(&plan.reference, area);
                if elsewhere.is_empty() {
                    return Ok(None);
                }
                other.place = Where::Organisations(elsewhere);
                format!("belong to no single {}", area.kind)
            }
            Where::Residence(_) => {
                let unknown =
                    State::ALL.into_iter().filter(|s| s.is_unknown() || *s == State::NotCollected);
                let codes = unknown.map(|state| state.name().to_owned()).collect();
                other.filters.push(Filter { dimension: "residence_system".into(), codes });
                other.place = Where::Organisations(
                    plan.reference.organisations().map(|o| o.code.clone()).collect(),
                );
                "the home is not known".into()
            }
        };
        let measure = match measure {
            Measure::Persons => Measure::Contacts,
            measure @ (Measure::Contacts | Measure::AttendedContacts) => measure,
        };
        let plan = self.plan(&self.ask(&other, measure))?;
        let path = plan.path(Unit::Weights);
        let table =
            plan.table(self.store().reader(), Unit::Weights, path, 1, self.settings.threads)?;
        let count: u64 = table.all.iter().sum();
        let whose: BTreeSet<_> =
            plan.submissions.iter().map(|s| s.organisation.to_string()).collect();
        let detail = match &query.place {
            Where::Provider(_) => format!("{} {detail}", some_of(&whose)),
            Where::Residence(_) | Where::Organisations(_) => detail,
        };
        let told = (count > 0).then_some((count, detail));
        Ok(Some(Elsewhere { told, data_position: plan.data_position, scope: plan.scope }))
    }
}

/// Volume that cannot be attributed, and what its figure depends on.
pub(super) struct Elsewhere {
    pub(super) told: Option<(u64, String)>,
    pub(super) data_position: u64,
    pub(super) scope: Option<Scope>,
}

/// A few of some codes.
fn some_of(codes: &BTreeSet<String>) -> String {
    let some: Vec<_> = codes.iter().take(5).map(String::as_str).collect();
    let more = if codes.len() > some.len() { ", …" } else { "" };
    format!("{}{more}", some.join(", "))
}

/// Organisations that belong to a parent of the area, and to no area of its kind.
fn belonging_to_none(reference: &Reference, area: &Area) -> Vec<String> {
    let found = reference.organisations().filter(|organisation| {
        let of_kind = reference.area_of(&organisation.code, &area.kind).is_some();
        !of_kind && area.parents.iter().any(|parent| organisation.areas.contains(parent))
    });
    found.map(|organisation| organisation.code.clone()).collect()
}

/// Places of the channel axis that occur anywhere.
pub(super) fn occurring(table: &Table, places: usize) -> Vec<usize> {
    (0..places).filter(|place| table.all[*place] > 0).collect()
}

/// Sums along each axis whose quality is told.
pub(super) fn axis_sums(plan: &Plan, table: &Table, outer: usize) -> BTreeMap<usize, Vec<u64>> {
    let mut sums = BTreeMap::new();
    for number in (0..outer).filter(|number| plan.axes[*number].field().is_some()) {
        // With another multi-valued axis beside it rows count a record several times; there is at most one, and it is told by ANY.
        // A set of what is known more coarsely is ANY too.
        let other = (0..outer).find(|n| *n != number && plan.axes[*n].dimension.overlapping());
        let once = |row: &Vec<usize>| {
            other.is_none_or(|other| {
                plan.axes[other].state(row[other]).is_some_and(|state| state != State::Coarser)
            })
        };
        let mut of_places = vec![0; plan.axes[number].places()];
        for (row, counts) in table.rows.iter().filter(|(row, _)| once(row)) {
            of_places[row[number]] += counts.iter().take(plan.axes[outer].places()).sum::<u64>();
        }
        sums.insert(number, of_places);
    }
    let channels = plan.axes[outer].places();
    sums.insert(outer, table.all[..channels].to_vec());
    sums
}

fn person_notes(plan: &Plan, context: &mut Context) {
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
    if schemes.is_empty() && !plan.submissions.is_empty() {
        context.empty = Some(Absence {
            reason: Reason::NotComputable,
            detail: "no submission carries person keys: ask for CONTACTS or ATTENDED_CONTACTS"
                .into(),
        });
    }
}

/// Why a table with submissions behind it has no figure.
pub(super) fn nothing(plan: &Plan, context: &Context) -> Absence {
    let uncollected = plan.filters.iter().find(|filter| {
        plan.submissions.iter().all(|submission| submission.column(filter.field).is_none())
    });
    match uncollected {
        Some(filter) => Absence {
            reason: Reason::NotCollected,
            detail: format!(
                "no source of collection `{}` collects {}",
                context.collection,
                filter.field.name()
            ),
        },
        None => Absence {
            reason: Reason::NoData,
            detail: "there are submissions, and no consultation in them meets the conditions"
                .into(),
        },
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
    /// A total stands over the rows unless it would be a union that nobody has declared.
    fn has_total(&self) -> bool {
        let query = &self.question.query;
        let several = matches!(&query.place, Where::Organisations(codes) if codes.len() > 1)
            || query
                .filters
                .iter()
                .any(|filter| filter.codes.len() > 1 && filter.dimension != "channel");
        !several || query.by.is_empty()
    }

    fn row(&self, row: &[usize], counts: &[u64]) -> ChannelRow {
        let axis = &self.plan.axes[self.plan.axes.len() - 1];
        let places = axis.places();
        let known = |place: usize| axis.state(place).is_none_or(|state| state == State::Coarser);
        let (total, known_total) = match self.unit {
            Unit::Persons => (counts[places], counts[places + 1]),
            Unit::Weights => (
                counts.iter().sum(),
                (0..places).filter(|place| known(*place)).map(|place| counts[place]).sum(),
            ),
        };
        let base = match self.question.denominator {
            Denominator::KnownOnly => known_total,
            Denominator::All => total,
        };
        let people = self.population.map(|population| population.of(self.plan, row));
        let confidence: Confidence = self.question.query.confidence;
        let cell = |place: &usize| {
            let count = counts[*place];
            let shared = known(*place) || self.question.denominator == Denominator::All;
            let of_people = people.as_ref().and_then(|p| p.as_ref().ok());
            #[allow(clippy::cast_precision_loss)] // people times months are below 2^53
            let rate = of_people.and_then(|people| rate(count, *people as f64, 1000.0, confidence));
            ChannelCell {
                key: axis.key(*place),
                figures: Ok(Figures {
                    count,
                    share: if shared { proportion(count, base, confidence) } else { None },
                    rate,
                }),
            }
        };
        ChannelRow {
            keys: self.plan.keys(row),
            total,
            base,
            unknown_channel: total - known_total,
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

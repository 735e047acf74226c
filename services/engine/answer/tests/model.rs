//! The naive model: answers counted row by row from what was said. It asks the reference content which category a code is in,
//! and does everything else itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::world::{Given, Row, Said};
use crate::domain::codes::{Dimension, Mapped, Source, State, Value};
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::domain::reference::Reference;
use crate::engine::answer::ChannelQuestion;
use crate::engine::query::{Denominator, Filter, Measure, Query, Where};

/// One part of a key: the code of a category, or `!` and the name of a state.
pub(super) type Label = String;
/// Submission and row.
pub(super) type Fact<'a> = (&'a Said, &'a Row);

/// What a row of the answer has to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Counted {
    pub(super) total: u64,
    pub(super) base: u64,
    /// In no base, because the channel is not known.
    pub(super) unknown: u64,
    pub(super) uncollected: u64,
    /// To whom no channel applies.
    pub(super) outside: u64,
    pub(super) channels: BTreeMap<Label, u64>,
    /// People, where rates were asked for and can be told.
    pub(super) people: Option<u64>,
}

/// Coverage and unknown share by dimension.
pub(super) type Quality = BTreeMap<String, (Option<f64>, Option<f64>)>;

/// What an answer has to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Expected {
    pub(super) rows: BTreeMap<Vec<Label>, Counted>,
    pub(super) submissions: usize,
    pub(super) organisations: usize,
    pub(super) quality: Quality,
    pub(super) unattributed: Option<u64>,
}

pub(super) struct Model<'a> {
    pub(super) reference: &'a Reference,
    pub(super) standing: Vec<&'a Arc<Said>>,
}

/// Whether a code of a question means a label.
fn is(label: &Label, code: &str) -> bool {
    label.strip_prefix('!').unwrap_or(label) == code
}

pub(super) fn weight(row: &Row) -> u64 {
    row.weight.map_or(1, u64::from)
}

impl Model<'_> {
    /// What a field of a row says.
    pub(super) fn value(&self, said: &Said, row: &Row, field: Field) -> Value {
        let given =
            |said: &Said, field: Field| said.rows.iter().any(|r| r.fields.contains_key(&field));
        let list = self.reference.list_of(field).unwrap();
        let one = |code: &str| match list.map(said.system(field), code) {
            Mapped::Value(value) => value,
            Mapped::Unknown { .. } => Value::Codes(vec!["OUTSIDE".into()]),
        };
        match row.fields.get(&field) {
            Some(Given::Number(number)) => return Value::Number(u32::try_from(*number).unwrap()),
            Some(Given::Code(code)) => return one(code),
            Some(Given::Set(codes)) => {
                let mut set = BTreeSet::new();
                for code in codes {
                    match one(code) {
                        Value::Codes(codes) => set.extend(codes),
                        state => return state,
                    }
                }
                return Value::Codes(set.into_iter().collect());
            }
            None => {}
        }
        if field == Field::OnlineAny {
            return self.online_any(said, row);
        }
        let consultations = said.dataset == Dataset::Consultations;
        if field == Field::CareSetting && consultations {
            let settings = &self.reference.collection(said.collection).unwrap().care_settings;
            if let [only] = settings.as_slice() {
                return Value::Codes(vec![only.clone()]);
            }
        }
        if field == Field::Deprivation && given(said, Field::ResidenceLsoa) {
            let homes = self.reference.list_of(Field::ResidenceLsoa).unwrap();
            let edition = &homes.systems[said.system(Field::ResidenceLsoa)].id;
            return match self.value(said, row, Field::ResidenceLsoa) {
                Value::Codes(codes) => {
                    let found = self.reference.deprivation_of(edition, &codes[0]);
                    found.unwrap_or(Value::State(State::NotKnown))
                }
                state => state,
            };
        }
        let collected = if field.is_characteristic() {
            said.collected.contains(&field)
        } else {
            given(said, field)
        };
        Value::State(if collected { State::NotRecorded } else { State::NotCollected })
    }

    /// Whether any online service is enabled, said service by service.
    fn online_any(&self, said: &Said, row: &Row) -> Value {
        let services = [Field::OnlineAppointments, Field::OnlinePrescriptions, Field::OnlineRecord];
        let said_of: Vec<_> = services.map(|field| self.value(said, row, field)).into();
        let uncollected = Value::State(State::NotCollected);
        if said_of.iter().all(|value| *value == uncollected) {
            return uncollected;
        }
        let is = |value: &Value, code: &str| *value == Value::Codes(vec![code.into()]);
        if said_of.iter().any(|value| is(value, "Y")) {
            return Value::Codes(vec!["Y".into()]);
        }
        // One that does not apply cannot be a yes; one that is not collected is not known.
        let known = said_of.iter().any(|value| is(value, "N"));
        let missing = said_of.iter().filter_map(|value| match value {
            Value::State(State::NotCollected) => Some(State::NotKnown),
            Value::State(state) => Some(*state).filter(|state| *state != State::NotApplicable),
            Value::Codes(_) | Value::Number(_) => None,
        });
        match (known, missing.min()) {
            (true, None) => Value::Codes(vec!["N".into()]),
            (true, Some(_)) => Value::Codes(vec!["N_OF_KNOWN".into()]),
            (false, state) => Value::State(state.unwrap_or(State::NotApplicable)),
        }
    }

    /// Where a value falls.
    pub(super) fn labels_of(&self, dimension: &Dimension, value: &Value) -> Vec<Label> {
        let single = |value: &Value| -> Label {
            let place = self.reference.places(dimension, value)[0];
            match place.checked_sub(dimension.categories.len()) {
                None => dimension.categories[place].0.clone(),
                Some(state) => format!("!{}", State::ALL[state].name()),
            }
        };
        match value {
            Value::Codes(codes) if dimension.overlapping() => {
                let mut labels = BTreeSet::from(["!ANY".to_owned()]);
                for code in codes {
                    let category = dimension.categories.iter().any(|(known, _)| known == code);
                    labels.insert(if category { code.clone() } else { "!COARSER".into() });
                }
                labels.into_iter().collect()
            }
            value => vec![single(value)],
        }
    }

    pub(super) fn slot_label(&self, source: &Source, said: &Said) -> Label {
        let (year, month) = (said.month.year(), said.month.month());
        match source {
            Source::Month => format!("{year}-{month:02}"),
            Source::Quarter => format!("{year}-Q{}", (month - 1) / 3 + 1),
            Source::FinancialYear => {
                let start = if month < 4 { year - 1 } else { year };
                format!("{start}/{:02}", (start + 1) % 100)
            }
            Source::CalendarYear => year.to_string(),
            Source::Organisation => said.organisation.clone(),
            Source::ProviderArea(kind) => {
                let areas = &self.reference.organisation(&said.organisation).unwrap().areas;
                let of_kind =
                    |code: &&String| self.reference.areas().get(code).unwrap().kind == *kind;
                areas.iter().find(of_kind).map_or("!NOT_APPLICABLE".into(), Clone::clone)
            }
            Source::OrganisationAttribute(id) => {
                let organisation = self.reference.organisation(&said.organisation).unwrap();
                organisation.attributes.get(id).cloned().unwrap_or("!NOT_KNOWN".into())
            }
            Source::Field(_) | Source::Computed => unreachable!(),
        }
    }

    pub(super) fn labels(&self, id: &str, (said, row): Fact<'_>) -> Vec<Label> {
        let dimension = self.reference.dimension(id).unwrap();
        match dimension.field() {
            Some(field) => self.labels_of(dimension, &self.value(said, row, field)),
            None => vec![self.slot_label(&dimension.source, said)],
        }
    }

    fn meets(&self, filter: &Filter, fact: Fact<'_>) -> bool {
        if let Some(held) = self.held(filter, fact) {
            return held;
        }
        let meant = |label: &Label| filter.codes.iter().any(|code| is(label, code));
        self.labels(&filter.dimension, fact).iter().any(meant)
    }

    pub(super) fn organisations(&self, place: &Where) -> BTreeSet<String> {
        match place {
            Where::Organisations(codes) => codes.iter().cloned().collect(),
            Where::Residence(_) => self.reference.organisations().map(|o| o.code.clone()).collect(),
            Where::Provider(area) => {
                let all = self.reference.organisations();
                all.filter(|o| o.areas.contains(area)).map(|o| o.code.clone()).collect()
            }
        }
    }

    /// The submissions that a question is about.
    pub(super) fn submissions(&self, query: &Query, dataset: Dataset) -> Vec<&Said> {
        // One by one: all organisations of England, for each question, would take minutes.
        let is_asked = |said: &Said| match &query.place {
            Where::Organisations(codes) => codes.contains(&said.organisation),
            Where::Residence(_) => true,
            Where::Provider(area) => {
                self.reference.organisation(&said.organisation).unwrap().areas.contains(area)
            }
        };
        let slot_filters: Vec<_> = query
            .filters
            .iter()
            .map(|f| (self.reference.dimension(&f.dimension).unwrap(), f))
            .filter(|(d, _)| d.field().is_none())
            .collect();
        self.standing
            .iter()
            .map(AsRef::as_ref)
            .filter(|said| {
                said.collection == query.collection
                    && said.dataset == dataset
                    && is_asked(said)
                    && (query.months.0..=query.months.1).contains(&said.month)
                    && slot_filters.iter().all(|(d, f)| {
                        let label = self.slot_label(&d.source, said);
                        f.codes.iter().any(|code| is(&label, code))
                    })
            })
            .collect()
    }

    pub(super) fn facts(
        &self,
        query: &Query,
        filters: &[Filter],
        dataset: Dataset,
    ) -> Vec<Fact<'_>> {
        let lives = |fact: Fact<'_>| match &query.place {
            Where::Residence(area) => {
                let area = self.reference.areas().get(area).unwrap();
                let dimension = self.reference.residence_dimension(area).unwrap();
                self.labels(&dimension.id, fact).contains(&area.code)
            }
            Where::Provider(_) | Where::Organisations(_) => true,
        };
        let mut facts = Vec::new();
        for said in self.submissions(query, dataset) {
            let rows = said.rows.iter().map(|row| (said, row));
            facts.extend(rows.filter(|f| filters.iter().all(|c| self.meets(c, *f)) && lives(*f)));
        }
        facts
    }

    pub(super) fn conditions(query: &Query, measure: Measure) -> Vec<Filter> {
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

    /// The facts of each row of a table; the row without keys holds all.
    pub(super) fn table<'f>(
        &self,
        by: &[String],
        facts: &[Fact<'f>],
    ) -> BTreeMap<Vec<Label>, Vec<Fact<'f>>> {
        let mut rows: BTreeMap<Vec<Label>, Vec<Fact<'f>>> = BTreeMap::new();
        rows.insert(Vec::new(), facts.to_vec());
        if by.is_empty() {
            return rows;
        }
        for fact in facts {
            let mut keys = vec![Vec::new()];
            for id in by {
                let labels = self.labels(id, *fact);
                keys = keys
                    .iter()
                    .flat_map(|key: &Vec<Label>| {
                        labels.iter().map(|l| [&key[..], std::slice::from_ref(l)].concat())
                    })
                    .collect();
            }
            keys.into_iter().for_each(|key| rows.entry(key).or_default().push(*fact));
        }
        rows
    }

    /// Whether a row was asked for: a condition on a dimension of the table leaves its own categories alone.
    pub(super) fn wanted(&self, query: &Query, filters: &[Filter], key: &[Label]) -> bool {
        key.iter().zip(&query.by).all(|(label, id)| {
            let field = self.reference.dimension(id).unwrap().field().is_some();
            let filter = filters.iter().find(|f| f.dimension == *id && field);
            filter.is_none_or(|f| f.codes.iter().any(|code| is(label, code)))
        })
    }

    fn count(facts: &[Fact<'_>], measure: Measure) -> u64 {
        match measure {
            Measure::Contacts | Measure::AttendedContacts => {
                facts.iter().map(|f| weight(f.1)).sum()
            }
            Measure::Persons => {
                let persons =
                    facts.iter().filter_map(|f| f.1.person.as_ref().map(|p| (&f.0.scheme, p)));
                persons.collect::<BTreeSet<_>>().len() as u64
            }
        }
    }

    fn counted(
        &self,
        question: &ChannelQuestion,
        facts: &[Fact<'_>],
        channels: &BTreeSet<Label>,
    ) -> Counted {
        let with = |wanted: &dyn Fn(&Label) -> bool| -> Vec<Fact<'_>> {
            let keeps = |fact: &&Fact<'_>| wanted(&self.labels("channel", **fact)[0]);
            facts.iter().filter(keeps).copied().collect()
        };
        let of = |facts: &[Fact<'_>]| Self::count(facts, question.measure);
        let known = of(&with(&|label| !label.starts_with('!') || label == "!COARSER"));
        let asked = of(&with(&|label| label != "!NOT_APPLICABLE"));
        let collected = of(&with(&|label| label != "!NOT_COLLECTED" && label != "!NOT_APPLICABLE"));
        let total = of(facts);
        Counted {
            total,
            base: if question.denominator == Denominator::All { collected } else { known },
            unknown: if question.denominator == Denominator::All { 0 } else { collected - known },
            uncollected: asked - collected,
            outside: total - asked,
            channels: channels
                .iter()
                .map(|c| (c.clone(), of(&with(&|label| label == c))))
                .collect(),
            people: None,
        }
    }

    pub(super) fn channels(&self, question: &ChannelQuestion) -> Expected {
        let query = &question.query;
        let filters = Self::conditions(query, question.measure);
        let facts = self.facts(query, &filters, Dataset::Consultations);
        // A channel occurs if there is something to count in it.
        let occurs = |label: &Label| {
            let of: Vec<_> = facts
                .iter()
                .filter(|f| self.labels("channel", **f)[0] == *label)
                .copied()
                .collect();
            Self::count(&of, question.measure) > 0
        };
        let channels: BTreeSet<Label> =
            facts.iter().flat_map(|f| self.labels("channel", *f)).filter(occurs).collect();
        let mut rows = BTreeMap::new();
        for (key, facts) in self.table(&query.by, &facts) {
            let wanted = if key.is_empty() {
                Self::has_total(query)
            } else {
                self.wanted(query, &filters, &key)
            };
            let mut counted = self.counted(question, &facts, &channels);
            if wanted && (key.is_empty() || counted.total > 0) {
                if question.rates.is_some() {
                    counted.people = self.people(question, &key);
                }
                rows.insert(key, counted);
            }
        }
        self.with_parents(query, &mut rows, &|whole| {
            self.channels(&ChannelQuestion { query: whole, ..question.clone() }).rows
        });
        // A channel that occurs in one row has a cell in all; without channels there are no rates.
        let channels: BTreeSet<Label> =
            rows.values().flat_map(|row| row.channels.keys().cloned()).collect();
        for row in rows.values_mut() {
            row.people = row.people.filter(|_| !channels.is_empty());
            for channel in &channels {
                row.channels.entry(channel.clone()).or_default();
            }
        }
        let submissions = self.submissions(query, Dataset::Consultations);
        let organisations: BTreeSet<_> = submissions.iter().map(|s| &s.organisation).collect();
        Expected {
            rows,
            submissions: submissions.len(),
            organisations: organisations.len(),
            quality: self.quality(query, question.measure, &["channel"]),
            unattributed: self.unattributed(query, question.measure),
        }
    }

    fn unattributed(&self, query: &Query, measure: Measure) -> Option<u64> {
        let mut other = query.clone();
        match &query.place {
            Where::Organisations(_) => return None,
            Where::Provider(code) => {
                let area = |code: &String| self.reference.areas().get(code).unwrap();
                let (kind, around) = (&area(code).kind, self.around(code));
                let elsewhere = self.reference.organisations().filter(|o| {
                    o.areas.iter().all(|a| area(a).kind != *kind)
                        && o.areas.iter().any(|a| around.contains(a))
                        && o.areas.iter().all(|a| {
                            around.contains(a)
                                || around.iter().all(|other| area(other).kind != area(a).kind)
                        })
                });
                other.place = Where::Organisations(elsewhere.map(|o| o.code.clone()).collect());
            }
            Where::Residence(_) => {
                let codes = [
                    "NOT_STATED",
                    "ASKED_UNSURE",
                    "NOT_KNOWN",
                    "NOT_RECORDED",
                    "INVALID",
                    "NOT_COLLECTED",
                ];
                let codes = codes.map(str::to_owned).to_vec();
                other.filters.push(Filter { dimension: "residence_system".into(), codes });
                other.place = Where::Organisations(
                    self.reference.organisations().map(|o| o.code.clone()).collect(),
                );
            }
        }
        let facts = self.facts(&other, &Self::conditions(&other, measure), Dataset::Consultations);
        let count = facts.iter().map(|f| weight(f.1)).sum();
        (count > 0).then_some(count)
    }
}

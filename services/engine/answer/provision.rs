//! Whether people who need face to face get it: indicators CH-05 to CH-08, CH-13 and CH-14.

use super::access::{Access, access_collection};
use super::around::{axis_sums, has_total, joined, nothing, occurring};
use super::context::{Context, Key};
use super::indicators::IndicatorCell;
use super::parent::Parent;
use super::plan::Plan;
use super::table::{Folded, Unit};
use crate::domain::field::Field;
use crate::domain::measures::{Answer, Group, Needs, Provision};
use crate::domain::statistics::Confidence;
use crate::engine::cache::Scope;
use crate::engine::query::{Measure, Query};
use crate::engine::{Engine, QueryError};

/// Asks whether face to face is there for those who need it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProvisionQuestion {
    /// What is asked about.
    pub query: Query,
    /// Collection of the access snapshots; empty: the one that the collection names.
    pub access_collection: String,
}

/// What the people of one group got.
#[derive(Clone, Debug, PartialEq)]
pub struct ProvisionGroup {
    /// The group.
    pub group: Group,
    /// Counts.
    pub counts: Provision,
    /// CH-05 or CH-07, CH-06, CH-08, CH-13, CH-14.
    pub indicators: Vec<IndicatorCell>,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct ProvisionRow {
    /// Categories; none for the total.
    pub keys: Vec<Key>,
    /// The groups, in order.
    pub groups: Vec<ProvisionGroup>,
}

/// Where it was known from whether people can use remote care.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// Consultations whose record says so.
    pub record: u64,
    /// Consultations whose person's snapshot says so.
    pub snapshot: u64,
    /// Consultations of which neither does.
    pub unknown: u64,
    /// Collection of the snapshots; empty: none.
    pub collection: String,
}

/// A table of face-to-face provision.
#[derive(Clone, Debug, PartialEq)]
pub struct ProvisionTable {
    /// What it was made of.
    pub context: Context,
    /// Dimension ids.
    pub dimensions: Vec<String>,
    /// The total first.
    pub rows: Vec<ProvisionRow>,
    /// Where access status comes from.
    pub sources: Sources,
    /// Position that was read at.
    pub position: u64,
    /// The data that it was made of, for the cache.
    pub scope: Option<Scope>,
}

/// What a scan asks besides the needs.
const MODE: &str = "channel_mode";
const NEEDS: [&str; 3] = ["digital_access", "interpreter_needed", "accessible_need"];
const IN_PERSON: &str = "IN_PERSON";
const REMOTE: &str = "REMOTE";

/// What is added up in a row: a count of each group.
type Groups = [Provision; Group::ALL.len()];

/// What an inner axis says, place by place.
struct Says(Vec<Answer>);

impl Says {
    fn at(&self, place: usize) -> Answer {
        self.0.get(place).copied().unwrap_or(Answer::Unknown)
    }
}

/// Whether a question asks about the field.
pub(super) fn asks_about(plan: &Plan, field: Field) -> bool {
    plan.axes.iter().any(|axis| axis.field() == Some(field))
        || plan.filters.iter().any(|filter| filter.field == field)
}

impl Engine {
    /// Answers whether face to face is there for those who need it.
    ///
    /// # Errors
    /// See [`QueryError`]; nothing to answer is no error.
    pub fn provision(&self, question: &ProvisionQuestion) -> Result<ProvisionTable, QueryError> {
        let query = &question.query;
        let mut plan = self.consultations(query, Measure::Contacts, &[MODE])?;
        let pinned = plan.pinned(query);
        let (mut context, mut scope) = (self.context(&mut plan, query), plan.scope.clone());
        let named = match question.access_collection.as_str() {
            "" => plan.collection.access_collection.clone(),
            named => access_collection(&plan.reference, named)?.id.clone(),
        };
        let access = match named.as_str() {
            "" => None,
            named => Some(self.access(&plan, named, query.months.1)?),
        };
        if let Some(access) = &access {
            access.join(&mut plan);
            context.data_position = context.data_position.max(access.data_position);
            scope = joined(scope, access.scope.clone());
            context.notes.push(access.note());
        }
        context.notes.push(
            "All consultations count, whatever became of them. A person with several needs is in each of their groups; \
             NO_NEED holds everybody of whom no need is said."
                .into(),
        );
        let outer = plan.axes.len() - 1;
        let (reader, threads) = (self.store().reader(), self.settings.threads);
        let table = plan.table(reader, Unit::Weights, plan.path(Unit::Weights), 1, threads)?;
        let modes = occurring(&table, plan.axes[outer].places());
        if let Some(elsewhere) = self.unattributed(&plan, &pinned, |other| {
            let mut plan = self.consultations(other, Measure::Contacts, &[])?;
            if !named.is_empty() && asks_about(&plan, Field::DigitalAccess) {
                self.access(&plan, &named, query.months.1)?.join(&mut plan);
            }
            Ok(plan)
        })? {
            context.data_position = context.data_position.max(elsewhere.data_position);
            scope = joined(scope, elsewhere.scope);
            context.unattributed = elsewhere.told;
        }
        context.quality = plan.quality(&axis_sums(&plan, &table, outer));
        if query.full {
            context.legend = plan.legend(&table, outer, &modes);
        }
        let folded = self.provided(&pinned, access.as_ref())?;
        let sources = self.sources(&pinned, &named, access.as_ref())?;

        let none = Groups::default();
        let row = |keys: Vec<Key>, groups: &Groups| ProvisionRow {
            keys,
            groups: Group::ALL
                .into_iter()
                .zip(groups)
                .map(|(g, c)| group(g, c, query.confidence))
                .collect(),
        };
        let mut rows = Vec::new();
        if has_total(query) {
            rows.push(row(Vec::new(), &folded.all));
        }
        if let Some(Parent { key, query, note }) = plan.declared_parent(&pinned) {
            let whole = self.provision(&ProvisionQuestion { query, ..question.clone() })?;
            context.notes.push(note);
            let keys = vec![key];
            rows.extend(
                whole.rows.into_iter().map(|row| ProvisionRow { keys: keys.clone(), ..row }),
            );
            context.data_position = context.data_position.max(whole.context.data_position);
            scope = joined(scope, whole.scope);
        }
        let wanted = table.rows.keys().filter(|row| !row.is_empty() && plan.wants(row));
        rows.extend(wanted.map(|of| row(plan.keys(of), folded.rows.get(of).unwrap_or(&none))));
        if table.all.iter().sum::<u64>() == 0 && context.empty.is_none() {
            context.empty = Some(nothing(&plan, &context, "consultation"));
        }
        let (dimensions, position) = (query.by.clone(), plan.position);
        Ok(ProvisionTable { context, dimensions, rows, sources, position, scope })
    }

    /// What each group of each row got: a scan of the consultations for every two questions.
    fn provided(
        &self,
        query: &Query,
        access: Option<&Access>,
    ) -> Result<Folded<Groups>, QueryError> {
        let mut folded = Folded::default();
        let offered = self.scan(query, access, &[MODE, "face_to_face_offered"], &[&["Y", "N"]])?;
        offered.fold(self, &mut folded, |of, _, says, count| of.mode(says[0], says[1], count))?;
        let asked = self.scan(query, access, &[MODE, "face_to_face_requested"], &[&["Y", "N"]])?;
        asked.fold(self, &mut folded, |of, _, says, count| of.request(says[0], says[1], count))?;
        let preferred = [IN_PERSON, REMOTE];
        let prefers = self.scan(query, access, &[MODE, "preferred_mode"], &[&preferred])?;
        prefers
            .fold(self, &mut folded, |of, _, says, count| of.preference(says[0], says[1], count))?;
        let present = self.scan(query, access, &["interpreter_present"], &[&["Y", "N"]])?;
        present.fold(self, &mut folded, |of, needs, says, count| {
            of.interpreter.count(needs.interpreter.then(says[0]), count);
        })?;
        let met = self.scan(query, access, &["accessible_need_met"], &[&["Y", "N"]])?;
        met.fold(self, &mut folded, |of, needs, says, count| {
            of.need_met.count(needs.accessible.then(says[0]), count);
        })?;
        Ok(folded)
    }

    /// A plan by the needs and by one or two questions; `known` are the answers of the last, yes first.
    fn scan(
        &self,
        query: &Query,
        access: Option<&Access>,
        questions: &[&str],
        known: &[&[&str]],
    ) -> Result<Scan, QueryError> {
        let inner = [&NEEDS, questions].concat();
        let mut plan = self.consultations(query, Measure::Contacts, &inner)?;
        if let Some(access) = access {
            access.join(&mut plan);
        }
        let outer = query.by.len();
        let mut says = Vec::new();
        let mut narrow = |axis: usize, kept: &[&str]| {
            plan.axes[axis].narrow(kept);
            says.push(Says(plan.axes[axis].answers(&kept[..1], kept)));
        };
        narrow(outer, &["UNABLE", "WITH_HELP"]);
        narrow(outer + 1, &["Y"]);
        narrow(outer + 2, &["Y"]);
        for (number, question) in questions.iter().enumerate() {
            let kept = if *question == MODE { &[IN_PERSON, REMOTE] } else { known[0] };
            narrow(outer + NEEDS.len() + number, kept);
        }
        let with_help = Says(plan.axes[outer].answers(&["WITH_HELP"], &[]));
        Ok(Scan { plan, outer, says, with_help })
    }

    /// Where it is known from whether people can use remote care.
    fn sources(
        &self,
        query: &Query,
        named: &str,
        access: Option<&Access>,
    ) -> Result<Sources, QueryError> {
        let query = Query { by: Vec::new(), ..query.clone() };
        let mut plan = self.consultations(&query, Measure::Contacts, &[NEEDS[0]])?;
        let (reader, threads) = (self.store().reader(), self.settings.threads);
        let axis = match access {
            Some(access) => {
                access.join(&mut plan);
                access.source_axis(&plan)
            }
            None => None,
        };
        // Without snapshots, the first three categories are what a record can say.
        let from_snapshots = axis.is_some();
        plan.axes[0] = axis.unwrap_or_else(|| plan.axes[0].clone());
        let table = plan.table(reader, Unit::Weights, plan.path(Unit::Weights), 1, threads)?;
        let all: u64 = table.all.iter().sum();
        let (record, snapshot) = if from_snapshots {
            (table.all[0], table.all[1])
        } else {
            let known = plan.axes[0].answers(&["ABLE", "WITH_HELP", "UNABLE"], &[]);
            let known = known.iter().zip(&table.all).filter(|(says, _)| **says == Answer::Yes);
            (known.map(|(_, count)| count).sum(), 0)
        };
        Ok(Sources {
            record,
            snapshot,
            unknown: all - record - snapshot,
            collection: named.to_owned(),
        })
    }
}

/// One scan of the consultations.
struct Scan {
    plan: Plan,
    outer: usize,
    says: Vec<Says>,
    with_help: Says,
}

impl Scan {
    fn fold(
        &self,
        engine: &Engine,
        folded: &mut Folded<Groups>,
        add: impl Fn(&mut Provision, Needs, &[Answer], u64),
    ) -> Result<(), QueryError> {
        let (reader, threads) = (engine.store().reader(), engine.settings.threads);
        self.plan.fold(reader, self.outer, threads, folded, |groups: &mut Groups, places, count| {
            let says: Vec<_> =
                self.says.iter().zip(places).map(|(says, at)| says.at(*at)).collect();
            let [unable, interpreter, accessible, answers @ ..] = says.as_slice() else { return };
            let needs = Needs {
                unable: *unable,
                with_help: self.with_help.at(places[0]),
                interpreter: *interpreter,
                accessible: *accessible,
            };
            for (group, counts) in Group::ALL.into_iter().zip(groups) {
                if group.holds(needs) {
                    add(counts, needs, answers, count);
                }
            }
        })
    }
}

fn group(group: Group, counts: &Provision, confidence: Confidence) -> ProvisionGroup {
    let cell = |id, tally| IndicatorCell::new(id, tally, "consultations", confidence);
    let indicators = vec![
        cell(group.given_indicator(), counts.given),
        cell("CH-06", counts.request_met),
        cell("CH-08", counts.involuntary),
        cell("CH-13", counts.interpreter),
        cell("CH-14", counts.need_met),
    ];
    ProvisionGroup { group, counts: *counts, indicators }
}

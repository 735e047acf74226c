//! Whether people who need face to face get it: indicators CH-05 to CH-08, CH-13 and CH-14.

mod scan;

use super::access::{Access, NeedSources, access_collection, all_needs, needs_asked};
use super::around::{axis_sums, has_total, joined, nothing, occurring};
use super::context::{Absence, Context, Key, Reason};
use super::indicators::IndicatorCell;
use super::parent::Parent;
use super::table::{Folded, Unit};
use crate::domain::measures::{Answer, Group, Provision, Tally, provision};
use crate::domain::statistics::Confidence;
use crate::engine::cache::Scope;
use crate::engine::query::{Measure, Query};
use crate::engine::{Engine, QueryError};
use scan::Ask;

/// Asks whether face to face is there for those who need it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProvisionQuestion {
    /// What is asked about.
    pub query: Query,
    /// Collection of the access snapshots; empty: the one that the collection names.
    pub access_collection: String,
    /// Days from booking within which a request for face to face counts as met.
    pub request_met_days: u32,
}

/// What the people of one group got.
#[derive(Clone, Debug, PartialEq)]
pub struct ProvisionGroup {
    /// The group.
    pub group: Group,
    /// Counts.
    pub counts: Provision,
    /// Why it cannot be said how many consultations are of the group, where it is known of none.
    pub absence: Option<Absence>,
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

/// Where people's needs are known from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// Of each need, in order: whether they can use remote care, need an interpreter, have an accessible-information need.
    pub needs: Vec<NeedSources>,
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
    /// Where needs are known from.
    pub sources: Sources,
    /// Position that was read at.
    pub position: u64,
    /// The data that it was made of, for the cache.
    pub scope: Option<Scope>,
}

const MODE: &str = "channel_mode";

/// What is added up in a row: a count of each group.
type Groups = [Provision; Group::ALL.len()];

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
            named => access_collection(&plan.reference, &plan.collection, named)?.id.clone(),
        };
        let access = self.access(&plan, &named, &all_needs(), query.months.1)?;
        access.join(&mut plan);
        if !named.is_empty() {
            context.data_position = context.data_position.max(access.data_position);
            scope = joined(scope, access.scope.clone());
            context.notes.push(access.note());
        }
        context.notes.push(
            "All consultations count, whatever became of them. A person with several needs is in each of their groups; NO_NEED holds \
             those of whom every need is known, and none there; NEED_NOT_KNOWN all others without a need."
                .into(),
        );
        let outer = plan.axes.len() - 1;
        let (reader, threads) = (self.store().reader(), self.settings.threads);
        let table = plan.table(reader, Unit::Weights, plan.path(Unit::Weights), 1, threads)?;
        let modes = occurring(&table, plan.axes[outer].places());
        if let Some(elsewhere) = self.unattributed(&plan, &pinned, |other| {
            let mut plan = self.consultations(other, Measure::Contacts, &[])?;
            let asked = needs_asked(&plan);
            self.access(&plan, &named, &asked, query.months.1)?.join(&mut plan);
            Ok(plan)
        })? {
            context.data_position = context.data_position.max(elsewhere.data_position);
            scope = joined(scope, elsewhere.scope);
            context.unattributed = elsewhere.told;
        }
        context.quality = self.quality(&[(&plan, axis_sums(&plan, &table, outer))])?;
        if query.full {
            context.legend = plan.legend(&table, outer, &modes);
        }
        let folded = self.provided(&pinned, &access, question.request_met_days)?;
        let needs = self.need_sources(&pinned, &access)?;
        let sources = Sources { needs, collection: named };

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
        let mut has_parent = false;
        if let Some(Parent { key, query, note }) = plan.declared_parent(&pinned) {
            let whole = self.provision(&ProvisionQuestion { query, ..question.clone() })?;
            has_parent = context.stands_beside(&whole.context, note);
            let keys = vec![key];
            rows.extend(
                whole.rows.into_iter().map(|row| ProvisionRow { keys: keys.clone(), ..row }),
            );
            scope = joined(scope, whole.scope);
        }
        let wanted = table.rows.keys().filter(|row| !row.is_empty() && plan.wants(row));
        rows.extend(wanted.map(|of| row(plan.keys(of), folded.rows.get(of).unwrap_or(&none))));
        let counted = has_parent || table.all.iter().any(|count| *count > 0);
        if !counted && context.empty.is_none() {
            context.empty = Some(nothing(&plan, &context, "consultation"));
        }
        let (dimensions, position) = (query.by.clone(), plan.position);
        Ok(ProvisionTable { context, dimensions, rows, sources, position, scope })
    }

    /// What each group of each row got: a scan of the consultations for every question.
    fn provided(
        &self,
        query: &Query,
        access: &Access,
        days: u32,
    ) -> Result<Folded<Groups>, QueryError> {
        let mut folded = Folded::default();
        let mode = Ask::Is(MODE, "IN_PERSON");
        let cancelled = Ask::Is("attendance", "CANCELLED_BY_PROVIDER");
        let is = |answer: Answer| answer as usize;

        let all = Answer::ALL.len();
        let asked = [mode, cancelled, Ask::Is("face_to_face_offered", "Y")];
        let scan = self.scan(query, access, asked, all * all, |[mode, cancelled, offered]| {
            is(mode) * all + is(provision::given(mode, cancelled, offered))
        })?;
        scan.fold(self, &mut folded, |of, member, _, at, count| {
            of.mode(member.1, Answer::ALL[at / all], count);
            of.given.count(Answer::ALL[at % all].among(member.1), count);
        })?;
        let requested = Ask::Is("face_to_face_requested", "Y");
        let asked = [mode, cancelled, requested, Ask::Within(days)];
        let scan = self.scan(query, access, asked, all, |[mode, cancelled, requested, soon]| {
            is(provision::met(mode, cancelled, requested, soon))
        })?;
        scan.fold(self, &mut folded, |of, member, _, at, count| {
            of.request_met.count(Answer::ALL[at].among(member.1), count);
        })?;
        let asked = [mode, Ask::Is("preferred_mode", "IN_PERSON")];
        let scan = self.scan(query, access, asked, all, |[mode, preferred]| {
            is(provision::involuntary(mode, preferred))
        })?;
        scan.fold(self, &mut folded, |of, member, _, at, count| {
            of.involuntary.count(Answer::ALL[at].among(member.1), count);
        })?;
        // Who has none of the needs is not asked whether one was met.
        let present = [Ask::Is("interpreter_present", "Y")];
        let scan = self.scan(query, access, present, all, |[present]| is(present))?;
        scan.fold(self, &mut folded, |of, (group, member), needs, at, count| {
            let present = Answer::ALL[at].given(needs.interpreter);
            let asked = if group == Group::NoNeed { Answer::NotApplicable } else { present };
            of.interpreter.count(asked.among(member), count);
        })?;
        let met = [Ask::Is("accessible_need_met", "Y")];
        let scan = self.scan(query, access, met, all, |[met]| is(met))?;
        scan.fold(self, &mut folded, |of, (group, member), needs, at, count| {
            let met = Answer::ALL[at].given(needs.accessible);
            let asked = if group == Group::NoNeed { Answer::NotApplicable } else { met };
            of.need_met.count(asked.among(member), count);
        })?;
        Ok(folded)
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
    let members = counts.members;
    let missing = members.denominator == 0 && members.unknown + members.not_collected > 0;
    let absence = missing.then(|| absence(members));
    ProvisionGroup { group, counts: *counts, absence, indicators }
}

/// Why it is known of nobody whether they are of a group.
fn absence(members: Tally) -> Absence {
    let (reason, detail) = match members.unknown {
        0 => (
            Reason::NotCollected,
            "no source of these consultations collects whether their people are of the group",
        ),
        _ => (
            Reason::NotComputable,
            "it is known of none of these consultations whether their people are of the group",
        ),
    };
    Absence { reason, detail: detail.into() }
}

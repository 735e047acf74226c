//! Who is digitally excluded: the indicators that access records give, and why people cannot use remote care.

mod shares;
mod snapshot;
mod tables;

use super::around::{axis_sums, has_total, joined, nothing, occurring};
use super::context::{Context, Key};
use super::estimates::{Beside, Estimates, PublishedEstimate};
use super::indicators::{IndicatorCell, Share};
use super::parent::Parent;
use super::plan::{Ask, Plan};
use crate::domain::collection::Dataset;
use crate::domain::indicator::Condition;
use crate::domain::reference::Reference;
use crate::engine::cache::Scope;
use crate::engine::query::{Filter, Query, no_indicator};
use crate::engine::{Engine, QueryError};
use snapshot::keep_last;
use tables::Tables;

/// Asks who is digitally excluded.
#[derive(Clone, Debug, PartialEq)]
pub struct ExclusionQuestion {
    /// What is asked about.
    pub query: Query,
    /// Indicator ids, as [`counted_indicators`] gives them.
    pub indicators: Vec<String>,
    /// Published estimates beside the table; none: they are not wanted.
    pub estimates: Option<Beside>,
}

/// One reason of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct ReasonCell {
    /// The reason, or the state.
    pub key: Key,
    /// People.
    pub count: u64,
    /// Share of those whose reasons are known.
    pub share: Option<Share>,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct ExclusionRow {
    /// Categories; none for the total.
    pub keys: Vec<Key>,
    /// People of the snapshot.
    pub people: u64,
    /// In order of their ids.
    pub indicators: Vec<IndicatorCell>,
    /// Reasons among people who cannot use remote care, or only with help.
    pub reasons: Vec<ReasonCell>,
    /// Those people whose reasons are known.
    pub reason_base: u64,
}

/// A table of digital exclusion.
#[derive(Clone, Debug)]
pub struct ExclusionTable {
    /// What it was made of.
    pub context: Context,
    /// Dimension ids.
    pub dimensions: Vec<String>,
    /// The total first.
    pub rows: Vec<ExclusionRow>,
    /// What others published about the same: beside the rows, never merged with them.
    pub estimates: Vec<PublishedEstimate>,
    /// Position that was read at.
    pub position: u64,
    /// The data that it was made of, for the cache.
    pub scope: Option<Scope>,
}

/// Whether people can use remote care: what the rows of the table are counted by.
const ACCESS: &str = "digital_access";
const REASON: &str = "exclusion_reason";
/// Those who are asked for reasons.
const EXCLUDED: [&str; 2] = ["WITH_HELP", "UNABLE"];

/// The indicators that access records give, in order of their ids: those asked for, or all.
///
/// # Errors
/// An id that is none, or is no indicator of access records.
pub fn counted_indicators(
    reference: &Reference,
    asked: &[String],
) -> Result<Vec<String>, QueryError> {
    let mut ids = Vec::new();
    if asked.is_empty() {
        let counted = reference.indicators().filter(|indicator| indicator.count.is_some());
        ids.extend(counted.map(|indicator| indicator.id.clone()));
    }
    for id in asked {
        let Some(indicator) = reference.indicator(id) else {
            return Err(no_indicator(reference, id));
        };
        if !indicator.unavailable.is_empty() {
            return Err(QueryError::Refused(format!(
                "{id} ({}) is not counted here: {}",
                indicator.label, indicator.unavailable
            )));
        }
        if indicator.count.is_none() {
            return Err(QueryError::Refused(format!(
                "{id} ({}) is not counted from access records: leave it out. Published figures stand beside the table where there are any, and ListEstimates has all of them; CH- indicators are in provision and impact, DX-10 and DX-11 in area risk",
                indicator.label
            )));
        }
        ids.push(id.clone());
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

impl Engine {
    /// Answers who is digitally excluded.
    ///
    /// # Errors
    /// See [`QueryError`]; nothing to answer is no error.
    pub fn exclusion(&self, question: &ExclusionQuestion) -> Result<ExclusionTable, QueryError> {
        let query = &question.query;
        let mut plan = self.access_plan(query, &[ACCESS], &[])?;
        let mut context = self.context(&mut plan, query);
        let all = plan.submissions.len();
        keep_last(&mut plan, &query.by);
        context.submission_count = plan.submissions.len();
        if plan.submissions.len() < all {
            context.notes.push(snapshot::note(&query.by));
        }
        // What else the answer is made of is read where this was read, whatever is written meanwhile.
        let pinned = plan.pinned(query);
        let mut scope = plan.scope.clone();
        let tables = Tables::new(self, &pinned, plan, &question.indicators)?;
        let base = &tables.base;
        let outer = base.plan.axes.len() - 1;
        if let Some(elsewhere) = self.unattributed(&base.plan, &pinned, |other| {
            let mut plan = self.access_plan(other, &[], &[])?;
            keep_last(&mut plan, &[]);
            Ok(plan)
        })? {
            context.data_position = context.data_position.max(elsewhere.data_position);
            scope = joined(scope, elsewhere.scope);
            context.unattributed = elsewhere.told;
        }
        context.quality =
            self.quality(&[(&base.plan, axis_sums(&base.plan, &base.table, outer))])?;
        if query.full {
            context.legend = base.plan.legend(&base.table, outer, &[]);
            context.legend.truncate(outer);
            let reasons = &tables.reasons;
            let of_reasons = occurring(&reasons.table, reasons.plan.axes[outer].places());
            context.legend.extend(reasons.plan.legend(&reasons.table, outer, &of_reasons).pop());
        }

        let mut rows = Vec::new();
        let mut also = |rows: &mut Vec<ExclusionRow>, keys: Vec<Key>, query: Query| {
            let counted = ExclusionQuestion { query, estimates: None, ..question.clone() };
            let whole = self.exclusion(&counted)?;
            rows.extend(
                whole.rows.into_iter().map(|row| ExclusionRow { keys: keys.clone(), ..row }),
            );
            context.data_position = context.data_position.max(whole.context.data_position);
            scope = joined(scope.take(), whole.scope);
            Ok::<_, QueryError>(())
        };
        let parent = base.plan.declared_parent(&pinned);
        if has_total(query) {
            if snapshot::tells_apart(&base.plan, &query.by) {
                // Snapshots are never added up over time: the total is of the last ones.
                let whole = Query { by: Vec::new(), full: false, ..pinned.clone() };
                also(&mut rows, Vec::new(), whole)?;
            } else {
                rows.push(tables.row(None));
            }
        }
        if let Some(Parent { key, query, note }) = parent {
            also(&mut rows, vec![key], query)?;
            context.notes.push(note);
            if rows.iter().any(|row| row.people > 0) {
                context.nothing_of_those_listed();
            }
        }
        let wanted = base.table.rows.keys().filter(|row| !row.is_empty() && base.plan.wants(row));
        rows.extend(wanted.map(|row| tables.row(Some(row))));
        let gaps = |row: &ExclusionRow| {
            row.indicators
                .iter()
                .any(|cell| cell.share.as_ref().is_ok_and(|share| share.limits.is_none()))
        };
        if rows.iter().any(gaps) {
            context.notes.push(
                "A difference of shares has limits only where both shares are of the same people."
                    .into(),
            );
        }
        if rows.iter().all(|row| row.people == 0) && context.empty.is_none() {
            context.empty = Some(nothing(&base.plan, &context, "person"));
        }
        let position = base.plan.position;
        let estimates = match &question.estimates {
            Some(beside) => self.estimates(&pinned, beside)?,
            None => Estimates::default(),
        };
        context.data_position = context.data_position.max(estimates.data_position);
        if question.estimates.is_some() {
            scope = joined(scope, estimates.scope);
        }
        let (dimensions, estimates) = (query.by.clone(), estimates.found);
        Ok(ExclusionTable { context, dimensions, rows, estimates, position, scope })
    }

    /// A plan of access records by what is asked for and more, under more conditions.
    fn access_plan(
        &self,
        query: &Query,
        inner: &[&str],
        conditions: &[Condition],
    ) -> Result<Plan, QueryError> {
        let mut dimensions = query.by.clone();
        dimensions.extend(inner.iter().map(|id| (*id).to_owned()));
        let mut filters = query.filters.clone();
        filters.extend(conditions.iter().map(|condition| Filter {
            dimension: condition.dimension.clone(),
            codes: condition.codes.clone(),
        }));
        let (collection, dataset) = (query.collection.as_str(), Dataset::DigitalAccess);
        self.plan(&Ask { query, collection, dataset, dimensions, filters })
    }
}

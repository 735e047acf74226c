//! What a number tells of those whom it leaves out. How much there is in all, where and when a row counts, is published elsewhere: whoever
//! knows it sees what a part leaves of it. So a part is withheld if it leaves few of that, or nobody.
//!
//! Two numbers together leave few where each leaves many: those without one need and those with it and another need. Then one of
//! them leaves few of something that is told by one condition less. Such a part is withheld if it was raised by nearly as much as can be:
//! otherwise two great changes would leave few values to those few. The same holds of an area for what two of its organisations, who know
//! what they sent, leave of a part and of those whom it leaves out.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::model::Key;
use super::plan::Plan;
use super::question::Question;
use super::wider::Wider;
use crate::domain::disclosure::{Protection, TrueCount};
use crate::engine::query::{Query, Where};
use crate::engine::{Engine, QueryError};

/// So many organisations may know from each other what they sent.
const COLLUDING: usize = 2;
const ORGANISATION: &str = "organisation";

/// What the rows of an answer are parts of, and what is part of them.
pub(super) struct Wholes<F> {
    /// Everything in each place and period; none: the rows are that.
    all: Option<Wider<F>>,
    /// The same question without one of its characteristics.
    wider: Vec<Wider<F>>,
    /// Each organisation's part of the total, and of everything; then of the rows, and of everything in each place and period. None: the rows
    /// are of organisations.
    of_each: Vec<[Wider<F>; 2]>,
    protection: Protection,
}

/// All of a row, and the parts of it that a cell tells of.
type Told = (TrueCount, Vec<TrueCount>);

impl<F> Wholes<F> {
    /// Counts them; none: the question's reader may see all.
    pub(super) fn count<Q: Question<Figures = F>>(
        question: &Q,
        engine: &Engine,
        query: &Query,
        plan: Option<&Plan>,
    ) -> Result<Option<Self>, QueryError> {
        let Some(plan) = plan.filter(|plan| !plan.protection.is_exact()) else { return Ok(None) };
        let query = plan.pinned(query);
        let of_all = query.clone().of_all(&plan.reference);
        let count = |wider: &Query| Wider::count(question, engine, (wider, &query));
        let wider = query.each_wider(&plan.reference);
        let wider = wider.iter().filter(|wider| **wider != of_all).map(count);
        let wider = wider.collect::<Result<_, _>>()?;
        let of_organisations = matches!(query.place, Where::Organisations(_));
        let mut of_each = Vec::new();
        if !of_organisations && query.by.iter().all(|id| id != ORGANISATION) {
            let each = |query: &Query, by: &[String]| {
                let by = [by, &[ORGANISATION.to_owned()]].concat();
                count(&Query { by, ..query.clone() })
            };
            let both =
                |by, in_all| Ok::<_, QueryError>([each(&query, by)?, each(&of_all, in_all)?]);
            of_each.push(both(&[], &[])?);
            if !query.by.is_empty() {
                of_each.push(both(&query.by, &of_all.by)?);
            }
        }
        let all = if of_all == query { None } else { Some(count(&of_all)?) };
        let protection = plan.protection.clone();
        Ok(Some(Self { all, wider, of_each, protection }))
    }

    /// Whether a cell tells too much of those whom it leaves out, or of one organisation to others.
    pub(super) fn withholds<Q: Question<Figures = F>>(
        &self,
        question: &Q,
        own: &F,
        (keys, places): (&[Key], &[usize]),
        shows: &Q::Shows,
    ) -> bool {
        // What is nowhere is nobody.
        let told = |figures: &F, places: Option<&[usize]>| -> Option<Told> {
            let all = places.map_or(Some(TrueCount::default()), |at| question.all(figures, at));
            let parts = places.map(|at| question.parts(figures, at, shows)).unwrap_or_default();
            Some((all?, parts))
        };
        let in_wider = |of: &Wider<F>| told(&of.counted.figures, of.row(keys).as_deref());
        let Some((row, parts)) = told(own, Some(places)) else { return false };
        let whole = self.all.as_ref().filter(|all| all.has_part(keys));
        let is_part = whole.is_some();
        let whole = whole.and_then(in_wider);
        let of_all = whole.as_ref().map_or(row, |(all, _)| *all);
        // What is withheld for itself tells nothing.
        let is_shown = |count: &TrueCount| self.protection.see(*count).is_some();
        let few = |part: &TrueCount, whole: TrueCount| {
            is_shown(part) && self.protection.is_few(whole.rest(*part))
        };
        let is_raised = |part: &TrueCount| self.protection.changes_much(*part).is_gt();
        if is_part && few(&row, of_all) || parts.iter().any(|part| few(part, of_all)) {
            return true;
        }
        let wider = self.wider.iter().filter(|wider| wider.has_part(keys)).filter_map(in_wider);
        let mut wider = wider.chain(whole);
        let few_of_wider = |(all, wholes): Told| {
            let mut of_parts = parts.iter().zip(wholes);
            is_raised(&row) && few(&row, all)
                || of_parts.any(|(of, in_all)| is_raised(of) && few(of, in_all))
        };
        parts.iter().any(|part| is_raised(part) && few(part, row))
            || wider.any(few_of_wider)
            || self.tells_of_organisations(keys, (is_part.then_some(row), &parts), told)
    }

    /// Whether two organisations that know what each other sent would know too much of the rest.
    fn tells_of_organisations(
        &self,
        keys: &[Key],
        (row, parts): (Option<TrueCount>, &[TrueCount]),
        told: impl Fn(&F, Option<&[usize]>) -> Option<Told>,
    ) -> bool {
        let of_each = self.of_each.get(usize::from(!keys.is_empty()));
        let Some([of_row, of_all]) = of_each else { return false };
        // Most cells are changed little: of these nobody's part is looked for.
        let mut counts = row.iter().chain(parts);
        if counts.all(|count| self.protection.changes_much(*count).is_eq()) {
            return false;
        }
        let [of_row, of_all] = [of_row, of_all].map(|of| -> BTreeMap<&str, Told> {
            let each = of.each(keys);
            let each = each.map(|(code, at)| Some((code, told(&of.counted.figures, Some(at))?)));
            each.flatten().collect()
        });
        if of_all.len() <= COLLUDING {
            return false;
        }
        let too_much = |count: TrueCount, number: Option<usize>| {
            let part = |told: &Told| match number {
                None => told.0,
                Some(number) => told.1.get(number).copied().unwrap_or_default(),
            };
            let own = || of_row.values().map(part).collect();
            let others = || {
                let rest = |(code, all): (&&str, &Told)| {
                    all.0.rest(of_row.get(code).map(part).unwrap_or_default())
                };
                of_all.iter().map(rest).collect()
            };
            let few = |each| self.protection.is_few(TrueCount::without_largest(each, COLLUDING));
            match self.protection.changes_much(count) {
                _ if self.protection.see(count).is_none() => false,
                Ordering::Equal => false,
                Ordering::Less => few(own()),
                Ordering::Greater => few(others()),
            }
        };
        let parts = parts.iter().enumerate().map(|(number, part)| (*part, Some(number)));
        row.map(|row| (row, None)).into_iter().chain(parts).any(|(of, number)| too_much(of, number))
    }
}

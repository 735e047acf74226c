//! The tables of an export: each requested area with each period, in order.

use std::collections::BTreeSet;
use std::sync::Arc;

use prost::Message as _;
use tonic::Status;

use super::cursor::{Place, Seal};
use crate::domain::period::{Month, months_of};
use crate::domain::reference::Reference;
use crate::domain::text::counted;
use crate::engine::Engine;
use crate::engine::answer::{AnyQuestion, Protected};
use crate::engine::query::{AsOf, Query, Reader, area_named};
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;
use crate::rpc::breakdowns::at_its_state;
use crate::rpc::convert::{int, query, query_error, question};
use crate::rpc::status;

/// Most tables of one export.
const MOST: usize = 10_000;

/// The tables of an export, and how to answer each.
pub(super) struct Plan {
    reader: Reader,
    /// The question of every table. `areas` and `periods` replace its own area and period: one table for each pair. The questions are
    /// made one by one, because all of them together could be far larger than the request.
    table: Table,
    areas: Vec<Option<String>>,
    periods: Vec<Option<String>>,
    /// Log position at which all tables are read.
    pub(super) position: u64,
    /// The release that all tables show; none: no release.
    release: Option<Arc<str>>,
    /// Only tables with a figure that changed after this log position send rows; 0: all.
    pub(super) since: i64,
    /// Seals the cursors of this export.
    pub(super) seal: Seal,
    /// Labels of areas, organisations and categories in rows.
    pub(super) reference: Arc<Reference>,
}

impl Plan {
    /// Checks a request, and finds its start: the beginning, or the place of its cursor.
    pub(super) fn new(
        engine: &Engine,
        key: &[u8; 32],
        reader: Reader,
        request: &v1::ExportBreakdownsRequest,
    ) -> Result<(Self, Place), Status> {
        let asked = request.question.as_ref().and_then(|question| question.table.as_ref());
        let table = asked.ok_or_else(|| question::missing("question"))?;
        // What cannot be read of it is refused with everything else that is wrong.
        let as_of = query::as_of(table.query().and_then(|query| query.as_of.as_ref()));
        let as_of = as_of.unwrap_or(AsOf::Head);
        let reference = engine.at(&as_of).map_err(query_error)?.reference();
        let areas = areas(&reference, table, &request.area_types)?;
        let areas = in_scope(&reference, &reader, table, areas);
        let periods = periods(table, request.period_step)?;
        let count = areas.len().saturating_mul(periods.len());
        if count > MOST {
            let (areas, periods) = (areas.len() as u64, periods.len() as u64);
            let what = format!(
                "{} times {} make {count} tables, at most {MOST} are exported at once; take a coarser \
                 step, fewer area types or a shorter period",
                counted(areas, "area"),
                counted(periods, "period")
            );
            return Err(status::field_invalid("period_step", what));
        }
        let asked = v1::ExportBreakdownsRequest { cursor: String::new(), ..request.clone() };
        let asked = asked.encode_to_vec();
        let words = areas.iter().map(|area| area.as_deref().unwrap_or_default());
        let words = words.chain(periods.iter().flatten().map(String::as_str)).map(str::as_bytes);
        let of_reader = reader.key();
        let asked = [of_reader.as_slice(), asked.as_slice()].into_iter();
        let seal = Seal::new(key, asked.chain(words));
        let period = periods.first().and_then(Option::as_deref);
        let first = check(&reference, &reader, table, &areas, period)?;
        let (from, continued) = match request.cursor.as_str() {
            "" => (Place::default(), None),
            cursor => {
                let place = seal.place(cursor)?;
                (place, Some(place.position))
            }
        };
        let reads_releases = engine.reads_releases(first.query());
        let release = release(engine, reads_releases, &as_of, continued)?;
        let as_of = continued.map_or(as_of, AsOf::Position);
        let as_of = release.clone().map_or(as_of, AsOf::Release);
        let areas = if reads_releases && !request.area_types.is_empty() {
            shown(engine, first.query(), &as_of, areas)?
        } else {
            areas
        };
        let position = engine.position_of(&as_of).map_err(query_error)?;
        // Every table is checked and answered with the reference content of then.
        let reference = engine.at(&AsOf::Position(position)).map_err(query_error)?.reference();
        let since = request.since_position;
        if since < 0 {
            return Err(status::field_invalid("since_position", "must be 0 or more"));
        }
        if since > int(position) {
            return Err(status::position_not_reached(since, int(position)));
        }
        let (table, from) = (table.clone(), Place { position, ..from });
        let plan =
            Self { reader, table, areas, periods, position, release, since, seal, reference };
        Ok((plan, from))
    }

    /// Number of tables: areas times periods.
    pub(super) fn len(&self) -> usize {
        self.areas.len() * self.periods.len()
    }

    /// The answer of the table of this number, under `len()`: area by area, each with its periods.
    pub(super) fn answer(&self, engine: &Engine, number: usize) -> Result<Protected, Status> {
        let (area, period) = (number / self.periods.len(), number % self.periods.len());
        let (area, period) = (self.areas[area].as_deref(), self.periods[period].as_deref());
        let release = self.release.as_ref().map(|id| v1::as_of::At::Release(id.to_string()));
        let at = release.unwrap_or(v1::as_of::At::Position(int(self.position)));
        let asked = one(&self.table, area, period, Some(at));
        let path = question::path(asked.name());
        let found = at_its_state(engine, &self.reader, &asked);
        let (engine, checked) = found.map_err(|refused| status::within(&path, refused))?;
        let answer = checked.answer(&engine);
        answer.map_err(|refused| query_error(refused.within(&path)))
    }
}

/// The release that all tables show; none: no release. An export that continues stays in its release.
fn release(
    engine: &Engine,
    reads_releases: bool,
    asked: &AsOf,
    continued: Option<u64>,
) -> Result<Option<Arc<str>>, Status> {
    Ok(match (asked, continued) {
        (AsOf::Release(id), _) => Some(Arc::clone(id)),
        (_, _) if !reads_releases => None,
        (_, Some(shown)) => {
            let all = engine.releases(0, usize::MAX);
            let found = all.into_iter().find(|release| release.shown == shown);
            Some(Arc::clone(&found.ok_or_else(status::cursor_invalid)?.id))
        }
        (_, None) => Some(Arc::clone(&engine.newest_release().ok_or_else(status::no_release)?.id)),
    })
}

/// Checks a question as the unary call does. Paths of fields begin at the export's request.
fn checked(
    reference: &Reference,
    reader: &Reader,
    table: &Table,
) -> Result<Arc<dyn AnyQuestion>, Status> {
    let checked = question::question(reference, reader, table);
    checked.map_err(|refused| status::within(&question::path(table.name()), refused))
}

/// Refuses what the unary call refuses, before anything is sent. Areas of one type are refused alike, so only the first of each type
/// is checked.
fn check(
    reference: &Reference,
    reader: &Reader,
    table: &Table,
    areas: &[Option<String>],
    period: Option<&str>,
) -> Result<Arc<dyn AnyQuestion>, Status> {
    let (mut seen, mut first) = (BTreeSet::new(), None);
    for area in areas {
        let known = area.as_deref().and_then(|code| reference.areas().get(code));
        if seen.insert(known.map(|area| area.kind.as_str())) {
            let one = checked(reference, reader, &one(table, area.as_deref(), period, None))?;
            first.get_or_insert(one);
        }
    }
    first.ok_or_else(|| question::missing("question"))
}

/// The areas that the reader may read. If it may read none of them, all: the first is refused with the reason.
fn in_scope(
    reference: &Reference,
    reader: &Reader,
    table: &Table,
    areas: Vec<Option<String>>,
) -> Vec<Option<String>> {
    let is_readable = |area: &&Option<String>| {
        area.as_deref().is_none_or(|code| {
            // Of open collections all areas are readable: then the question is refused for nothing.
            reader.scope.reads_area(reference, code)
                || checked(reference, reader, &one(table, Some(code), None, None)).is_ok()
        })
    };
    let some: Vec<_> = areas.iter().filter(is_readable).cloned().collect();
    if some.is_empty() { areas } else { some }
}

/// The areas that a release shows. If it shows none of them, all: the first is refused with the reason.
fn shown(
    engine: &Engine,
    query: &Query,
    as_of: &AsOf,
    areas: Vec<Option<String>>,
) -> Result<Vec<Option<String>>, Status> {
    let query = Query { as_of: as_of.clone(), ..query.clone() };
    let Some(shown) = engine.areas_shown(&query).map_err(query_error)? else { return Ok(areas) };
    let is_shown = |area: &&Option<String>| area.as_ref().is_none_or(|code| shown.contains(code));
    let some: Vec<_> = areas.iter().filter(is_shown).cloned().collect();
    Ok(if some.is_empty() { areas } else { some })
}

/// The question of one table: with its area and period, with labels, in this state (none: in the requested state of the data).
fn one(
    table: &Table,
    area: Option<&str>,
    period: Option<&str>,
    at: Option<v1::as_of::At>,
) -> Table {
    let mut one = table.clone();
    // Without a query its own call refuses it.
    if let Some(query) = one.query_mut() {
        query.view = v1::BreakdownView::Full.into();
        if let Some(area) = area {
            area.clone_into(&mut query.area);
        }
        if let Some(period) = period {
            query.period = Some(v1::PeriodRange { first: period.to_owned(), last: String::new() });
        }
        if at.is_some() {
            query.as_of = Some(v1::AsOf { at });
        }
    }
    one
}

/// The areas that get rows; `None`: the question's own area or organisations.
fn areas(
    reference: &Reference,
    table: &Table,
    types: &[String],
) -> Result<Vec<Option<String>>, Status> {
    if types.is_empty() {
        return Ok(vec![None]);
    }
    let known: BTreeSet<_> = reference.areas().iter().map(|area| area.kind.as_str()).collect();
    for (place, kind) in types.iter().enumerate() {
        if !known.contains(kind.as_str()) {
            let known: Vec<_> = known.into_iter().collect();
            let what =
                format!("`{kind}` is not a type of areas; the types are {}", known.join(", "));
            return Err(status::field_invalid(format!("area_types[{place}]"), what));
        }
    }
    let within = table.query().map_or("", |query| query.area.as_str());
    if within.is_empty() {
        let what = "needs a question with `area`: the rows are about parts of this area";
        return Err(status::field_invalid("area_types", what));
    }
    let within =
        area_named(reference, ("query.area", "query.area"), within).map_err(query_error)?;
    let mut seen = BTreeSet::new();
    let of_types =
        types.iter().flat_map(|kind| reference.areas().iter().filter(move |a| a.kind == *kind));
    let parts = of_types.filter(|area| {
        let lies_in = reference.areas().ancestors(&area.code).contains(within.code.as_str());
        lies_in && seen.insert(&area.code)
    });
    let found: Vec<_> = parts.map(|area| Some(area.code.clone())).collect();
    if found.is_empty() {
        let what = format!("no area of these types lies in `{}`", within.code);
        return Err(status::field_invalid("area_types", what));
    }
    Ok(found)
}

/// The periods that get rows; `None`: the question's own period.
fn periods(table: &Table, step: i32) -> Result<Vec<Option<String>>, Status> {
    use v1::PeriodStep as Step;
    let step: Step = query::value("period_step", step).map_err(query_error)?;
    if matches!(table, Table::Risk(_)) && step != Step::Unspecified {
        return Err(status::field_invalid(
            "period_step",
            "must be unspecified: area risk has no period",
        ));
    }
    let name: fn(Month) -> String = match step {
        Step::Unspecified | Step::Whole => return Ok(vec![None]),
        Step::Month => |month| month.to_string(),
        Step::Quarter => Month::quarter,
        Step::FinancialYear => Month::financial_year,
        Step::CalendarYear => |month| month.year().to_string(),
    };
    let asked = table.query().and_then(|query| query.period.clone()).unwrap_or_default();
    let last = if asked.last.is_empty() { &asked.first } else { &asked.last };
    let (Ok(first), Ok(last)) = (months_of(&asked.first), months_of(last)) else {
        // The check of the question names the error.
        return Ok(vec![None]);
    };
    let (first, last) = (*first.start(), *last.end());
    let months = (first.number()..=last.number()).filter_map(|n| Month::from_number(n.into()));
    let lies_in = |period: &String| {
        months_of(period).is_ok_and(|months| *months.start() >= first && *months.end() <= last)
    };
    let mut found: Vec<_> = months.map(name).filter(lies_in).map(Some).collect();
    found.dedup();
    if found.is_empty() && first <= last {
        let what =
            format!("no period of this step lies within {first} to {last}: take a smaller step");
        return Err(status::field_invalid("period_step", what));
    }
    Ok(if found.is_empty() { vec![None] } else { found })
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;

//! The tables of an export: each requested area with each period, in order.

use std::collections::BTreeSet;
use std::sync::Arc;

use prost::Message as _;
use tonic::Status;

use super::cursor::{Place, Seal};
use crate::domain::period::{Month, months_of};
use crate::domain::reference::Reference;
use crate::domain::text::counted;
use crate::engine::answer::{AnyQuestion, Protected};
use crate::engine::query::{AsOf, Reader};
use crate::engine::{Engine, Missing, QueryError};
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;
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
        check(&reference, &reader, table, &areas, periods.first().and_then(Option::as_deref))?;
        let (from, as_of) = match request.cursor.as_str() {
            "" => (Place::default(), as_of),
            cursor => {
                let place = seal.place(cursor)?;
                (place, AsOf::Position(place.position))
            }
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
        Ok((Self { reader, table, areas, periods, position, since, seal, reference }, from))
    }

    /// Number of tables: areas times periods.
    pub(super) fn len(&self) -> usize {
        self.areas.len() * self.periods.len()
    }

    /// The answer of the table of this number, under `len()`: area by area, each with its periods.
    pub(super) fn answer(&self, engine: &Engine, number: usize) -> Result<Protected, Status> {
        let (area, period) = (number / self.periods.len(), number % self.periods.len());
        let (area, period) = (self.areas[area].as_deref(), self.periods[period].as_deref());
        let asked = one(&self.table, area, period, Some(self.position));
        let engine = engine.at(&AsOf::Position(self.position)).map_err(query_error)?;
        let answer = checked(&self.reference, &self.reader, &asked)?.answer(&engine);
        let path = question::path(question::name(&asked));
        answer.map_err(|refused| query_error(refused.within(&path)))
    }
}

/// Checks a question as the unary call does. Paths of fields begin at the export's request.
fn checked(
    reference: &Reference,
    reader: &Reader,
    table: &Table,
) -> Result<Arc<dyn AnyQuestion>, Status> {
    let checked = question::question(reference, reader, table);
    checked.map_err(|refused| status::within(&question::path(question::name(table)), refused))
}

/// Refuses what the unary call refuses, before anything is sent. Areas of one type are refused alike, so only the first of each type
/// is checked.
fn check(
    reference: &Reference,
    reader: &Reader,
    table: &Table,
    areas: &[Option<String>],
    period: Option<&str>,
) -> Result<(), Status> {
    let mut seen = BTreeSet::new();
    for area in areas {
        let known = area.as_deref().and_then(|code| reference.areas().get(code));
        if seen.insert(known.map(|area| area.kind.as_str())) {
            checked(reference, reader, &one(table, area.as_deref(), period, None))?;
        }
    }
    Ok(())
}

/// The question of one table: with its area and period, with labels, at this position (none: in the requested state of the data).
fn one(table: &Table, area: Option<&str>, period: Option<&str>, position: Option<u64>) -> Table {
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
        if let Some(position) = position {
            query.as_of = Some(v1::AsOf { at: Some(v1::as_of::At::Position(int(position))) });
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
    let Some(within) = reference.areas().get(within) else {
        return Err(query_error(QueryError::NotFound {
            field: "query.area".into(),
            kind: Missing::Area,
            name: within.to_owned(),
            message: format!("no area `{within}`; ReferenceService.ListAreas lists them"),
        }));
    };
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

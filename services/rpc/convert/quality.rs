//! Questions about data quality.

use super::query::{measure, query as checked, value};
use crate::domain::codes::{Dimension, nearest};
use crate::domain::collection::{Collection, Dataset, SubmissionDeadline};
use crate::domain::field::Field;
use crate::domain::reference::Reference;
use crate::engine::QueryError;
use crate::engine::answer::{
    ConsistencyQuestion, Due, RECORDING, RecordingQuestion, RepresentativenessQuestion,
    TimelinessQuestion, characteristic,
};
use crate::engine::query::{AsOf, Query, Reader, TableKind, Where, Wrong, hint, invalid, taking};
use crate::proto::v1;
use crate::rpc::today::now_millis;

/// The threshold of the methodology's worked example.
const DEFAULT_THRESHOLD: f64 = 0.02;

/// Asks how characteristics are recorded.
pub(super) fn recording(
    reference: &Reference,
    reader: &Reader,
    request: &v1::GetRecordingQualityRequest,
) -> Result<RecordingQuestion, QueryError> {
    let mut wrong = Wrong::default();
    let query =
        wrong.take(checked(reference, reader, TableKind::Consultations, request.query.as_ref()));
    let fields = wrong.take(fields(reference, &request.characteristics, |_| true));
    for (place, id) in request.indicators.iter().enumerate() {
        if !wrong.is_full() && RECORDING.iter().all(|(known, _)| known != id) {
            let all = RECORDING.map(|(known, _)| known).join(", ");
            let why = format!("no indicator `{id}` in this table; use {all}");
            wrong.take::<()>(Err(invalid(&format!("indicators[{place}]"), why)));
        }
    }
    let default_threshold = request.default_threshold.unwrap_or(DEFAULT_THRESHOLD);
    if !(0.0..=1.0).contains(&default_threshold) {
        let why = "must be from 0 to 1; absent means 0.02";
        wrong.take::<()>(Err(invalid("default_threshold", why)));
    }
    let (query, fields) = wrong.unless(query.zip(fields))?;
    let indicators = request.indicators.clone();
    let due = due(reference, &query, None);
    Ok(RecordingQuestion { query, fields, indicators, default_threshold, due })
}

/// Asks when submissions were received.
pub(super) fn timeliness(
    reference: &Reference,
    reader: &Reader,
    request: &v1::GetTimelinessRequest,
) -> Result<TimelinessQuestion, QueryError> {
    let mut wrong = Wrong::default();
    let kind = wrong.take(submitted(request.dataset));
    let table = kind.unwrap_or(TableKind::Consultations);
    let query = wrong.take(checked(reference, reader, table, request.query.as_ref()));
    let of_records = |id: &&String| reference.dimension(id).is_some_and(|of| of.field().is_some());
    let asked = request.query.as_ref();
    let conditions = asked.iter().flat_map(|query| &query.r#where).map(|of| &of.dimension);
    for (at, id) in asked
        .iter()
        .flat_map(|query| &query.by)
        .map(|id| ("query.by", id))
        .chain(conditions.map(|id| ("query.where", id)))
        .filter(|(_, id)| of_records(id))
    {
        let why = format!(
            "`{id}` is about records: use organisation, month, or a type of areas or periods"
        );
        wrong.take::<()>(Err(invalid(at, why)));
    }
    if query.as_ref().is_some_and(|query| matches!(query.place, Where::Residence(_))) {
        let why = "must be PROVIDER: organisations submit, wherever people live";
        wrong.take::<()>(Err(invalid("query.area_basis", why)));
    }
    if asked.is_some_and(|query| !query.care_setting.is_empty() && !query.collection.is_empty()) {
        let why = "must be empty if `collection` is named: a submission has all care settings of its collection";
        wrong.take::<()>(Err(invalid("query.care_setting", why)));
    }
    if asked.is_some_and(|query| query.comparison.is_some()) {
        wrong.take::<()>(Err(invalid(
            "query.comparison",
            "must be absent: submissions are no groups",
        )));
    }
    let due_days = match request.due_days.map(u32::try_from) {
        None => Some(None),
        Some(Ok(days)) if days <= SubmissionDeadline::MOST_DAYS => Some(Some(days)),
        Some(_) => {
            let most = SubmissionDeadline::MOST_DAYS;
            let why = format!(
                "must be from 0 to {most} days; absent means the deadline of the collection"
            );
            wrong.take(Err(invalid("due_days", why)))
        }
    };
    let (query, due_days) = wrong.unless(query.zip(due_days))?;
    let due = due(reference, &query, due_days);
    Ok(TimelinessQuestion { query, dataset: table.dataset(), due })
}

/// When the submissions of a question are due: so many days after the end of their month, or as its collection says.
fn due(reference: &Reference, query: &Query, days: Option<u32>) -> Due {
    let of_collection = || {
        let collection = reference.collection(&query.collection);
        collection.map_or(Collection::DUE_DAYS, Collection::due_days)
    };
    let now_millis = match query.as_of {
        AsOf::Head => Some(now_millis()),
        AsOf::Time(time) => Some(time),
        AsOf::Position(_) | AsOf::Release(_) => None,
    };
    Due { days: days.unwrap_or_else(of_collection), now_millis }
}

/// The table of the dataset whose submissions are asked about.
fn submitted(dataset: i32) -> Result<TableKind, QueryError> {
    match value("dataset", dataset)? {
        v1::Dataset::Unspecified | v1::Dataset::Consultations => Ok(TableKind::Consultations),
        v1::Dataset::Populations => Ok(TableKind::Population),
        v1::Dataset::DigitalAccess => Ok(TableKind::Access),
        v1::Dataset::IndicatorCounts => Ok(TableKind::Indicators),
        v1::Dataset::Estimates => {
            let why = "must be CONSULTATIONS, POPULATIONS, DIGITAL_ACCESS or INDICATOR_COUNTS: nobody is expected to submit estimates";
            Err(invalid("dataset", why))
        }
    }
}

/// Asks how the categories of a characteristic are represented.
pub(super) fn representativeness(
    reference: &Reference,
    reader: &Reader,
    request: &v1::GetRepresentativenessRequest,
) -> Result<RepresentativenessQuestion, QueryError> {
    let mut wrong = Wrong::default();
    let query =
        wrong.take(checked(reference, reader, TableKind::Consultations, request.query.as_ref()));
    let measure = wrong.take(measure(request.measure));
    let asked = query.as_ref().zip(measure);
    let characteristic = asked.map(|(query, measure)| characteristic(reference, query, measure));
    let characteristic = characteristic.and_then(|found| wrong.take(found));
    let population = request.population_collection.clone();
    if !population.is_empty() {
        let field = "population_collection";
        wrong.take(taking(reference, field, &population, Dataset::Populations));
    }
    if request.query.as_ref().is_some_and(|query| query.comparison.is_some()) {
        let why = "must be absent: the population is the reference";
        wrong.take::<()>(Err(invalid("query.comparison", why)));
    }
    let ((query, measure), characteristic) =
        wrong.unless(query.zip(measure).zip(characteristic))?;
    Ok(RepresentativenessQuestion { query, characteristic, measure, population })
}

/// Characteristics that change with time: two values of one person are no fault.
const CHANGING: [Field; 8] = [
    Field::Age,
    Field::MaritalStatus,
    Field::PregnancyMaternity,
    Field::Deprivation,
    Field::InclusionGroup,
    Field::LocalGroup,
    Field::Carer,
    Field::DigitalAccess,
];

/// Asks whether the records of each person agree.
pub(super) fn consistency(
    reference: &Reference,
    reader: &Reader,
    request: &v1::GetConsistencyRequest,
) -> Result<ConsistencyQuestion, QueryError> {
    let mut wrong = Wrong::default();
    let query =
        wrong.take(checked(reference, reader, TableKind::Consultations, request.query.as_ref()));
    let seldom_changes = |field: &Field| !CHANGING.contains(field);
    let fields = wrong.take(fields(reference, &request.characteristics, seldom_changes));
    let (query, fields) = wrong.unless(query.zip(fields))?;
    Ok(ConsistencyQuestion { query, fields })
}

/// The fields of consultations that are asked about; of none, every characteristic of people that is wanted. Each once.
fn fields(
    reference: &Reference,
    asked: &[String],
    is_wanted: impl Fn(&Field) -> bool,
) -> Result<Vec<Field>, QueryError> {
    let possible = || {
        let of_records = |field: &Field| field.is_collected_in(Dataset::Consultations);
        Field::all().filter(of_records).filter(|field| field.list().is_some())
    };
    if asked.is_empty() {
        let wanted = possible().filter(|field| field.is_characteristic()).filter(is_wanted);
        return Ok(wanted.collect());
    }
    let (mut wrong, mut found) = (Wrong::default(), Vec::new());
    for (place, name) in asked.iter().enumerate() {
        if wrong.is_full() {
            break;
        }
        let at = format!("characteristics[{place}]");
        match possible().find(|field| field.name() == name) {
            Some(field) if found.contains(&field) => {
                wrong.take::<()>(Err(invalid(&at, format!("`{name}` is listed twice"))));
            }
            Some(field) => found.push(field),
            None => {
                // A dimension is a view of a field, and the field is what is recorded.
                let viewed = reference.dimension(name).and_then(Dimension::field);
                let near = viewed.filter(|field| possible().any(|one| one == *field));
                let names = possible().map(|field| (field.name(), field.name()));
                let near = near.map(Field::name).or_else(|| nearest(name, names));
                let why =
                    format!("no field `{name}` with a code list in consultations{}", hint(near));
                wrong.take::<()>(Err(invalid(&at, why)));
            }
        }
    }
    wrong.unless(Some(found))
}

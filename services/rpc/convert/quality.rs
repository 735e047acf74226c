//! Questions about data quality.

use super::query::query as checked;
use crate::domain::codes::nearest;
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::domain::reference::Reference;
use crate::engine::QueryError;
use crate::engine::answer::{RECORDING, RecordingQuestion};
use crate::engine::query::{Reader, TableKind, Wrong, hint, invalid};
use crate::proto::v1;

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
    let fields = wrong.take(fields(reference, &request.characteristics));
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
    Ok(RecordingQuestion { query, fields, indicators, default_threshold })
}

/// The fields of consultations that are asked about; of none, every characteristic of people. Each once.
fn fields(reference: &Reference, asked: &[String]) -> Result<Vec<Field>, QueryError> {
    let possible = || {
        let of_records = |field: &Field| field.is_collected_in(Dataset::Consultations);
        Field::all().filter(of_records).filter(|field| field.list().is_some())
    };
    if asked.is_empty() {
        return Ok(possible().filter(|field| field.is_characteristic()).collect());
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
                let viewed = reference.dimension(name).and_then(|dimension| dimension.field());
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

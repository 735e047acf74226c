//! The rows as a CSV of canonical codes, by the crosswalks that the service itself gives: other engines then count the
//! same categories.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use equity_indicators::ingest::{Records, SubmissionFile};
use equity_indicators::proto::v1::reference_service_client::ReferenceServiceClient;
use equity_indicators::proto::v1::{
    CategoryState, CodeList, CodeMapping, ConsultationRecord, ListCodeListsRequest,
    ListDimensionsRequest, PersonCharacteristics,
};

use crate::support::{Outcome, connect};

/// Writes some fields of every record, and its weight.
pub struct Plain {
    out: csv::Writer<File>,
    fields: Vec<(String, CodeList)>,
}

impl Plain {
    /// A new file with these fields as columns, and `record_count`.
    pub async fn create(uri: &str, path: &Path, fields: &[&str]) -> Outcome<Self> {
        let mut reference =
            ReferenceServiceClient::new(connect(uri).await?).max_decoding_message_size(64 << 20);
        let request = ListDimensionsRequest { page_size: 1_000, ..Default::default() };
        let dimensions = reference.list_dimensions(request).await?.into_inner().dimensions;
        let mut known = Vec::new();
        for &field in fields {
            let dimension = dimensions.iter().find(|d| d.id == field).ok_or(field)?;
            let request = ListCodeListsRequest {
                code_list: dimension.code_list.clone(),
                ..ListCodeListsRequest::default()
            };
            let lists = reference.list_code_lists(request).await?.into_inner().code_lists;
            known.push((field.to_owned(), lists.into_iter().next().ok_or(field)?));
        }
        let mut out = csv::Writer::from_path(path)?;
        out.write_record(fields.iter().chain([&"record_count"]))?;
        Ok(Self { out, fields: known })
    }

    /// Adds the rows of a submission.
    pub fn write(&mut self, parcel: &SubmissionFile) -> Outcome {
        let Records::Consultations(records) = &parcel.rows else { return Ok(()) };
        let crosswalks: Vec<_> = self
            .fields
            .iter()
            .map(|(field, list)| crosswalk(list, parcel.code_systems.get(field)))
            .collect();
        let none = PersonCharacteristics::default();
        for record in records {
            let person = record.person.as_ref().unwrap_or(&none);
            let columns = self.fields.iter().zip(&crosswalks).map(|((field, _), crosswalk)| {
                let given = value(field, record, person);
                // A word for a missing state is in no code system, and is its own name.
                crosswalk.get(given).map_or(given, String::as_str)
            });
            let mut row: Vec<&str> = columns.collect();
            let weight = record.record_count.unwrap_or(1).to_string();
            row.push(&weight);
            self.out.write_record(row)?;
        }
        Ok(())
    }

    /// Ends the file.
    pub fn finish(mut self) -> Outcome {
        Ok(self.out.flush()?)
    }
}

/// Code as given to category or state, in the named code system or the default one.
fn crosswalk(list: &CodeList, system: Option<&String>) -> BTreeMap<String, String> {
    let is_it = |id: &str| system.is_none_or(|system| system == id);
    let system = list.code_systems.iter().find(|s| is_it(&s.id));
    let target = |mapping: &CodeMapping| {
        let state = mapping.state();
        let is_known = state == CategoryState::Known;
        if is_known {
            mapping.code.clone()
        } else {
            state.as_str_name().replace("CATEGORY_STATE_", "")
        }
    };
    let mappings = system.into_iter().flat_map(|s| &s.mappings);
    mappings.map(|m| (m.source_code.clone(), target(m))).collect()
}

fn value<'a>(
    field: &str,
    record: &'a ConsultationRecord,
    person: &'a PersonCharacteristics,
) -> &'a str {
    match field {
        "channel" => &record.channel,
        "sex" => &person.sex,
        "sexual_orientation" => &person.sexual_orientation,
        "religion" => &person.religion,
        "marital_status" => &person.marital_status,
        "carer" => &person.carer,
        "veteran" => &person.veteran,
        "interpreter_needed" => &person.interpreter_needed,
        "accessible_need" => &person.accessible_need,
        "digital_access" => &person.digital_access,
        other => unreachable!("no crossing has {other}"),
    }
}

//! Messages of the contract written as JSON, so that cases read as data.

use equity_indicators::proto::v1::{
    ConsultationBatch, ConsultationRecord, SubmissionHeader, SubmitConsultationsRequest,
    submit_consultations_request,
};
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::Value;
use std::sync::LazyLock;

/// Every message and service of the contract.
pub(crate) static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(equity_indicators::proto::FILE_DESCRIPTOR_SET).unwrap()
});

/// A message of `equity.v1` from its JSON form.
pub(crate) fn message<M: prost::Message + Default>(json: Value) -> M {
    let name = std::any::type_name::<M>().rsplit("::").next().unwrap();
    let descriptor = POOL.get_message_by_name(&format!("equity.v1.{name}")).unwrap();
    let text = json.to_string();
    DynamicMessage::deserialize(descriptor, json)
        .unwrap_or_else(|error| panic!("{text} is no {name}: {error}"))
        .transcode_to()
        .unwrap()
}

/// Consultation records from a JSON array.
pub(crate) fn records(json: &Value) -> Vec<ConsultationRecord> {
    json.as_array().unwrap().iter().cloned().map(message).collect()
}

/// A header with a request id of its own and these characteristics.
pub(crate) fn header(
    organisation: &str,
    collection: &str,
    month: &str,
    collected: &[&str],
) -> SubmissionHeader {
    SubmissionHeader {
        organisation: organisation.to_owned(),
        collection: collection.to_owned(),
        month: month.to_owned(),
        request_id: uuid::Uuid::new_v4().to_string(),
        collected_characteristics: collected.iter().map(|name| (*name).to_owned()).collect(),
        // Most tests replace months by whatever they need next.
        allow_shrinking: true,
        ..SubmissionHeader::default()
    }
}

/// The messages of a submission.
pub(crate) fn consultations(
    header: SubmissionHeader,
    batches: Vec<Vec<ConsultationRecord>>,
) -> Vec<SubmitConsultationsRequest> {
    use submit_consultations_request::Part;
    let batches = batches.into_iter().map(|records| Part::Batch(ConsultationBatch { records }));
    std::iter::once(Part::Header(header))
        .chain(batches)
        .map(|part| SubmitConsultationsRequest { part: Some(part) })
        .collect()
}

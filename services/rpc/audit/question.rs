//! Requests as JSON for the audit log, without what may not be kept there: keys of persons. Rows never come here.

use prost_reflect::{DynamicMessage, ReflectMessage as _, SerializeOptions, Value};

use crate::engine::audit::Rendered;
use crate::proto;

/// The request that erases a person: of it the request id alone is kept.
const ERASE_PERSON: &str = "equity.v1.ErasePersonRequest";
const REQUEST_ID: &str = "request_id";
/// Fields that name an area or organisations.
const ABOUT: [&str; 3] = ["area", "organisation", "organisations"];
/// Fields that are, or may be, the key of a person, wherever they are.
const PERSON: [&str; 2] = ["person_key", "source_id"];

/// The request of a method, `equity.v1.SubmissionService/GetSubmission`. Empty if it cannot be read.
#[must_use]
pub fn render(method: &str, message: &[u8]) -> Rendered {
    read(method, message).unwrap_or_default()
}

fn read(method: &str, message: &[u8]) -> Option<Rendered> {
    let (service, name) = method.split_once('/')?;
    let service = proto::pool().get_service_by_name(service)?;
    let method = service.methods().find(|method| method.name() == name)?;
    let mut request = DynamicMessage::decode(method.input(), message).ok()?;
    strip(&mut request);
    let mut about = Vec::new();
    names(&request, &mut about);
    let options =
        SerializeOptions::new().stringify_64_bit_integers(false).use_proto_field_name(true);
    let json = request.serialize_with_options(serde_json::value::Serializer, &options).ok()?;
    Some(Rendered { json: json.to_string(), about })
}

/// Takes out what may not be kept.
fn strip(message: &mut DynamicMessage) {
    let is_erasure = message.descriptor().full_name() == ERASE_PERSON;
    let fields: Vec<_> = message.descriptor().fields().collect();
    for field in fields {
        if is_erasure && field.name() != REQUEST_ID || PERSON.contains(&field.name()) {
            message.clear_field(&field);
        } else if message.has_field(&field) {
            let value = message.get_field_mut(&field);
            // A map of the contract has no messages.
            let one = match value.as_list_mut() {
                Some(all) => all.iter_mut(),
                None => std::slice::from_mut(value).iter_mut(),
            };
            one.filter_map(Value::as_message_mut).for_each(strip);
        }
    }
    // What the contract does not know may be anything.
    let _unknown: Vec<_> = message.take_unknown_fields().collect();
}

/// Areas and organisations that a request names, each once.
fn names(message: &DynamicMessage, about: &mut Vec<String>) {
    let mut add = |code: &str| {
        if !code.is_empty() && !about.iter().any(|known| known == code) {
            about.push(code.to_owned());
        }
    };
    let mut inner = Vec::new();
    for (field, value) in message.fields() {
        let values = value.as_list().unwrap_or(std::slice::from_ref(value));
        for value in values {
            inner.extend(value.as_message());
            let Some(text) = value.as_str() else { continue };
            if ABOUT.contains(&field.name()) {
                add(text);
            } else {
                // `collections/c/organisations/C82001/…`
                let named = text.split_once("organisations/").map(|(_, rest)| rest);
                named.and_then(|rest| rest.split('/').next()).into_iter().for_each(&mut add);
            }
        }
    }
    for one in inner {
        names(one, about);
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;
    use crate::proto::v1;

    #[test]
    fn questions_are_json_and_say_what_they_are_about() {
        let query = v1::BreakdownQuery {
            area: "QK1".into(),
            organisations: vec!["C82001".into(), "C82002".into(), "C82001".into()],
            ..Default::default()
        };
        let asked = v1::GetChannelBreakdownRequest { query: Some(query), ..Default::default() };
        let method = "equity.v1.ConsultationChannelService/GetChannelBreakdown";
        let rendered = render(method, &asked.encode_to_vec());
        assert_eq!(
            rendered.json,
            r#"{"query":{"area":"QK1","organisations":["C82001","C82002","C82001"]}}"#
        );
        assert_eq!(rendered.about, ["QK1", "C82001", "C82002"]);
        let named = v1::GetSubmissionRequest {
            name: "collections/c/organisations/C82001/datasets/d/months/2020-04/versions/1".into(),
        };
        let rendered = render("equity.v1.SubmissionService/GetSubmission", &named.encode_to_vec());
        assert_eq!(rendered.about, ["C82001"]);
    }

    #[test]
    fn no_key_of_a_person_is_kept_and_nothing_that_the_contract_does_not_know() {
        let asked = v1::ErasePersonRequest {
            person_key: "7f3a91".into(),
            person_key_scheme: "nhs".into(),
            reason: "request of 7f3a91".into(),
            request_id: "5f0c".into(),
        };
        let mut bytes = asked.encode_to_vec();
        // Field 100, a text.
        bytes.extend([0xa2, 0x06, 6]);
        bytes.extend(b"7f3a91");
        let rendered = render("equity.v1.ErasureService/ErasePerson", &bytes);
        assert_eq!(rendered.json, r#"{"request_id":"5f0c"}"#);
        assert_eq!(render("equity.v1.ErasureService/ErasePerson", &[0xff]), Rendered::default());
        assert_eq!(render("equity.v1.ErasureService/None", &bytes), Rendered::default());
    }

    #[test]
    fn fuzz_questions_of_the_audit_log() {
        let query = v1::BreakdownQuery { area: "QK1".into(), ..Default::default() };
        let asked = v1::GetChannelBreakdownRequest { query: Some(query), ..Default::default() };
        crate::fuzz::fuzz("questions of the audit log", &[asked.encode_to_vec()], |bytes| {
            let method = "equity.v1.ConsultationChannelService/GetChannelBreakdown";
            let rendered = render(method, bytes);
            let json: Result<serde_json::Value, _> = serde_json::from_str(&rendered.json);
            assert!(rendered.json.is_empty() || json.is_ok());
        });
    }
}

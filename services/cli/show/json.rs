//! JSON of the contract's messages, through their own descriptors: the proto's field names, numbers as numbers,
//! enumerations as their names, times as RFC 3339. A field that the contract can leave out (a message, an `optional`)
//! is left out; every other field is always there, so that a zero is a zero.

use prost::Message;
use prost_reflect::{DynamicMessage, SerializeOptions};
use serde_json::Value;

/// The JSON of a message. `name` is its full name: `equity.v1.Receipt`.
///
/// # Errors
/// When `name` is not in the contract, or the message is not one of that name.
pub fn of(name: &str, message: &impl Message) -> anyhow::Result<Value> {
    let descriptor = crate::proto::pool()
        .get_message_by_name(name)
        .ok_or_else(|| anyhow::anyhow!("{name} is not in the contract"))?;
    let dynamic = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice())?;
    let options = SerializeOptions::new()
        .stringify_64_bit_integers(false)
        .use_proto_field_name(true)
        .skip_default_fields(false);
    Ok(dynamic.serialize_with_options(serde_json::value::Serializer, &options)?)
}

/// As text: indented for a whole answer, one line for each of a stream.
pub fn text(value: &Value, one_line: bool) -> String {
    if one_line { value.to_string() } else { format!("{value:#}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::v1;

    #[test]
    fn absent_is_absent_and_zero_is_zero() {
        let cell = v1::Cell { numerator_count: Some(0), value: Some(0.0), ..Default::default() };
        let value = of("equity.v1.Cell", &cell).unwrap();
        assert_eq!(value, serde_json::json!({"numerator_count": 0, "value": 0.0}));
    }

    #[test]
    fn numbers_are_numbers_and_states_are_names() {
        let key = v1::CategoryKey {
            dimension: "channel".into(),
            code: "TELEPHONE".into(),
            state: v1::CategoryState::Known.into(),
        };
        let cell = v1::Cell { numerator_count: Some(9_007_199_254_740_993), ..Default::default() };
        let row = v1::Row { keys: vec![key], cells: vec![cell], ..Default::default() };
        let value = of("equity.v1.Row", &row).unwrap();
        assert_eq!(
            value,
            serde_json::json!({
                "keys": [{"dimension": "channel", "code": "TELEPHONE", "state": "CATEGORY_STATE_KNOWN"}],
                "cells": [{"numerator_count": 9_007_199_254_740_993_i64}],
            })
        );
    }

    #[test]
    fn times_are_rfc_3339() {
        let submission = v1::Submission {
            accept_time: Some(prost_types::Timestamp { seconds: 0, nanos: 0 }),
            ..Default::default()
        };
        let value = of("equity.v1.Submission", &submission).unwrap();
        assert_eq!(value["accept_time"], "1970-01-01T00:00:00Z");
        assert_eq!(value["version"], 0);
    }

    #[test]
    fn another_message_is_an_error() {
        assert!(of("equity.v1.Nothing", &v1::Absence::default()).is_err());
    }
}

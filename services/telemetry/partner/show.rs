//! A stored record or metric, for a person who wants to know what it says.

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint, metric, number_data_point};
use prost::Message as _;

use crate::domain::delivery::Signal;
use crate::engine::delivery::Shown;

/// What a payload of a signal says; none: it cannot be read.
#[must_use]
pub fn show(payload: &[u8], signal: Signal) -> Option<Shown> {
    match signal {
        Signal::Logs => {
            let record = LogRecord::decode(payload).ok()?;
            let body = record.body.map(|body| text(&body)).unwrap_or_default();
            Some(Shown { body, attributes: record.attributes.iter().map(pair).collect() })
        }
        Signal::Metrics => {
            let Metric { name, unit, data, .. } = Metric::decode(payload).ok()?;
            let points = match data? {
                metric::Data::Gauge(gauge) => gauge.data_points,
                metric::Data::Sum(sum) => sum.data_points,
                metric::Data::Histogram(_)
                | metric::Data::ExponentialHistogram(_)
                | metric::Data::Summary(_) => return None,
            };
            let point = points.first()?;
            let body = format!("{name} {} {unit}", number(point));
            Some(Shown { body, attributes: point.attributes.iter().map(pair).collect() })
        }
    }
}

fn number(point: &NumberDataPoint) -> String {
    match point.value {
        Some(number_data_point::Value::AsDouble(number)) => number.to_string(),
        Some(number_data_point::Value::AsInt(number)) => number.to_string(),
        None => String::new(),
    }
}

fn pair(of: &KeyValue) -> (String, String) {
    (of.key.clone(), of.value.as_ref().map(text).unwrap_or_default())
}

fn text(value: &AnyValue) -> String {
    match &value.value {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        Some(any_value::Value::DoubleValue(number)) => number.to_string(),
        Some(any_value::Value::BoolValue(is)) => is.to_string(),
        Some(any_value::Value::ArrayValue(list)) => {
            list.values.iter().map(text).collect::<Vec<_>>().join(", ")
        }
        // No event has any other.
        Some(_) | None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::delivery::{Event, EventKind, Point, Source, Value};
    use crate::telemetry::partner::encode;

    #[test]
    fn what_was_encoded_is_shown() {
        let event = Event {
            kind: EventKind::SubmissionAccepted,
            source: Source::Call("a call".to_owned()),
            index: 0,
            time_millis: 1_700_000_000_000,
            body: "a submission was stored".to_owned(),
            attributes: vec![
                ("submission.name", Value::Text("a/b".to_owned())),
                ("submission.accepted_count", Value::Whole(3)),
                ("finding.fields", Value::List(vec!["sex".to_owned(), "age".to_owned()])),
                ("value", Value::Number(0.5)),
            ],
            point: Some(Point {
                name: "submission.count".to_owned(),
                description: String::new(),
                unit: "{submission}",
                value: Some(4.0),
                since_millis: Some(1),
                attributes: vec![("submission.outcome", Value::Text("accepted".to_owned()))],
            }),
        };
        let shown = |signal| show(&encode(&event, signal).unwrap(), signal).unwrap();
        let logs = shown(Signal::Logs);
        assert_eq!(logs.body, "a submission was stored");
        let expected = [
            ("nhs.equity.finding.fields", "sex, age"),
            ("nhs.equity.submission.accepted_count", "3"),
            ("nhs.equity.submission.name", "a/b"),
            ("nhs.equity.value", "0.5"),
        ];
        assert!(logs.attributes.iter().map(|(key, value)| (&**key, &**value)).eq(expected));
        let metrics = shown(Signal::Metrics);
        assert_eq!(metrics.body, "nhs.equity.submission.count 4 {submission}");
        assert_eq!(metrics.attributes["nhs.equity.submission.outcome"], "accepted");
        assert!(show(b"\xff", Signal::Logs).is_none());
    }
}

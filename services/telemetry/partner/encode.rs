//! An event as an OTLP log record or metric.

use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, SeverityNumber};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, DataPointFlags, Gauge, Metric, NumberDataPoint, Sum, metric,
    number_data_point,
};
use prost::Message as _;

use crate::domain::delivery::{Attribute, Event, Point, Signal, Value};

/// What the names of events, metrics and attributes begin with.
pub(super) const PREFIX: &str = "nhs.equity.";
const NANOS: u64 = 1_000_000;
/// Flag of a point that says: there is no value any more.
const NO_RECORDED_VALUE: u32 = DataPointFlags::NoRecordedValueMask as u32;

/// An event as a record of a signal; none: it has no figure.
#[must_use]
pub fn encode(event: &Event, signal: Signal) -> Option<Vec<u8>> {
    match signal {
        Signal::Logs => Some(record(event).encode_to_vec()),
        Signal::Metrics => event.point.as_ref().map(|of| metric(of, event).encode_to_vec()),
    }
}

/// An attribute.
pub(super) fn attribute(name: &str, value: any_value::Value) -> KeyValue {
    let value = Some(AnyValue { value: Some(value) });
    KeyValue { key: format!("{PREFIX}{name}"), value, ..Default::default() }
}

fn value(value: &Value) -> any_value::Value {
    match value {
        Value::Text(text) => any_value::Value::StringValue(text.clone()),
        Value::Whole(whole) => any_value::Value::IntValue(*whole),
        Value::Number(number) => any_value::Value::DoubleValue(*number),
        Value::List(texts) => {
            let each = |text: &String| AnyValue {
                value: Some(any_value::Value::StringValue(text.clone())),
            };
            any_value::Value::ArrayValue(ArrayValue { values: texts.iter().map(each).collect() })
        }
    }
}

fn attributes(all: &[Attribute]) -> Vec<KeyValue> {
    all.iter().map(|(name, of)| attribute(name, value(of))).collect()
}

fn record(event: &Event) -> LogRecord {
    let (number, text) = if event.kind.is_warning() {
        (SeverityNumber::Warn, "WARN")
    } else {
        (SeverityNumber::Info, "INFO")
    };
    let time = event.time_millis.saturating_mul(NANOS);
    LogRecord {
        time_unix_nano: time,
        observed_time_unix_nano: time,
        severity_number: number.into(),
        severity_text: text.to_owned(),
        body: Some(AnyValue { value: Some(any_value::Value::StringValue(event.body.clone())) }),
        attributes: attributes(&event.attributes),
        event_name: format!("{PREFIX}{}", event.kind.name()),
        ..Default::default()
    }
}

fn metric(point: &Point, event: &Event) -> Metric {
    let since = point.since_millis.map(|millis| millis.saturating_mul(NANOS));
    let data_points = vec![NumberDataPoint {
        attributes: attributes(&point.attributes),
        start_time_unix_nano: since.unwrap_or(0),
        time_unix_nano: event.time_millis.saturating_mul(NANOS),
        value: point.value.map(number_data_point::Value::AsDouble),
        flags: if point.value.is_some() { 0 } else { NO_RECORDED_VALUE },
        ..Default::default()
    }];
    let data = match since {
        None => metric::Data::Gauge(Gauge { data_points }),
        Some(_) => metric::Data::Sum(Sum {
            data_points,
            aggregation_temporality: AggregationTemporality::Cumulative.into(),
            is_monotonic: true,
        }),
    };
    Metric {
        name: format!("{PREFIX}{}", point.name),
        description: point.description.clone(),
        unit: point.unit.to_owned(),
        data: Some(data),
        ..Default::default()
    }
}

//! Several events as one request of OTLP.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{Metric, ResourceMetrics, ScopeMetrics, metric};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::{DecodeError, Message as _};

use super::encode::{PREFIX, attribute};
use super::task::Identity;
use crate::domain::delivery::Signal;
use crate::engine::outbox::Waiting;

/// Version of the names and attributes that partners program against.
const SCHEMA: &str = "1";

/// The encoded request for events of a signal.
pub(super) fn encode(
    signal: Signal,
    identity: &Identity,
    recipient: (&str, &str),
    events: &[Waiting],
) -> Result<Vec<u8>, DecodeError> {
    let (resource, scope) = (Some(resource(identity, recipient)), Some(scope()));
    Ok(match signal {
        Signal::Logs => {
            let log_records = events.iter().map(record).collect::<Result<_, _>>()?;
            let scope_logs = vec![ScopeLogs { scope, log_records, ..Default::default() }];
            let resource_logs = vec![ResourceLogs { resource, scope_logs, ..Default::default() }];
            ExportLogsServiceRequest { resource_logs }.encode_to_vec()
        }
        Signal::Metrics => {
            let scope_metrics =
                vec![ScopeMetrics { scope, metrics: metrics(events)?, ..Default::default() }];
            let resource_metrics =
                vec![ResourceMetrics { resource, scope_metrics, ..Default::default() }];
            ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
        }
    })
}

/// A log record, with what only its stream knows.
fn record(waiting: &Waiting) -> Result<LogRecord, DecodeError> {
    let mut record = LogRecord::decode(waiting.payload.as_slice())?;
    let sequence = i64::try_from(waiting.event.sequence).unwrap_or(i64::MAX);
    let id = any_value::Value::StringValue(waiting.event.id.to_string());
    record.attributes.push(attribute("event.id", id));
    record.attributes.push(attribute("sequence", any_value::Value::IntValue(sequence)));
    if waiting.event.replay {
        record.attributes.push(attribute("delivery.replay", any_value::Value::BoolValue(true)));
    }
    Ok(record)
}

/// Metrics, each name once. Points have no id: it would make each of them a series of its own.
fn metrics(events: &[Waiting]) -> Result<Vec<Metric>, DecodeError> {
    let mut by_name: BTreeMap<String, Metric> = BTreeMap::new();
    for waiting in events {
        let metric = Metric::decode(waiting.payload.as_slice())?;
        let Some(known) = by_name.get_mut(&metric.name) else {
            by_name.insert(metric.name.clone(), metric);
            continue;
        };
        match (known.data.as_mut(), metric.data) {
            (Some(metric::Data::Gauge(known)), Some(metric::Data::Gauge(more))) => {
                known.data_points.extend(more.data_points);
            }
            (Some(metric::Data::Sum(known)), Some(metric::Data::Sum(more))) => {
                known.data_points.extend(more.data_points);
            }
            // A name has one kind.
            (_, _) => {}
        }
    }
    Ok(by_name.into_values().collect())
}

fn resource(identity: &Identity, (partner, organisation): (&str, &str)) -> Resource {
    let text = |key: &str, text: &str| {
        let value = any_value::Value::StringValue(text.to_owned());
        let value = Some(AnyValue { value: Some(value) });
        KeyValue { key: key.to_owned(), value, ..Default::default() }
    };
    let attributes = vec![
        text("service.name", "equity-indicators"),
        text("service.namespace", "uk.nhs.equity"),
        text("service.version", env!("CARGO_PKG_VERSION")),
        text("service.instance.id", &identity.instance),
        text(&format!("{PREFIX}recipient.partner"), partner),
        text(&format!("{PREFIX}recipient.ods_code"), organisation),
    ];
    Resource { attributes, ..Default::default() }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "uk.nhs.equity.indicators".to_owned(),
        version: SCHEMA.to_owned(),
        ..Default::default()
    }
}

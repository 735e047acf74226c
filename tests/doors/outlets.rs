//! What left the service, in a form that two worlds can be compared in: without times, addresses and folders.

use std::collections::BTreeSet;
use std::fmt;

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, Value};

use crate::support::Collector;

/// What left the service by one door.
#[derive(Clone, PartialEq)]
pub(super) struct Said {
    /// What was asked: the method or the command, and the rest of the question.
    pub(super) asked: String,
    bytes: Vec<u8>,
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.asked, self.text())
    }
}

impl Said {
    pub(super) fn new(asked: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { asked: asked.into(), bytes: bytes.into() }
    }

    /// The method or the command.
    pub(super) fn door(&self) -> &str {
        self.asked.split(": ").next().unwrap_or_default()
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Whether a number stands in it: in digits, or with a thousands separator. What is in an encoded message is in its words, too.
    pub(super) fn tells(&self, number: u64) -> bool {
        let (text, digits) = (self.text(), number.to_string());
        let grouped = format!("{},{:03}", number / 1000, number % 1000);
        let is_whole = |(at, found): (usize, &str)| {
            let around = [text[..at].chars().next_back(), text[at + found.len()..].chars().next()];
            // Within a longer number or a hash it is something else.
            !around.into_iter().flatten().any(|c| c.is_ascii_alphanumeric())
        };
        [digits, grouped].iter().any(|word| text.match_indices(word.as_str()).any(is_whole))
    }

    /// Where two begin to differ.
    pub(super) fn difference(&self, other: &Self) -> String {
        let (one, two) = (self.text(), other.text());
        let lines = one.lines().zip(two.lines()).find(|(one, two)| one != two);
        let Some((one, two)) = lines else { return format!("{}\n  {one}\n  {two}", self.asked) };
        let at =
            one.bytes().zip(two.bytes()).take_while(|(a, b)| a == b).count().saturating_sub(150);
        let part = |line: &str| {
            String::from_utf8_lossy(&line.as_bytes()[at..line.len().min(at + 400)]).into_owned()
        };
        format!("{}\n  …{}\n  …{}", self.asked, part(one), part(two))
    }
}

/// The first byte of what is a message as it was encoded; no text begins with it.
const ENCODED: u8 = 0;

/// A message as it was received, and in words. Times are taken out; where there are none, every byte stays.
pub(super) fn message(of: MessageDescriptor, bytes: &[u8]) -> [Vec<u8>; 2] {
    let mut message = DynamicMessage::decode(of, bytes).unwrap();
    let encoded = match without_times(&mut message) {
        true => message.encode_to_vec(),
        false => bytes.to_vec(),
    };
    [[&[ENCODED], encoded.as_slice()].concat(), serde_json::to_vec(&message).unwrap()]
}

/// Takes times out of a message; whether there were any.
fn without_times(message: &mut DynamicMessage) -> bool {
    let fields: Vec<_> = message.fields().map(|(field, _)| field).collect();
    let mut had = false;
    for field in fields {
        let Kind::Message(of) = field.kind() else { continue };
        if of.full_name() == "google.protobuf.Timestamp" {
            message.clear_field(&field);
            had = true;
            continue;
        }
        match message.get_field_mut(&field) {
            Value::Message(inner) => had |= without_times(inner),
            Value::List(all) => {
                for one in all {
                    if let Value::Message(inner) = one {
                        had |= without_times(inner);
                    }
                }
            }
            _ => {}
        }
    }
    had
}

/// A text without times of the day, and without the place of this run.
pub(super) fn settled(text: &str, places: &[(String, &str)]) -> String {
    let mut text = text.to_owned();
    for (place, name) in places {
        text = text.replace(place, name);
    }
    let mut settled = String::new();
    let mut rest = text.as_str();
    // 2026-11-29T11:28:20.123Z, or without the T.
    while let Some(at) = rest.find("2026-").filter(|_| !rest.is_empty()) {
        let time = rest[at..].chars().take_while(|c| c.is_ascii_digit() || "-:.TZ".contains(*c));
        let length = time.map(char::len_utf8).sum::<usize>();
        settled += &rest[..at];
        settled += if length > 10 { "TIME" } else { &rest[at..at + length] };
        rest = &rest[at + length..];
    }
    settled + rest
}

/// A status without how old the data is: in words, in seconds, and in how wide a table of it is.
pub(super) fn ageless(text: &str) -> String {
    let line = |line: &str| {
        let mut words: Vec<_> = line.split_whitespace().collect();
        // "received 9 seconds ago", "age_seconds": 9
        let told = |at: &usize| {
            let is_said = words[..*at].last().is_some_and(|before| before.contains("age_seconds"));
            is_said || words.get(at + 2).is_some_and(|after| after.starts_with("ago"))
        };
        let ages: Vec<_> = (0..words.len()).filter(told).collect();
        ages.into_iter().for_each(|at| words[at] = "AGE");
        let is_border = |word: &&str| word.contains("--");
        words.into_iter().filter(|word| !is_border(word)).collect::<Vec<_>>().join(" ")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Attributes in one order.
fn words(attributes: &[KeyValue]) -> String {
    let word = |one: &KeyValue| format!("{}={:?}", one.key, one.value);
    let mut words: Vec<_> = attributes.iter().map(word).collect();
    words.sort();
    words.join(" ")
}

/// The points of a metric, without what is a time.
fn points(metric: &Metric) -> Vec<String> {
    let value = |of: &NumberDataPoint| format!("{} {:?}", words(&of.attributes), of.value);
    let mut points: Vec<_> = match metric.data.as_ref().unwrap() {
        Data::Histogram(of) => {
            of.data_points.iter().map(|p| format!("{} {}", words(&p.attributes), p.count)).collect()
        }
        Data::Gauge(of) => of.data_points.iter().map(value).collect(),
        Data::Sum(of) => of.data_points.iter().map(value).collect(),
        other => panic!("{other:?}"),
    };
    points.sort();
    points
}

/// Everything that an operator's collector has received, line by line.
pub(super) fn telemetry(collector: &Collector) -> Vec<Said> {
    // How often a part of a call is waited for, read or kept depends on what else runs, and not on a cell.
    let spans = collector.spans().into_iter();
    let (calls, parts): (Vec<_>, Vec<_>) = spans.partition(|span| span.parent_span_id.is_empty());
    let line = |span: Span| {
        let (attributes, events) = (words(&span.attributes), span.events.len());
        format!("{} {:?} {attributes} {:?} {events}", span.name, span.kind, span.status)
    };
    let parts: BTreeSet<_> = parts.into_iter().map(line).collect();
    let spans = calls.into_iter().map(line).chain(parts);
    let logs = collector.log_records().into_iter().map(|record| {
        // How long something took, and at which port this run serves.
        let told = |of: &&KeyValue| of.key != "seconds" && of.key != "address";
        let told: Vec<_> = record.attributes.iter().filter(told).cloned().collect();
        format!("{} {:?} {}", record.severity_text, record.body, words(&told))
    });
    let exported = collector.last_metrics().unwrap();
    let scopes = exported.resource_metrics.iter().flat_map(|resource| &resource.scope_metrics);
    let metrics = scopes.flat_map(|scope| &scope.metrics).map(|metric| {
        // How many bytes all data takes on disk, and what the machine has: of no cell.
        let of_machine = [
            "nhs.equity.store.",
            "nhs.equity.memory.questions",
            "nhs.equity.audit.",
            "nhs.equity.collection.age",
            "nhs.equity.questions.",
            "process.",
        ];
        let is_of_machine = of_machine.iter().any(|name| metric.name.starts_with(name));
        let told = if is_of_machine { Vec::new() } else { points(metric) };
        format!("{} {}", metric.name, told.join("; "))
    });
    [("spans", spans.collect()), ("log records", logs.collect()), ("metrics", metrics.collect())]
        .into_iter()
        .map(|(name, mut lines): (_, Vec<String>)| {
            lines.sort();
            Said::new(format!("telemetry: {name}"), lines.join("\n"))
        })
        .collect()
}

//! Connects a caller's trace with ours. As a link, never as a parent, so that no caller decides what we sample.

use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Longest `traceparent` that is read, in bytes. Version 00 has 55.
const LONGEST: usize = 64;

/// Adds a link to the span that a W3C `traceparent` names. Does nothing if the header is malformed or nothing is exported.
pub fn link_to_caller(span: &Span, traceparent: &str) {
    if traceparent.len() > LONGEST {
        return;
    }
    let none = opentelemetry::Context::new();
    let caller =
        TraceContextPropagator::new().extract_with_context(&none, &Traceparent(traceparent));
    span.add_link(caller.span().span_context().clone());
}

/// The id of the trace that a span belongs to; none: nothing is exported, or not this trace.
#[must_use]
pub fn trace_id(span: &Span) -> Option<String> {
    let context = span.context();
    let of = context.span().span_context().clone();
    (of.is_valid() && of.is_sampled()).then(|| of.trace_id().to_string())
}

/// The header in the form that the propagator reads.
struct Traceparent<'a>(&'a str);

impl Extractor for Traceparent<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == "traceparent").then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent"]
    }
}

//! What a metric is: its name, unit, meaning and attributes, written once. The instruments, and the table of the operator's guide, have them from
//! here.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{AsyncInstrument, Counter, Histogram, Meter};

/// Bounds of durations in seconds: those of gRPC's own metrics (gRFC A66) from 0.1 ms. The SDK's own are meant for milliseconds.
pub const SECONDS: [f64; 38] = [
    0.0001, 0.0003, 0.0006, 0.0008, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01, 0.013,
    0.016, 0.02, 0.025, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5,
    0.65, 0.8, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0,
];

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, from 0 at the start of the service.
    Counter,
    /// The present value.
    Gauge,
    /// How often a value fell between two bounds.
    Histogram,
}

impl Kind {
    /// Its word in the table of the operator's guide.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// One metric of the service.
#[derive(Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// Its unit in UCUM: `s`, `By`, `1` for numbers without one, `{call}` for counts of calls.
    pub unit: &'static str,
    /// The keys of its attributes. Their values come from closed sets.
    pub attributes: &'static [&'static str],
    /// What it means, a sentence.
    pub description: &'static str,
}

impl Metric {
    pub(super) const fn new(
        (name, kind): (&'static str, Kind),
        unit: &'static str,
        attributes: &'static [&'static str],
        description: &'static str,
    ) -> Self {
        Self { name, kind, unit, attributes, description }
    }

    pub(super) fn histogram(&self, meter: &Meter) -> Histogram<f64> {
        let histogram = meter.f64_histogram(self.name).with_unit(self.unit);
        histogram.with_description(self.description).with_boundaries(SECONDS.to_vec()).build()
    }

    pub(super) fn counter(&self, meter: &Meter) -> Counter<u64> {
        meter.u64_counter(self.name).with_unit(self.unit).with_description(self.description).build()
    }

    /// A gauge or counter of whole numbers that is read whenever metrics are collected.
    pub(super) fn observed(
        &self,
        meter: &Meter,
        read: impl Fn(&dyn AsyncInstrument<u64>) + Send + Sync + 'static,
    ) {
        let (unit, about) = (self.unit, self.description);
        if self.kind == Kind::Counter {
            let counter = meter.u64_observable_counter(self.name).with_unit(unit);
            counter.with_description(about).with_callback(read).build();
        } else {
            let gauge = meter.u64_observable_gauge(self.name).with_unit(unit);
            gauge.with_description(about).with_callback(read).build();
        }
    }

    /// The same of fractions.
    pub(super) fn observed_fraction(
        &self,
        meter: &Meter,
        read: impl Fn(&dyn AsyncInstrument<f64>) + Send + Sync + 'static,
    ) {
        let (unit, about) = (self.unit, self.description);
        if self.kind == Kind::Counter {
            let counter = meter.f64_observable_counter(self.name).with_unit(unit);
            counter.with_description(about).with_callback(read).build();
        } else {
            let gauge = meter.f64_observable_gauge(self.name).with_unit(unit);
            gauge.with_description(about).with_callback(read).build();
        }
    }
}

/// A metric without attributes and its present value, which the other rooms set or count up.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) metric: Metric,
    now: AtomicU64,
    is_known: AtomicBool,
}

impl Value {
    /// It has no value before it is set: during a start, 0 bytes of free space would be an alarm.
    pub(super) const fn gauge(
        name: &'static str,
        unit: &'static str,
        description: &'static str,
    ) -> Self {
        Self::of(Metric::new((name, Kind::Gauge), unit, &[], description), false)
    }

    /// A gauge that is 1 while something is wrong, and 0 until then.
    pub(super) const fn fault(name: &'static str, description: &'static str) -> Self {
        Self::of(Metric::new((name, Kind::Gauge), "1", &[], description), true)
    }

    pub(super) const fn counter(
        name: &'static str,
        unit: &'static str,
        description: &'static str,
    ) -> Self {
        Self::of(Metric::new((name, Kind::Counter), unit, &[], description), true)
    }

    const fn of(metric: Metric, is_known: bool) -> Self {
        Self { metric, now: AtomicU64::new(0), is_known: AtomicBool::new(is_known) }
    }

    pub(super) fn get(&self) -> u64 {
        self.now.load(Relaxed)
    }

    pub(super) fn set(&self, now: u64) {
        self.now.store(now, Relaxed);
        self.is_known.store(true, Relaxed);
    }

    pub(super) fn add(&self, more: u64) {
        self.now.fetch_add(more, Relaxed);
        self.is_known.store(true, Relaxed);
    }

    pub(super) fn subtract(&self, less: u64) {
        self.now.fetch_sub(less, Relaxed);
    }

    pub(super) fn observe(&'static self, meter: &Meter) {
        self.metric.observed(meter, |observer| {
            if self.is_known.load(Relaxed) {
                observer.observe(self.get(), &[]);
            }
        });
    }
}

/// A gauge with one attribute whose values are a closed list, and the present value of each.
#[derive(Debug)]
pub(super) struct Split<const N: usize> {
    pub(super) metric: Metric,
    names: [&'static str; N],
    now: [AtomicU64; N],
}

impl<const N: usize> Split<N> {
    pub(super) const fn gauge(
        (name, unit): (&'static str, &'static str),
        attribute: &'static [&'static str; 1],
        names: [&'static str; N],
        description: &'static str,
    ) -> Self {
        let metric = Metric::new((name, Kind::Gauge), unit, attribute, description);
        Self { metric, names, now: [const { AtomicU64::new(0) }; N] }
    }

    pub(super) fn of(&self, place: usize) -> &AtomicU64 {
        &self.now[place]
    }

    pub(super) fn sum(&self) -> u64 {
        self.now.iter().map(|now| now.load(Relaxed)).sum()
    }

    pub(super) fn observe(&'static self, meter: &Meter) {
        self.metric.observed(meter, |observer| {
            for (name, now) in self.names.iter().zip(&self.now) {
                let of = KeyValue::new(self.metric.attributes[0], *name);
                observer.observe(now.load(Relaxed), &[of]);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_is_known_when_it_is_set_and_a_count_from_the_start() {
        static FREE: Value = Value::gauge("free", "By", "");
        static OPEN: Value = Value::gauge("open", "{connection}", "");
        let known = |value: &Value| value.is_known.load(Relaxed);
        assert!(!known(&FREE) && !known(&OPEN));
        FREE.set(0);
        OPEN.add(0);
        assert!(known(&FREE) && known(&OPEN), "0 is a value, too");
        assert!(known(&Value::counter("c", "{call}", "")) && known(&Value::fault("f", "")));
    }
}

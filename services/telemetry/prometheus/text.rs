//! Metrics in Prometheus' text format (version 0.0.4), with names as OpenTelemetry's specification maps them, and so as a collector does: dots become
//! underscores, the unit is spelled out (of gauges without one `ratio`), counters end with `_total`.

use std::fmt::{Display, Write as _};

use opentelemetry::{Key, KeyValue};
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, HistogramDataPoint, Metric, MetricData, ResourceMetrics, ScopeMetrics,
};

/// The page.
pub(super) fn page(metrics: &ResourceMetrics) -> String {
    let mut page = String::from(
        "# HELP target_info Name, version and instance of the service\n# TYPE target_info gauge\n",
    );
    let resource = metrics.resource().iter().map(|(key, value)| label(key, &value.as_str()));
    line(&mut page, "target_info", &resource.collect::<Vec<_>>(), 1);
    for metric in metrics.scope_metrics().flat_map(ScopeMetrics::metrics) {
        match metric.data() {
            AggregatedMetrics::F64(data) => write(&mut page, metric, data),
            AggregatedMetrics::U64(data) => write(&mut page, metric, data),
            AggregatedMetrics::I64(data) => write(&mut page, metric, data),
        }
    }
    page
}

fn write<T: Display + Copy>(page: &mut String, metric: &Metric, data: &MetricData<T>) {
    let counter = matches!(data, MetricData::Sum(sum) if sum.is_monotonic());
    let name = name(metric, counter);
    let kind = match data {
        MetricData::Histogram(_) => "histogram",
        MetricData::Sum(_) if counter => "counter",
        MetricData::Sum(_) | MetricData::Gauge(_) => "gauge",
        // The service has none.
        MetricData::ExponentialHistogram(_) => return,
    };
    let about = metric.description().replace('\\', "\\\\").replace('\n', "\\n");
    // Writing into a text never fails.
    let _ = writeln!(page, "# HELP {name} {about}\n# TYPE {name} {kind}");
    match data {
        MetricData::Gauge(gauge) => gauge
            .data_points()
            .for_each(|point| line(page, &name, &labels(point.attributes()), point.value())),
        MetricData::Sum(sum) => sum
            .data_points()
            .for_each(|point| line(page, &name, &labels(point.attributes()), point.value())),
        MetricData::Histogram(of) => {
            of.data_points().for_each(|point| histogram(page, &name, point));
        }
        MetricData::ExponentialHistogram(_) => {}
    }
}

fn histogram<T: Display + Copy>(page: &mut String, name: &str, point: &HistogramDataPoint<T>) {
    let mut count = 0;
    let bounds = point.bounds().map(|bound| bound.to_string()).chain(["+Inf".to_owned()]);
    for (bound, more) in bounds.zip(point.bucket_counts()) {
        count += more;
        let mut of = labels(point.attributes());
        of.push(label(&Key::from_static_str("le"), &bound));
        line(page, &format!("{name}_bucket"), &of, count);
    }
    line(page, &format!("{name}_sum"), &labels(point.attributes()), point.sum());
    line(page, &format!("{name}_count"), &labels(point.attributes()), point.count());
}

fn line(page: &mut String, name: &str, labels: &[String], value: impl Display) {
    let labels =
        if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    // Writing into a text never fails.
    let _ = writeln!(page, "{name}{labels} {value}");
}

fn labels<'a>(attributes: impl Iterator<Item = &'a KeyValue>) -> Vec<String> {
    attributes.map(|of| label(&of.key, &of.value.as_str())).collect()
}

fn label(key: &Key, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("{}=\"{value}\"", word(key.as_str()))
}

/// A name of letters, digits and underscores.
fn word(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

fn name(metric: &Metric, counter: bool) -> String {
    let unit = match metric.unit() {
        "s" => "_seconds",
        "By" => "_bytes",
        "1" => "_ratio",
        _ => "",
    };
    let total = if counter { "_total" } else { "" };
    format!("{}{unit}{total}", word(metric.name()))
}

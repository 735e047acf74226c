//! The demo's page: tables, a chart, the answer in a sentence, what to type next.

use std::path::Path;

use super::super::args::DEFAULT_SERVICE;
use super::super::show::table::{self, Column};
use super::super::show::words::Legend;
use super::super::show::{Look, channels, chart, keys, numbers};
use super::data;
use super::questions::{AFTER, AREA, Answers, BEFORE, FROM, TO, YEAR_BEFORE};
use crate::proto::v1::{ChannelBreakdown, ChannelRow, channel_cell::Value};

/// Where the demo is.
pub(super) struct Place<'a> {
    /// Address of the service.
    pub(super) address: &'a str,
    /// Whether it goes on serving.
    pub(super) serving_on: bool,
    /// Folder of its data.
    pub(super) folder: &'a Path,
}

/// The whole page.
pub(super) fn tell(answers: &Answers, place: &Place<'_>, look: &Look) -> String {
    let months = answers.months.breakdown.clone().unwrap_or_default();
    let after = answers.after.breakdown.clone().unwrap_or_default();
    let synthetic = answers.synthetic.breakdown.clone().unwrap_or_default();
    let title = |text: &str| look.paint(1, text);
    [
        title("How people in Leicester, Leicestershire and Rutland saw their GP practice, as shares of all appointments"),
        months_table(&months, look),
        String::new(),
        chart::bars(&months, look),
        String::new(),
        channels::table(&after, answers.after.position, look),
        String::new(),
        title(&sentence(&months)),
        String::new(),
        channels::table(&synthetic, answers.synthetic.position, look),
        String::new(),
        next(place),
    ]
    .join("\n")
}

/// One line for each month: appointments, and the share of each channel.
fn months_table(months: &ChannelBreakdown, look: &Look) -> String {
    let context = months.context.clone().unwrap_or_default();
    let legend = Legend(&context.legend);
    let mut columns = vec![Column::text("month"), Column::number("appointments")];
    let first = months.rows.first().map(|row| row.channels.as_slice()).unwrap_or_default();
    columns
        .extend(first.iter().map(|cell| Column::number(legend.category("channel", &cell.channel))));
    let lines = months.rows.iter().map(|row| {
        let mut line = keys::words(&months.dimensions, &row.keys, legend);
        line.push(numbers::count(row.total_count));
        line.extend(row.channels.iter().map(|cell| {
            match &cell.value {
                Some(Value::Estimate(figures)) => figures
                    .share
                    .as_ref()
                    .map_or_else(String::new, |share| numbers::percent(share.value)),
                Some(Value::Absence(_)) | None => String::new(),
            }
        }));
        line
    });
    table::grid(&columns, lines.collect(), look)
}

/// The answer, in a sentence.
fn sentence(months: &ChannelBreakdown) -> String {
    let said = |month: &str, channel: &str| {
        month_row(months, month).and_then(|row| share(row, channel)).map(numbers::percent)
    };
    let of_all = |channel: &str| {
        Some([said(AFTER, channel)?, said(YEAR_BEFORE, channel)?, said(BEFORE, channel)?])
    };
    let all = month_row(months, AFTER).map(|row| numbers::count(row.total_count));
    match (all, of_all("FACE_TO_FACE"), of_all("TELEPHONE")) {
        (
            Some(all),
            Some([face, face_year, face_before]),
            Some([phone, phone_year, phone_before]),
        ) => format!(
            "In April 2020 {face} of {all} GP appointments were face to face, against {face_year} in April 2019 and \
             {face_before} in February 2020;\n{phone} were by telephone, against {phone_year} and {phone_before}."
        ),
        _ => "The service has no figures for April 2020.".to_owned(),
    }
}

fn month_row<'a>(months: &'a ChannelBreakdown, month: &str) -> Option<&'a ChannelRow> {
    months
        .rows
        .iter()
        .find(|row| row.keys.iter().any(|key| key.dimension == "month" && key.code == month))
}

fn share(row: &ChannelRow, channel: &str) -> Option<f64> {
    let cell = row.channels.iter().find(|cell| cell.channel == channel)?;
    match &cell.value {
        Some(Value::Estimate(figures)) => figures.share.as_ref().map(|share| share.value),
        Some(Value::Absence(_)) | None => None,
    }
}

/// What to type next.
fn next(place: &Place<'_>) -> String {
    let address = if place.serving_on { place.address } else { DEFAULT_SERVICE };
    let host = address.trim_start_matches("http://");
    let service =
        if address == DEFAULT_SERVICE { String::new() } else { format!(" --service {address}") };
    let ask = format!("equity breakdown channels --area {AREA}");
    let mut lines = vec!["What to type next:".to_owned()];
    if !place.serving_on {
        lines.push(format!("  equity serve --data-folder {}", place.folder.display()));
    }
    lines.extend([
        format!("  {ask} --from {FROM} --to {TO} --by month --chart{service}"),
        format!("  {ask} --from 2020-08 --to {TO} --by month --rates{service}"),
        format!("  {ask} --collection {} --from {} --to {} --by age_band,sex{service}", data::SYNTHETIC, data::SYNTHETIC_FROM, data::SYNTHETIC_TO),
        format!("  equity breakdown outcomes --area {AREA} --from {AFTER}{service}"),
        format!("  equity reference dimensions{service}"),
        format!(
            "  grpcurl -plaintext -d '{{\"query\": {{\"area\": \"{AREA}\", \"period\": {{\"first\": \"{AFTER}\"}}}}}}' \
             {host} equity.v1.ConsultationChannelService/GetChannelBreakdown"
        ),
    ]);
    if let Ok(program) = std::env::current_exe() {
        lines.push(format!("(`equity` is {})", program.display()));
    }
    lines.join("\n")
}

#[cfg(test)]
#[path = "story_tests.rs"]
mod tests;

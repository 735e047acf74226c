//! The demo's page: tables, a chart, the answer in a sentence, what to type next.

use std::path::Path;

use super::super::args::DEFAULT_SERVICE;
use super::super::show::blocks::blocks;
use super::super::show::table::Column;
use super::super::show::words::Legend;
use super::super::show::{
    Look, channels, chart, context, estimates, keys, numbers, provision, risk,
};
use super::data;
use super::questions::{
    AFTER, AREA, Answers, BEFORE, FROM, INTERNET_BY, INTERNET_USE, RISK_BY, RISK_TOP, TO,
    YEAR_BEFORE,
};
use crate::proto::v1::{
    ChannelBreakdown, ChannelRow, DigitalExclusionBreakdown, channel_cell::Value,
};

/// Where the demo is.
pub(super) struct Place<'a> {
    /// Address of the service.
    pub(super) address: &'a str,
    /// Whether it goes on serving.
    pub(super) serving_on: bool,
    /// Folder of its data.
    pub(super) folder: &'a Path,
    /// What to type to run this program.
    pub(super) program: &'a str,
}

/// The whole page.
pub(super) fn tell(answers: &Answers, place: &Place<'_>, look: &Look) -> String {
    let months = answers.months.breakdown.clone().unwrap_or_default();
    let after = answers.after.breakdown.clone().unwrap_or_default();
    let synthetic = answers.synthetic.breakdown.clone().unwrap_or_default();
    let title = |text: &str| look.paint(1, text);
    [
        title("How people in Leicester, Leicestershire and Rutland saw their GP practice, as shares of all appointments"),
        shares(&months, "appointments", look),
        String::new(),
        chart::bars(&months, look),
        String::new(),
        channels::table(&after, answers.after.position, look),
        String::new(),
        title(&sentence(&months)),
        String::new(),
        by_ethnic_category(&synthetic, answers.synthetic.position, look),
        String::new(),
        internet(answers, look),
        String::new(),
        exposure(answers, look),
        String::new(),
        title("Whether people who need face to face are seen so, or offered it: the synthetic set"),
        provision::table(
            &answers.provision.provision.clone().unwrap_or_default(),
            answers.provision.position,
            &answers.words,
            look,
        ),
        String::new(),
        next(place),
    ]
    .join("\n")
}

/// How the synthetic consultations of each ethnic category were held, without limits: `--by ethnic_category` has them.
fn by_ethnic_category(synthetic: &ChannelBreakdown, position: i64, look: &Look) -> String {
    let asked = synthetic.context.clone().unwrap_or_default();
    [
        context::header(&asked, "Consultation channels", position, look),
        shares(synthetic, &context::unit(&asked), look),
        context::footer(&asked, look),
    ]
    .join("\n")
}

/// One line for each row: how many of these `things`, and the share of each channel.
fn shares(found: &ChannelBreakdown, things: &str, look: &Look) -> String {
    let context = found.context.clone().unwrap_or_default();
    let legend = Legend(&context.legend);
    let columns = keys::columns(&found.dimensions, legend);
    let mut values = vec![Column::number(things)];
    let first = found.rows.first().map(|row| row.channels.as_slice()).unwrap_or_default();
    values
        .extend(first.iter().map(|cell| Column::number(legend.category("channel", &cell.channel))));
    let lines = found.rows.iter().map(|row| {
        let mut line = keys::words(&found.dimensions, &row.keys, legend);
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
    blocks(&columns, &values, &lines.collect::<Vec<_>>(), look)
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

/// Who used the internet, by age and sex, as published, with its source.
fn internet(answers: &Answers, look: &Look) -> String {
    let found = answers.internet.breakdown.clone().unwrap_or_default();
    let context = found.context.clone().unwrap_or_default();
    let mut parts = vec![look.paint(1, "Who is online, by age and sex")];
    if found.estimates.is_empty() {
        parts.push("The service has no published figures of internet use.".to_owned());
    } else {
        parts.push(estimates::table(
            &found.estimates,
            Legend(&context.legend),
            &answers.words,
            look,
        ));
        parts.extend(oldest(&found).map(|sentence| look.paint(1, &sentence)));
    }
    parts.join("\n")
}

/// The oldest men and women, in a sentence.
fn oldest(found: &DigitalExclusionBreakdown) -> Option<String> {
    let share = |sex: &str| {
        let records = found.estimates.iter().filter_map(|estimate| estimate.record.as_ref());
        let mut codes = records.filter(|record| {
            let has = |code: &str| record.keys.iter().any(|key| key.code == code);
            record.indicator == "DX-12-USED" && record.keys.len() == 2 && has("75+") && has(sex)
        });
        codes.next().and_then(|record| Some((record.period.clone(), record.value?)))
    };
    let ((year, men), (_, women)) = (share("1")?, share("2")?);
    Some(format!(
        "In {year}, in the United Kingdom, {} of men and {} of women aged 75 and over had used the internet in the last three months.",
        numbers::percent(men),
        numbers::percent(women)
    ))
}

/// How the index falls on ethnic groups.
fn exposure(answers: &Answers, look: &Look) -> String {
    let found = answers.risk.risk.clone().unwrap_or_default();
    [
        look.paint(
            1,
            "How the Digital Exclusion Risk Index falls on ethnic groups, by where they live",
        ),
        risk::table(&found, answers.risk.position, &answers.words, look),
        risk::chart(&found, &answers.words, look),
    ]
    .join("\n")
}

/// What to type next.
fn next(place: &Place<'_>) -> String {
    let address = if place.serving_on { place.address } else { DEFAULT_SERVICE };
    let host = address.trim_start_matches("http://");
    let service =
        if address == DEFAULT_SERVICE { String::new() } else { format!(" --service {address}") };
    let equity = place.program;
    let ask = format!("{equity} breakdown channels --area {AREA}");
    let mut lines = vec!["What to type next:".to_owned()];
    if !place.serving_on {
        lines.push(format!("  {equity} serve --data-folder {}", place.folder.display()));
    }
    lines.extend([
        format!("  {ask} --from {FROM} --to {TO} --by month --chart{service}"),
        format!("  {ask} --from 2020-08 --to {TO} --by month --rates{service}"),
        format!("  {ask} --collection {} --from {} --to {} --by age_band,sex{service}", data::SYNTHETIC, data::SYNTHETIC_FROM, data::SYNTHETIC_TO),
        format!("  {equity} breakdown exclusion --area {AREA} --collection {} --from {} --by {} --indicator DX-21 --chart{service}", data::SYNTHETIC, data::SYNTHETIC_TO, INTERNET_BY.join(",")),
        format!("  {equity} breakdown exclusion --area {AREA} --from {TO} --by disability --estimates {INTERNET_USE}{service}"),
        format!("  {equity} breakdown provision --area {AREA} --collection {} --from {} --by age_75 --chart{service}", data::SYNTHETIC, data::SYNTHETIC_TO),
        format!("  {equity} breakdown impact --area {AREA} --from {AFTER} --chart{service}"),
        format!("  {equity} breakdown risk --area {AREA} --by {RISK_BY} --high-risk-top {RISK_TOP} --chart{service}"),
        format!("  {equity} breakdown outcomes --area {AREA} --from {AFTER}{service}"),
        format!("  {equity} reference dimensions{service}"),
        format!("  {equity} reference indicators --tag NHS-2122-P2{service}"),
        format!(
            "  grpcurl -plaintext -d '{{\"query\": {{\"area\": \"{AREA}\", \"period\": {{\"first\": \"{AFTER}\"}}}}}}' \
             {host} equity.v1.ConsultationChannelService/GetChannelBreakdown"
        ),
    ]);
    lines.join("\n")
}

#[cfg(test)]
#[path = "story_tests.rs"]
mod tests;

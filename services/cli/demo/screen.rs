//! The demo's screen: a chart, a sentence, one finding of digital exclusion with its source, what to type next. At most 60 lines of
//! 100 columns.

use std::path::Path;

use super::super::client::DEFAULT_SERVICE;
use super::super::show::breakdown::chart;
use super::super::show::estimates::source_line;
use super::super::show::{Look, numbers, wrap};
use super::data;
use super::questions::{
    AFTER, AREA, Answers, BEFORE, FROM, INTERNET_BY, RISK_BY, RISK_TOP, TO, YEAR_BEFORE,
};
use crate::proto::v1::{Breakdown, Cell, PublishedEstimate};

/// Where the demo is.
pub(super) struct Place<'a> {
    /// Address of the service.
    pub(super) address: &'a str,
    /// Whether the service keeps running after the screen.
    pub(super) serving_on: bool,
    /// Folder of its data.
    pub(super) folder: &'a Path,
    /// The command that runs this program.
    pub(super) program: &'a str,
}

/// Width of the screen if the terminal is wider, or if there is no terminal.
const WIDTH: usize = 100;
/// Months in the chart: before, at and after the change.
const CHARTED: [&str; 7] = [YEAR_BEFORE, "2019-10", BEFORE, "2020-03", AFTER, "2020-08", TO];

/// The text of the screen, at most 100 columns wide.
pub(super) fn screen(answers: &Answers, place: &Place<'_>, look: &Look) -> String {
    let look = &Look { width: Some(look.width.unwrap_or(WIDTH).min(WIDTH)), ..*look };
    let title = |text: &str| look.paint(1, &wrap::text("", text, look));
    let months = &answers.months.breakdown;
    let mut parts = vec![
        title("How people in Leicester, Leicestershire and Rutland were seen by their GP practice"),
        String::new(),
        chart(&charted(months), &answers.words, look),
        String::new(),
        wrap::text("", &seen(months), look),
        wrap::text("Source: ", &months.context.clone().unwrap_or_default().provenance, look),
        String::new(),
        title("Who is online"),
        String::new(),
    ];
    match oldest(&answers.internet.breakdown) {
        Some((sentence, source)) => {
            parts.extend([wrap::text("", &sentence, look), wrap::text("Source: ", &source, look)]);
        }
        None => parts.push("The service has no published figures of internet use.".to_owned()),
    }
    if let Some(sentence) = gap(answers) {
        parts.extend([String::new(), title("The largest gap, in synthetic data"), String::new()]);
        parts.push(wrap::text("", &sentence, look));
    }
    if let Some(controlled) = &answers.controlled {
        parts.extend([String::new(), title("What partner organisations see"), String::new()]);
        parts.push(wrap::text("", &protected(&controlled.breakdown), look));
    }
    parts.extend([String::new(), next(place, look.width.unwrap_or(WIDTH))]);
    parts.join("\n")
}

/// The months that are charted.
fn charted(months: &Breakdown) -> Breakdown {
    let mut charted = months.clone();
    let wanted = |code: &str| CHARTED.contains(&code);
    charted.rows.retain(|row| row.keys.iter().any(|key| wanted(&key.code)));
    charted
}

/// The cell of a month and a column.
fn cell<'a>(months: &'a Breakdown, month: &str, column: &str) -> Option<&'a Cell> {
    let is_month = |code: &str| code == month;
    let row = months.rows.iter().find(|row| row.keys.iter().any(|key| is_month(&key.code)))?;
    let place = months.columns.iter().position(|known| known.id == column)?;
    row.cells.get(place)
}

/// How people were seen, in a sentence.
fn seen(months: &Breakdown) -> String {
    let share = |month: &str, channel: &str| {
        cell(months, month, &format!("CH-01/{channel}")).and_then(|cell| cell.value)
    };
    let of = |channel: &str| {
        let [after, year, before] =
            [AFTER, YEAR_BEFORE, BEFORE].map(|month| share(month, channel).map(numbers::percent));
        Some((after?, year?, before?))
    };
    let face = cell(months, AFTER, "CH-01/FACE_TO_FACE");
    let known = face.and_then(|cell| cell.denominator_count);
    match (known.map(numbers::count), of("FACE_TO_FACE"), of("TELEPHONE")) {
        (
            Some(known),
            Some((face, face_year, face_before)),
            Some((phone, phone_year, phone_before)),
        ) => {
            format!(
                "In April 2020, of {known} GP appointments whose channel is known, {face} were face to face, against {face_year} in \
                 April 2019 and {face_before} in February 2020; {phone} were by telephone, against {phone_year} and {phone_before}."
            )
        }
        _ => "The service has no figures for April 2020.".to_owned(),
    }
}

/// The largest gap, its limits, and how it has moved, in sentences. None: no group is significantly worse than all.
fn gap(answers: &Answers) -> Option<String> {
    let row = answers.gap.breakdown.rows.first()?;
    let trend = answers.trend.as_ref().and_then(|trend| {
        let all = trend.breakdown.rows.iter().find(|row| row.keys.is_empty())?;
        Some(format!(
            " From {} to {}: {}",
            data::SYNTHETIC_FROM,
            data::SYNTHETIC_TO,
            all.sentence.as_ref()?
        ))
    });
    Some(format!("{}{}", row.sentence.as_ref()?, trend.unwrap_or_default()))
}

/// What of a controlled collection is withheld and perturbed, in a sentence.
fn protected(found: &Breakdown) -> String {
    let said = found.context.as_ref().and_then(|context| context.disclosure.clone());
    let withheld = said.map_or(0, |said| said.withheld_cell_count);
    let cells: usize = found.rows.iter().map(|row| row.cells.len()).sum();
    format!(
        "The figures above are open to everybody, and exact. Of `{}`, a controlled collection, {withheld} of {cells} cells of the channels by \
         ethnic category are withheld, because they are of few people. All others are perturbed. `equity demo --profile partner --tour` has the table.",
        data::CONTROLLED
    )
}

/// The oldest men and women online, in a sentence, and its source.
pub(super) fn oldest(found: &Breakdown) -> Option<(String, String)> {
    let of = |sex: &str| -> Option<(&PublishedEstimate, f64)> {
        let mut found = found.estimates.iter().filter_map(|estimate| {
            let record = estimate.record.as_ref()?;
            let has = |code: &str| record.keys.iter().any(|key| key.code == code);
            let wanted = record.indicator == "DX-12-USED" && record.keys.len() == 2;
            (wanted && has("75+") && has(sex)).then_some((estimate, record.value?))
        });
        found.next()
    };
    let ((estimate, men), (_, women)) = (of("1")?, of("2")?);
    let period = estimate.record.as_ref().map_or("", |record| record.period.as_str());
    let sentence = format!(
        "In {period}, in the United Kingdom, {} of men and {} of women aged 75 and over had used the internet in the last three months.",
        numbers::percent(men),
        numbers::percent(women)
    );
    // The address of the file is longer than the screen is wide; `equity reference estimates` shows it.
    let source = estimate.source.as_ref().map(|source| source_line(source, false));
    Some((sentence, source.unwrap_or_default()))
}

/// Commands to try next, in lines of at most this width.
pub(super) fn next(place: &Place<'_>, width: usize) -> String {
    let address = if place.serving_on { place.address } else { DEFAULT_SERVICE };
    let service =
        if address == DEFAULT_SERVICE { String::new() } else { format!(" --service {address}") };
    let equity = place.program;
    let (synthetic, last) = (data::SYNTHETIC, data::SYNTHETIC_TO);
    let mut lines = vec!["What to type next:".to_owned()];
    if !place.serving_on {
        lines.push(format!("  {equity} serve --data-folder {}", place.folder.display()));
    }
    let by = INTERNET_BY.join(",");
    let asked = [
        format!("channels --area {AREA} --from {FROM} --to {TO} --by month --chart"),
        format!(
            "exclusion --area {AREA} --collection {synthetic} --from {last} --by {by} --indicator DX-21"
        ),
        format!(
            "provision --area {AREA} --collection {synthetic} --from {last} --by age_75 --chart"
        ),
        format!("impact --area {AREA} --from {AFTER} --chart"),
        format!("risk --area {AREA} --by {RISK_BY} --high-risk-top {RISK_TOP} --chart"),
    ];
    lines.extend(asked.map(|asked| typed(&format!("{equity} breakdown {asked}{service}"), width)));
    let gaps = format!("{equity} gaps --area Leicester --collection {synthetic} --from {last}");
    lines.push(typed(&format!("{gaps}{service}"), width));
    lines.push(typed(&format!("{equity} reference dimensions{service}"), width));
    lines.push(format!("  {equity} demo --tour        every table of this demo"));
    lines.join("\n")
}

/// A command to copy and run, in lines that fit the screen.
fn typed(command: &str, width: usize) -> String {
    let (mut lines, mut line) = (Vec::new(), String::from(" "));
    for (number, word) in command.split(" --").enumerate() {
        let word = if number == 0 { format!(" {word}") } else { format!(" --{word}") };
        // Room for the backslash behind it.
        if number > 0 && line.len() + word.len() + 2 > width {
            lines.push(format!("{line} \\"));
            line = "     ".to_owned();
        }
        line.push_str(&word);
    }
    lines.push(line);
    lines.join("\n")
}

#[cfg(test)]
#[path = "screen_tests.rs"]
mod tests;

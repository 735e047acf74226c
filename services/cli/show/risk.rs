//! A table of area risk, for people.

use super::bars::{self, Bar};
use super::blocks::blocks;
use super::estimates::source_line;
use super::exclusion::row_label;
use super::indicators::{Indicators, Reasons};
use super::table::Column;
use super::words::Legend;
use super::{Look, context, keys, numbers, wrap};
use crate::proto::v1::{AreaRisk, AreaRiskRow};

/// What is said where a service does not say it: figures about areas are never shown without.
const ECOLOGICAL: &str =
    "These are figures about areas, not about people: they do not say who in an area is excluded.";

/// What it was made of, the sentence that stands beside every figure, the figures, how areas were brought together.
pub fn table(answer: &AreaRisk, position: i64, words: &Indicators, look: &Look) -> String {
    let asked = answer.context.clone().unwrap_or_default();
    let title = format!("Area risk, {}", words.titled(&answer.indicator));
    let counted =
        "people where they live; means weighted by them; no limits: a census is no sample";
    let mut parts = vec![context::header_of(&asked, &title, counted, position, look)];
    if let Some(source) = &answer.score_source {
        parts.push(wrap::text("  score     ", &source_line(source), look));
        if source.not_for_targets {
            parts.push("            not for setting targets or judging performance".to_owned());
        }
    }
    let said = statement(answer);
    let mark = if said.starts_with("ECOLOGICAL") { "  " } else { "  ECOLOGICAL: " };
    parts.push(look.paint(33, &wrap::text(mark, said, look)));
    if asked.empty.is_none() && !answer.rows.is_empty() {
        parts.push(figures(answer, look));
    }
    parts.extend(answer.joins.iter().map(|join| wrap::text("  joined: ", join, look)));
    parts.push(context::footer_of(&asked, "people", look));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

/// The sentence that says what the figures do not mean.
pub(super) fn statement(answer: &AreaRisk) -> &str {
    if answer.ecological_statement.is_empty() { ECOLOGICAL } else { &answer.ecological_statement }
}

/// The dimensions of the keys.
pub(super) fn dimensions(answer: &AreaRisk) -> Vec<String> {
    if answer.dimension.is_empty() { Vec::new() } else { vec![answer.dimension.clone()] }
}

fn figures(answer: &AreaRisk, look: &Look) -> String {
    let asked = answer.context.clone().unwrap_or_default();
    let legend = Legend(&asked.legend);
    let dimensions = dimensions(answer);
    let mut why = Reasons::default();
    let mut columns = keys::columns(&dimensions, legend);
    if columns.is_empty() {
        columns.push(Column::text(""));
    }
    columns.push(Column::number("people"));
    let components: Vec<&str> = answer
        .rows
        .first()
        .map(|row| row.components.iter().map(|mean| mean.indicator.as_str()).collect())
        .unwrap_or_default();
    let mut values: Vec<_> = [
        "mean score".to_owned(),
        match answer.high_risk_score {
            Some(score) => format!("live at {} or more", numbers::score(score)),
            None => "live at high risk".to_owned(),
        },
    ]
    .map(Column::number)
    .into();
    values.extend(components.iter().map(|id| Column::number(component(id, &answer.indicator))));
    values.extend(["mean of areas", "areas", "without a score"].map(Column::number));
    let lines: Vec<Vec<String>> = answer
        .rows
        .iter()
        .map(|row| {
            let label = row_label(&dimensions, &row.keys, legend);
            let missing = why.of_row(&label, row);
            let score = |value: Option<f64>| value.map_or_else(|| missing.clone(), numbers::score);
            let mut line = vec![label, numbers::count(row.person_count), score(row.mean_score)];
            line.push(row.high_risk_share.map_or_else(
                || missing.clone(),
                |share| {
                    format!(
                        "{}  {}",
                        numbers::count(row.high_risk_person_count),
                        numbers::percent(share)
                    )
                },
            ));
            line.extend(components.iter().map(|id| {
                score(
                    row.components
                        .iter()
                        .find(|mean| mean.indicator == **id)
                        .map(|mean| mean.mean_score),
                )
            }));
            line.push(score(row.unweighted_mean_score));
            line.push(row.area_count.to_string());
            line.push(numbers::count(row.unmatched_person_count));
            line
        })
        .collect();
    let mut parts = vec![blocks(&columns, &values, &lines, look)];
    parts.push(why.lines(look));
    if !components.is_empty() {
        let made_of = format!("components, weighted by people as well: {}", components.join(", "));
        parts.push(wrap::text("  ", &made_of, look));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

impl Reasons {
    fn of_row(&mut self, label: &str, row: &AreaRiskRow) -> String {
        let absent = row.mean_score.is_none() || row.absence.is_some();
        if absent { self.of(label, row.absence.as_ref()) } else { "no figure".to_owned() }
    }
}

/// A component without the name of its score: `broadband`.
fn component(id: &str, of: &str) -> String {
    let own = id.strip_prefix(of).map_or(id, |rest| rest.trim_start_matches('-'));
    own.replace('-', " ").to_lowercase()
}

/// A bar for each row: the mean score.
pub fn chart(answer: &AreaRisk, words: &Indicators, look: &Look) -> String {
    let asked = answer.context.clone().unwrap_or_default();
    let legend = Legend(&asked.legend);
    let dimensions = dimensions(answer);
    let drawn = answer.rows.iter().map(|row| Bar {
        label: row_label(&dimensions, &row.keys, legend),
        value: row.mean_score.ok_or_else(|| Reasons::default().of("", row.absence.as_ref())),
        text: row.mean_score.map_or_else(String::new, numbers::score),
    });
    let title =
        format!("Mean score of the areas where people live, {}", words.titled(&answer.indicator));
    bars::chart(&title, &drawn.collect::<Vec<_>>(), look)
}

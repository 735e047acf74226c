//! The whole page: context, figures, how to read them, estimates and assessments.

use super::brief::brief;
use super::context;
use super::figures::sections;
use super::layout::Layout;
use crate::cli::show::indicators::Indicators;
use crate::cli::show::keys::Legend;
use crate::cli::show::{Look, estimates, numbers, words, wrap};
use crate::proto::v1::{Breakdown, ChannelAssessment};

/// What `--notes` shows, for a page without it.
const HIDDEN: &str =
    "--notes shows definitions, sources and notes in full, and the counts behind each share";

/// The page of an answer, as text; in a terminal, a long answer in short. `notes`: all of it, with notes and sources in full,
/// definitions, and the counts behind shares.
pub fn text(
    answer: &Breakdown,
    position: i64,
    indicators: &Indicators,
    notes: bool,
    look: &Look,
) -> String {
    let asked = answer.context.clone().unwrap_or_default();
    let layout = Layout::of(&asked.table);
    let mut parts = vec![context::header(&asked, layout.counted, position, notes, look)];
    if asked.empty.is_none() && !answer.rows.is_empty() {
        let draw = |shown: &Breakdown| sections(shown, &layout, indicators, notes, look);
        let (figures, lacks) = match look.width.is_some() && !notes {
            true => brief(answer, &layout, draw),
            false => (draw(answer), String::new()),
        };
        parts.push(figures);
        parts.extend((!lacks.is_empty()).then(|| wrap::text("  ", &lacks, look)));
    }
    parts.extend(sentences(answer, look));
    parts.push(context::footer(answer, &asked, notes, look));
    if !answer.estimates.is_empty() {
        let legend = Legend(&answer.dimensions);
        parts.push(estimates::table(&answer.estimates, legend, indicators, notes, look));
    }
    parts.push(assessments(answer, look));
    if !notes {
        parts.push(look.paint(2, &wrap::text("  ", HIDDEN, look)));
    }
    words::joined(parts, "\n")
}

/// What the rows say in sentences.
fn sentences(answer: &Breakdown, look: &Look) -> Vec<String> {
    let said = answer.rows.iter().filter_map(|row| row.sentence.as_ref());
    said.map(|sentence| wrap::text("  ", sentence, look)).collect()
}

/// Assessments by providers of their own channels.
fn assessments(answer: &Breakdown, look: &Look) -> String {
    let all = &answer.assessments;
    if all.is_empty() {
        return String::new();
    }
    let mut heading = "Providers' own assessments, newest first".to_owned();
    if answer.assessment_count > all.len() as i64 {
        heading.push_str(&format!(
            ": {} of {}; `equity assessments list` has all",
            all.len(),
            numbers::count(answer.assessment_count)
        ));
    }
    let mut lines = vec![look.paint(1, &heading)];
    lines.extend(all.iter().flat_map(|one| assessment(one, look)));
    lines.join("\n")
}

fn assessment(one: &ChannelAssessment, look: &Look) -> [String; 2] {
    let months = context::months(&one.first_month, &one.last_month);
    let head = format!("{}, {months} ({}, {}):", one.organisation, one.assess_date, one.owner_role);
    [wrap::text("  ", &head, look), wrap::text("    ", &one.text, look)]
}

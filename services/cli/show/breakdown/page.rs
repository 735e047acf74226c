//! The whole page: context, figures, how to read them, estimates and assessments.

use super::context;
use super::figures::sections;
use super::layout::Layout;
use crate::cli::show::indicators::Indicators;
use crate::cli::show::keys::Legend;
use crate::cli::show::{Look, estimates, numbers, wrap};
use crate::proto::v1::{Breakdown, ChannelAssessment};

/// The page of an answer, as text.
pub fn text(answer: &Breakdown, position: i64, words: &Indicators, look: &Look) -> String {
    let asked = answer.context.clone().unwrap_or_default();
    let layout = Layout::of(&asked.table);
    let mut parts = vec![header(answer, position, look)];
    if asked.empty.is_none() && !answer.rows.is_empty() {
        parts.push(sections(answer, &layout, words, look));
    }
    parts.push(context::footer(answer, &asked, look));
    if !answer.estimates.is_empty() {
        parts.push(estimates::table(&answer.estimates, Legend(&answer.dimensions), words, look));
    }
    parts.push(assessments(answer, look));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

/// The lines above the figures.
fn header(answer: &Breakdown, position: i64, look: &Look) -> String {
    let asked = answer.context.clone().unwrap_or_default();
    context::header(&asked, Layout::of(&asked.table).counted, position, look)
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
    let months = if one.last_month.is_empty() || one.last_month == one.first_month {
        one.first_month.clone()
    } else {
        format!("{} to {}", one.first_month, one.last_month)
    };
    let head = format!("{}, {months} ({}, {}):", one.organisation, one.assess_date, one.owner_role);
    [wrap::text("  ", &head, look), wrap::text("    ", &one.text, look)]
}

//! What stands above and below every breakdown: what it was made of, and how to read it.

use super::{Look, keys, numbers, words, wrap};
use crate::proto::v1::{
    AreaBasis, AskedCondition, AskedOrganisation, BreakdownContext, DataClass, Measure,
};

/// The lines above a table. `title` says what is shown, `position` what was read at.
pub fn header(context: &BreakdownContext, title: &str, position: i64, look: &Look) -> String {
    header_of(context, title, &counted(context), position, look)
}

/// The lines above a table whose figures are not those of a measure: `counted` says what they are.
pub fn header_of(
    context: &BreakdownContext,
    title: &str,
    counted: &str,
    position: i64,
    look: &Look,
) -> String {
    let mut lines = Vec::new();
    if context.data_class() == DataClass::Synthetic {
        lines.push(look.paint(
            31,
            "*** SYNTHETIC DATA: made by a program; it says nothing about real people ***",
        ));
    }
    let title = format!("{title}, {}, {}", place(context), period(context));
    lines.extend(wrap::text("", &title, look).lines().map(|line| look.paint(1, line)));
    let data = format!(
        "{} ({}, {}), {}",
        context.collection,
        words::data_class(context.data_class),
        words::openness(context.openness),
        made_of(context),
    );
    lines.push(wrap::text("  data      ", &data, look));
    lines.push(wrap::text("  counted   ", counted, look));
    lines.extend(
        context.conditions.iter().map(|of| wrap::text("  only      ", &condition(of), look)),
    );
    if context.late_counts_as_missed {
        lines.push("            arriving too late to be seen counts as not attending".to_owned());
    }
    lines.push(format!("  position  {position}, last changed at {}", context.data_position));
    if !context.provenance.is_empty() {
        lines.push(wrap::text("  source    ", &context.provenance, look));
    }
    lines.join("\n")
}

/// The lines below a table of consultations; empty where there is nothing to say.
pub fn footer(context: &BreakdownContext, look: &Look) -> String {
    footer_of(context, "consultations", look)
}

/// The lines below a table of `things`.
pub fn footer_of(context: &BreakdownContext, things: &str, look: &Look) -> String {
    let legend = words::Legend(&context.legend);
    let mut lines = Vec::new();
    if let Some(empty) = &context.empty {
        let why = wrap::text("  no figures: ", &words::absence(empty), look);
        lines.extend(why.lines().map(|line| look.paint(33, line)));
    }
    if let Some(left_out) = &context.unattributed {
        let count = numbers::count(left_out.count);
        let told = format!("{count} {things}: {}", left_out.detail);
        lines.push(wrap::text("  not attributed: ", &told, look));
    }
    for quality in &context.quality {
        let mut parts = Vec::new();
        if let Some(ratio) = quality.coverage_ratio {
            parts.push(format!("collected for {}", numbers::percent(ratio)));
        }
        if let Some(ratio) = quality.unknown_ratio {
            parts.push(format!("{} of those unknown", numbers::percent(ratio)));
        }
        let told = format!("{}: {}", legend.dimension(&quality.dimension), parts.join(", "));
        let line = wrap::text("  quality of ", &told, look);
        if !parts.is_empty() && !lines.contains(&line) {
            lines.push(line);
        }
    }
    let legends = if context.empty.is_some() { &[] } else { context.legend.as_slice() };
    for (place, dimension) in legends.iter().enumerate() {
        if legends[..place].iter().any(|earlier| earlier.dimension == dimension.dimension) {
            continue;
        }
        if !dimension.direction.is_empty() {
            let label = legend.dimension(&dimension.dimension);
            lines.push(format!("  {label}: {}", dimension.direction));
        }
        if dimension.overlapping {
            let label = legend.dimension(&dimension.dimension);
            let told = "a record can be in several rows; they add to more than the total";
            lines.push(wrap::text("  ", &format!("{label}: {told}"), look));
        }
    }
    lines.extend(context.notes.iter().map(|note| wrap::text("  note: ", note, look)));
    lines.join("\n")
}

/// What is counted, as a heading of a column: `contacts`, `attended contacts`, `persons`.
pub fn unit(context: &BreakdownContext) -> String {
    match context.measure() {
        Measure::Unspecified | Measure::Contacts => "contacts".to_owned(),
        Measure::AttendedContacts => "attended contacts".to_owned(),
        Measure::Persons => "persons".to_owned(),
    }
}

fn place(context: &BreakdownContext) -> String {
    if context.area.is_empty() {
        let named = |of: &AskedOrganisation| match of.name.as_str() {
            "" => of.code.clone(),
            name => format!("{name} ({})", of.code),
        };
        return match context.organisations.as_slice() {
            [] => "by organisation".to_owned(),
            [only] => named(only),
            several => {
                let some: Vec<_> = several.iter().take(5).map(|of| of.code.as_str()).collect();
                let more = if several.len() > some.len() { ", …" } else { "" };
                format!("by organisation ({}{more})", some.join(", "))
            }
        };
    }
    let basis = match context.area_basis() {
        AreaBasis::Residence => "where people live",
        AreaBasis::Unspecified | AreaBasis::Provider => "where care is given",
    };
    if context.area_name.is_empty() {
        format!("{} ({basis})", context.area)
    } else {
        format!("{} ({}, {basis})", context.area_name, context.area)
    }
}

/// A condition in words: `Days from booking: Same day`.
fn condition(of: &AskedCondition) -> String {
    let label = if of.label.is_empty() { of.dimension.replace('_', " ") } else { of.label.clone() };
    let words = of.codes.iter().enumerate().map(|(at, code)| match of.code_labels.get(at) {
        Some(label) if label.is_empty() => words::plain(code),
        // A code that is a word says no more than its words.
        Some(label) if words::plain(code) != *code => label.clone(),
        Some(label) => keys::shown(code, label),
        None => words::plain(code),
    });
    format!("{label}: {}", words.collect::<Vec<_>>().join(", "))
}

fn period(context: &BreakdownContext) -> String {
    if context.first_month == context.last_month {
        context.first_month.clone()
    } else {
        format!("{} to {}", context.first_month, context.last_month)
    }
}

fn counted(context: &BreakdownContext) -> String {
    let shares = match words::denominator(context.denominator).as_str() {
        "KNOWN_ONLY" => "shares of those whose channel is known".to_owned(),
        "ALL" => "shares of all".to_owned(),
        "UNSPECIFIED" => String::new(),
        other => format!("shares of {other}"),
    };
    [unit(context), shares, limits(context)]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("; ")
}

/// What the limits of an answer are; empty where it has none.
pub fn limits(context: &BreakdownContext) -> String {
    if context.confidence_level <= 0.0 {
        return String::new();
    }
    let unit = if context.limits_unit.is_empty() {
        String::new()
    } else {
        format!(", {} taken as independent", context.limits_unit)
    };
    format!("limits {} %{unit}", context.confidence_level * 100.0)
}

fn made_of(context: &BreakdownContext) -> String {
    let of = |count: i32, one: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {one}s"),
    };
    format!(
        "{} of {} (expected: {})",
        of(context.submission_count, "submission"),
        of(context.organisation_count, "organisation"),
        context.expected_organisation_count
    )
}

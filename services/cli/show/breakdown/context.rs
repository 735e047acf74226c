//! The lines above and below every breakdown: which data it was computed from, and how to read it.

use crate::cli::show::estimates::source_line;
use crate::cli::show::{Look, keys, numbers, words, wrap};
use crate::proto::v1::{
    AreaBasis, AskedCondition, AskedOrganisation, Breakdown, BreakdownContext, DataClass,
    Denominator, Measure, Openness,
};

/// The lines above the figures. `things` says what is counted; empty: the measure and the denominator say it. `position` is the log
/// position of the answer.
pub fn header(context: &BreakdownContext, things: &str, position: i64, look: &Look) -> String {
    let mut lines = Vec::new();
    if context.data_class() == DataClass::Synthetic {
        lines.push(look.paint(
            31,
            "*** SYNTHETIC DATA: made by a program; it says nothing about real people ***",
        ));
    }
    let about = [context.title.clone(), place(context), period(context)];
    let about: Vec<_> = about.into_iter().filter(|part| !part.is_empty()).collect();
    let title = about.join(", ");
    lines.extend(wrap::text("", &title, look).lines().map(|line| look.paint(1, line)));
    let data = format!(
        "{} ({}, {}), {}",
        context.collection,
        words::name(context.data_class, DataClass::as_str_name),
        words::name(context.openness, Openness::as_str_name),
        made_of(context),
    );
    lines.push(wrap::text("  data      ", &data, look));
    lines.push(wrap::text("  counted   ", &counted(context, things), look));
    lines.extend(
        context.conditions.iter().map(|of| wrap::text("  only      ", &condition(of), look)),
    );
    if !context.parameters.is_empty() {
        let with = context
            .parameters
            .iter()
            .map(|of| format!("{}: {}", of.name.replace('_', " "), yes_no(&of.value)));
        lines.push(wrap::text("  with      ", &with.collect::<Vec<_>>().join(", "), look));
    }
    lines.push(format!("  position  {position}, last changed at {}", context.data_position));
    if !context.provenance.is_empty() {
        lines.push(wrap::text("  source    ", &context.provenance, look));
    }
    for source in &context.sources {
        lines.push(wrap::text("  values of ", &source_line(source), look));
        if source.not_for_targets {
            lines.push("            not for setting targets or judging performance".to_owned());
        }
    }
    for statement in &context.statements {
        lines.push(look.paint(33, &wrap::text("  ", statement, look)));
    }
    lines.join("\n")
}

/// The lines below the figures; may be empty.
pub(super) fn footer(answer: &Breakdown, context: &BreakdownContext, look: &Look) -> String {
    let legend = keys::Legend(&answer.dimensions);
    let mut lines = Vec::new();
    if let Some(empty) = &context.empty {
        let why = wrap::text("  no figures: ", &words::absence(empty), look);
        lines.extend(why.lines().map(|line| look.paint(33, line)));
    }
    if let Some(left_out) = &context.unattributed {
        let count = numbers::count(left_out.count);
        let told = format!("{count} {}: {}", things(context), left_out.detail);
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
    let dimensions = answer.dimensions.iter().filter(|_| context.empty.is_none());
    for dimension in dimensions {
        let label = legend.dimension(&dimension.dimension);
        if !dimension.direction.is_empty() {
            lines.push(format!("  {label}: {}", dimension.direction));
        }
        if dimension.overlapping {
            let told = "a record can be in several rows, so they add to more than the total";
            lines.push(wrap::text("  ", &format!("{label}: {told}"), look));
        }
    }
    lines.extend(context.notes.iter().map(|note| wrap::text("  note: ", note, look)));
    lines.join("\n")
}

/// The value of a parameter for people.
fn yes_no(value: &str) -> &str {
    match value {
        "true" => "yes",
        "false" => "no",
        other => other,
    }
}

/// What is counted, in the plural.
fn things(context: &BreakdownContext) -> &'static str {
    match context.measure() {
        Measure::Unspecified | Measure::Contacts | Measure::AttendedContacts => "consultations",
        Measure::Persons => "people",
    }
}

/// The measure, in words.
fn measure(context: &BreakdownContext) -> &'static str {
    match context.measure() {
        Measure::Unspecified | Measure::Contacts => "contacts",
        Measure::AttendedContacts => "attended contacts",
        Measure::Persons => "persons",
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
        // A code that is a word is the same as its label.
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

fn counted(context: &BreakdownContext, things: &str) -> String {
    let shares = match words::name(context.denominator, Denominator::as_str_name).as_str() {
        "KNOWN_ONLY" => "shares of those whose channel is known".to_owned(),
        "ALL" => "shares of all".to_owned(),
        "UNSPECIFIED" => String::new(),
        other => format!("shares of {other}"),
    };
    let counted = match things {
        "" => [measure(context).to_owned(), shares, limits(context)],
        things => [things.to_owned(), limits(context), String::new()],
    };
    counted.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

/// Level and unit of the confidence limits; empty if there are no limits.
fn limits(context: &BreakdownContext) -> String {
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

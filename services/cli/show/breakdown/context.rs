//! The lines above and below every breakdown: which data it was computed from, and how to read it.

use crate::cli::show::estimates::source_line;
use crate::cli::show::keys::{self, Legend};
use crate::cli::show::{Look, numbers, words, wrap};
use crate::ingest::counted;
use crate::proto::v1::{
    AreaBasis, AskedCondition, Breakdown, BreakdownContext, DataClass, Denominator, Disclosure,
    Measure, Openness, Profile, ProtectionMethod,
};

/// The lines above the figures. `things` says what is counted; empty: the measure and the denominator say it. `position` is the log
/// position of the answer.
pub(super) fn header(
    context: &BreakdownContext,
    things: &str,
    position: i64,
    notes: bool,
    look: &Look,
) -> String {
    let mut lines = Vec::new();
    if context.data_class() == DataClass::Synthetic {
        lines.push(look.paint(
            31,
            "*** SYNTHETIC DATA: made by a program; it says nothing about real people ***",
        ));
    }
    let months = months(&context.first_month, &context.last_month);
    let title = words::joined([&context.title, &place(context), &months], ", ");
    lines.extend(wrap::text("", &title, look).lines().map(|line| look.paint(1, line)));
    let data = format!(
        "{} ({}, {}), {}",
        context.collection,
        words::name(context.data_class, DataClass::as_str_name),
        words::name(context.openness, Openness::as_str_name),
        made_of(context),
    );
    let with = context.parameters.iter().map(|of| {
        let value = match of.value.as_str() {
            "true" => "yes",
            "false" => "no",
            other => other,
        };
        format!("{}: {value}", of.name.replace('_', " "))
    });
    let mut told = vec![("data", data), ("counted", what_counts(context, things))];
    told.extend(context.conditions.iter().map(|of| ("only", condition(of))));
    told.extend([
        ("with", words::joined(with, ", ")),
        ("release", context.release.clone()),
        ("position", format!("{position}, last changed at {}", context.data_position)),
        ("source", context.provenance.clone()),
    ]);
    told.extend(context.disclosure.as_ref().map(|of| ("protected", protected(of))));
    told.extend(context.sources.iter().map(|source| {
        let unfit = "not for setting targets or judging performance";
        let unfit = if source.not_for_targets { unfit } else { "" };
        ("values of", words::joined([source_line(source, notes).as_str(), unfit], "\n"))
    }));
    told.retain(|(_, text)| !text.is_empty());
    lines.extend(told.iter().map(|(what, text)| wrap::text(&format!("  {what:<9} "), text, look)));
    let statements = context.statements.iter().map(|of| wrap::text("  ", of, look));
    lines.extend(statements.map(|statement| look.paint(33, &statement)));
    lines.join("\n")
}

/// How counts are protected; empty if they are exact.
fn protected(of: &Disclosure) -> String {
    let how = match of.method() {
        ProtectionMethod::Unspecified | ProtectionMethod::Exact => return String::new(),
        ProtectionMethod::Perturbed => "counts are perturbed",
        ProtectionMethod::Rounded => "counts are rounded",
    };
    let withheld = match of.withheld_cell_count {
        0 => String::new(),
        1 => "1 cell withheld".to_owned(),
        count => format!("{count} cells withheld"),
    };
    let name = words::name(of.profile, Profile::as_str_name);
    let profile = format!("profile {name} {}", of.profile_version);
    words::joined([how, &withheld, &profile], "; ")
}

/// The lines below the figures; may be empty. `notes`: notes in full, and not only their first line.
pub(super) fn footer(
    answer: &Breakdown,
    context: &BreakdownContext,
    notes: bool,
    look: &Look,
) -> String {
    let legend = Legend(&answer.dimensions);
    let mut lines = Vec::new();
    if let Some(empty) = &context.empty {
        let why = wrap::text("  no figures: ", &words::absence(empty), look);
        lines.extend(why.lines().map(|line| look.paint(33, line)));
    }
    if let Some(left_out) = &context.unattributed {
        let count = numbers::count(left_out.count);
        let persons = context.measure() == Measure::Persons;
        let things = if persons { "people" } else { "consultations" };
        let told = format!("{count} {things}: {}", left_out.detail);
        lines.push(wrap::text("  not attributed: ", &told, look));
    }
    for of in &context.quality {
        let coverage = of.coverage_ratio.map(numbers::percent);
        let coverage = coverage.map(|share| format!("collected for {share}"));
        let unknown = of.unknown_ratio.map(numbers::percent);
        let unknown = unknown.map(|share| format!("{share} of those unknown"));
        let told = words::joined(coverage.into_iter().chain(unknown), ", ");
        let line = format!("{}: {told}", legend.dimension(&of.dimension));
        let line = wrap::text("  quality of ", &line, look);
        if !told.is_empty() && !lines.contains(&line) {
            lines.push(line);
        }
    }
    let dimensions = answer.dimensions.iter().filter(|_| context.empty.is_none());
    for dimension in dimensions {
        let label = legend.dimension(&dimension.dimension);
        if !dimension.direction.is_empty() {
            lines.push(wrap::text("  ", &format!("{label}: {}", dimension.direction), look));
        }
        if dimension.overlapping {
            let told = "a record can be in several rows, so they add to more than the total";
            lines.push(wrap::text("  ", &format!("{label}: {told}"), look));
        }
    }
    lines.extend(context.notes.iter().map(|note| {
        let whole = wrap::text("  note: ", note, look);
        match whole.split_once('\n') {
            Some((first, _)) if !notes => format!("{first} …"),
            _ => whole,
        }
    }));
    lines.join("\n")
}

fn place(context: &BreakdownContext) -> String {
    if context.area.is_empty() {
        return match context.organisations.as_slice() {
            [] => "by organisation".to_owned(),
            [only] if only.name.is_empty() => only.code.clone(),
            [only] => format!("{} ({})", only.name, only.code),
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
    let words = of.codes.iter().enumerate().map(|(at, code)| {
        let label = of.code_labels.get(at).filter(|label| !label.is_empty());
        match (label, words::plain(code)) {
            (None, plain) => plain,
            (Some(label), plain) if plain == *code => keys::shown(code, label),
            // A code that is a word is the same as its label.
            (Some(label), _) => label.clone(),
        }
    });
    format!("{label}: {}", words::joined(words, ", "))
}

/// A range of months, or the only one.
pub(super) fn months(first: &str, last: &str) -> String {
    if last.is_empty() || last == first { first.to_owned() } else { format!("{first} to {last}") }
}

fn what_counts(context: &BreakdownContext, things: &str) -> String {
    if !things.is_empty() {
        return words::joined([things, &limits(context)], "; ");
    }
    let measure = match context.measure() {
        Measure::Unspecified | Measure::Contacts => "contacts",
        Measure::AttendedContacts => "attended contacts",
        Measure::Persons => "persons",
    };
    words::joined([measure, &base(context), &limits(context)], "; ")
}

/// What the shares of channels are shares of; empty: the table has none.
pub(super) fn base(context: &BreakdownContext) -> String {
    match words::name(context.denominator, Denominator::as_str_name).as_str() {
        "KNOWN_ONLY" => "shares of those whose channel is known".to_owned(),
        "ALL" => "shares of all".to_owned(),
        "UNSPECIFIED" => String::new(),
        other => format!("shares of {other}"),
    }
}

/// Level and unit of the confidence limits; empty if there are no limits.
fn limits(context: &BreakdownContext) -> String {
    if context.confidence_level <= 0.0 {
        return String::new();
    }
    let level = format!("limits {} %", context.confidence_level * 100.0);
    match context.limits_unit.as_str() {
        "" => level,
        unit => format!("{level}, {unit} taken as independent"),
    }
}

fn made_of(context: &BreakdownContext) -> String {
    let of = |count: i32, one| counted(u64::try_from(count).unwrap_or_default(), one);
    format!(
        "{} of {} (expected: {})",
        of(context.submission_count, "submission"),
        of(context.organisation_count, "organisation"),
        context.expected_organisation_count
    )
}

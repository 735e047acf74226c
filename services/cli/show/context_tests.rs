//! What every answer says of itself, for people and on every line of a spreadsheet; and that nothing is never shown as zero.

use super::sample_exclusion::{exclusion_by_sex, impact, indicators, provision};
use super::sheet::{Cell, Sheet};
use super::{
    Look, channels, channels_sheet, chart, exclusion, exclusion_sheet, impact_sheet, outcomes,
    outcomes_sheet, provision_sheet, sample,
};
use crate::proto::v1::{
    Absence, AbsenceReason, AskedCondition, AskedOrganisation, BreakdownContext, ChannelBreakdown,
    Conversion, IndicatorCell, MedianWait, Unattributed, channel_cell::Value,
};

fn asked() -> BreakdownContext {
    let words = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    BreakdownContext {
        conditions: vec![
            AskedCondition {
                dimension: "lead_time".into(),
                codes: words(&["SAME_DAY"]),
                label: "Days from booking".into(),
                code_labels: words(&["Same day"]),
            },
            AskedCondition {
                dimension: "sex".into(),
                codes: words(&["1", "NOT_STATED"]),
                label: "Sex".into(),
                code_labels: words(&["Male", "not stated"]),
            },
        ],
        month_count: 9,
        expected_month_count: 12,
        unattributed: Some(Unattributed { count: 1_234, detail: "03W spans two places".into() }),
        notes: vec!["One.".into(), "Two.".into()],
        late_counts_as_missed: true,
        ..sample::context()
    }
}

fn organisations(codes: &[(&str, &str)]) -> BreakdownContext {
    let named = |(code, name): &(&str, &str)| AskedOrganisation {
        code: (*code).into(),
        name: (*name).into(),
    };
    let organisations = codes.iter().map(named).collect();
    BreakdownContext { area: String::new(), organisations, ..sample::context() }
}

fn table(context: BreakdownContext) -> ChannelBreakdown {
    ChannelBreakdown { context: Some(context), ..sample::april() }
}

/// The cells under a column.
fn under(sheet: &Sheet, name: &str) -> Vec<String> {
    let at = sheet.columns.iter().position(|column| column == name).unwrap();
    sheet.lines.iter().map(|line| line[at].raw()).collect()
}

#[test]
fn a_table_says_what_it_is_of_only() {
    let text = channels::table(&table(asked()), 71, &Look::PLAIN);
    let lines: Vec<_> = text.lines().collect();
    let counted = lines.iter().position(|line| line.starts_with("  counted   ")).unwrap();
    assert_eq!(lines[counted + 1], "  only      Days from booking: Same day");
    assert_eq!(lines[counted + 2], "  only      Sex: 1 Male, not stated");
    assert_eq!(
        lines[counted + 3],
        "            arriving too late to be seen counts as not attending"
    );
    assert!(!channels::table(&sample::april(), 71, &Look::PLAIN).contains("  only "));
}

#[test]
fn a_heading_names_the_organisations() {
    let heading = |codes: &[(&str, &str)]| {
        let text = channels::table(&table(organisations(codes)), 71, &Look::PLAIN);
        text.lines().next().unwrap().to_owned()
    };
    let (leicester, west) = (("04C", "Leicester City"), ("04V", ""));
    assert_eq!(heading(&[leicester]), "Consultation channels, Leicester City (04C), 2020-04");
    assert_eq!(heading(&[west]), "Consultation channels, 04V, 2020-04");
    let both = "Consultation channels, by organisation (04C, 04V), 2020-04";
    assert_eq!(heading(&[leicester, west]), both);
}

#[test]
fn every_line_of_a_spreadsheet_says_what_was_asked_and_what_it_was_made_of() {
    let sheet = channels_sheet::sheet(&table(asked()), 71);
    for (name, expected) in [
        ("conditions", "lead_time=SAME_DAY;sex=1,NOT_STATED"),
        ("confidence_level", "0.95"),
        ("late_counts_as_missed", "yes"),
        ("submission_count", "3"),
        ("organisation_count", "3"),
        ("expected_organisation_count", "3"),
        ("month_count", "9"),
        ("expected_month_count", "12"),
        ("unattributed_count", "1234"),
        ("unattributed_detail", "03W spans two places"),
        ("notes", "One. Two."),
        ("provenance", "NHS Digital, Appointments in General Practice; OGL v3.0"),
        ("organisations", ""),
    ] {
        assert_eq!(under(&sheet, name), [expected; 5], "{name}");
    }
    let one = channels_sheet::sheet(&table(organisations(&[("04C", ""), ("03W", "")])), 71);
    assert_eq!(under(&one, "organisations"), ["04C,03W"; 5]);
    assert_eq!(under(&one, "unattributed_count"), [""; 5]);
}

fn nothing() -> Option<BreakdownContext> {
    sample::empty().context
}

fn uncounted(cell: &mut IndicatorCell) {
    *cell = IndicatorCell {
        indicator: cell.indicator.clone(),
        absence: Some(Absence {
            reason: AbsenceReason::NotComputable.into(),
            detail: "there are no people that it applies to".into(),
        }),
        ..Default::default()
    };
}

/// Columns of figures that hold something, and the reasons that stand in their place.
fn told(sheet: &Sheet) -> (Vec<String>, Vec<String>) {
    let about = ["position", "submission_count", "organisation_count", "month_count", "confidence"];
    let mut figures = Vec::new();
    for line in &sheet.lines {
        for (name, cell) in sheet.columns.iter().zip(line) {
            let number = matches!(cell, Cell::Count(_) | Cell::Ratio(_));
            if number && !about.iter().any(|word| name.contains(word)) {
                figures.push(name.clone());
            }
        }
    }
    (figures, under(sheet, "absence_detail"))
}

#[test]
fn an_empty_answer_has_no_zeros_and_one_reason() {
    let mut provided = provision();
    provided.context = nothing();
    provided.sources = Some(Default::default());
    for group in provided.rows.iter_mut().flat_map(|row| &mut row.groups) {
        (group.contact_count, group.in_person_count, group.remote_count) = (0, 0, 0);
        (group.unknown_count, group.not_collected_count) = (0, 0);
        group.indicators.iter_mut().for_each(uncounted);
    }
    let mut excluded = exclusion_by_sex();
    (excluded.context, excluded.estimates) = (nothing(), Vec::new());
    for row in &mut excluded.rows {
        (row.person_count, row.reason_base_count) = (0, 0);
        row.reasons.clear();
        row.indicators.iter_mut().for_each(uncounted);
    }
    let mut compared = impact();
    (compared.context, compared.assessments) = (nothing(), Vec::new());
    for row in &mut compared.rows {
        let why = || Some(Absence { detail: "nothing to compare".into(), ..Default::default() });
        row.wait = Some(MedianWait { absence: why(), ..Default::default() });
        row.conversion = Some(Conversion {
            absence: why(),
            in_person_absence: why(),
            difference_absence: why(),
            ..Default::default()
        });
        for outcome in &mut row.outcomes {
            outcome.in_person.iter_mut().chain(&mut outcome.remote).for_each(uncounted);
        }
        row.outcomes.retain(|outcome| outcome.difference.is_none());
    }
    let mut missed = sample::outcomes();
    missed.context = nothing();
    missed.rows[0].channels[0] = Default::default();
    let mut seen = sample::april();
    seen.context = nothing();
    seen.rows[0].total_count = 0;
    (seen.rows[0].base_count, seen.rows[0].unknown_channel_count) = (0, 0);
    for cell in &mut seen.rows[0].channels {
        cell.value = Some(Value::Estimate(Default::default()));
    }
    let words = indicators();
    for (name, sheet) in [
        ("provision", provision_sheet::sheet(&provided, 71, &words)),
        ("exclusion", exclusion_sheet::sheet(&excluded, 71, &words)),
        ("impact", impact_sheet::sheet(&compared, 71, &words)),
        ("outcomes", outcomes_sheet::sheet(&missed, 71)),
        ("channels", channels_sheet::sheet(&seen, 71)),
    ] {
        let (figures, reasons) = told(&sheet);
        assert!(figures.is_empty(), "{name}: {figures:?}");
        assert!(!reasons.is_empty(), "{name}");
        for reason in reasons {
            assert_eq!(reason, "nobody has submitted 2031-01", "{name}");
        }
    }
    assert_eq!(chart::bars(&seen, &Look::PLAIN), "");
    let texts = [
        channels::table(&seen, 71, &Look::PLAIN),
        outcomes::table(&missed, 71, &Look::PLAIN),
        exclusion::table(&excluded, 71, &words, &Look::PLAIN),
    ];
    for text in texts {
        assert!(!text.contains('|') && text.contains("no figures: no data"), "{text}");
    }
}

#[test]
fn what_was_counted_beside_an_empty_answer_stays() {
    let mut seen = sample::april();
    seen.context = nothing();
    let sheet = channels_sheet::sheet(&seen, 71);
    assert_eq!(under(&sheet, "count")[0], "212251");
    assert_eq!(under(&sheet, "absence_reason")[0], "");
}

//! Provision, impact and area risk, as people and spreadsheets see them.

use super::indicators::Indicators;
use super::sample_exclusion::{
    impact as impacts, indicators, provision as provisions, risk as risks,
};
use super::sheet::Sheet;
use super::{
    Look, impact, impact_sheet, provision, provision_sheet, risk, risk_sheet, sample, table,
};
use crate::proto::v1::{AreaRisk, ChannelImpact, FaceToFaceProvision};

fn look(width: usize) -> Look {
    Look { width: Some(width), ..Look::PLAIN }
}

fn has(text: &str, all: &[&str]) {
    for expected in all {
        assert!(text.contains(expected), "{expected} is missing:\n{text}");
    }
}

fn fits(text: &str, width: usize) {
    for line in text.lines().filter(|line| line.starts_with(['|', '+'])) {
        assert!(line.len() <= width, "{width}: {line}");
    }
}

/// The cells of a line under the named columns.
fn of(sheet: &Sheet, line: usize, names: &[&str]) -> Vec<String> {
    let at = |name: &&str| sheet.columns.iter().position(|column| column == name).unwrap();
    names.iter().map(|name| sheet.lines[line][at(name)].raw()).collect()
}

#[test]
fn provision_has_a_line_for_each_group_of_each_row() {
    for width in [70, 100, 250] {
        let text = provision::table(&provisions(), 71, &indicators(), &look(width));
        fits(&text, width);
        has(
            &text,
            &[
                "*** SYNTHETIC DATA",
                "Face-to-face provision, Leicester",
                "any need",
                "no need",
                "81.2 % (80.0-82.0)",
                "not computable",
                "CH-13: not computable: nobody of the group needs an interpreter",
                "CH-07",
                "CH-05",
                "not collected",
                "interpreter needed: not collected: no source collects it",
                "request met: within 14 days of booking",
            ],
        );
    }
    let text = provision::table(&provisions(), 71, &indicators(), &look(250));
    // Nobody can tell: no 0 that reads as nobody.
    let rows = [
        "|        | any need           |         9,000 |         6,000 |         2,500 |             42 |   81.2 % (80.0-82.0) |",
        "|        | interpreter needed | not collected | not collected | not collected |          9,000 |        not collected |",
    ];
    has(&text, &rows);
    let sources =
        ["1,111 consultations say so themselves", "3,333 it is not known", "5,555 have it"];
    has(&text, &sources);
}

#[test]
fn provision_compares_need_with_no_need_and_with_not_known() {
    let chart = provision::chart(&provisions(), &indicators(), &look(100));
    assert_eq!(chart.lines().count(), 1 + 2 * 3, "{chart}");
    has(&chart, &["total: any need", "total: no need", "1 Male: need not known"]);
    let empty = FaceToFaceProvision { context: sample::empty().context, ..Default::default() };
    assert_eq!(provision::chart(&empty, &indicators(), &Look::PLAIN), "");
    let text = provision::table(&empty, 71, &indicators(), &Look::PLAIN);
    assert!(text.ends_with("no figures: no data: nobody has submitted 2031-01"), "{text}");
}

#[test]
fn provision_for_spreadsheets() {
    let sheet = provision_sheet::sheet(&provisions(), 71, &indicators());
    assert_eq!(sheet.lines.len(), 2 * (4 * 5 + 1));
    assert_eq!(
        of(&sheet, 6, &["group", "group_label", "indicator", "unit", "value", "contact_count"]),
        ["ANY_NEED", "any need", "CH-07", "RATIO", "0.8123", "9000"]
    );
    let names = ["contact_count", "in_person_count", "group_unknown_count", "request_met_days"];
    assert_eq!(of(&sheet, 6, &names), ["9000", "6000", "40", "14"]);
    assert_eq!(of(&sheet, 5, &names), ["", "", "0", "14"]);
    let why = ["group_not_collected_count", "group_absence_reason", "absence_reason"];
    assert_eq!(of(&sheet, 5, &why), ["9000", "NOT_COLLECTED", "NOT_COLLECTED"]);
    assert_eq!(
        of(&sheet, 3, &["indicator", "value", "absence_reason", "access_from_snapshot_count"]),
        ["CH-13", "", "NOT_COMPUTABLE", "2222"]
    );
    let empty = FaceToFaceProvision { context: sample::empty().context, ..Default::default() };
    assert_eq!(provision_sheet::sheet(&empty, 71, &indicators()).lines.len(), 1);
}

#[test]
fn impact_has_both_modes_their_difference_and_what_providers_wrote() {
    let text = impact::table(&impacts(), 71, &indicators(), &Look::PLAIN);
    has(
        &text,
        &[
            "*** SYNTHETIC DATA",
            "| total  | CH-09          | 4.6 % (4.5-4.7) | 4,321 | 0.40 % (0.30-0.50) | 4,321 |",
            "-4.2 points (-4.3 to -4.1) |",
            "  CH-09 Did not attend",
            "not computable |",
            "difference of CH-11-OVER-14: not computable: too few",
            "|        | CH-11-MEDIAN   |        3.5 days | 3,210 |     not computable | 1,230 |",
            "difference of CH-11-MEDIAN: not computable: bands only: the median lies between 2 and 7 days",
            "+3.0 points (-2.0 to +9.0) |",
            "  04C, 2020-04 to 2020-06 (2020-07-01, Director of Primary Care):",
            "    People without a telephone of their own were called at home.",
        ],
    );
    for width in [60, 100] {
        let text = impact::table(&impacts(), 71, &indicators(), &look(width));
        fits(&text, width);
    }
    let empty = ChannelImpact { context: sample::empty().context, ..Default::default() };
    let text = impact::table(&empty, 71, &indicators(), &Look::PLAIN);
    has(&text, &["no figures: no data", "assessments of providers: none recorded"]);
    assert_eq!(impact::chart(&empty, &indicators(), &Look::PLAIN), "");
}

#[test]
fn impact_is_drawn_around_zero() {
    let mut answer = impacts();
    let chart = impact::chart(&answer, &indicators(), &look(100));
    assert!(chart.starts_with("Remote less in person, CH-09 Did not attend\n"), "{chart}");
    assert_eq!(chart.matches("####|").count(), 2, "{chart}");
    answer.rows.truncate(1);
    let chart = impact::chart(&answer, &indicators(), &look(120));
    has(&chart, &["|####", "CH-11-OVER-14   not computable"]);
    has(&chart, &["CH-12", "+3.0 points"]);
    assert_eq!(chart.lines().count(), 5, "{chart}");
}

#[test]
fn impact_for_spreadsheets() {
    let sheet = impact_sheet::sheet(&impacts(), 71, &indicators());
    assert_eq!(sheet.lines.len(), 2 * (3 * 3 + 3 + 3) + 1);
    let names = ["kind", "indicator", "unit", "value", "upper", "denominator_count"];
    assert_eq!(of(&sheet, 1, &names), ["REMOTE", "CH-09", "RATIO", "0.004", "0.005", "4321"]);
    assert_eq!(
        of(&sheet, 2, &names),
        ["DIFFERENCE", "CH-10", "DIFFERENCE", "-0.042", "-0.041", ""]
    );
    assert_eq!(of(&sheet, 9, &names), ["IN_PERSON", "CH-11-MEDIAN", "DAYS", "3.5", "", "3210"]);
    assert_eq!(of(&sheet, 10, &names), ["REMOTE", "CH-11-MEDIAN", "DAYS", "", "", "1230"]);
    assert_eq!(of(&sheet, 11, &["kind", "absence_reason"]), ["DIFFERENCE", "NOT_COMPUTABLE"]);
    let in_person = ["CONVERSION_IN_PERSON", "CH-12", "RATIO", "0.04", "0.08", "200"];
    assert_eq!(of(&sheet, 12, &names), in_person);
    assert_eq!(of(&sheet, 13, &names), ["CONVERSION", "CH-12", "RATIO", "0.07", "0.14", "100"]);
    assert_eq!(of(&sheet, 13, &["not_computable_count", "same_day_count"]), ["12", "21"]);
    assert_eq!(of(&sheet, 14, &names), ["DIFFERENCE", "CH-12", "DIFFERENCE", "0.03", "0.09", ""]);
    assert_eq!(of(&sheet, 8, &["value", "absence_detail"]), ["", "too few"]);
    assert_eq!(
        of(&sheet, 30, &["kind", "value", "organisation", "assessed_last_month", "owner_role"]),
        ["ASSESSMENT", "", "04C", "2020-06", "Director of Primary Care"]
    );
    let csv = sheet.csv();
    assert_eq!(
        csv::Reader::from_reader(csv.as_bytes()).records().filter(Result::is_ok).count(),
        31
    );
}

#[test]
fn risk_always_says_what_it_does_not_mean() {
    for width in [60, 100, 200] {
        let text = risk::table(&risks(), 71, &indicators(), &look(width));
        fits(&text, width);
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        has(&words, &["ECOLOGICAL: This does not say that any person is excluded."]);
        has(&text, &["live at 4.00 or more", "12,345  1.1 %", "3.21", "broadband", "no data"]);
        has(&words, &["2 Female: no data: nobody of them lives where there is a score"]);
    }
    let empty = AreaRisk { context: sample::empty().context, ..Default::default() };
    let text = risk::table(&empty, 71, &Indicators::default(), &Look::PLAIN);
    has(
        &text,
        &["ECOLOGICAL: These are figures about areas, not about people", "no figures: no data"],
    );
    let sheet = risk_sheet::sheet(&empty, 71, &indicators());
    assert_eq!(of(&sheet, 0, &["ecological", "absence_reason"]), ["yes", "NO_DATA"]);
    assert!(
        of(&sheet, 0, &["ecological_statement"])[0].starts_with("These are figures about areas")
    );
}

#[test]
fn risk_is_drawn_and_absence_is_a_word() {
    let chart = risk::chart(&risks(), &indicators(), &look(80));
    assert!(table::width(&chart) <= 80, "{chart}");
    has(&chart, &["  3.21", "2 Female  no data"]);
}

#[test]
fn risk_for_spreadsheets() {
    let sheet = risk_sheet::sheet(&risks(), 71, &indicators());
    assert_eq!(sheet.lines.len(), 4 + 4 + 3);
    let names =
        ["kind", "indicator", "unit", "value", "person_count", "not_for_targets", "ecological"];
    assert_eq!(of(&sheet, 0, &names), ["MEAN", "DX-10", "SCORE", "2.95", "1122002", "yes", "yes"]);
    assert_eq!(
        of(&sheet, 2, &["kind", "indicator", "unit", "value", "high_risk_person_count"]),
        ["HIGH_RISK_SHARE", "DX-11", "RATIO", "0.011", "12345"]
    );
    assert_eq!(of(&sheet, 3, &["indicator", "value"]), ["DX-10-BROADBAND", "1.5"]);
    assert_eq!(of(&sheet, 8, &["sex", "value", "absence_reason"]), ["2", "", "NO_DATA"]);
    assert!(sheet.lines.iter().flatten().all(|cell| !cell.raw().contains("NaN")));
}

#[test]
fn a_score_of_the_total_alone_has_its_row() {
    let mut answer = risks();
    answer.dimension.clear();
    answer.rows.truncate(1);
    let text = risk::table(&answer, 71, &indicators(), &Look::PLAIN);
    has(&text, &["| total | 1,122,002 |       2.95 |"]);
    assert_eq!(risk_sheet::sheet(&answer, 71, &indicators()).lines.len(), 4);
}

//! Whole answers, as people and spreadsheets see them.

use super::{Look, channels, channels_sheet, outcomes, outcomes_sheet, sample};
use crate::proto::v1::{Absence, AbsenceReason, Interval, channel_cell::Value};

const APRIL: &str = "\
Consultation channels, Leicester, Leicestershire and Rutland (QK1, where care is given), 2020-04
  data      gpad-regional (REAL, OPEN), 3 submissions of 3 organisations (expected: 3)
  counted   contacts; shares of all; limits 95 %, consultations taken as independent
  position  71, last changed at 66
  source    NHS Digital, Appointments in General Practice; OGL v3.0
+--------------------+----------+--------------------+
| channel            | contacts |              share |
+====================================================+
| all                |  361,905 |                    |
| face to face       |  212,251 | 58.6 % (58.5-58.8) |
| home visit         |      313 | 0.09 % (0.08-0.10) |
| telephone          |  130,728 | 36.1 % (36.0-36.3) |
| online unspecified |    1,507 | 0.42 % (0.40-0.44) |
| not known          |   17,106 |                    |
+--------------------+----------+--------------------+";

#[test]
fn the_total_has_a_line_for_each_channel() {
    assert_eq!(channels::table(&sample::april(), 71, &Look::PLAIN), APRIL);
}

#[test]
fn synthetic_data_says_so_first_and_everything_below_is_named() {
    let text = channels::table(&sample::by_ethnic_category(), 71, &Look::PLAIN);
    assert!(text.starts_with("*** SYNTHETIC DATA"), "{text}");
    for expected in [
        "| H Indian        |  361,905 |",
        "withheld",
        "not attributed: 1,234 consultations: 03W spans two places",
        "quality of Ethnic category: collected for 100.0 %, 12.3 % of those unknown",
        "note: counts are of consultations, not of people",
    ] {
        assert!(text.contains(expected), "{expected} is missing:\n{text}");
    }
    assert!(!channels::table(&sample::april(), 71, &Look::PLAIN).contains("SYNTHETIC"));
}

#[test]
fn a_narrow_terminal_gets_the_channels_in_several_tables() {
    for width in [60, 80, 120] {
        let look = Look { width: Some(width), ..Look::PLAIN };
        let text = channels::table(&sample::by_ethnic_category(), 71, &look);
        let text = text.lines().skip(1).collect::<Vec<_>>().join("\n"); // the first line warns of synthetic data
        assert!(super::table::width(&text) <= width, "{text}");
        for channel in ["face to face", "telephone", "online unspecified"] {
            assert_eq!(text.matches(&format!(" {channel} ")).count(), 1, "{text}");
        }
        assert_eq!(text.matches("130,728").count(), 2, "{text}");
    }
}

#[test]
fn rates_and_their_absence_are_shown() {
    let mut rated = sample::april();
    rated.rows[0].population_count = Some(1_160_000);
    if let Some(Value::Estimate(figures)) = &mut rated.rows[0].channels[0].value {
        figures.rate = Some(Interval { value: 182.9, lower: Some(182.1), upper: Some(183.7) });
    }
    let text = channels::figures(&rated, &Look::PLAIN);
    assert!(text.contains("per 1,000 a month") && text.contains("182.9 (182.1-183.7)"), "{text}");
    rated.rows[0].population_count = None;
    rated.rows[0].rate_absence = Some(Absence {
        reason: AbsenceReason::NotComputable.into(),
        detail: "no population in 2020-04".into(),
    });
    let text = channels::figures(&rated, &Look::PLAIN);
    assert!(text.contains("not computable: no population in 2020-04"), "{text}");
}

#[test]
fn nothing_says_why() {
    let text = channels::table(&sample::empty(), 71, &Look::PLAIN);
    assert!(text.ends_with("no figures: no data: nobody has submitted 2031-01"), "{text}");
    let csv = channels_sheet::sheet(&sample::empty(), 71).csv();
    assert_eq!(csv.lines().count(), 2, "{csv}");
    assert!(csv.contains(",NO_DATA,nobody has submitted 2031-01,"), "{csv}");
}

#[test]
fn csv_has_a_line_for_each_channel_of_each_row() {
    let csv = channels_sheet::sheet(&sample::by_ethnic_category(), 71).csv();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|column| column == name).unwrap();
    let lines: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(lines.len(), 10);
    let (total, category) = (&lines[0], &lines[5]);
    assert_eq!((&total[at("ethnic_category")], &total[at("ethnic_category_state")]), ("", "TOTAL"));
    assert_eq!(
        (&category[at("ethnic_category")], &category[at("ethnic_category_label")]),
        ("H", "Indian")
    );
    assert_eq!((&category[at("count")], &category[at("share")]), ("212251", "0.58648"));
    assert_eq!(&category[at("data_class")], "SYNTHETIC");
    let withheld = &lines[6];
    assert_eq!((&withheld[at("count")], &withheld[at("absence_reason")]), ("", "WITHHELD"));
    assert_eq!(
        (&lines[9][at("channel")], &lines[9][at("channel_state")]),
        ("NOT_KNOWN", "NOT_KNOWN")
    );
    assert_eq!((&lines[9][at("count")], &lines[9][at("share")]), ("17106", ""));
}

#[test]
fn outcomes_have_rates_and_bands() {
    let text = outcomes::table(&sample::outcomes(), 71, &Look::PLAIN);
    for expected in
        ["2.5 % (2.5-2.6)", "| same day                    |  250,000 | 70.0 % (69.0-71.0) |"]
    {
        assert!(text.contains(expected), "{expected} is missing:\n{text}");
    }
    let csv = outcomes_sheet::sheet(&sample::outcomes(), 71).csv();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|column| column == name).unwrap();
    let line = reader.records().next().unwrap().unwrap();
    assert_eq!((&line[at("channel")], &line[at("channel_state")]), ("ALL", "ANY"));
    assert_eq!(&line[at("lead_time_same_day_count")], "250000");
    assert_eq!(&line[at("over_14_days_share")], "");
}

#[test]
fn what_is_not_collected_is_told_beside_what_is_not_known() {
    let mut answer = sample::outcomes();
    assert!(!outcomes::table(&answer, 71, &Look::PLAIN).contains("not collected"));
    let cell = &mut answer.rows[0].channels[0];
    (cell.not_collected_attendance_count, cell.not_collected_lead_time_count) = (4_321, 1_234);
    let text = outcomes::table(&answer, 71, &Look::PLAIN);
    assert!(text.contains("| 43,905 |         4,321 |"), "{text}");
    assert!(text.contains("| not collected               |    1,234 |"), "{text}");
    let columns = |csv: &str| -> std::collections::BTreeMap<String, String> {
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let header = reader.headers().unwrap().clone();
        let line = reader.records().next().unwrap().unwrap();
        header.iter().zip(&line).map(|(name, value)| (name.into(), value.into())).collect()
    };
    let found = columns(&outcomes_sheet::sheet(&answer, 71).csv());
    assert_eq!(found["not_collected_attendance_count"], "4321");
    assert_eq!(found["not_collected_lead_time_count"], "1234");
    let mut answer = sample::april();
    answer.rows[0].not_collected_channel_count = 99;
    let found = columns(&channels_sheet::sheet(&answer, 71).csv());
    let told = ["unknown_channel_count", "not_collected_channel_count"].map(|name| &found[name]);
    assert_eq!(told, ["17106", "99"]);
}

use super::*;
use crate::cli::answer::Answer;
use crate::proto::v1::{
    BreakdownContext, CategoryKey, CategoryState, Column, EstimateKey, EstimateRecord,
    EstimateSource, LegendDimension, Row, Unit,
};

fn key(dimension: &str, code: &str) -> CategoryKey {
    let state = CategoryState::Known.into();
    CategoryKey { dimension: dimension.into(), code: code.into(), state }
}

fn months() -> Breakdown {
    let column = |id: &str, unit: Unit, channel: Option<&str>| Column {
        id: id.into(),
        indicator: id.split('/').next().unwrap_or_default().into(),
        unit: unit.into(),
        group: channel.map(|code| key("channel", code)).into_iter().collect(),
        ..Default::default()
    };
    let row = |month: &str, all: i64, face: i64| {
        let share = |count: i64| Cell {
            value: Some(count as f64 / all as f64),
            numerator_count: Some(count),
            denominator_count: Some(all),
            ..Default::default()
        };
        let total =
            Cell { value: Some(all as f64), numerator_count: Some(all), ..Default::default() };
        Row {
            keys: vec![key("month", month)],
            cells: vec![total, share(face), share(all - face)],
            ..Default::default()
        }
    };
    Breakdown {
        context: Some(BreakdownContext {
            table: "CHANNELS".into(),
            provenance: "NHS Digital, Appointments in General Practice".into(),
            ..Default::default()
        }),
        dimensions: vec![LegendDimension { dimension: "month".into(), ..Default::default() }],
        columns: vec![
            column("CONTACTS", Unit::Count, None),
            column("CH-01/FACE_TO_FACE", Unit::Ratio, Some("FACE_TO_FACE")),
            column("CH-01/TELEPHONE", Unit::Ratio, Some("TELEPHONE")),
        ],
        rows: CHARTED
            .iter()
            .map(|month| row(month, 1_000, if *month < AFTER { 800 } else { 500 }))
            .collect(),
        ..Default::default()
    }
}

fn internet() -> Breakdown {
    let estimate = |sex: &str, value: f64| PublishedEstimate {
        record: Some(EstimateRecord {
            indicator: "DX-12-USED".into(),
            period: "2018".into(),
            keys: [("age_band", "75+"), ("sex", sex)]
                .map(|(dimension, code)| EstimateKey {
                    dimension: dimension.into(),
                    code: code.into(),
                })
                .into(),
            value: Some(value),
            ..Default::default()
        }),
        source: Some(EstimateSource { publisher: "ONS".into(), ..Default::default() }),
        ..Default::default()
    };
    Breakdown { estimates: vec![estimate("1", 0.5), estimate("2", 0.25)], ..Default::default() }
}

/// A table of one row with a sentence.
fn told(sentence: &str) -> Breakdown {
    let row = Row { sentence: Some(sentence.into()), ..Default::default() };
    Breakdown { rows: vec![row], ..Default::default() }
}

fn shown(width: Option<usize>) -> String {
    let answer = |breakdown| Answer { breakdown, ..Answer::default() };
    let answers = Answers {
        months: answer(months()),
        internet: answer(internet()),
        gap: answer(told("Aged 75 and over: 25 points above all.")),
        trend: Some(answer(told("The gap did not change."))),
        ..Answers::default()
    };
    let folder = Path::new("equity-demo");
    let place = Place {
        address: "http://127.0.0.1:7500",
        serving_on: true,
        folder,
        program: "target/release/equity",
    };
    screen(&answers, &place, &Look { width, ..Look::PLAIN })
}

#[test]
fn it_is_one_screen() {
    for width in [None, Some(80), Some(100), Some(200)] {
        let text = shown(width);
        assert!(text.lines().count() <= 60, "{text}");
    }
    let drawn = shown(None);
    assert!(drawn.lines().all(|line| line.len() <= WIDTH), "{drawn}");
    let drawn = shown(Some(80));
    assert!(drawn.lines().all(|line| line.len() <= 80), "{drawn}");
}

#[test]
fn a_long_command_is_broken_where_it_can_be_typed_on() {
    let command = format!("equity breakdown risk{}", " --area QK1".repeat(12));
    let narrow = typed(&command, 80);
    assert!(narrow.lines().all(|line| line.len() <= 80), "{narrow}");
    let text = typed(&command, WIDTH);
    assert!(text.lines().count() == 2 && text.lines().all(|line| line.len() <= WIDTH), "{text}");
    let words = text.replace('\\', "");
    assert_eq!(words.split_whitespace().collect::<Vec<_>>().join(" "), command);
}

#[test]
fn it_says_what_changed_who_is_online_and_where_both_come_from() {
    let text = shown(None);
    for words in [
        "In April 2020, of 1,000 GP appointments whose channel is known, 50.0 % were face to face, against 80.0 % in April 2019",
        "25 points above all. From 2020-01 to 2020-06: The gap did not change.",
        "50.0 % of men and 25.0 % of women aged 75 and over",
        "Source: NHS Digital",
        "Source: ONS",
        "2020-04  ##",
        "--service http://127.0.0.1:7500",
    ] {
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(&words), "{words}\n{text}");
    }
    // What a terminal cannot type is not offered.
    assert!(text.lines().filter(|line| line.starts_with("  target/release/equity")).count() >= 6);
}

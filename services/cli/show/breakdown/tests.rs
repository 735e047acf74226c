use super::*;
use crate::cli::show::Look;
use crate::cli::show::indicators::Indicators;
use crate::proto::v1::{
    Absence, AbsenceReason, AskedCondition, Breakdown, BreakdownContext, CategoryKey,
    CategoryState, Cell, ChannelAssessment, Column, DataClass, Denominator, DimensionQuality,
    LegendCategory, LegendDimension, Measure, Parameter, Row, Unattributed, Unit,
};

fn key(dimension: &str, code: &str) -> CategoryKey {
    CategoryKey {
        dimension: dimension.into(),
        code: code.into(),
        state: CategoryState::Known.into(),
    }
}

fn column(id: &str, unit: Unit, dimension: &str) -> Column {
    let (indicator, code) = id.split_once('/').unwrap_or((id, ""));
    Column {
        id: id.into(),
        indicator: indicator.into(),
        label: format!("Words for {indicator}"),
        unit: unit.into(),
        group: (!code.is_empty()).then(|| key(dimension, code)).into_iter().collect(),
        group_labels: (!code.is_empty()).then(|| code.to_lowercase()).into_iter().collect(),
        not_for_targets: false,
    }
}

fn count(count: i64) -> Cell {
    Cell { value: Some(count as f64), numerator_count: Some(count), ..Cell::default() }
}

fn share(part: i64, all: i64) -> Cell {
    Cell {
        value: Some(part as f64 / all as f64),
        lower: Some(0.25),
        upper: Some(0.75),
        numerator_count: Some(part),
        denominator_count: Some(all),
        ..Cell::default()
    }
}

fn absent(reason: AbsenceReason, detail: &str) -> Cell {
    let absence = Some(Absence { reason: reason.into(), detail: detail.into() });
    Cell { absence, ..Cell::default() }
}

/// A table by sex: the total, then men and women.
fn answer(table: &str, columns: Vec<Column>, rows: [Vec<Cell>; 3]) -> Breakdown {
    let keys = [vec![], vec![key("sex", "1")], vec![key("sex", "2")]];
    let label = |code: &str, label: &str| LegendCategory { code: code.into(), label: label.into() };
    Breakdown {
        context: Some(BreakdownContext {
            table: table.into(),
            title: "Some table".into(),
            collection: "practice-feed".into(),
            area: "QK1".into(),
            first_month: "2020-04".into(),
            last_month: "2020-05".into(),
            ..Default::default()
        }),
        dimensions: vec![LegendDimension {
            dimension: "sex".into(),
            label: "Sex".into(),
            categories: vec![label("1", "Male"), label("2", "Female")],
            ..Default::default()
        }],
        columns,
        rows: keys
            .into_iter()
            .zip(rows)
            .map(|(keys, cells)| Row { keys, cells, ..Default::default() })
            .collect(),
        ..Default::default()
    }
}

fn channels() -> Breakdown {
    let columns = vec![
        column("CONTACTS", Unit::Count, ""),
        column("CH-01/TELEPHONE", Unit::Ratio, "channel"),
        column("CH-01/VIDEO", Unit::Ratio, "channel"),
    ];
    let row = |n: i64| vec![count(1_000 * n), share(600 * n, 1_000 * n), share(400 * n, 1_000 * n)];
    answer("CHANNELS", columns, [row(3), row(1), row(2)])
}

fn drawn(answer: &Breakdown) -> String {
    text(answer, 71, &Indicators::default(), true, &Look::PLAIN)
}

/// The cells of the lines that begin with this word.
fn line(drawn: &str, begin: &str) -> Vec<String> {
    let lines = drawn.lines().filter(|line| line.starts_with(&format!("| {begin} ")));
    lines
        .flat_map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()))
        .collect()
}

#[test]
fn rows_go_down_and_channels_across_with_their_counts() {
    let text = drawn(&channels());
    assert_eq!(line(&text, "Sex"), ["Sex", "words for CONTACTS", "telephone", "video"]);
    assert_eq!(
        line(&text, "2 Female"),
        ["2 Female", "2,000", "1,200  60.0 % (25.0-75.0)", "800  40.0 % (25.0-75.0)"]
    );
    assert_eq!(line(&text, "total")[1], "3,000");
}

#[test]
fn of_one_row_the_channels_go_down() {
    let mut one = channels();
    one.rows.truncate(1);
    one.dimensions.clear();
    let text = drawn(&one);
    assert_eq!(line(&text, "all"), ["all", "3,000"]);
    assert_eq!(line(&text, "video"), ["video", "1,200  40.0 % (25.0-75.0)"]);
}

#[test]
fn a_table_without_a_layout_shows_every_column_and_its_counts() {
    let columns = vec![
        column("PEOPLE", Unit::Count, ""),
        column("X-1/A", Unit::Ratio, "kind"),
        column("X-1/B", Unit::Ratio, "kind"),
        column("X-2", Unit::Difference, ""),
    ];
    let difference = Cell { value: Some(-0.125), ..Cell::default() };
    let row = || vec![count(7), share(1, 4), share(3, 4), difference.clone()];
    let text = drawn(&answer("SOMETHING", columns, [row(), row(), row()]));
    for figure in ["7", "25.0 % (25.0-75.0)", "75.0 % (25.0-75.0)", "-12.5 points"] {
        assert!(line(&text, "1 Male").contains(&figure.to_owned()), "{figure}\n{text}");
    }
}

#[test]
fn a_missing_figure_is_short_in_the_table_and_explained_once() {
    let mut answer = channels();
    for row in &mut answer.rows {
        row.cells[1] = absent(AbsenceReason::NotCollected, "no source collects it");
        row.cells[2] = absent(AbsenceReason::NotCollected, "no source collects it");
    }
    answer.rows[1].cells[2] = absent(AbsenceReason::NotComputable, "nothing to divide by");
    let text = drawn(&answer);
    assert_eq!(line(&text, "1 Male")[2..], ["not collected", "not computable"]);
    assert_eq!(text.matches("CH-01: not collected: no source collects it").count(), 1, "{text}");
    assert!(text.contains("CH-01/VIDEO: not computable: nothing to divide by"), "{text}");
    // A zero is a figure.
    assert!(!drawn(&channels()).contains("not co"), "{text}");
}

#[test]
fn what_an_answer_is_about_stands_above_it_and_how_good_it_is_below() {
    let mut answer = channels();
    let context = answer.context.as_mut().unwrap();
    context.data_class = DataClass::Synthetic.into();
    context.measure = Measure::Persons.into();
    context.conditions = vec![AskedCondition {
        dimension: "sex".into(),
        label: "Sex".into(),
        codes: vec!["1".into()],
        code_labels: vec!["Male".into()],
    }];
    context.parameters =
        vec![Parameter { name: "late_counts_as_missed".into(), value: "true".into() }];
    context.statements = vec!["About areas, not about people.".into()];
    context.notes = vec!["A note.".into()];
    context.unattributed = Some(Unattributed { count: 1_234, detail: "two places".into() });
    context.quality = vec![DimensionQuality {
        dimension: "sex".into(),
        coverage_ratio: Some(0.5),
        unknown_ratio: Some(0.25),
    }];
    answer.assessment_count = 7;
    answer.assessments = vec![ChannelAssessment {
        organisation: "04C".into(),
        first_month: "2020-04".into(),
        text: "Telephone first.".into(),
        ..Default::default()
    }];
    let text = drawn(&answer);
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "*** SYNTHETIC DATA",
        "Some table, QK1 (where care is given), 2020-04 to 2020-05",
        "position 71",
        "only Sex: 1 Male",
        "with late counts as missed: yes",
        "About areas, not about people.",
        "note: A note.",
        "not attributed: 1,234 people: two places",
        "quality of Sex: collected for 50.0 %, 25.0 % of those unknown",
        "own assessments, newest first: 1 of 7",
        "Telephone first.",
    ] {
        assert!(flat.contains(words), "{words}\n{text}");
    }
}

#[test]
fn an_empty_answer_says_why_and_has_no_table() {
    let mut answer = channels();
    let why = Absence { reason: AbsenceReason::NoData.into(), detail: "no submission".into() };
    answer.context.as_mut().unwrap().empty = Some(why);
    answer.rows.clear();
    let text = drawn(&answer);
    assert!(text.contains("no figures: no data: no submission") && !text.contains('|'), "{text}");
    assert_eq!(chart(&answer, &Indicators::default(), &Look::PLAIN), "");
}

#[test]
fn no_line_is_wider_than_the_place() {
    let kinds = 0..14;
    let mut columns = vec![column("CONTACTS", Unit::Count, "")];
    columns.extend(kinds.map(|n| column(&format!("CH-01/A_CHANNEL_{n}"), Unit::Ratio, "channel")));
    let row = || std::iter::once(count(9)).chain(vec![share(1, 2); 14]).collect::<Vec<_>>();
    let answer = answer("CHANNELS", columns, [row(), row(), row()]);
    for width in [60, 80, 100, 140] {
        let look = Look { width: Some(width), ..Look::PLAIN };
        let text = text(&answer, 1, &Indicators::default(), true, &look);
        let chart = chart(&answer, &Indicators::default(), &look);
        for line in text.lines().chain(chart.lines()) {
            assert!(console::measure_text_width(line) <= width, "{width}: {line}");
        }
        // Nothing is left out to make room.
        assert_eq!(text.matches("a_channel_").count(), 14, "{width}\n{text}");
    }
}

#[test]
fn a_chart_has_the_base_of_its_table() {
    let mut answer = channels();
    let mut unknown = column("CH-01/NOT_KNOWN", Unit::Ratio, "channel");
    unknown.group[0].state = CategoryState::NotKnown.into();
    answer.columns.push(unknown);
    for row in &mut answer.rows {
        let all = row.cells[0].numerator_count.unwrap();
        row.cells.push(Cell { numerator_count: Some(all), ..Cell::default() });
    }
    let mut drawn = |denominator: Denominator| {
        answer.context.as_mut().unwrap().denominator = denominator.into();
        let text = chart(&answer, &Indicators::default(), &Look::PLAIN);
        (text.lines().nth(1).unwrap().to_owned(), text)
    };
    // 600 by telephone, 400 by video, and as many of whom it is not known.
    let (bar, text) = drawn(Denominator::KnownOnly);
    assert_eq!((bar.matches('=').count(), bar.matches('o').count()), (36, 24 + 3), "{text}");
    assert!(bar.ends_with("  50.0 % not known"), "{text}");
    assert!(text.starts_with("Channels, shares of those whose channel is known"), "{text}");
    let (bar, text) = drawn(Denominator::All);
    assert_eq!((bar.matches('=').count(), bar.matches('.').count()), (18, 30), "{text}");
    assert!(text.starts_with("Channels, shares of all\n") && text.contains(". unknown"), "{text}");
}

#[test]
fn of_one_row_a_chart_has_a_bar_for_each_group() {
    let mut one = channels();
    one.context.as_mut().unwrap().table = "OUTCOMES".into();
    for column in &mut one.columns {
        column.indicator = column.indicator.replace("CH-01", "CH-09");
        column.id = column.id.replace("CH-01", "CH-09");
    }
    one.columns.insert(1, column("CH-09", Unit::Ratio, ""));
    one.rows.truncate(1);
    one.rows[0].cells.insert(1, share(1, 2));
    let text = chart(&one, &Indicators::default(), &Look::PLAIN);
    for (line, label) in text.lines().skip(1).zip(["all ", "telephone ", "video "]) {
        assert!(line.starts_with(label), "{text}");
    }
}

#[test]
fn without_notes_the_page_is_short_and_says_how_to_see_more() {
    let mut answer = channels();
    answer.context.as_mut().unwrap().notes = vec!["One sentence. ".repeat(20), "Short.".into()];
    let page = |notes| super::text(&answer, 71, &Indicators::default(), notes, &Look::PLAIN);
    let (short, full) = (page(false), page(true));
    assert!(short.contains("--notes shows") && !full.contains("--notes shows"), "{short}");
    assert!(short.contains(" …\n  note: Short."), "{short}");
    assert!(!short.contains("behind the shares") && full.contains("behind the shares"), "{full}");
    assert!(short.lines().count() < full.lines().count());
    assert_eq!(line(&short, "2 Female"), line(&full, "2 Female"), "no figure is left out");
}

#[test]
fn columns_have_the_names_of_indicators() {
    let columns = vec![column("PEOPLE", Unit::Count, ""), column("DX-01", Unit::Ratio, "")];
    let row = || vec![count(4), share(1, 4)];
    let text = drawn(&answer("EXCLUSION", columns, [row(), row(), row()]));
    assert!(text.contains("DX-01 Words for DX-01"), "{text}");
}

#[test]
fn charts_have_a_bar_for_each_row() {
    let text = chart(&channels(), &Indicators::default(), &Look::PLAIN);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 5, "{text}");
    assert!(lines[2].starts_with("1 Male") && lines[2].contains(&"=".repeat(36)), "{text}");
    let columns = vec![column("X-1", Unit::Ratio, "")];
    let none = vec![absent(AbsenceReason::NoData, "")];
    let other = answer("SOMETHING", columns, [vec![share(1, 2)], vec![share(1, 4)], none]);
    let text = chart(&other, &Indicators::default(), &Look::PLAIN);
    assert!(text.contains("25.0 %") && text.contains("no data"), "{text}");
}

//! Tables that are derived from others (inequality, gaps, targets, data quality), on the data of the demo: every format has the same figures, and the
//! charts have every group between its limits.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::run::{Ended, Served, equity};

const PLACE: &str = "--area QK1 --collection synthetic-llr";
/// The month, where a command does not name its own.
const MONTH: &str = "--from 2020-06";
/// Commands, without their place and period.
const TABLES: [&str; 12] = [
    "inequality outcomes --by sex",
    "inequality exclusion --by age_band --column DX-21",
    "inequality provision --by disability",
    "inequality indicators --indicator C20-SMI --by imd2025_quintile",
    "inequality outcomes --by month,sex --column CH-09 --from 2020-04 --to 2020-06",
    "gaps",
    "gaps --indicator C20-SMI,FSL --rate 1",
    "targets status --target C20-SMI --by sex",
    "quality recording --by sex",
    "quality timeliness --by organisation",
    "quality representativeness --by sex",
    "quality consistency --by organisation",
];

fn ask(served: &Served, command: &str, more: &[&str]) -> Ended {
    served.ask(&words(command).chain(more.iter().copied()).collect::<Vec<_>>())
}

/// What is typed: the command, its place and its period.
fn words(command: &str) -> impl Iterator<Item = &str> {
    let month = if command.contains("--from") { "" } else { MONTH };
    [command, PLACE, month].into_iter().flat_map(str::split_whitespace)
}

/// What a terminal shows that has the signs of charts.
fn drawn(served: &Served, command: &str, more: &[&str]) -> String {
    let mut asked = equity();
    asked
        .args(words(command))
        .args(more)
        .args(["--service", &served.address])
        .env("LC_ALL", "C.UTF-8");
    Ended::of(asked.output().unwrap()).well()
}

/// How often each column has each value and limits; absent: none.
type Figures = BTreeMap<(String, [Option<String>; 3]), usize>;

fn add(figures: &mut Figures, column: &str, numbers: [Option<f64>; 3]) {
    // Numbers that are read out of JSON may be off in their last digit.
    let numbers = numbers.map(|of| of.map(|of| format!("{of:.12e}")));
    *figures.entry((column.to_owned(), numbers)).or_default() += 1;
}

fn of_json(answer: &Value) -> Figures {
    let mut figures = Figures::new();
    let breakdown = &answer["breakdown"];
    let columns = breakdown["columns"].as_array().unwrap();
    for row in breakdown["rows"].as_array().unwrap() {
        let cells = row["cells"].as_array().unwrap();
        assert_eq!(cells.len(), columns.len());
        for (column, cell) in columns.iter().zip(cells) {
            let numbers = ["value", "lower", "upper"].map(|name| cell[name].as_f64());
            assert!(numbers[0].is_some() != cell["absence"].is_object(), "{column} {cell}");
            add(&mut figures, column["id"].as_str().unwrap(), numbers);
        }
    }
    figures
}

fn of_csv(text: &str) -> Figures {
    let mut figures = Figures::new();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|column| column == name).unwrap();
    let places = ["value", "lower", "upper"].map(at);
    for line in reader.records().map(Result::unwrap) {
        let number = |place: usize| (!line[place].is_empty()).then(|| line[place].parse().unwrap());
        let numbers: [Option<f64>; 3] = places.map(number);
        let is_finite = numbers.iter().flatten().all(|of| of.is_finite());
        assert!(
            is_finite && numbers[0].is_some() == line[at("absence_reason")].is_empty(),
            "{line:?}"
        );
        add(&mut figures, &line[at("column")], numbers);
    }
    figures
}

/// The same figures in JSON and CSV, and a table with them.
pub(super) fn figures_are_the_same_in_every_format(served: &Served) {
    for command in TABLES {
        let json = of_json(&ask(served, command, &["--format", "json"]).json());
        let csv = of_csv(&ask(served, command, &["--format", "csv"]).well());
        assert_eq!(json, csv, "{command}");
        let values = json.keys().filter(|(_, numbers)| numbers[0].is_some()).count();
        assert!(values > 1, "{command}: {values} values");
        let table = ask(served, command, &[]).well();
        assert!(table.lines().count() > 3 && !table.contains("no figures"), "{command}\n{table}");
        for word in ["NaN", "inf "] {
            assert!(!table.contains(word), "{command}: {word}\n{table}");
        }
    }
    let targets = ["targets", "list", "--tag", "CORE20PLUS5"];
    let with = |format: &str| served.ask(&[&targets as &[&str], &["--format", format]].concat());
    let lines = with("csv").well().lines().count() - 1;
    assert_eq!(with("json").json()["targets"].as_array().unwrap().len(), lines);
    assert!(lines > 3 && served.ask(&targets).well().lines().count() > lines);
    // What a document states as the start: with its people, period and source.
    let stated = ["targets", "list", "--tag", "NHS-2122-P4", "--format", "csv"];
    let stated = served.ask(&stated).well();
    let says = "0.29 RATIO imd2019_quintile=imd_2019:q1 (no period given; Leicester, Leicestershire and Rutland, System Health Inequalities Framework, 2021)";
    assert!(stated.contains(says), "{stated}");
}

/// Lines of a plot: the label, the columns of the lower limit, the point and the upper limit.
fn plotted(printed: &str) -> Vec<(String, [usize; 3])> {
    let line = |line: &str| {
        let cells: Vec<_> = line.chars().collect();
        let point = cells.iter().position(|of| *of == '●')?;
        let is_limit = |of: &char| *of == '─' || *of == '●';
        let left = cells[..point].iter().rev().take_while(|of| is_limit(of)).count();
        let right = cells[point + 1..].iter().take_while(|of| is_limit(of)).count();
        let label: String = cells[..point - left].iter().collect();
        Some((
            label.trim().trim_matches('│').trim().to_owned(),
            [point - left, point, point + right],
        ))
    };
    printed.lines().filter_map(line).collect()
}

/// The charts of `equity breakdown --compare` and of `equity inequality` draw each group between its limits, where its numbers lie.
pub(super) fn charts_have_groups_between_their_limits(served: &Served) {
    let compared = "breakdown outcomes --by imd2025_quintile --compare least-deprived";
    let json = ask(served, compared, &["--format", "json"]).json();
    let columns = json["breakdown"]["columns"].as_array().unwrap();
    let place = columns.iter().position(|of| of["id"] == "CH-09/DIFFERENCE").unwrap();
    let rows = json["breakdown"]["rows"].as_array().unwrap();
    let of =
        |row: &Value| ["lower", "value", "upper"].map(|name| row["cells"][place][name].as_f64());
    let found: Vec<_> = rows.iter().map(of).filter(|of| of.iter().all(Option::is_some)).collect();
    assert!(found.len() >= 4, "{found:?}");
    let chart = drawn(served, compared, &["--chart"]);
    let plot = chart.rsplit("CH-09/DIFFERENCE").next().unwrap();
    let plot = plot.split("\n\n").next().unwrap();
    let lines = plotted(plot);
    assert_eq!(lines.len(), found.len(), "{chart}");
    assert!(plot.contains('│'), "no line where the groups are alike\n{plot}");
    // A greater number is drawn no further to the left.
    let numbers = found.iter().flatten().map(|of| of.unwrap());
    let mut both: Vec<(f64, usize)> = numbers.zip(lines.iter().flat_map(|(_, of)| *of)).collect();
    both.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert!(both.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{both:?}\n{plot}");
    assert!(both[0].1 < both[both.len() - 1].1, "{plot}");
    let labels: BTreeSet<_> = lines.iter().map(|(label, _)| label).collect();
    assert_eq!(labels.len(), lines.len(), "each group has its own line\n{plot}");

    // Of an inequality the gap of each share, and of a gap in time that of each period.
    for (command, least) in [
        ("inequality outcomes --by sex", 2),
        ("inequality outcomes --by month,sex --column CH-09 --from 2020-04 --to 2020-06", 2),
    ] {
        let chart = drawn(served, command, &[]);
        let lines = plotted(&chart);
        assert!(lines.len() >= least, "{command}\n{chart}");
        for (label, [lower, point, upper]) in lines {
            assert!(!label.is_empty() && lower <= point && point <= upper, "{label}\n{chart}");
        }
    }
    // A terminal that does not have the signs is shown the same in letters.
    let plain = ask(served, compared, &["--chart"]).well();
    let plain = plain.rsplit("CH-09/DIFFERENCE").next().unwrap();
    let plain = plain.split("\n\n").next().unwrap();
    assert!(!plain.contains('●'), "{plain}");
    assert_eq!(plain.lines().count(), plot.lines().count(), "{plain}");
    assert!(plain.contains("-o-") && plain.contains('|'), "{plain}");
}

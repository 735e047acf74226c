//! Every example of a help text shows figures on the demo's data: what a stranger copies has to work.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clap::CommandFactory as _;
use equity_indicators::cli::args::Cli;

use super::run::{Ended, Served, equity, run};
use super::{every_table, options};

/// Fills a folder with the data of the demo, the synthetic set made small, and returns what the demo prints.
pub(super) fn fill_with_demo(folder: &Path) -> String {
    let mut demo = equity();
    demo.args(["demo", "--once", "--rows", "3000", "--data-folder"]).arg(folder);
    let ended = demo.env("LC_ALL", "C.UTF-8").output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    String::from_utf8(ended.stdout).unwrap()
}

/// Whether a table that was printed has figures. Published estimates count: some areas have no other figures.
pub(super) fn shows_figures(printed: &str) -> bool {
    let published = printed.contains("Published estimates");
    (published || !printed.contains("no figures")) && printed.lines().count() > 3
}

/// Examples that are passed over, by how they begin, and why.
const PASSED_OVER: [(&str, &str); 30] = [
    ("demo", "it does not end, or `demo.rs` runs it"),
    ("serve", "it does not end"),
    ("submit", "files of the reader; `sending.rs` and others send some"),
    ("generate", "it writes files of millions of rows"),
    ("statistics counts.json", "a file of the reader; `statistics.rs` has some"),
    ("reference build", "files of publishers; `reference_build.rs` has some"),
    ("submissions get", "the name of a submission"),
    ("submissions problems", "the name of a submission"),
    ("submissions withdraw", "the name of a submission"),
    ("erase", "it destroys what other examples show; `erase.rs` runs it"),
    ("releases show", "the name of a release"),
    ("releases create", "what others read changes; `releases.rs` runs it"),
    ("assessments record", "files of the reader"),
    ("publish", "releases; `publish.rs` makes one"),
    ("partners", "certificates and telemetry; `tls.rs` and others have some"),
    ("certs", "it writes certificates; `tls.rs` runs it"),
    ("attack", "hours"),
    ("ptable", "`ptable.rs` runs it"),
    ("audit", "an audit log; `audit.rs` has one"),
    ("verify", "a service that is stopped"),
    ("rebuild", "a service that is stopped"),
    ("snapshot", "folders"),
    ("restore", "folders"),
    ("status", "folders of the reader; `kit` runs it"),
    ("info", "it may name another service; `tls.rs` runs it"),
    ("completions", "a shell; `kit` runs it"),
    ("man", "pages; `kit` runs it"),
    ("releases list", "the demo has no release"),
    (
        "breakdown channels --area QK1 --from 2020-04 --as-of release:2026-11",
        "the demo has no release",
    ),
    ("assessments list", "the demo has no assessment"),
];

/// The lines of all help texts that can be typed, each once: what stands behind two blanks is a remark.
fn examples() -> BTreeSet<String> {
    fn look(command: &clap::Command, lines: &mut BTreeSet<String>) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let typed = help
            .lines()
            .filter(|line| line.starts_with("  equity ") || line.starts_with("  echo "));
        lines.extend(typed.map(|line| line.trim().split("  ").next().unwrap().to_owned()));
        command.get_subcommands().for_each(|inner| look(inner, lines));
    }
    let mut lines = BTreeSet::new();
    look(&Cli::command(), &mut lines);
    lines
}

/// Runs an example in a folder, as a shell does, and returns what it printed.
fn typed(served: &Served, folder: &Path, line: &str) -> Result<String, String> {
    let programs = Path::new(env!("CARGO_BIN_EXE_equity")).parent().unwrap();
    let paths = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", line]).current_dir(folder).env("PATH", paths);
    shell.env("EQUITY_SERVICE", &served.address).env("LC_ALL", "C.UTF-8");
    let ended = Ended::of(shell.output().unwrap());
    if ended.code == Some(0) { Ok(ended.answer) } else { Err(format!("{line}: {ended:?}")) }
}

/// Whether an example did what it is for: a table with figures, a list with lines, a file that is not empty.
fn is_shown(line: &str, printed: &str, folder: &Path) -> bool {
    let words: Vec<_> = line.split_whitespace().collect();
    let option = |name: &str| words.iter().skip_while(|word| **word != name).nth(1);
    let command = words.get(1).copied().unwrap_or_default();
    match option("--output") {
        Some(file) if *file != "-" => folder.join(file).metadata().is_ok_and(|of| of.len() > 0),
        _ if ["breakdown", "inequality", "gaps", "quality"].contains(&command) => {
            shows_figures(printed)
        }
        _ if line.starts_with("equity targets status") => shows_figures(printed),
        _ => printed.lines().count() > 1,
    }
}

/// The percentages of the demo's sentence are those of the table that a reader gets for the same question, and of its chart.
fn one_share_has_one_number(served: &Served, screen: &str) {
    let flat = screen.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentence = flat.split("In April 2020, ").nth(1).unwrap().split(" Source: ").next().unwrap();
    let words: Vec<_> = sentence.split(' ').collect();
    let shares = words.windows(2).filter(|pair| pair[1].starts_with('%')).map(|pair| pair[0]);
    let shares: Vec<_> = shares.collect();
    assert_eq!(shares.len(), 6, "{sentence}");
    let months = ["--from", "2019-03", "--to", "2020-12", "--by", "month", "--chart"];
    let asked = [&["breakdown", "channels", "--area", "QK1"] as &[&str], &months].concat();
    let table = served.ask(&asked).well();
    for share in shares {
        assert!(table.contains(&format!(" {share} % (")), "{share} %\n{table}");
    }
    let base = "shares of those whose channel is known";
    assert_eq!(table.matches(base).count(), 2, "above the table and above the chart\n{table}");
    let all = served.ask(&[&asked as &[&str], &["--denominator", "all"]].concat()).well();
    assert_eq!(all.matches("shares of all").count(), 2, "{all}");
}

/// Submits synthetic counts of indicators, which the demo does not have.
fn submit_counts(served: &Served, folder: &Path) {
    let file = folder.join("counts.csv");
    let file = file.to_str().unwrap();
    let made = ["--rows", "20000", "--from", "2020-04", "--to", "2020-07", "--out", file];
    run(&[&["generate", "--dataset", "indicators"], &made as &[&str]].concat()).well();
    served.ask(&["submit", file]).well();
}

#[test]
fn every_example_of_the_help_texts_shows_figures() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let screen = fill_with_demo(&data);
    let served = Served::start(&data);
    one_share_has_one_number(&served, &screen);
    submit_counts(&served, folder.path());
    options::each_changes_what_its_command_does(&served, folder.path());
    every_table::figures_are_the_same_in_every_format(&served);
    every_table::charts_have_groups_between_their_limits(&served);
    let (mut tried, mut wrong) = (BTreeMap::<String, usize>::new(), Vec::new());
    let mut passed_over = BTreeSet::new();
    for line in examples() {
        let rest = line.strip_prefix("equity ").unwrap_or(&line);
        let begins = |(begin, _): &&(&str, &str)| {
            rest.strip_prefix(*begin).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        if let Some((begin, _)) = PASSED_OVER.iter().find(begins) {
            passed_over.insert(*begin);
            continue;
        }
        // A table that is followed does not end. A build without a format refuses it.
        let is_built = |feature: &str, built: bool| built || !line.contains(feature);
        if line.contains("--watch")
            || !is_built(".parquet", cfg!(feature = "parquet"))
            || !is_built(".xlsx", cfg!(feature = "xlsx"))
        {
            continue;
        }
        // Examples of one kind of export have files of one name.
        let own = tempfile::tempdir_in(folder.path()).unwrap();
        match typed(&served, own.path(), &line) {
            Ok(printed) if is_shown(&line, &printed, own.path()) => {
                let command = rest.split(' ').next().unwrap_or_default();
                *tried.entry(command.to_owned()).or_default() += 1;
            }
            Ok(printed) => wrong.push(format!("{line}:\n{printed}")),
            Err(why) => wrong.push(why),
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let never: Vec<_> =
        PASSED_OVER.iter().filter(|(begin, _)| !passed_over.contains(begin)).collect();
    assert!(never.is_empty(), "no example begins like this: {never:?}");
    for (command, least) in [
        ("breakdown", 24),
        ("export", 24),
        ("quality", 14),
        ("inequality", 4),
        ("gaps", 3),
        ("targets", 5),
        ("reference", 12),
        ("echo", 3),
    ] {
        let tried = tried.get(command).copied().unwrap_or_default();
        assert!(tried >= least, "{command}: {tried} examples");
    }
}

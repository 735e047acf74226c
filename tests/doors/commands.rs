//! What is asked of every command: each in every format.

use clap::CommandFactory as _;
use equity_indicators::cli::args::Cli;

use super::outlets::Said;
use super::service::Running;
use super::world::{COLLECTION, MONTH, PRACTICES};

/// Commands that ask no running service.
const OF_NO_SERVICE: [&str; 20] = [
    "snapshot",
    "restore",
    "completions",
    "man",
    "serve",
    "demo",
    "generate",
    "verify",
    "rebuild",
    "audit verify",
    "ptable",
    "statistics",
    "attack",
    "export columns",
    "certs dev",
    "certs revoke",
    "partners list",
    "partners show",
    "partners check",
    "reference build",
];

/// Runs every command.
pub(super) async fn all(service: &Running) -> Vec<Said> {
    let mut said = Vec::new();
    for command in leaves(&Cli::command(), "") {
        if OF_NO_SERVICE.contains(&command.as_str()) {
            continue;
        }
        for arguments in rows(&command) {
            let formats: &[&str] = match command.split(' ').next() {
                Some("export") => &["csv", "csv.gz", "xlsx", "parquet"],
                Some("publish") => &["csv", "parquet"],
                _ => &["table", "json", "csv"],
            };
            for format in formats {
                let mut all: Vec<String> = command.split(' ').map(str::to_owned).collect();
                all.extend(
                    arguments
                        .iter()
                        .map(|one| one.replace("FOLDER", &service.folder().display().to_string())),
                );
                all.extend(["--format".to_owned(), (*format).to_owned()]);
                let written = service.folder().join("written");
                let option = match command.split(' ').next() {
                    Some("export") => Some("--output"),
                    Some("publish") => Some("--out"),
                    _ => None,
                };
                all.extend(
                    option
                        .iter()
                        .flat_map(|name| [(*name).to_owned(), written.display().to_string()]),
                );
                said.push(service.command(&command, all, &written).await);
            }
        }
    }
    said
}

/// The commands without further subcommands.
fn leaves(command: &clap::Command, above: &str) -> Vec<String> {
    let inner: Vec<_> = command.get_subcommands().filter(|of| of.get_name() != "help").collect();
    let name = |of: &clap::Command| format!("{above} {}", of.get_name()).trim().to_owned();
    match inner.as_slice() {
        [] => vec![above.to_owned()],
        inner => inner.iter().flat_map(|of| leaves(of, &name(of))).collect(),
    }
}

/// The arguments of a command, row by row.
fn rows(command: &str) -> Vec<Vec<String>> {
    let table = ["--collection", COLLECTION, "--area", "QK1", "--from", MONTH];
    let name = format!(
        "collections/{COLLECTION}/organisations/{}/datasets/consultations/months/{MONTH}/versions/1",
        PRACTICES[0]
    );
    let rows: Vec<Vec<&str>> = match command {
        "breakdown channels"
        | "breakdown outcomes"
        | "breakdown exclusion"
        | "breakdown provision"
        | "breakdown impact"
        | "quality recording"
        | "quality timeliness"
        | "quality matrix"
        | "quality representativeness"
        | "quality consistency"
        | "breakdown restoration"
        | "breakdown standardised" => vec![
            [&table[..], &["--by", "ethnic_category", "--notes"]].concat(),
            [&table[..], &["--by", "age_band,ethnic_category,sex,carer"]].concat(),
        ],
        "export channels"
        | "export outcomes"
        | "export exclusion"
        | "export provision"
        | "export impact"
        | "export recording"
        | "export timeliness"
        | "export matrix"
        | "export representativeness"
        | "export consistency"
        | "export restoration"
        | "export standardised" => {
            vec![[&table[..], &["--by", "ethnic_category", "--area-types", "pcn"]].concat()]
        }
        "inequality channels"
        | "inequality outcomes"
        | "inequality exclusion"
        | "inequality provision"
        | "inequality impact" => vec![[&table[..], &["--by", "ethnic_category"]].concat()],
        "breakdown indicators" | "inequality indicators" => {
            vec![[&table[..], &["--by", "ethnic_category", "--indicator", "C20-SMI"]].concat()]
        }
        "targets list" => vec![vec![], vec!["--tag", "x"]],
        "targets status" => {
            vec![[&table[..], &["--by", "ethnic_category", "--target", "C20-SMI"]].concat()]
        }
        "export indicators" => vec![
            [
                &table[..],
                &["--by", "ethnic_category", "--indicator", "C20-SMI", "--area-types", "pcn"],
            ]
            .concat(),
        ],
        "inequality risk" => vec![vec!["--area", "QK1"]],
        "inequality restoration" | "inequality standardised" => vec![table.to_vec()],
        "gaps" => vec![table.to_vec()],
        "breakdown risk" | "export risk" => {
            vec![vec!["--area", "QK1"], vec!["--area", "QK1", "--collection", COLLECTION]]
        }
        "submit" => vec![vec!["FOLDER/no.csv"]],
        "info" | "status" => vec![vec![]],
        "submissions list" => vec![vec![], vec!["--collection", COLLECTION], vec!["--past"]],
        "submissions get" | "submissions problems" | "submissions withdraw" => vec![vec![&name]],
        "releases list"
        | "assessments list"
        | "erase list"
        | "audit list"
        | "partners delivery subscriptions" => vec![vec![]],
        "partners delivery status"
        | "partners delivery events"
        | "partners delivery dead-letters"
        | "partners delivery pause"
        | "partners delivery resume" => vec![vec!["alpha"]],
        "partners delivery replay" => vec![vec!["alpha", "--first", "1"]],
        "partners delivery purge" => vec![vec!["alpha", "--yes"]],
        "erase submission" => vec![vec![&name, "--reason", "a-test"]],
        "erase person" => vec![vec!["nobody", "--scheme", "none", "--reason", "a-test", "--yes"]],
        "releases show" => vec![vec!["first"], vec!["frist"]],
        "releases create" => vec![vec!["third", "--check"]],
        "assessments record" => vec![vec![
            "--organisation",
            "x",
            "--from",
            MONTH,
            "--role",
            "Manager",
            "--date",
            "2020-07-01",
            "--text",
            "Unchanged.",
        ]],
        "publish" => vec![vec![]],
        "reference availability" => vec![vec!["--collection", COLLECTION]],
        "reference code-lists"
        | "reference dimensions"
        | "reference indicators"
        | "reference tables"
        | "reference collections"
        | "reference organisations"
        | "reference areas"
        | "reference estimates" => vec![vec![]],
        other => panic!(
            "the command `{other}` is new: what is asked of it here, so that no withheld count leaves by it?"
        ),
    };
    rows.into_iter().map(|row| row.into_iter().map(str::to_owned).collect()).collect()
}

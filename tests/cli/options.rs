//! Help promises only what works: every option that a question's help shows changes what the command does.

use std::collections::BTreeMap;
use std::path::Path;

use clap::CommandFactory as _;
use equity_indicators::cli::args::Cli;

use super::run::{Ended, Served};

/// Options that are tried elsewhere: these commands do not end, ask another service or need certificates, or need a submission that was
/// replaced.
const ELSEWHERE: [&str; 12] = [
    "help",
    "version",
    "watch",
    "service",
    "wait",
    "past",
    "ca",
    "cert",
    "key",
    "token-file",
    "expect-instance",
    "purpose",
];

/// What is typed before an option is tried, by the beginning of the command: the first that fits.
const BASES: [(&str, &str); 18] = [
    ("breakdown exclusion", "--area QK1 --from 2020-06 --collection synthetic-llr"),
    ("breakdown risk", "--area QK1"),
    (
        "breakdown indicators",
        "--area QK1 --from 2020-04 --collection synthetic-llr --indicator FSL",
    ),
    (
        "export indicators",
        "--area QK1 --from 2020-04 --collection synthetic-llr --indicator FSL --output -",
    ),
    ("breakdown", "--area QK1 --from 2020-04 --collection synthetic-llr"),
    (
        "inequality indicators",
        "--area QK1 --from 2020-06 --collection synthetic-llr --by sex --indicator FSL",
    ),
    ("inequality", "--area QK1 --from 2020-06 --collection synthetic-llr --by sex"),
    ("gaps", "--area QK1 --from 2020-06 --collection synthetic-llr"),
    ("targets status", "--area QK1 --from 2020-06 --collection synthetic-llr --target C20-SMI"),
    ("targets list", ""),
    ("quality representativeness", "--area QK1 --from 2020-04 --collection synthetic-llr --by sex"),
    ("quality", "--area QK1 --from 2020-04 --collection synthetic-llr"),
    ("export exclusion", "--area QK1 --from 2020-06 --collection synthetic-llr --output -"),
    ("export risk", "--area QK1 --output -"),
    (
        "export representativeness",
        "--area QK1 --from 2020-04 --collection synthetic-llr --by sex --output -",
    ),
    ("export columns", ""),
    ("export", "--area QK1 --from 2020-04 --collection synthetic-llr --output -"),
    ("reference availability", "--collection gpad-regional"),
];

/// How each option is tried: option, beginning of the command, what is replaced (empty: nothing), what is typed.
const TRIES: &[(&str, &str, &str, &str)] = &[
    ("area", "reference", "", "--area 04C"),
    ("area", "", "--area QK1", "--area 04C"),
    ("organisation", "submissions", "", "--organisation 04C"),
    ("organisation", "", "--area QK1", "--organisation C82001"),
    ("from", "", "--from 2020-0", "--from 2019-0"),
    ("to", "", "--from 2020-0", "--to 2020-12 --from 2020-0"),
    ("to", "", "", "--to 2020-06"),
    ("by", "breakdown risk", "", "--by religion"),
    ("by", "export risk", "", "--by religion"),
    ("by", "inequality", "--by sex", "--by age_band"),
    ("by", "", "", "--by sex"),
    ("where", "inequality", "", "--where age_band=75+"),
    ("where", "", "", "--where sex=1"),
    ("collection", "breakdown risk", "", "--collection census-2021-religion"),
    ("collection", "export risk", "", "--collection census-2021-religion"),
    ("collection", "breakdown exclusion", "synthetic-llr", "practice-feed"),
    ("collection", "export exclusion", "synthetic-llr", "practice-feed"),
    ("collection", "reference availability", "gpad-regional", "gpad-coverage"),
    ("collection", "submissions", "", "--collection deri"),
    ("collection", "reference estimates", "", "--collection gpps"),
    ("collection", "", "synthetic-llr", "gpad-regional"),
    ("care-setting", "", "", "--care-setting OUTPATIENTS"),
    ("basis", "", "", "--basis residence"),
    ("as-of", "", "", "--as-of 100"),
    ("confidence", "", "", "--confidence 0.998"),
    ("compare", "inequality", "", "--compare largest"),
    ("compare", "", "", "--by sex --compare largest"),
    ("column", "inequality outcomes", "", "--column CH-09"),
    ("column", "inequality exclusion", "", "--column DX-21"),
    // A column that the table does not have is refused by name.
    ("column", "", "", "--column NONE"),
    ("reference", "inequality", "", "--reference 1"),
    ("group", "inequality", "--by sex", "--by month,sex --group 1"),
    ("every-measure", "inequality", "--by sex", "--by month,sex --every-measure"),
    ("rate", "", "", "--rate 1"),
    ("count", "", "", "--count 1"),
    ("target", "", "--target C20-SMI", "--target C20-CAN"),
    ("measure", "", "", "--measure attended"),
    ("denominator", "", "", "--denominator all"),
    ("rates", "", "", "--rates"),
    (
        "population-collection",
        "inequality channels",
        "",
        "--rates --population-collection gpad-coverage",
    ),
    ("population-collection", "", "--by sex", "--by sex --population-collection gpad-coverage"),
    (
        "population-collection",
        "breakdown standardised",
        "",
        "--population-collection gpad-coverage",
    ),
    ("population-collection", "export standardised", "", "--population-collection gpad-coverage"),
    ("population-collection", "", "", "--rates --population-collection gpad-coverage"),
    ("late-counts-as-missed", "", "", "--late-counts-as-missed"),
    ("indicator", "reference", "", "--indicator DX-12-USED"),
    ("indicator", "breakdown risk", "", "--indicator DX-10-BROADBAND"),
    ("indicator", "export risk", "", "--indicator DX-10-BROADBAND"),
    ("indicator", "gaps", "", "--indicator C20-SMI,FSL"),
    ("indicator", "quality", "", "--indicator DQ-02"),
    ("indicator", "export recording", "", "--indicator DQ-02"),
    ("indicator", "", "--indicator FSL", "--indicator C20-SMI"),
    ("indicator", "", "", "--indicator DX-21"),
    ("by", "quality timeliness", "", "--by month"),
    ("by", "export timeliness", "", "--by month"),
    ("by", "", "--by sex", "--by age_band"),
    ("due-days", "", "", "--due-days 3650"),
    ("characteristic", "", "", "--characteristic sex"),
    ("default-threshold", "", "", "--default-threshold 0"),
    ("estimates", "", "", "--estimates none"),
    // Synthetic consultations have no other collection of snapshots; the service names the one that it takes.
    ("access-collection", "", "", "--access-collection practice-feed"),
    ("baseline-from", "", "", "--baseline-from 2020-05"),
    ("baseline-to", "", "", "--baseline-from 2020-04 --baseline-to 2020-05"),
    ("request-met-days", "", "", "--request-met-days 1"),
    ("score-collection", "", "", "--score-collection gpps"),
    ("high-risk", "", "", "--high-risk 4"),
    ("high-risk-top", "", "", "--high-risk-top 0.2"),
    ("chart", "", "", "--chart"),
    ("notes", "", "", "--notes"),
    ("step", "", "--from 2020-0", "--step month --to 2020-07 --from 2020-0"),
    ("area-types", "", "", "--area-types place"),
    ("output", "", "--output -", "--output FILE.csv"),
    ("format", "export columns", "", "--format json"),
    ("format", "export", "", "--format csv.gz --output FILE.csv.gz"),
    ("format", "", "", "--format json"),
    ("columns", "", "", "--columns area,value"),
    ("lean", "", "", "--lean"),
    ("excel-safe", "", "", "--excel-safe"),
    ("partition-by", "", "--output -", "--output FILE --partition-by area"),
    ("since", "", "--collection synthetic-llr", "--since 1000"),
    ("since", "", "", "--since 100000"),
    ("list", "", "", "--list channel"),
    ("dimension", "", "", "--dimension sex"),
    ("tag", "", "", "--tag NONE"),
    ("table", "", "", "--table CHANNELS"),
    ("type", "", "", "--type place"),
    ("search", "", "", "--search leic"),
    ("dataset", "", "", "--dataset populations"),
    ("period", "", "", "--period 2018"),
    ("limit", "", "", "--limit 3"),
    ("month", "", "", "--month 2020-04"),
];

/// Commands and options that a help text shows and that have an answer to compare: `breakdown channels`, `area`.
fn shown() -> Vec<(String, String)> {
    fn look(command: &clap::Command, path: &str, found: &mut Vec<(String, String)>) {
        let asks = [
            "breakdown ",
            "inequality ",
            "gaps",
            "targets ",
            "quality ",
            "export ",
            "reference ",
            "submissions list",
        ];
        // It works on files: `reference_build.rs` tries it.
        let of_files = path == "reference build";
        if !command.has_subcommands()
            && !of_files
            && asks.iter().any(|begin| path.starts_with(begin))
        {
            let options = command.get_arguments().filter(|option| !option.is_hide_set());
            let names = options.filter_map(clap::Arg::get_long);
            found.extend(names.map(|name| (path.to_owned(), name.to_owned())));
        }
        let is_shown = |inner: &&clap::Command| inner.get_name() != "help" && !inner.is_hide_set();
        for inner in command.get_subcommands().filter(is_shown) {
            look(inner, format!("{path} {}", inner.get_name()).trim_start(), found);
        }
    }
    let mut command = Cli::command();
    command.build();
    let mut found = Vec::new();
    look(&command, "", &mut found);
    found.retain(|(_, option)| !ELSEWHERE.contains(&option.as_str()));
    found
}

fn base(path: &str) -> &'static str {
    BASES.iter().find(|(begin, _)| path.starts_with(begin)).map_or("", |(_, base)| base)
}

/// Tries every option on a service with the data of the demo.
pub(super) fn each_changes_what_its_command_does(served: &Served, folder: &Path) {
    let shown = shown();
    assert!(shown.len() > 200, "{} options", shown.len());
    let mut wrong = Vec::new();
    let mut plain = BTreeMap::new();
    for (number, (path, option)) in shown.iter().enumerate() {
        let base = base(path);
        let fits = |(name, begin, replaced, _): &&(&str, &str, &str, &str)| {
            name == option && path.starts_with(begin) && base.contains(replaced)
        };
        let Some((_, _, replaced, typed)) = TRIES.iter().find(fits) else {
            wrong.push(format!("{path} --{option}: not tried: add it to TRIES"));
            continue;
        };
        let file = folder.join(format!("options-{number}"));
        let typed = typed.replace("FILE", file.to_str().unwrap());
        let mut line = match *replaced {
            "" => format!("{base} {typed}"),
            replaced => base.replace(replaced, &typed),
        };
        if option == "format" && typed.contains("--output") {
            line = line.replace("--output -", "");
        }
        let ask = |line: &str| {
            let words = format!("{path} {line}");
            served.ask(&words.split_whitespace().collect::<Vec<_>>())
        };
        // Refused by the service for these data, with a reason that names the field.
        let said = |ended: &Ended| {
            let field = option.replace('-', "_");
            ended.code == Some(1)
                && (ended.remarks.contains(&field)
                    || ended.remarks.contains("POSITION_NOT_REACHED"))
        };
        let plain = plain.entry(path).or_insert_with(|| ask(base));
        let with = ask(&line);
        let changed = (&with.answer, &with.remarks) != (&plain.answer, &plain.remarks);
        if !(with.code == Some(0) && changed || said(&with)) {
            wrong.push(format!("{path} {line}: {with:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn options_that_are_always_refused_are_not_shown() {
    let shown = shown();
    let has = |path: &str, option: &str| shown.contains(&(path.to_owned(), option.to_owned()));
    assert!(has("breakdown channels", "care-setting"));
    for table in ["breakdown exclusion", "export exclusion"] {
        assert!(!has(table, "care-setting"), "access records describe people, not care");
    }
    assert!(!has("export risk", "step"), "area risk has no period");
}

/// Two arguments of one id are one value: a command that reads the other one's ends as a fault of the program.
#[test]
fn no_argument_has_the_id_of_one_that_every_command_takes() {
    fn look(command: &clap::Command, path: &str, taken: &[String], wrong: &mut Vec<String>) {
        let own =
            command.get_arguments().map(|own| (own.get_id().to_string(), own.is_global_set()));
        let own: Vec<_> = own.collect();
        wrong.extend(
            own.iter().filter(|(id, _)| taken.contains(id)).map(|(id, _)| format!("{path} {id}")),
        );
        let global = own.into_iter().filter_map(|(id, is_global)| is_global.then_some(id));
        let taken: Vec<_> = taken.iter().cloned().chain(global).collect();
        for inner in command.get_subcommands() {
            look(inner, &format!("{path} {}", inner.get_name()), &taken, wrong);
        }
    }
    let mut wrong = Vec::new();
    look(&Cli::command(), "equity", &[], &mut wrong);
    assert!(wrong.is_empty(), "{wrong:?}");
}

use clap::CommandFactory as _;
use clap::error::ErrorKind;

use super::*;
use crate::cli::breakdown::Showing;
use crate::cli::exit::Failure;
use crate::cli::questions::Asked as _;
use crate::cli::submissions::SubmissionAction;
use crate::proto::v1::breakdown_question::Table as Question;
use crate::proto::v1::{AreaBasis, BreakdownQuery, Denominator, Filter, Measure, as_of::At};

/// Reads a line as a shell does that knows single quotes alone.
fn parse(line: &str) -> Result<Cli, clap::Error> {
    let parts = line.split('\'').enumerate();
    let words = parts.flat_map(|(number, part)| match number % 2 {
        0 => part.split_whitespace().collect(),
        _ => vec![part],
    });
    Cli::try_parse_from(words)
}

fn query(line: &str) -> BreakdownQuery {
    match parse(line).unwrap().command {
        Command::Breakdown(BreakdownArgs { what: AskedTable::Channels(args), .. }) => {
            args.asked.query.query()
        }
        other => panic!("{other:?}"),
    }
}

fn refused(line: &str) -> ErrorKind {
    parse(line).unwrap_err().kind()
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_shows_at_least_two_examples() {
    fn look(command: &mut clap::Command, path: &str, found: &mut Vec<String>) {
        let path = format!("{path}{}", command.get_name());
        let help = command.render_long_help().to_string();
        let (_, examples) =
            help.split_once("Examples:").unwrap_or_else(|| panic!("{path}: no examples"));
        let examples = examples.lines().filter(|line| line.contains("equity ")).count();
        assert!(examples >= 2, "{path}: {examples} examples");
        found.push(path.clone());
        for inner in command.get_subcommands_mut().filter(|inner| inner.get_name() != "help") {
            look(inner, &format!("{path} "), found);
        }
    }
    let mut found = Vec::new();
    look(&mut Cli::command(), "", &mut found);
    assert!(found.len() >= 27, "{found:?}");
}

#[test]
fn every_example_can_be_typed() {
    fn examples(command: &mut clap::Command, lines: &mut Vec<String>) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        lines.extend(help.lines().filter(|line| line.starts_with("  equity ")).map(str::to_owned));
        command.get_subcommands_mut().for_each(|inner| examples(inner, lines));
    }
    let mut lines = Vec::new();
    examples(&mut Cli::command(), &mut lines);
    assert!(lines.len() > 40);
    for line in lines {
        // What stands behind two blanks is a remark, behind `>` or `<` a file.
        let line = line.trim().split("  ").next().unwrap();
        let line = line.split(" > ").next().unwrap().split(" < ").next().unwrap();
        if let Err(error) = parse(line) {
            panic!("{line}: {error}");
        }
    }
}

#[test]
fn paragraphs_of_a_help_are_left_to_be_wrapped() {
    fn look(command: &mut clap::Command, path: &str) {
        let path = format!("{path}{}", command.get_name());
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let lines: Vec<_> = help.lines().collect();
        let prose = |line: &str| !line.is_empty() && !line.starts_with(' ') && !line.ends_with(':');
        for pair in lines.windows(2) {
            assert!(!(prose(pair[0]) && prose(pair[1])), "{path}: broken by hand: {pair:?}");
        }
        command.get_subcommands_mut().for_each(|inner| look(inner, &format!("{path} ")));
    }
    look(&mut Cli::command(), "");
}

#[test]
fn exit_codes_are_documented() {
    let help = Cli::command().render_long_help().to_string();
    for line in EXIT_CODES.lines() {
        assert!(help.contains(line.trim()), "{line}");
    }
}

#[test]
fn codes_reach_the_query_untouched() {
    let query = query(
        "equity breakdown channels --area QK1 --from 2020-04 --where age_band=75+ --where ethnic_category=A,NOT_STATED",
    );
    let filter = |dimension: &str, codes: &[&str]| Filter {
        dimension: dimension.into(),
        codes: codes.iter().map(|code| (*code).to_owned()).collect(),
    };
    assert_eq!(
        query.r#where,
        [filter("age_band", &["75+"]), filter("ethnic_category", &["A", "NOT_STATED"])]
    );
    assert_eq!((query.area.as_str(), query.area_basis()), ("QK1", AreaBasis::Provider));
    assert_eq!(query.period.unwrap().last, "");
}

#[test]
fn several_dimensions_in_either_spelling() {
    let base = "equity breakdown channels --area QK1 --from 2020-04";
    let expected = ["sex", "age_band"];
    assert_eq!(query(&format!("{base} --by sex,age_band")).by, expected);
    assert_eq!(query(&format!("{base} --by sex --by age_band")).by, expected);
}

#[test]
fn organisations_instead_of_an_area() {
    let base = "equity breakdown channels --from 2020/21";
    assert_eq!(
        query(&format!("{base} --organisation 04C,03W --organisation 04V")).organisations,
        ["04C", "03W", "04V"]
    );
    assert_eq!(refused(base), ErrorKind::MissingRequiredArgument);
    assert_eq!(
        refused(&format!("{base} --area QK1 --organisation 04C")),
        ErrorKind::ArgumentConflict
    );
}

#[test]
fn states_of_the_data() {
    let at = |text: &str| {
        query(&format!("equity breakdown channels --area QK1 --from 2020-04 --as-of {text}"))
            .as_of
            .unwrap()
            .at
            .unwrap()
    };
    assert_eq!(at("71"), At::Position(71));
    let time = At::Time(prost_types::Timestamp { seconds: 1_600_000_000, nanos: 500_000_000 });
    assert_eq!(at("2020-09-13T13:26:40.5+01:00"), time);
    for release in ["2020-q2", "71", "2026-11"] {
        assert_eq!(at(&format!("release:{release}")), At::Release(release.to_owned()));
    }
    for bad in ["yesterday", "2020-09-13", "2020-09-13T12:00:00", "release:", "2020-q2"] {
        let line = format!("equity breakdown channels --area QK1 --from 2020-04 --as-of {bad}");
        assert_eq!(refused(&line), ErrorKind::ValueValidation, "{bad}");
    }
}

#[test]
fn conditions_need_a_dimension_and_codes() {
    for bad in ["age_band", "=75+", "age_band=", "age_band=75+,", "age_band=,"] {
        let line = format!("equity breakdown channels --area QK1 --from 2020-04 --where {bad}");
        assert_eq!(refused(&line), ErrorKind::ValueValidation, "{bad}");
    }
}

#[test]
fn what_is_counted() {
    let line = "equity breakdown channels --area QK1 --from 2020-04 --measure attended --denominator all --rates \
                --basis residence --confidence 0.998 --care-setting OUTPATIENTS --collection cds";
    let Command::Breakdown(BreakdownArgs { what: AskedTable::Channels(args), .. }) =
        parse(line).unwrap().command
    else {
        panic!()
    };
    let Question::Channels(request) = args.asked.question().unwrap() else { panic!() };
    assert_eq!(request.measure(), Measure::AttendedContacts);
    assert_eq!(request.denominator(), Denominator::All);
    assert!(request.include_rates);
    let query = request.query.unwrap();
    assert_eq!(query.area_basis(), AreaBasis::Residence);
    assert_eq!(query.confidence_level, Some(0.998));
    assert_eq!((query.care_setting.as_str(), query.collection.as_str()), ("OUTPATIENTS", "cds"));
}

fn asked(line: &str) -> AskedTable<Showing> {
    match parse(line).unwrap().command {
        Command::Breakdown(BreakdownArgs { what, .. }) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn digital_exclusion_is_asked_with_indicators_and_estimates() {
    let request = |more: &str| match asked(&format!(
        "equity breakdown exclusion --area QK1 --from 2020-06 {more}"
    )) {
        AskedTable::Exclusion(args) => args.asked.question(),
        other => panic!("{other:?}"),
    };
    let request = |more: &str| match request(more)? {
        Question::Exclusion(request) => Ok::<_, Failure>(request),
        other => panic!("{other:?}"),
    };
    let all = request("").unwrap();
    assert!(all.indicators.is_empty() && all.estimate_collections.is_empty());
    let some = request("--indicator DX-06,DX-07 --indicator DX-21 --estimates gpps,deri --by sex")
        .unwrap();
    assert_eq!(some.indicators, ["DX-06", "DX-07", "DX-21"]);
    assert_eq!(some.estimate_collections, ["gpps", "deri"]);
    assert_eq!(some.query.unwrap().by, ["sex"]);
    assert_eq!(request("--estimates none").unwrap().estimate_collections, ["-"]);
    assert_eq!(request("--estimates none,gpps").unwrap_err().code(), 2);
}

#[test]
fn provision_and_impact_have_their_own_words() {
    let line = "equity breakdown provision --organisation C82001 --from 2026-04 --access-collection practice-feed \
        --request-met-days 7";
    let AskedTable::Provision(args) = asked(line) else { panic!() };
    let Question::Provision(request) = args.asked.question().unwrap() else { panic!() };
    assert_eq!(
        (request.access_collection.as_str(), request.request_met_days),
        ("practice-feed", 7)
    );
    for table in ["impact", "outcomes"] {
        let line =
            format!("equity breakdown {table} --area QK1 --from 2020-04 --late-counts-as-missed");
        let question = match asked(&line) {
            AskedTable::Impact(args) => args.asked.question(),
            AskedTable::Outcomes(args) => args.asked.question(),
            other => panic!("{other:?}"),
        };
        assert!(match question.unwrap() {
            Question::Impact(request) => request.late_counts_as_missed,
            Question::Outcomes(request) => request.late_counts_as_missed,
            other => panic!("{other:?}"),
        });
    }
    let other_word = "equity breakdown impact --area QK1 --from 2020-04 --late-as-missed";
    assert_eq!(refused(other_word), ErrorKind::UnknownArgument, "one option has one name");
    let watched = "equity breakdown impact --area QK1 --from 2020-04 --watch --as-of 7";
    assert_eq!(refused(watched), ErrorKind::ArgumentConflict);
}

#[test]
fn high_risk_is_a_score_or_a_share_of_the_people() {
    use crate::proto::v1::get_area_risk_request::HighRisk;
    let high = |more: &str| {
        let AskedTable::Risk(args) = asked(&format!("equity breakdown risk --area QK1 {more}"))
        else {
            panic!()
        };
        let Question::Risk(request) = args.asked.question().unwrap() else { panic!() };
        request.high_risk
    };
    assert_eq!(high(""), None);
    assert_eq!(high("--high-risk 4.5"), Some(HighRisk::HighRiskScore(4.5)));
    assert_eq!(high("--high-risk-top 0.2"), Some(HighRisk::HighRiskTopShare(0.2)));
    let both = "equity breakdown risk --area QK1 --high-risk 4 --high-risk-top 0.2";
    assert_eq!(refused(both), ErrorKind::ArgumentConflict);
    assert_eq!(refused("equity breakdown risk --by sex"), ErrorKind::MissingRequiredArgument);
    let watched = "equity breakdown risk --area QK1 --watch --as-of 7";
    assert_eq!(refused(watched), ErrorKind::ArgumentConflict);
}

#[test]
fn a_commands_options_stand_before_and_behind_its_subcommand() {
    for line in [
        "equity submissions list --format json --service 127.0.0.1:1",
        "equity submissions --format json --service 127.0.0.1:1 list",
    ] {
        let cli = parse(line).unwrap();
        assert_eq!(cli.command.format(), Format::Json);
        let Command::Submissions(SubmissionsArgs { what, reach, .. }) = cli.command else {
            panic!()
        };
        assert_eq!(reach.service, "127.0.0.1:1");
        let SubmissionAction::List(args) = what else { panic!() };
        assert!(!args.past && args.collection.is_none());
    }
}

#[test]
fn commands_do_not_have_options_that_they_would_ignore() {
    for ignored in [
        "equity serve --service 127.0.0.1:1",
        "equity demo --service 127.0.0.1:1",
        "equity verify --data-folder x --service 127.0.0.1:1",
        "equity reference areas --format parquet",
        "equity breakdown channels --area QK1 --from 2020 --format parquet",
        "equity export channels --area QK1 --from 2020 --output a.csv --format json",
        "equity export columns --format parquet",
        "equity serve --check --format json",
        "equity generate --rows 1 --from 2020-01 --to 2020-01 --out - --format json",
        "equity ptable --format json",
        "equity ptable --check a.csv --bound 3",
        "equity ptable --check a.csv --variance 3",
        "equity ptable --check a.csv --out b.csv",
        "equity ptable --check a.csv --service 127.0.0.1:1",
    ] {
        assert_eq!(parse(ignored).unwrap_err().exit_code(), 2, "{ignored}");
    }
}

#[test]
fn the_format_of_an_exported_file_is_said_once() {
    use super::super::export::args::FileFormat::{self, Csv, CsvGz, Parquet, Xlsx};
    let taken = |rest: &str| {
        let cli = parse(&format!("equity export channels --area QK1 --from 2020 {rest}"))
            .map_err(|error| u8::try_from(error.exit_code()).unwrap())?;
        let Command::Export(args) = cli.command else { panic!() };
        let (_, taking) = args.what.request().unwrap().unwrap();
        taking.format().map_err(|failure| failure.code())
    };
    let built = |format: FileFormat| match format {
        Parquet if cfg!(not(feature = "parquet")) => Err(2),
        Xlsx if cfg!(not(feature = "xlsx")) => Err(2),
        format => Ok(format),
    };
    for (rest, format) in [
        ("-o -", Csv),
        ("-o a", Csv),
        ("-o a.csv --excel-safe", Csv),
        ("-o a.txt --format csv", Csv),
        ("-o a.csv.gz --lean", CsvGz),
        ("-o - --format csv.gz", CsvGz),
        ("-o a.parquet --columns area,value", Parquet),
        ("-o a --format parquet", Parquet),
        ("-o A.XLSX", Xlsx),
        ("-o folder --partition-by area", Csv),
        ("-o folder --partition-by area,first_month --format parquet", Parquet),
    ] {
        assert_eq!(taken(rest), built(format), "{rest}");
    }
    for contradiction in [
        "-o - --format json",
        "-o - --format xlsx",
        "-o a.parquet --format csv",
        "-o a.csv --format csv.gz",
        "-o a.gz",
        "-o a.xls",
        "-o a.xlsx --excel-safe",
        "-o - --partition-by area",
        "-o a --partition-by area --columns area",
        "-o a.csv --columns area --lean",
        "-o a.csv --columns aria",
        "-o a.csv --since 0",
    ] {
        assert_eq!(taken(contradiction), Err(2), "{contradiction}");
    }
}

#[test]
fn wrong_usage_ends_with_two() {
    for bad in [
        "equity",
        "equity fly",
        "equity submit",
        "equity generate --rows 0 --from 2020-01 --to 2020-01 --out -",
    ] {
        assert_eq!(parse(bad).unwrap_err().exit_code(), 2, "{bad}");
    }
    assert_eq!(
        refused("equity generate --rows 1 --from 2020-01 --to 2020-01"),
        ErrorKind::MissingRequiredArgument
    );
    assert_eq!(
        refused("equity generate --rows 1 --from 2020-13 --to 2020-01 --out -"),
        ErrorKind::ValueValidation
    );
    assert_eq!(parse("equity --help").unwrap_err().exit_code(), 0);
}

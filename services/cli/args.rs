//! What can be typed after `equity`.

use clap::{Args, Parser, Subcommand};

use super::client::DEFAULT_SERVICE;
use super::exit::EXIT_CODES;
use super::format_arg::FormatArg;
use super::{
    assessments, breakdown, check, demo, export, generate, reference, serve, submissions, submit,
};

const EXAMPLES: &str = "\
Examples:
  equity demo                                                  see it work on open data
  equity serve --data-folder ./equity-data                     run the service
  equity submit april.csv --collection practice-feed --organisation C82001 --month 2020-04
  equity breakdown channels --area QK1 --from 2020-04          ask who is seen how
  equity breakdown channels --area QK1 --from 2020-04 --by sex --where age_band=75+ --collection synthetic-llr
  equity breakdown exclusion --area QK1 --from 2020-06 --by sex --collection synthetic-llr   who is digitally excluded
  equity reference dimensions                                  what can be asked";

/// Who reaches care, and how: face to face, by telephone, by video, online, by every protected characteristic.
///
/// `equity serve` runs the service. Every other command asks a running service over gRPC (`--service`), except `verify` and
/// `rebuild`, which work on the data folder of a service that is stopped.
///
/// Answers go to standard output, remarks, progress and errors to standard error.
#[derive(Debug, Parser)]
#[command(name = "equity", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct Cli {
    /// How answers are written; of an export, which kind of file. Left out: table, and for an export what its file ends in.
    #[arg(long, global = true, value_enum, value_name = "FORMAT")]
    pub format: Option<FormatArg>,
    /// Address of the service that is asked.
    #[arg(long, global = true, env = "EQUITY_SERVICE", default_value = DEFAULT_SERVICE, value_name = "ADDRESS")]
    pub service: String,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What `equity` can do: one subcommand each.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the service until Ctrl-C.
    Serve(serve::ServeArgs),
    /// Start a service, fill it with open data, and show what it answers.
    Demo(demo::DemoArgs),
    /// Send a file of consultations, populations, access records or published estimates to a service.
    Submit(submit::SubmitArgs),
    /// Ask who is seen how, who is digitally excluded, and whether the mitigation works.
    Breakdown(BreakdownArgs),
    /// Write a table of every area and period into a file: CSV or Parquet.
    Export(ExportArgs),
    /// List what can be asked, and in which words.
    Reference(ReferenceArgs),
    /// List submissions, look at one, or take one back.
    Submissions(SubmissionsArgs),
    /// Record or list what organisations say of their channels themselves.
    Assessments(AssessmentsArgs),
    /// Make synthetic records.
    Generate(generate::GenerateArgs),
    /// Prove that the stored state is what the log says.
    Verify(check::VerifyArgs),
    /// Make the stored state anew from the log.
    Rebuild(check::RebuildArgs),
}

/// `equity breakdown`.
#[derive(Debug, Args)]
#[command(after_help = breakdown::EXAMPLES)]
pub struct BreakdownArgs {
    /// Which table.
    #[command(subcommand)]
    pub what: breakdown::Table,
}

/// `equity reference`.
#[derive(Debug, Args)]
#[command(after_help = reference::EXAMPLES)]
pub struct ReferenceArgs {
    /// What to list.
    #[command(subcommand)]
    pub what: reference::List,
}

/// `equity submissions`.
#[derive(Debug, Args)]
#[command(after_help = submissions::EXAMPLES)]
pub struct SubmissionsArgs {
    /// What to do with them.
    #[command(subcommand)]
    pub what: submissions::Action,
}

/// `equity export`.
#[derive(Debug, Args)]
#[command(after_help = export::EXAMPLES)]
pub struct ExportArgs {
    /// Which table.
    #[command(subcommand)]
    pub what: export::args::Table,
}

/// `equity assessments`.
#[derive(Debug, Args)]
#[command(after_help = assessments::EXAMPLES)]
pub struct AssessmentsArgs {
    /// What to do with them.
    #[command(subcommand)]
    pub what: assessments::Action,
}

#[cfg(test)]
#[allow(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking, and looks at one command"
)]
#[path = "args_tests.rs"]
mod tests;

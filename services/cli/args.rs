//! The options and subcommands of `equity`.

use clap::{Args, Parser, Subcommand};

use super::exit::EXIT_CODES;
use super::options::{Reach, Shape};
use super::questions::AskedTable;
use super::show::Format;
use super::{
    assessments, attack, audit, breakdown, certs, check, demo, erase, export, generate, inequality,
    info, manual, partners, ptable, publish, quality, reference, releases, serve, snapshot,
    statistics, status, submissions, submit, targets,
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
/// `equity serve` runs the service. Every other command asks a running service over gRPC (`--service`), except `verify`, `rebuild`
/// and `audit verify`, which work on the data folder of a service that is stopped, `snapshot` and `restore`, which copy one, and `ptable`,
/// `statistics` and `reference build`, which work on files.
///
/// Answers go to standard output, remarks, progress and errors to standard error.
#[derive(Debug, Parser)]
#[command(name = "equity", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct Cli {
    /// The subcommand.
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
    /// Send a file of consultations, populations, access records, counts of indicators or published estimates to a service.
    Submit(submit::SubmitArgs),
    /// Ask who is seen how, who is digitally excluded, and whether the mitigation works.
    Breakdown(BreakdownArgs),
    /// Write a table for every area and period into a CSV, Excel or Parquet file.
    Export(ExportArgs),
    /// List the ids that questions and submissions use: dimensions, indicators, areas, codes. Or build areas and organisations out of publishers' files.
    Reference(ReferenceArgs),
    /// List submissions, show one, or withdraw one.
    Submissions(SubmissionsArgs),
    /// Erase a submission or a person for ever, or list what was erased.
    Erase(EraseArgs),
    /// List releases, show one, or release the newest state.
    Releases(ReleasesArgs),
    /// List who asked for what, or check that nobody has changed the audit log.
    Audit(audit::AuditArgs),
    /// Write the tables that everybody may read into a folder.
    Publish(publish::PublishArgs),
    /// Record or list assessments by organisations of their own channels.
    Assessments(AssessmentsArgs),
    /// Make synthetic records, for tests and demonstrations.
    Generate(generate::GenerateArgs),
    /// Show which service answers, as whom it takes you, and what you may do.
    Info(info::InfoArgs),
    /// Show whether a service serves and accepts changes, and how old its newest data is.
    Status(status::StatusArgs),
    /// Copy a data folder, also while its service runs.
    Snapshot(snapshot::SnapshotArgs),
    /// Make a data folder out of a snapshot.
    Restore(snapshot::RestoreArgs),
    /// Print what a shell needs to complete commands and options.
    Completions(manual::CompletionsArgs),
    /// Write the pages of the manual into a folder.
    Man(manual::ManArgs),
    /// Make or revoke certificates for development.
    Certs(certs::CertsArgs),
    /// Show what partners may do, or what a certificate allows.
    Partners(partners::PartnersArgs),
    /// Compare the stored state with the log.
    Verify(check::VerifyArgs),
    /// Rebuild the stored state from the log.
    Rebuild(check::RebuildArgs),
    /// Make the table of small changes that protects counts, or check one.
    Ptable(ptable::PtableArgs),
    /// Measure how unequal groups are, or follow a gap over time.
    Inequality(inequality::InequalityArgs),
    /// Show how good the data is: how completely each characteristic is recorded, and who collects what.
    Quality(QualityArgs),
    /// List the largest significant gaps of an area.
    Gaps(Box<inequality::GapsArgs>),
    /// List targets, or show how indicators compare with them.
    Targets(targets::TargetsArgs),
    /// Compute any measure from counts in a file: limits, comparisons, inequality, trends.
    Statistics(statistics::StatisticsArgs),
    /// Attack what partner organisations are answered, and say what is found out.
    Attack(attack::AttackArgs),
}

impl Command {
    /// The format of what the command prints.
    pub fn format(&self) -> Format {
        match self {
            Self::Serve(args) => args.shape.format,
            Self::Demo(args) => args.shape.format,
            Self::Submit(args) => args.shape.format,
            Self::Breakdown(args) => args.shape.format,
            Self::Reference(args) => args.shape.format,
            Self::Submissions(args) => args.shape.format,
            Self::Releases(args) => args.shape.format,
            Self::Erase(args) => args.shape.format,
            Self::Audit(args) => args.shape.format,
            Self::Assessments(args) => args.shape.format,
            Self::Export(args) => args.what.printed(),
            Self::Generate(args) => args.format,
            Self::Verify(args) => args.shape.format,
            Self::Rebuild(args) => args.shape.format,
            Self::Ptable(args) => args.format,
            Self::Inequality(args) => args.shape.format,
            Self::Gaps(args) => args.shape.format,
            Self::Quality(args) => args.shape.format,
            Self::Statistics(args) => args.shape.format,
            Self::Targets(args) => args.shape.format,
            Self::Attack(args) => args.shape.format,
            Self::Info(args) => args.shape.format,
            Self::Partners(args) => args.shape.format,
            Self::Status(args) => args.shape.format,
            Self::Snapshot(args) => args.shape.format,
            Self::Restore(args) => args.shape.format,
            Self::Publish(_) | Self::Certs(_) | Self::Completions(_) | Self::Man(_) => {
                Format::Table
            }
        }
    }
}

/// `equity breakdown`.
#[derive(Debug, Args)]
#[command(after_help = breakdown::EXAMPLES)]
pub struct BreakdownArgs {
    /// How the answer is written.
    #[command(flatten)]
    pub shape: Shape,
    /// The service that is asked.
    #[command(flatten)]
    pub reach: Reach,
    /// The table that is asked.
    #[command(subcommand)]
    pub what: AskedTable<breakdown::Showing>,
}

/// `equity quality`.
#[derive(Debug, Args)]
#[command(after_help = quality::EXAMPLES)]
pub struct QualityArgs {
    /// How the answer is written.
    #[command(flatten)]
    pub shape: Shape,
    /// The service that is asked.
    #[command(flatten)]
    pub reach: Reach,
    /// What is asked.
    #[command(subcommand)]
    pub what: quality::QualityTable<breakdown::Showing>,
}

/// `equity reference`.
#[derive(Debug, Args)]
#[command(after_help = reference::EXAMPLES)]
pub struct ReferenceArgs {
    /// How the answer is written.
    #[command(flatten)]
    pub shape: Shape,
    /// The service that is asked.
    #[command(flatten)]
    pub reach: Reach,
    /// The list that is shown, or the content that is built.
    #[command(subcommand)]
    pub what: reference::ReferenceAction,
}

/// `equity submissions`.
#[derive(Debug, Args)]
#[command(after_help = submissions::EXAMPLES)]
pub struct SubmissionsArgs {
    /// How the answer is written.
    #[command(flatten)]
    pub shape: Shape,
    /// The service that is asked.
    #[command(flatten)]
    pub reach: Reach,
    /// List, show or withdraw.
    #[command(subcommand)]
    pub what: submissions::SubmissionAction,
}

/// `equity export`.
#[derive(Debug, Args)]
#[command(after_help = export::EXAMPLES)]
pub struct ExportArgs {
    /// The service that is asked.
    #[command(flatten)]
    pub reach: Reach,
    /// The table that is exported.
    #[command(subcommand)]
    pub what: export::args::ExportTable,
}

/// `equity erase`.
#[derive(Debug, Args)]
#[command(after_help = erase::EXAMPLES)]
pub struct EraseArgs {
    /// How the answer is written.
    #[command(flatten)]
    pub shape: Shape,
    /// The service that is asked.
    #[command(flatten)]
    pub reach: Reach,
    /// A submission, a person, or the list.
    #[command(subcommand)]
    pub what: erase::EraseAction,
}

/// `equity releases`.
#[derive(Debug, Args)]
#[command(after_help = releases::EXAMPLES)]
pub struct ReleasesArgs {
    /// How the answer is written.
    #[command(flatten)]
    pub shape: Shape,
    /// The service that is asked.
    #[command(flatten)]
    pub reach: Reach,
    /// List, show or create.
    #[command(subcommand)]
    pub what: releases::ReleaseAction,
}

/// `equity assessments`.
#[derive(Debug, Args)]
#[command(after_help = assessments::EXAMPLES)]
pub struct AssessmentsArgs {
    /// How the answer is written.
    #[command(flatten)]
    pub shape: Shape,
    /// The service that is asked.
    #[command(flatten)]
    pub reach: Reach,
    /// Record or list.
    #[command(subcommand)]
    pub what: assessments::AssessmentAction,
}

#[cfg(test)]
#[allow(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking, and looks at one command"
)]
#[path = "args_tests.rs"]
mod tests;

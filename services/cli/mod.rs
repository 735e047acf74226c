//! The `equity` command: one file for each subcommand, [`show`] for their output.
//!
//! - [`args`] options and subcommands, [`exit`] how a command can end
//! - [`client`] the connection to a service; [`send_all`] and `send` submissions over it, [`sending`] how, [`sent`] the answers;
//!   `files`, `outgoing` what is sent; `encoded`, [`raw`] its bytes, [`request_id`] its name
//! - [`trust`] certificates of both sides; `whom`, [`info`] whom a command talks to; [`certs`], [`partners`] certificates, and what they allow
//! - [`serve`], [`demo`], [`submit`], [`breakdown`], [`reference`], [`submissions`], [`releases`], [`audit`], [`assessments`], [`export`], [`generate`],
//!   [`check`], [`ptable`], [`publish`], [`inequality`], [`targets`], [`quality`], [`statistics`] the commands
//! - [`status`] how a service is; [`snapshot`] copies of its data folder; [`manual`] completions of shells, and pages of the manual
//! - [`delivery`] telemetry of partners, a part of [`partners`]
//! - [`options`] what several commands have; [`query`] and [`questions`] the options of each table, [`answer`] its answer
//! - [`show`] tables, JSON, CSV, charts, errors, progress bars

pub mod answer;
pub mod args;
pub mod assessments;
pub mod attack;
pub mod audit;
pub mod breakdown;
pub mod certs;
pub mod check;
pub mod client;
pub mod delivery;
pub mod demo;
mod encoded;
pub mod erase;
pub mod exit;
pub mod export;
#[cfg(test)]
mod fake_service;
mod files;
pub mod generate;
pub mod inequality;
pub mod info;
pub mod manual;
pub mod options;
mod outgoing;
mod panics;
pub mod partners;
pub mod ptable;
pub mod publish;
pub mod quality;
pub mod query;
pub mod questions;
pub mod raw;
pub mod reference;
pub mod reference_build;
pub mod releases;
mod replacing;
pub mod request_id;
mod row_lines;
pub mod running;
mod send;
pub mod send_all;
pub mod sending;
pub mod sent;
pub mod serve;
pub mod show;
pub mod snapshot;
mod spool;
pub mod statistics;
pub mod status;
pub mod submissions;
pub mod submit;
pub mod targets;
pub mod trust;
mod whom;
mod whose;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

use args::{Cli, Command};
use exit::Failure;
use show::{Format, Out};

/// Runs the command line and returns its exit code: see [`exit::EXIT_CODES`].
#[must_use]
pub fn main() -> ExitCode {
    panics::tell();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help is wrapped already, and answers go to standard output.
        Err(error) if !error.use_stderr() => error.exit(),
        Err(error) => return refused(&error),
    };
    let mut out = Out::standard(cli.command.format());
    let result = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let result = runtime.block_on(run(cli, &mut out));
            // A thread that hangs must not keep the process from ending.
            runtime.shutdown_background();
            result
        }
        Err(error) => Err(Failure::Other(error.into())),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.silent() {
                // Nothing is left to say it to when even this cannot be written.
                let _ = out.remark(&show::errors::text(&failure, &out.remark_look));
            }
            failure.exit_code()
        }
    }
}

/// Says what is wrong with the arguments, in lines that fit the terminal.
fn refused(error: &clap::Error) -> ExitCode {
    let mut out = Out::standard(Format::Table);
    let text = error.render();
    let text = if out.remark_look.colour { text.ansi().to_string() } else { text.to_string() };
    // Nothing is left to say it to when even this cannot be written.
    let _ = out.remark(&text);
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// Runs the command and writes its answer to `out`.
///
/// # Errors
/// Why the command failed.
pub async fn run(cli: Cli, out: &mut Out) -> Result<(), Failure> {
    match cli.command {
        Command::Serve(args) => Box::pin(serve::run(args, out)).await,
        Command::Demo(args) => Box::pin(demo::run(args, out)).await,
        Command::Submit(args) => Box::pin(submit::run(args, out)).await,
        Command::Breakdown(args) => {
            Box::pin(breakdown::run(args.what.question()?, &args.reach, out)).await
        }
        Command::Quality(args) => {
            Box::pin(breakdown::run(args.what.question()?, &args.reach, out)).await
        }
        Command::Reference(args) => Box::pin(reference::run(args.what, &args.reach, out)).await,
        Command::Submissions(args) => Box::pin(submissions::run(args.what, &args.reach, out)).await,
        Command::Publish(args) => Box::pin(publish::run(&args, out)).await,
        Command::Erase(args) => Box::pin(erase::run(args.what, &args.reach, out)).await,
        Command::Audit(args) => Box::pin(audit::run(args.what, out)).await,
        Command::Targets(args) => Box::pin(targets::run(&args.what, &args.reach, out)).await,
        Command::Releases(args) => Box::pin(releases::run(args.what, &args.reach, out)).await,
        Command::Assessments(args) => Box::pin(assessments::run(args.what, &args.reach, out)).await,
        Command::Export(args) => Box::pin(export::run(args.what, &args.reach, out)).await,
        Command::Generate(args) => Box::pin(generate::run(args, out)).await,
        Command::Info(args) => Box::pin(info::run(&args, out)).await,
        Command::Status(args) => Box::pin(status::run(&args, out)).await,
        Command::Snapshot(args) => snapshot::take(&args, out),
        Command::Restore(args) => snapshot::restore(&args, out),
        Command::Completions(args) => manual::completions(&args, Cli::command(), out),
        Command::Man(args) => manual::man(&args, Cli::command(), out),
        Command::Certs(args) => certs::run(args, out),
        Command::Partners(args) => Box::pin(partners::run(&args, out)).await,
        Command::Verify(args) => check::verify(&args, out),
        Command::Rebuild(args) => check::rebuild(&args, out),
        Command::Ptable(args) => ptable::run(&args, out),
        Command::Inequality(args) => Box::pin(inequality::run(&args, out)).await,
        Command::Gaps(args) => Box::pin(inequality::gaps(&args, out)).await,
        Command::Statistics(args) => statistics::run(&args, out),
        Command::Attack(args) => attack::run(&args, out).await,
    }
}

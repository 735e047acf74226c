//! `equity generate`: makes synthetic records.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use indicatif::ProgressBar;

use super::client::Service;
use super::exit::Failure;
use super::outgoing::Outgoing;
use super::send_all::send_all;
use super::sending::{Sending, fresh_run_id};
use super::sent::Sent;
use super::show::{Format, Out, progress, sent};
use super::trust::Trust;
use super::whom;
use crate::ingest::generate::{Generator, GeneratorError, GeneratorSettings};
use crate::ingest::{IngestError, Month, SubmissionFile, equity_csv};

const EXAMPLES: &str = "\
Examples:
  equity generate --rows 1000 --seed 1 --from 2020-04 --to 2020-04 --out -
      to standard output, as CSV
  equity generate --rows 1000000 --seed 7 --from 2019-03 --to 2020-12 --out synthetic.csv
  equity generate --rows 1000000 --seed 7 --from 2019-03 --to 2020-12 --dataset access --out access.csv
      the monthly snapshots of digital access of the same people
  equity generate --rows 1000000 --seed 7 --from 2019-03 --to 2020-12 --dataset indicators --out counts.csv
      counts of two indicators of the same people, by age, sex, ethnic category and deprivation
  equity generate --rows 200000 --seed 7 --from 2020-01 --to 2020-06 --submit-to 127.0.0.1:7443
      sends them to the collection synthetic-llr of a running service

The same seed, rows and months make the same records. Their totals follow published tables of Leicester, Leicestershire and \
Rutland. They say nothing about real people.";

/// The dataset of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Consultations of synthetic people.
    Consultations,
    /// The population of the consultations.
    Populations,
    /// Monthly snapshots of the digital access of the population.
    Access,
    /// Monthly counts of indicators of the population.
    Indicators,
}

impl What {
    fn words(self) -> &'static str {
        match self {
            What::Consultations => "consultations",
            What::Populations => "populations",
            What::Access => "digital access",
            What::Indicators => "counts of indicators",
        }
    }

    fn submissions(self, generator: &Generator) -> Box<dyn Iterator<Item = SubmissionFile> + '_> {
        match self {
            What::Consultations => Box::new(generator.consultations()),
            What::Populations => Box::new(generator.populations()),
            What::Access => Box::new(generator.access(|_| true)),
            What::Indicators => Box::new(generator.indicator_counts()),
        }
    }
}

/// `equity generate`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(group = clap::ArgGroup::new("where to").required(true).args(["out", "submit_to"]))]
pub struct GenerateArgs {
    /// Number of consultations. The number of people follows from it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub rows: u64,
    /// Any number. Another number makes other records.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// First month, `2020-01`.
    #[arg(long, value_name = "MONTH", value_parser = month)]
    pub from: Month,
    /// Last month, included.
    #[arg(long, value_name = "MONTH", value_parser = month)]
    pub to: Month,
    /// File to write, `-` for standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Dataset to write: a file holds one dataset.
    #[arg(long, value_name = "DATASET", value_enum, default_value_t = What::Consultations, conflicts_with = "submit_to")]
    pub dataset: What,
    /// The same as --dataset populations.
    #[arg(long, conflicts_with_all = ["submit_to", "dataset"])]
    pub populations: bool,
    /// Address of a service. Submits the consultations, their population, and its digital access.
    #[arg(long, value_name = "ADDRESS")]
    pub submit_to: Option<String>,
    /// Certificates, and the instance that is expected.
    #[command(flatten)]
    pub trust: Trust,
    /// Output format of the receipts of --submit-to. A file is CSV.
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        default_value = "table",
        conflicts_with = "out"
    )]
    pub format: Format,
}

fn month(text: &str) -> Result<Month, String> {
    text.parse().map_err(|_| format!("expected a month like 2020-04, not `{text}`"))
}

/// Makes records, and writes or submits them.
///
/// # Errors
/// The file cannot be written, the service cannot be reached, or the service refuses a submission.
pub async fn run(args: GenerateArgs, out: &mut Out) -> Result<(), Failure> {
    if args.to < args.from {
        return Err(Failure::Usage("--to is before --from".to_owned()));
    }
    let generator = generator(args.seed, args.rows, args.from, args.to)?;
    if let Some(address) = &args.submit_to {
        return submit((address, &args.trust), &generator, args.rows, out).await;
    }
    let what = if args.populations { What::Populations } else { args.dataset };
    let rows = (what == What::Consultations).then_some(args.rows);
    let bar = progress::bar("making records", "rows", rows, &out.look);
    let submissions = what.submissions(&generator);
    match args.out.as_deref() {
        Some(path) if path != Path::new("-") => {
            let file = File::create(path).map_err(|error| Failure::data(path, error))?;
            write(file, submissions, &bar).map_err(|error| Failure::data(path, error))?;
        }
        _ => match write(out.answers(), submissions, &bar) {
            Err(IngestError::Write(error)) => return Err(Failure::Output(error)),
            result => result.map_err(|error| Failure::Other(error.into()))?,
        },
    }
    bar.finish_and_clear();
    Ok(())
}

/// A generator of synthetic records: the same for the same arguments.
///
/// # Errors
/// The settings are out of range.
pub fn generator(seed: u64, rows: u64, first: Month, last: Month) -> Result<Generator, Failure> {
    let failed = |error: GeneratorError| Failure::Other(error.into());
    let mut settings = GeneratorSettings::new(seed).map_err(failed)?;
    settings.rows = rows;
    settings.first_month = first;
    settings.last_month = last;
    Generator::new(settings).map_err(failed)
}

fn write(
    to: impl Write,
    submissions: impl Iterator<Item = SubmissionFile>,
    bar: &ProgressBar,
) -> Result<(), IngestError> {
    let mut writer = equity_csv::Writer::new(to);
    for submission in submissions {
        writer.write(&submission)?;
        bar.inc(submission.rows.len() as u64);
    }
    writer.finish()?.flush().map_err(IngestError::Write)
}

/// Submits the consultations, then their population, then its digital access.
async fn submit(
    (address, trust): (&str, &Trust),
    generator: &Generator,
    rows: u64,
    out: &mut Out,
) -> Result<(), Failure> {
    let service = Service::connect(address, trust).await?;
    whom::is_expected(trust, &service).await?;
    whom::tell(&service, out).await?;
    let how = Sending {
        run_id: fresh_run_id(),
        allow_partial: false,
        validate_only: false,
        replace: true,
    };
    let mut all = Sent::default();
    let mut result = Ok(());
    for what in [What::Consultations, What::Populations, What::Access] {
        let known = (what == What::Consultations).then_some(rows);
        let bar = progress::bar(what.words(), "rows", known, &out.look);
        let submissions = what.submissions(generator).map(|one| Ok(Outgoing::Read(Box::new(one))));
        result = send_all(&service, submissions, &how, &bar, &mut all).await;
        bar.finish_and_clear();
        if result.is_err() {
            break;
        }
    }
    sent::show(&all, out)?;
    result?;
    all.verdict(false)
}

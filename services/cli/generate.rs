//! `equity generate`: makes synthetic records.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::ProgressBar;

use super::client::Service;
use super::exit::Failure;
use super::send::{self, Sending};
use super::send_all::{Sent, send_all};
use super::show::{Out, progress, sent};
use crate::ingest::generate::{Generator, GeneratorSettings};
use crate::ingest::{Month, own};

const EXAMPLES: &str = "\
Examples:
  equity generate --rows 1000 --seed 1 --from 2020-04 --to 2020-04 --out -
      to standard output, in our own CSV
  equity generate --rows 1000000 --seed 7 --from 2019-03 --to 2020-12 --out synthetic.csv
  equity generate --rows 200000 --seed 7 --from 2020-01 --to 2020-06 --submit-to 127.0.0.1:7443
      straight into the collection synthetic-llr of a running service

The same seed, rows and months make the same records. They follow published tables of Leicester, Leicestershire and Rutland
in their totals, and say nothing about real people.";

/// `equity generate`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(group = clap::ArgGroup::new("where to").required(true).args(["out", "submit_to"]))]
pub struct GenerateArgs {
    /// How many records.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub rows: u64,
    /// Any number; another makes other records.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// First month, `2020-01`.
    #[arg(long, value_name = "MONTH", value_parser = month)]
    pub from: Month,
    /// Last month, itself included.
    #[arg(long, value_name = "MONTH", value_parser = month)]
    pub to: Month,
    /// File to write, `-` for standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Address of a service to submit to.
    #[arg(long, value_name = "ADDRESS")]
    pub submit_to: Option<String>,
}

fn month(text: &str) -> Result<Month, String> {
    Month::parse(text).ok_or_else(|| format!("expected a month like 2020-04, not `{text}`"))
}

/// Makes them, and writes or submits them.
///
/// # Errors
/// The file cannot be written, the service cannot be reached or says no.
pub async fn run(args: GenerateArgs, out: &mut Out) -> Result<(), Failure> {
    if args.to < args.from {
        return Err(Failure::Usage("--to is before --from".to_owned()));
    }
    let parcels = Generator::new(GeneratorSettings {
        seed: args.seed,
        rows: args.rows,
        first_month: args.from,
        last_month: args.to,
        ..GeneratorSettings::default()
    });
    let bar = progress::bar("making records", "rows", Some(args.rows), &out.look);
    if let Some(address) = &args.submit_to {
        return submit(address, parcels, &bar, out).await;
    }
    match args.out.as_deref() {
        Some(path) if path != Path::new("-") => {
            let file = File::create(path).map_err(|error| Failure::data(path, error))?;
            write(file, parcels, &bar).map_err(|failure| match failure {
                Failure::Output(error) => Failure::data(path, error),
                other => other,
            })?;
        }
        _ => write(out.answers(), parcels, &bar)?,
    }
    bar.finish_and_clear();
    Ok(())
}

fn write(to: impl Write, parcels: Generator, bar: &ProgressBar) -> Result<(), Failure> {
    let failed = |error| match error {
        crate::ingest::IngestError::Write(error) => Failure::Output(error),
        other => Failure::Other(other.into()),
    };
    let mut writer = own::Writer::new(to);
    for parcel in parcels {
        writer.write(&parcel).map_err(failed)?;
        bar.inc(parcel.rows.len() as u64);
    }
    writer.finish().map_err(failed)?.flush()?;
    Ok(())
}

async fn submit(
    address: &str,
    parcels: Generator,
    bar: &ProgressBar,
    out: &mut Out,
) -> Result<(), Failure> {
    let service = Service::connect(address).await?;
    let how = Sending { run_id: send::fresh_run_id(), allow_partial: false, validate_only: false };
    let mut all = Sent::default();
    let result = send_all(&service, parcels.map(Ok), &how, bar, &mut all).await;
    bar.finish_and_clear();
    sent::show(&all, out)?;
    result?;
    all.verdict()
}

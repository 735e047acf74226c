//! `equity submit`: sends files.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Failure;
use super::files::{self, Reading};
use super::options::{Reach, Shape};
use super::replacing::{self, is_interactive};
use super::send_all::send_all;
use super::sending::{Sending, fresh_run_id};
use super::sent::Sent;
use super::show::{Out, progress, sent};
use super::spool::{Input, spool};
use super::whose::only;
use crate::ingest::{self, ColumnMap, Defaults};

const EXAMPLES: &str = "\
Examples:
  equity submit deploy/demo/gpad_regional_llr_2019-03_2020-12.csv.gz
      appointments in general practice as published; organisation, month and collection are in the file
  equity submit april.csv --collection practice-feed --organisation C82001 --month 2020-04
      columns of the service: channel, attendance, age_years, sex, ethnic_category, … (deploy/guides/submit.md lists them)
  equity submit april.csv --collection practice-feed --organisation C82001 --month 2020-04 --validate-only
      checks every row and stores nothing
  equity submit april.csv --collection practice-feed --organisation C82001 --month 2020-04 --allow-partial
      stores the valid rows and lists the others
  equity submit extract.csv --sketch-map columns.toml
      writes a first map from the columns and words of an extract to those of the service; correct it, then submit with it:
  equity submit extract.csv --map columns.toml --collection practice-feed --organisation C82001 --month 2020-04
  equity submit snapshot.csv --collection practice-feed --organisation C82001 --month 2020-04
      access records: app_registered, exclusion_reason, digital_access, age_years, …
  equity submit internet_users_2012_2018.csv
      published data: GP appointments by location or practice, registered patients, ONS internet users, GP Patient Survey, POMI, accounts of the NHS App, indices of
      deprivation (File 7), Digital Exclusion Risk Index, Census 2021, mid-2020 population; organisation, month, collection and source follow from the file

  equity submit Regional_CSV_Apr_26.csv --area QPM
      of a published file of all England, takes the rows of the organisations of one area, and says in a line what was left out
  equity submit gp-reg-pat-prac-sing-age-male.csv gp-reg-pat-prac-sing-age-female.csv --area QPM
      registered patients by sex and age: the two files of a month are read as one
  equity submit april.csv --collection practice-feed --organisation C82001 --month 2020-04 --replace
      replaces the month although the file has less than half of it

  equity submit january.csv february.csv --collection practice-feed --organisation C82001
      checks all files, then sends them; if two have the same organisation and month, the later one wins

Each organisation and month of a file becomes one submission, which replaces the earlier one. Up to six are sent at once. If the \
connection breaks, run the same command again with the --run-id that is shown: it continues and stores nothing twice.";

/// `equity submit`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct SubmitArgs {
    /// How the answer is written.
    #[command(flatten)]
    pub shape: Shape,
    /// The service that is asked.
    #[command(flatten)]
    pub reach: Reach,
    /// CSV files: with columns of the service, or published files (the header decides). `-`: standard input. Gzip, and ZIP with one
    /// file, are unpacked; `;`, tab and `|` between cells, UTF-16 and Windows-1252 are recognised.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Collection, if the file does not name one. See `equity reference collections`.
    #[arg(long, value_name = "ID")]
    pub collection: Option<String>,
    /// Organisation, if the file does not name one. Of a published file of many organisations: the only one whose rows are taken.
    #[arg(long, value_name = "CODE")]
    pub organisation: Option<String>,
    /// Area, a code or a name: of published files of many organisations (GP appointments, their coverage, registered patients), only rows
    /// of organisations of this area are taken. `ALL`: every row. Default: the area that the service is for (`home_area` of its
    /// settings); without one, every row.
    #[arg(long, value_name = "CODE", conflicts_with = "organisation")]
    pub area: Option<String>,
    /// Month, `2020-04`, if the file does not name one.
    #[arg(long, value_name = "MONTH")]
    pub month: Option<String>,
    /// Code system of a column, if not the default: `ethnic_category=ethnic_category_2001`. Repeat the option for more fields.
    #[arg(long = "code-system", value_name = "FIELD=ID", value_parser = field_and_system)]
    pub code_systems: Vec<(String, String)>,
    /// Fields that the source collects although they have no column: `channel,sex`. Fields that have a column are collected in any case.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub collected: Option<Vec<String>>,
    /// Name of the method that made the person keys. The service compares persons within one scheme only.
    #[arg(long, value_name = "NAME")]
    pub person_key_scheme: Option<String>,
    /// Map from the columns and words of the files to the columns and codes of the service (TOML).
    #[arg(long, value_name = "MAP")]
    pub map: Option<PathBuf>,
    /// Write a first map of the file and submit nothing. The map must not exist yet.
    #[arg(long, value_name = "MAP", conflicts_with = "map")]
    pub sketch_map: Option<PathBuf>,
    /// Store the valid rows even if other rows have problems.
    #[arg(long)]
    pub allow_partial: bool,
    /// Check only; store nothing.
    #[arg(long)]
    pub validate_only: bool,
    /// Replace a month even if that loses more than half of it, or of its areas. Without it, the command asks, or refuses if nobody
    /// is at the terminal.
    #[arg(long)]
    pub replace: bool,
    /// Name of the run. The same name with the same content stores nothing twice. Default: a new name.
    #[arg(long, value_name = "NAME")]
    pub run_id: Option<String>,
    /// Address of the service; the same as --service.
    #[arg(long, value_name = "ADDRESS")]
    pub to: Option<String>,
}

fn field_and_system(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((field, system)) if !field.is_empty() && !system.is_empty() => {
            Ok((field.to_owned(), system.to_owned()))
        }
        _ => Err(format!("expected FIELD=ID, not `{text}`")),
    }
}

impl SubmitArgs {
    fn defaults(&self) -> Defaults {
        Defaults {
            organisation: self.organisation.clone(),
            month: self.month.clone(),
            collection: self.collection.clone(),
            code_systems: self.code_systems.iter().cloned().collect(),
            collected: self.collected.clone(),
            person_key_scheme: self.person_key_scheme.clone(),
            only: None,
        }
    }
}

/// Reads and checks every file, then sends them.
///
/// # Errors
/// A file has an error, the service cannot be reached, or the service refuses a submission.
pub async fn run(args: SubmitArgs, out: &mut Out) -> Result<(), Failure> {
    let spooled = spool(&args.files)?;
    if let Some(map) = &args.sketch_map {
        return sketch(&spooled.files, map, out);
    }
    let map = args.map.as_deref().map(read_map).transpose()?;
    let mut reading = Reading { defaults: args.defaults(), map };
    let to = args.to.clone().unwrap_or_else(|| args.reach.service.clone());
    let reach = Reach { service: to, ..args.reach.clone() };
    let service = match reach.connect_to_write(out).await {
        Ok(service) => service,
        Err(unreachable) => {
            // A file of another kind needs no service to be refused.
            files::check_begin(&spooled.files[0], &reading)?;
            return Err(unreachable);
        }
    };
    if args.organisation.is_none() {
        reading.defaults.only = only(&service, args.area.as_deref(), &spooled.files).await?;
    }
    let how = Sending {
        run_id: args.run_id.clone().unwrap_or_else(fresh_run_id),
        allow_partial: args.allow_partial,
        validate_only: args.validate_only,
        replace: args.replace,
    };
    let checked = files::check(&spooled.files, &reading, &how)?;
    checked.notes.iter().try_for_each(|note| out.remark(note))?;
    let bar = progress::bar("submitting", "rows", Some(checked.rows), &out.look);
    let mut all = Sent::default();
    let mut result =
        stoppable(send_all(&service, checked.submissions(), &how, &bar, &mut all)).await;
    bar.finish_and_clear();
    let shrinking = all.shrinking();
    if result.is_ok()
        && !(shrinking.is_empty() || args.validate_only)
        && is_interactive()
        && replacing::ask(&all, out).await?
    {
        let how = Sending { replace: true, ..how.clone() };
        let all_again = files::check(&spooled.files, &reading, &how)?.submissions().enumerate();
        let refused = all_again.filter(|(number, _)| shrinking.contains(number));
        let refused = refused.map(|(_, submission)| submission);
        let bar = progress::bar("replacing", "rows", None, &out.look);
        let mut again = Sent::default();
        result = stoppable(send_all(&service, refused, &how, &bar, &mut again)).await;
        bar.finish_and_clear();
        all.put(&shrinking, again);
    }
    sent::show(&all, out)?;
    if result.is_err() {
        out.remark(&format!(
            "to go on where this stopped: the same command with --run-id {}",
            how.run_id
        ))?;
    }
    result?;
    all.verdict(args.validate_only)
}

fn read_map(path: &Path) -> Result<ColumnMap, Failure> {
    ColumnMap::read(path).map_err(|error| Failure::data(path, error))
}

/// Writes a first map of a file, with the built-in code lists.
fn sketch(files: &[Input], map: &Path, out: &mut Out) -> Result<(), Failure> {
    let [file] = files else {
        return Err(Failure::Usage("--sketch-map takes one file".to_owned()));
    };
    let text = ingest::sketch(&file.path).map_err(|error| Failure::data(&file.name, error))?;
    let written = std::fs::File::create_new(map).and_then(|mut new| new.write_all(text.as_bytes()));
    written.map_err(|error| Failure::data(map, error))?;
    let (file, map) = (file.name.display(), map.display());
    out.remark(&format!(
        "{map} is a first map: correct it, then `equity submit {file} --map {map} --validate-only` checks the file with it"
    ))?;
    Ok(())
}

/// The result of sending, or that Ctrl-C stopped it.
async fn stoppable(sending: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::select! {
        result = sending => result,
        told = tokio::signal::ctrl_c() => Err(Failure::Other(match told {
            Ok(()) => anyhow::anyhow!("stopped by Ctrl-C; what is listed above is stored"),
            Err(error) => error.into(),
        })),
    }
}

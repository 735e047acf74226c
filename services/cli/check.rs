//! `equity verify` and `equity rebuild`: compare the stored state with the log, or make it again from the log.

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Failure;
use super::options::Shape;
use super::show::sheet::Sheet;
use super::show::{Format, Out, progress};
use crate::app::{self, VerifyReport};

const VERIFY: &str = "\
Examples:
  equity verify --data-folder ./equity-data
  equity verify --data-folder /var/lib/equity --work-folder /mnt/spare
  equity verify --data-folder /var/lib/equity --format json

Makes the state again from the log, in another place, and compares it with the stored state byte by byte. Repairs nothing and \
never writes to the log. Stop the service first. The exit code is 4 if there are differences, or if the log or the store is damaged.";

const REBUILD: &str = "\
Examples:
  equity rebuild --data-folder ./equity-data
  equity rebuild --data-folder /var/lib/equity --format json

Makes the stored state again from the log. Stop the service first. If the log is damaged, the command refuses: restore the log \
from the backup first, because the stored state may be the only copy of the damaged part.";

/// Most differences in the output.
const SHOWN: usize = 100;

/// `equity verify`.
#[derive(Debug, Args)]
#[command(after_help = VERIFY)]
pub struct VerifyArgs {
    /// How the answer is written.
    #[command(flatten)]
    pub shape: Shape,
    /// Data folder of a stopped service.
    #[arg(long, value_name = "FOLDER")]
    pub data_folder: PathBuf,
    /// Folder for a copy of the store and a second one; it needs three times the space of the store. Default: the data folder if it has room,
    /// or else the system's folder for temporary files
    #[arg(long, value_name = "FOLDER")]
    pub work_folder: Option<PathBuf>,
    /// Witness of the log: `witness_file` of the settings. Default: `secret.key.witness` in the data folder, if it is there
    #[arg(long, value_name = "FILE")]
    pub witness_file: Option<PathBuf>,
}

/// `equity rebuild`.
#[derive(Debug, Args)]
#[command(after_help = REBUILD)]
pub struct RebuildArgs {
    /// How the answer is written.
    #[command(flatten)]
    pub shape: Shape,
    /// Data folder of a stopped service.
    #[arg(long, value_name = "FOLDER")]
    pub data_folder: PathBuf,
    /// Witness of the log: `witness_file` of the settings. Default: `secret.key.witness` in the data folder, if it is there
    #[arg(long, value_name = "FILE")]
    pub witness_file: Option<PathBuf>,
}

/// Compares the stored state with the log.
///
/// # Errors
/// The folder cannot be read, or there are differences.
pub fn verify(args: &VerifyArgs, out: &mut Out) -> Result<(), Failure> {
    let (work_folder, witness) = (args.work_folder.as_deref(), args.witness_file.as_deref());
    let report = with_bar("comparing", &args.data_folder, out, |folder, progress| {
        app::verify(folder, work_folder, witness, progress)
    })?;
    show(&report, out)?;
    match report.differences.len() {
        0 => Ok(()),
        count => Err(Failure::Differences(count)),
    }
}

/// Rebuilds the stored state from the log.
///
/// # Errors
/// The folder cannot be read or written.
pub fn rebuild(args: &RebuildArgs, out: &mut Out) -> Result<(), Failure> {
    let report = with_bar("rebuilding", &args.data_folder, out, |folder, progress| {
        app::rebuild(folder, args.witness_file.as_deref(), progress)
    })?;
    show(&report, out)
}

fn with_bar(
    title: &str,
    folder: &Path,
    out: &Out,
    work: impl Fn(&Path, &mut dyn FnMut(u64, u64)) -> anyhow::Result<VerifyReport>,
) -> Result<VerifyReport, Failure> {
    let bar = progress::bar(title, "entries", Some(0), &out.look);
    let result = work(folder, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    result.map_err(|error| Failure::Other(error.context(folder.display().to_string())))
}

fn show(report: &VerifyReport, out: &mut Out) -> Result<(), Failure> {
    let count = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let differences = i64::try_from(report.differences.len()).unwrap_or(i64::MAX);
    let text = match out.format {
        Format::Json => format!(
            "{:#}",
            serde_json::json!({
                "entries": report.entries,
                "submissions": report.submissions,
                "rows": report.rows,
                "differences": report.differences,
            })
        ),
        Format::Table | Format::Csv => {
            let mut sheet = Sheet::new(["entries", "submissions", "rows", "differences"]);
            sheet.push(vec![
                count(report.entries).into(),
                count(report.submissions).into(),
                count(report.rows).into(),
                differences.into(),
            ]);
            if out.format == Format::Csv { sheet.csv() } else { sheet.table(&out.look) }
        }
    };
    out.answer(&text)?;
    if out.format != Format::Json {
        for difference in report.differences.iter().take(SHOWN) {
            out.remark(&format!("difference: {difference}"))?;
        }
        if let Some(more @ 1..) = report.differences.len().checked_sub(SHOWN) {
            out.remark(&format!("and {more} more"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::show::captured;

    fn report(differences: &[&str]) -> VerifyReport {
        VerifyReport {
            entries: 12_345,
            submissions: 66,
            rows: 11_756,
            differences: differences.iter().map(|text| (*text).to_owned()).collect(),
        }
    }

    #[test]
    fn differences_are_named() {
        let (mut out, answers, remarks) = captured::out(Format::Table);
        show(&report(&["key 1 differs"]), &mut out).unwrap();
        assert!(answers.text().contains("12,345"));
        assert_eq!(remarks.text(), "difference: key 1 differs\n");
    }

    #[test]
    fn json_carries_them_itself() {
        let (mut out, answers, remarks) = captured::out(Format::Json);
        show(&report(&["key 1 differs"]), &mut out).unwrap();
        let value: serde_json::Value = serde_json::from_str(&answers.text()).unwrap();
        assert_eq!(value["differences"][0], "key 1 differs");
        assert_eq!(value["entries"], 12_345);
        assert_eq!(remarks.text(), "");
    }

    #[test]
    fn many_differences_are_counted() {
        let (mut out, _, remarks) = captured::out(Format::Csv);
        show(&report(&["x"; 103]), &mut out).unwrap();
        assert!(remarks.text().ends_with("and 3 more\n"));
    }
}

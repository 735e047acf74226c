//! `equity ptable`: makes the table of small changes that the cell-key method needs, or says what a table does.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Failure;
use super::show::sheet::Sheet;
use super::show::{Format, Out};
use crate::app::ptable::{Noise, OfCounts, PTable};

const EXAMPLES: &str = "\
Examples:
  equity ptable --out ptable.csv                        bound 5, variance 4
  equity ptable --bound 3 --variance 2 --out small.csv
  equity ptable --check ptable.csv                      what the table does to counts
  equity ptable --check ptable.csv --format json

A p-table turns a count and the key of its cell into a small change. The same options make the same bytes. The file has the columns \
pcv (count), ckey (cell key) and pvalue (change), as the Office for National Statistics and its package cell-key-perturbation use \
them. Its name, such as d5v4-5192690d, is made of its content. --check ends with 1 if the file is no table, or if its changes have a \
bias or too little variance for counts above the bound.";

/// Most bytes of a file. A table has 2 MB.
const MOST_BYTES: u64 = 16 << 20;

/// `equity ptable`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct PtableArgs {
    /// Largest change of a count, up or down: 1 to 25.
    #[arg(long, value_name = "N", default_value_t = 5, conflicts_with = "check")]
    pub bound: u64,
    /// Variance of the changes: 0.5 to a third of N × (N + 1), with N the bound.
    #[arg(long, value_name = "V", default_value_t = 4.0, conflicts_with = "check")]
    pub variance: f64,
    /// File to write, `-` for standard output.
    #[arg(long, value_name = "FILE", default_value = "-", conflicts_with = "check")]
    pub out: PathBuf,
    /// Say what the table in a file does to counts. `-` for standard input.
    #[arg(long, value_name = "FILE")]
    pub check: Option<PathBuf>,
    /// Output format of --check. A table is CSV.
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table", requires = "check")]
    pub format: Format,
}

/// Makes a table, or says what a table does.
///
/// # Errors
/// The options are out of range, the file cannot be written or read, or its table breaks a rule.
pub fn run(args: &PtableArgs, out: &mut Out) -> Result<(), Failure> {
    match &args.check {
        Some(file) => check(file, out),
        None => make(args, out),
    }
}

fn make(args: &PtableArgs, out: &mut Out) -> Result<(), Failure> {
    let noise = Noise::new(args.bound, args.variance);
    let noise = noise.map_err(|error| Failure::Usage(error.to_string()))?;
    let table = PTable::generate(noise);
    let text = table.to_csv();
    if args.out == Path::new("-") {
        out.answers().write_all(text.as_bytes())?;
        return Ok(out.answers().flush()?);
    }
    std::fs::write(&args.out, text).map_err(|error| Failure::data(&args.out, error))?;
    out.remark(&format!("{}: the p-table {}", args.out.display(), table.version()))?;
    Ok(())
}

fn check(file: &Path, out: &mut Out) -> Result<(), Failure> {
    let bytes = read(file).map_err(|error| Failure::data(file, error))?;
    let table = PTable::from_csv(&bytes).map_err(|error| Failure::data(file, error))?;
    let behaviour = table.behaviour();
    let text = match out.format {
        Format::Json => format!(
            "{:#}",
            serde_json::json!({
                "version": table.version(),
                "bound": table.bound(),
                "counts": behaviour.counts.iter().map(json).collect::<Vec<_>>(),
                "broken_rules": behaviour.broken,
            })
        ),
        Format::Csv => sheet(&behaviour.counts).csv(),
        Format::Table => {
            out.remark(&format!(
                "p-table {}: changes of at most {}",
                table.version(),
                table.bound()
            ))?;
            sheet(&behaviour.counts).table(&out.look)
        }
    };
    out.answer(&text)?;
    if behaviour.broken.is_empty() {
        return Ok(());
    }
    Err(Failure::data(file, anyhow::anyhow!("{}", behaviour.broken.join("; "))))
}

/// The bytes of a file, or of standard input.
fn read(file: &Path) -> io::Result<Vec<u8>> {
    let from: Box<dyn Read> =
        if file == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(file)?) };
    let mut bytes = Vec::new();
    from.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(io::Error::other("more than 16 MB; a p-table has 2 MB"));
    }
    Ok(bytes)
}

fn sheet(counts: &[OfCounts]) -> Sheet {
    let columns =
        ["first", "last", "least_change", "greatest_change", "bias", "variance", "unchanged_keys"];
    let mut sheet = Sheet::new(columns);
    let whole = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    for of in counts {
        sheet.push(vec![
            whole(of.counts.0).into(),
            whole(of.counts.1).into(),
            i64::from(of.least).into(),
            i64::from(of.most).into(),
            of.bias.into(),
            of.variance.into(),
            whole(of.unchanged).into(),
        ]);
    }
    sheet
}

fn json(of: &OfCounts) -> serde_json::Value {
    serde_json::json!({
        "first": of.counts.0,
        "last": of.counts.1,
        "least_change": of.least,
        "greatest_change": of.most,
        "bias": of.bias,
        "variance": of.variance,
        "unchanged_keys": of.unchanged,
    })
}

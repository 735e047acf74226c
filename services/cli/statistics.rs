//! `equity statistics`: any measure of the service from counts in a file.

use std::fmt::Write as _;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Failure;
use super::options::Shape;
use super::show::sheet::{Cell, Sheet};
use super::show::{Format, Out};
use crate::app::statistics::{Line, MEASURES, computed};

const EXAMPLES: &str = "\
Examples:
  equity statistics counts.json
  equity statistics counts.json --format csv
  echo '{\"measure\": \"proportion\", \"numerator\": 3, \"denominator\": 10}' | equity statistics -
  echo '{\"measure\": \"difference\", \"numerator\": 29, \"denominator\": 100, \"reference_numerator\": 39, \
\"reference_denominator\": 100}' | equity statistics -
  echo '{\"measure\": \"trend\", \"points\": [{\"numerator\": 120, \"denominator\": 1000}, {\"numerator\": 135, \"denominator\": 1010}]}' | \
equity statistics - --format json

The file has one measure, or a list of them. Each may have an `id`, which its lines repeat, and `confidence`: 0.95 or 0.998. A measure that \
cannot be computed has no value and says why.";

/// The examples, and the fields of each measure.
pub fn help() -> String {
    let mut text =
        format!("{EXAMPLES}\n\nMeasures and their fields (those in brackets may be left out):");
    for (measure, fields) in MEASURES {
        let _ = write!(text, "\n  {measure}: {fields}");
    }
    text + "\n\nGroups in an order go from most to least disadvantaged. `polarity` is HIGHER_IS_BETTER, LOWER_IS_BETTER or NEITHER; `scale` of the slope is \
            linear, log or logit; `reference` is the number of a group, from 1. `multiplier` scales a rate, or SII of `slope`: a negative one turns its direction round."
}

/// `equity statistics`.
#[derive(Debug, Args)]
#[command(after_help = help())]
pub struct StatisticsArgs {
    /// How the answer is written.
    #[command(flatten)]
    pub shape: Shape,
    /// JSON file with measures and their counts. `-` for standard input.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Computes everything in the file.
///
/// # Errors
/// The file cannot be read, or an entry of it lacks something.
pub fn run(args: &StatisticsArgs, out: &mut Out) -> Result<(), Failure> {
    let text = read(&args.file).map_err(|error| Failure::data(&args.file, error))?;
    let lines = computed(&text).map_err(|error| Failure::data(&args.file, error))?;
    let text = match out.format {
        Format::Json => format!("{:#}", lines.iter().map(json).collect::<serde_json::Value>()),
        Format::Csv => sheet(&lines).csv(),
        Format::Table => sheet(&lines).table(&out.look),
    };
    Ok(out.answer(&text)?)
}

/// The text of a file, or of standard input.
fn read(file: &Path) -> io::Result<String> {
    if file != Path::new("-") {
        return std::fs::read_to_string(file);
    }
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    Ok(text)
}

fn sheet(lines: &[Line]) -> Sheet {
    let mut sheet = Sheet::new(["id", "measure", "value", "lower", "upper", "note"]);
    for line in lines {
        let (lower, upper) = line.limits.unzip();
        sheet.push(vec![
            (&line.id).into(),
            (&line.measure).into(),
            line.value.into(),
            lower.into(),
            upper.into(),
            Some(&line.note).filter(|note| !note.is_empty()).map_or(Cell::Empty, Cell::from),
        ]);
    }
    sheet
}

fn json(line: &Line) -> serde_json::Value {
    let (lower, upper) = line.limits.unzip();
    serde_json::json!({
        "id": line.id,
        "measure": line.measure,
        "value": line.value,
        "lower": lower,
        "upper": upper,
        "note": line.note,
    })
}

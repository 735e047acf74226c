//! The table as a file: CSV with the columns `pcv` (count), `ckey` (cell key) and `pvalue` (change), the layout of the ONS and of its
//! package `cell-key-perturbation`. A file has no name of the table in it: the name follows from the changes.

use std::fmt::Write as _;

use thiserror::Error;

use super::{KEYS, PTable, ROWS};

const COLUMNS: [&str; 3] = ["pcv", "ckey", "pvalue"];
/// Greatest change that a file may have.
const MOST: i64 = 100;

/// Why a file is no table.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}{problem}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct Refused {
    /// Line of the file, from 1. None if no line alone is wrong.
    pub line: Option<usize>,
    /// What is wrong, and what is expected.
    pub problem: String,
}

impl Refused {
    fn new(line: impl Into<Option<usize>>, problem: String) -> Self {
        Self { line: line.into(), problem }
    }
}

impl PTable {
    /// The table as CSV: counts from 1 in ascending order, keys in ascending order.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut text = COLUMNS.join(",") + "\n";
        for count in 1..=ROWS {
            for (key, change) in self.row(count).iter().enumerate() {
                // Nothing can fail: it is written to memory.
                let _ = writeln!(text, "{count},{key},{change}");
            }
        }
        text
    }

    /// Reads CSV. Lines may be in any order, columns too. Lines that begin with `#` are comments.
    ///
    /// # Errors
    /// A line cannot be read, comes twice or is missing, a change makes a count negative, or zero does not stay zero.
    pub fn from_csv(bytes: &[u8]) -> Result<Self, Refused> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let before = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
            Refused::new(before, "the text is not UTF-8; save the file as UTF-8".to_owned())
        })?;
        let text = text.trim_start_matches('\u{feff}');
        let lines = text.lines().enumerate().map(|(before, line)| (before + 1, line.trim()));
        let mut lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let (number, header) = lines.next().unwrap_or((1, ""));
        let order = columns(header).map_err(|problem| Refused::new(number, problem))?;
        let mut read = vec![None; (ROWS + 1) * KEYS];
        read[..KEYS].fill(Some(0));
        for (number, line) in lines {
            take(&mut read, line, order).map_err(|problem| Refused::new(number, problem))?;
        }
        if let Some(missing) = read.iter().position(Option::is_none) {
            let (count, key) = (missing / KEYS, missing % KEYS);
            let problem = format!(
                "the line of pcv {count} and ckey {key} is missing; a table has {KEYS} keys for each count from 1 to {ROWS}"
            );
            return Err(Refused::new(None, problem));
        }
        Ok(Self::of(read.into_iter().flatten().collect()))
    }
}

/// The fields of a line. They are names and whole numbers, so a comma or the end of a line never stands within one.
fn fields(line: &str) -> impl Iterator<Item = &str> {
    line.split(',').map(|field| field.trim().trim_matches('"'))
}

/// Where each of the columns is.
fn columns(header: &str) -> Result<[usize; 3], String> {
    let mut places = [0; 3];
    for (place, column) in places.iter_mut().zip(COLUMNS) {
        let found = fields(header).position(|field| field == column);
        let expected = COLUMNS.join(",");
        *place = found.ok_or_else(|| {
            format!("column `{column}` is missing; the first line must be `{expected}`")
        })?;
    }
    Ok(places)
}

/// Puts the change of a line into its place.
fn take(read: &mut [Option<i8>], line: &str, order: [usize; 3]) -> Result<(), String> {
    let fields: Vec<&str> = fields(line).collect();
    let field = |column: usize, least: i64, most: i64| {
        let text = fields.get(order[column]).copied().unwrap_or_default();
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        let shown: String = text.chars().take(40).collect();
        let name = COLUMNS[column];
        number.ok_or_else(|| {
            format!("`{name}` is {shown:?}; expected a whole number from {least} to {most}")
        })
    };
    let (count, key) = (field(0, 0, ROWS as i64)?, field(1, 0, KEYS as i64 - 1)?);
    let change = field(2, -MOST, MOST)?;
    if count == 0 && change != 0 {
        return Err(format!("pcv 0 has pvalue {change}; zero must stay zero: remove the line"));
    }
    if count + change < 0 {
        return Err(format!(
            "pvalue {change} makes {count} negative; it must be at least -{count}"
        ));
    }
    let place = usize::try_from(count * KEYS as i64 + key).unwrap_or_default();
    let before = read[place].replace(i8::try_from(change).unwrap_or_default());
    // Count 0 is known without its lines.
    if before.is_some() && count > 0 {
        return Err(format!("pcv {count} and ckey {key} are here a second time; remove one line"));
    }
    Ok(())
}

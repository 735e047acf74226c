//! `equity export`: a table of every area and period into one file, or into a folder of files.
//!
//! - `args` the options, [`columns`] the columns of the file
//! - `take` the stream, continued if it breaks; `spool` its rows, kept where a file needs to know all of them
//! - `write` an export under way, `place` where it goes
//! - `sink`, `excel_safe`, `xlsx`, `parquet` how rows are written; `file`, `folder` where; `about` what holds for all of them

mod about;
pub mod args;
pub mod columns;
mod excel_safe;
mod file;
mod folder;
#[cfg(feature = "parquet")]
mod parquet;
mod place;
mod sink;
mod spool;
mod take;
mod write;
#[cfg(feature = "xlsx")]
mod xlsx;

use std::io;
use std::path::Path;

use super::client::Service;
use super::exit::Failure;
use super::options::Reach;
use super::show::{Format, Out, json as shown, wrap};
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table as Question;
use about::About;
use args::{ExportTable, FileFormat, Taking};
use columns::{COLUMNS, FileColumn};
use folder::Folder;
use place::Place;
use sink::{Sink, Style};
use take::{FIRST_PAUSE, Taken, take};
use write::{Export, written};

/// Examples for `equity export --help`.
pub const EXAMPLES: &str = "\
Examples:
  equity export channels --area QK1 --from 2020-04 --output channels.csv
  equity export channels --area QK1 --area-types place,sub_icb --from 2019-03 --to 2020-12 --step month --output channels.parquet
  equity export outcomes --area QK1 --from 2019-03 --to 2020-12 --step quarter --output outcomes.xlsx
  equity export columns";

/// The bytes of a file with these rows. `about` says what holds for all of them, where the format has a place for it.
pub(super) fn bytes_of(
    format: FileFormat,
    columns: Vec<FileColumn>,
    rows: &[v1::ExportRow],
    asked: serde_json::Value,
    notes: impl IntoIterator<Item = String>,
) -> anyhow::Result<Vec<u8>> {
    let notes = notes.into_iter().collect();
    let about = About { asked, notes, columns: columns.clone(), ..About::default() };
    let style = Style { format, columns, excel_safe: false, header: true };
    let mut sink = Sink::new(Vec::new(), style)?;
    sink.write(rows)?;
    sink.finish(&about)
}

/// A new folder of files, or one that was empty. It appears as a whole or not at all.
pub(super) fn write_folder(place: &Path, files: &[(String, Vec<u8>)]) -> io::Result<()> {
    let folder = Folder::begin(place, Vec::new(), "")?;
    files.iter().try_for_each(|(name, bytes)| folder.write(name, bytes))?;
    folder.keep()
}

/// Asks, and writes the rows to the file.
///
/// # Errors
/// The service cannot be reached or refuses, or the file cannot be written; then no file is left.
pub async fn run(table: ExportTable, reach: &Reach, out: &mut Out) -> Result<(), Failure> {
    let Some((request, taking)) = table.request()? else { return list_columns(out) };
    let format = taking.format()?;
    let columns = match taking.columns.as_slice() {
        [] => COLUMNS.clone(),
        names => columns::named(names),
    };
    let style = Style { format, columns, excel_safe: taking.excel_safe, header: true };
    let service = reach.connect().await?;
    let place = Place::begin(taking, format);
    let place = place.map_err(|error| Failure::data(&taking.output, error))?;
    let direct = place.is_direct();
    if direct && !format.is_csv() {
        let what = "this format needs a file, and --output is a pipe or device: use --output FILE";
        return Err(Failure::Usage(what.into()));
    }
    let export = Export { service: &service, request, taking, style };
    let taken = tokio::select! {
        taken = Box::pin(export.write(place, out)) => taken?,
        // What was written directly cannot be taken back: Ctrl-C ends it as it ends every program.
        told = tokio::signal::ctrl_c(), if !direct => {
            told.map_err(|error| Failure::Other(error.into()))?;
            let stopped = anyhow::anyhow!("stopped by Ctrl-C: nothing was written, and an earlier file stays as it was");
            return Err(Failure::data(&taking.output, stopped));
        }
    };
    told(&taken, taking, out)
}

/// Writes the answer to one question as CSV, with the columns of an export. `at`: the state that is read; none: now.
///
/// # Errors
/// The service cannot be reached or refuses the question, or the output takes nothing.
pub async fn lines(
    service: &Service,
    mut question: Question,
    at: Option<v1::as_of::At>,
    header: bool,
    out: &mut Out,
) -> Result<(), Failure> {
    if let (Some(query), Some(_)) = (question.query_mut(), &at) {
        query.as_of = Some(v1::AsOf { at });
    }
    let question = Some(v1::BreakdownQuestion { table: Some(question) });
    let request = v1::ExportBreakdownsRequest { question, ..Default::default() };
    let style =
        Style { format: FileFormat::Csv, columns: COLUMNS.clone(), excel_safe: false, header };
    let look = out.look;
    let mut sink = Sink::new(out.answers(), style).map_err(written)?;
    let write = |rows: &[v1::ExportRow]| sink.write(rows).map_err(written);
    take(service, request, &look, FIRST_PAUSE, write).await?;
    Ok(sink.finish(&About::default()).map_err(written)?.flush()?)
}

/// Lists the columns of the file.
fn list_columns(out: &mut Out) -> Result<(), Failure> {
    let text = match out.format {
        Format::Table => columns::sheet().table(&out.look),
        Format::Csv => columns::sheet().csv(),
        Format::Json => shown::text(&about::words(&COLUMNS), false),
    };
    Ok(out.answer(&text)?)
}

/// Says what was written, and whose figures they are where the rows do not.
fn told(taken: &Taken, taking: &Taking, out: &mut Out) -> Result<(), Failure> {
    let Taken { rows, tables, position, .. } = taken;
    let place = taking.output.display();
    let to = if taking.to_output() { String::new() } else { format!(" in {place}") };
    out.remark(&format!("rows {rows}, tables {tables}, read at position {position}{to}"))?;
    let is_named = taking.columns.iter().any(|name| name == "provenance");
    if taking.lean || (!taking.columns.is_empty() && !is_named) {
        for source in &taken.provenances {
            let text = wrap::text("source: ", source, &out.remark_look);
            out.remark(&text)?;
        }
    }
    Ok(())
}

/// Rows as CSV and Parquet, for the test that compares all outputs.
#[cfg(test)]
pub(crate) mod doors_tests {
    use super::about::About;
    use super::args::FileFormat;
    use super::columns::COLUMNS;
    use super::sink::{Sink, Style};
    use crate::proto::v1::ExportRow;

    fn written(format: FileFormat, rows: &[ExportRow]) -> Vec<u8> {
        let style = Style { format, columns: COLUMNS.clone(), excel_safe: false, header: true };
        let mut sink = Sink::new(Vec::new(), style).unwrap();
        sink.write(rows).unwrap();
        sink.finish(&About::default()).unwrap()
    }

    pub(crate) fn csv(rows: &[ExportRow]) -> Vec<u8> {
        written(FileFormat::Csv, rows)
    }

    #[cfg(feature = "parquet")]
    pub(crate) fn parquet(rows: &[ExportRow]) -> Vec<u8> {
        written(FileFormat::Parquet, rows)
    }
}

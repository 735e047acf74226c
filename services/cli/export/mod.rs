//! `equity export`: a table of every area and period into one file, or into a folder of files.
//!
//! - `args` the options, [`columns`] the columns of the file
//! - `take` the stream, continued if it breaks; `spool` its rows, kept where a file needs to know all of them
//! - `sink`, `excel_safe`, `xlsx`, `parquet` how rows are written; `file`, `folder` where; `about` what holds for all of them

mod about;
pub mod args;
pub mod columns;
mod excel_safe;
mod file;
mod folder;
#[cfg(feature = "parquet")]
mod parquet;
mod sink;
mod spool;
mod take;
#[cfg(feature = "xlsx")]
mod xlsx;

use std::io::Write as _;

use super::client::Service;
use super::exit::Failure;
use super::options::Reach;
use super::show::{Format, Look, Out, json as shown, wrap};
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table as Question;
use about::About;
use args::{ExportTable, FileFormat, Taking};
use columns::COLUMNS;
use file::Target;
use folder::Folder;
use sink::{Sink, Style};
use spool::Spool;
use take::{FIRST_PAUSE, Taken, take};

/// Examples for `equity export --help`.
pub const EXAMPLES: &str = "\
Examples:
  equity export channels --area QK1 --from 2020-04 --output channels.csv
  equity export channels --area QK1 --area-types place,sub_icb --from 2019-03 --to 2020-12 --step month --output channels.parquet
  equity export outcomes --area QK1 --from 2019-03 --to 2020-12 --step quarter --output outcomes.xlsx
  equity export columns";

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

/// Writes the answer to one question as CSV, with the columns of an export. `position`: the log position that is read at; none: now.
///
/// # Errors
/// The service cannot be reached or refuses the question, or the output takes nothing.
pub async fn lines(
    service: &Service,
    mut question: Question,
    position: Option<i64>,
    header: bool,
    out: &mut Out,
) -> Result<(), Failure> {
    if let (Some(query), Some(position)) = (question.query_mut(), position) {
        query.as_of = Some(v1::AsOf { at: Some(v1::as_of::At::Position(position)) });
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

/// Where an export goes.
enum Place {
    Output,
    File(Target),
    Folder(Folder),
}

impl Place {
    fn begin(taking: &Taking, format: FileFormat) -> std::io::Result<Self> {
        if taking.to_output() {
            return Ok(Self::Output);
        }
        if taking.partition_by.is_empty() {
            return Target::begin(&taking.output).map(Self::File);
        }
        let by = columns::named(&taking.partition_by);
        let file = format!("data.{}", format.name());
        Folder::begin(&taking.output, by, &file).map(Self::Folder)
    }

    /// Whether bytes go where they stay.
    fn is_direct(&self) -> bool {
        match self {
            Self::Output => true,
            Self::File(target) => target.is_direct(),
            Self::Folder(_) => false,
        }
    }
}

/// An export under way.
struct Export<'a> {
    service: &'a Service,
    request: v1::ExportBreakdownsRequest,
    taking: &'a Taking,
    style: Style,
}

impl Export<'_> {
    /// Takes the rows and writes them to their place.
    async fn write(self, place: Place, out: &mut Out) -> Result<Taken, Failure> {
        let look = out.look;
        let failed = |error: anyhow::Error| Failure::data(&self.taking.output, error);
        let needs_all = self.is_lean() || self.style.format == FileFormat::Xlsx;
        match place {
            Place::Output if !needs_all => {
                let sink = Sink::new(out.answers(), self.style.clone()).map_err(written)?;
                let (taken, to) = self.straight(sink, &look, written).await?;
                to.flush()?;
                Ok(taken)
            }
            Place::File(target) if !needs_all => {
                let sink = Sink::new(target, self.style.clone()).map_err(failed)?;
                let (taken, target) = self.straight(sink, &look, failed).await?;
                target.keep().map_err(|error| failed(error.into()))?;
                Ok(taken)
            }
            place @ (Place::Output | Place::File(_) | Place::Folder(_)) => {
                self.kept(place, out).await
            }
        }
    }

    /// Whether columns and sentences are left out. An Excel file whose columns are not named is for reading, so it is lean.
    fn is_lean(&self) -> bool {
        let Taking { lean, columns, .. } = self.taking;
        *lean || (self.style.format == FileFormat::Xlsx && columns.is_empty())
    }

    /// Writes each row as it comes.
    async fn straight<W: std::io::Write + Send>(
        &self,
        mut sink: Sink<W>,
        look: &Look,
        failed: impl Fn(anyhow::Error) -> Failure + Copy,
    ) -> Result<(Taken, W), Failure> {
        let write = |rows: &[v1::ExportRow]| sink.write(rows).map_err(failed);
        let taken = take(self.service, self.request.clone(), look, FIRST_PAUSE, write).await?;
        let about = match self.style.format {
            FileFormat::Csv | FileFormat::CsvGz => About::default(),
            FileFormat::Xlsx | FileFormat::Parquet => self.about(&self.style, &taken).await?,
        };
        let to = sink.finish(&about).map_err(failed)?;
        Ok((taken, to))
    }

    async fn about(&self, style: &Style, taken: &Taken) -> Result<About, Failure> {
        About::of(self.service, &self.request, style.columns.clone(), taken).await
    }

    /// Keeps all rows, then writes them.
    async fn kept(&self, place: Place, out: &mut Out) -> Result<Taken, Failure> {
        let failed = |error: anyhow::Error| Failure::data(&self.taking.output, error);
        let by = columns::named(&self.taking.partition_by);
        let direct = place.is_direct();
        let near = if direct { std::env::temp_dir().join("x") } else { self.taking.output.clone() };
        let mut spool = Spool::beside(&near, by.clone()).map_err(|error| failed(error.into()))?;
        let mut style = self.style.clone();
        let keep = |rows: &[v1::ExportRow]| {
            let kept = if self.is_lean() {
                spool.write(&rows.iter().map(lean).collect::<Vec<_>>())
            } else {
                spool.write(rows)
            };
            kept.map_err(|error| failed(error.into()))
        };
        let request = self.request.clone();
        let taken = take(self.service, request, &out.look, FIRST_PAUSE, keep).await?;
        if self.is_lean() && spool.count() > 0 {
            style.columns = spool.filled();
        }
        style.columns.retain(|column| by.iter().all(|other| other.name != column.name));
        let about = self.about(&style, &taken).await?;
        match place {
            Place::Output => {
                let to = spool.write_to(&[], out.answers(), style, &about).map_err(written)?;
                to.flush()?;
            }
            Place::File(target) => {
                let target = spool.write_to(&[], target, style, &about).map_err(failed)?;
                if !direct && self.style.format.is_csv() {
                    self.told_beside(&about).map_err(failed)?;
                }
                target.keep().map_err(|error| failed(error.into()))?;
            }
            Place::Folder(folder) => {
                let filled = || -> anyhow::Result<()> {
                    let parts = spool.parts();
                    Folder::check(parts.len())?;
                    for part in parts {
                        spool.write_to(&part, folder.file(&part)?, style.clone(), &about)?;
                    }
                    folder.write("_about.json", &about.file()?)?;
                    Ok(folder.keep()?)
                };
                filled().map_err(failed)?;
            }
        }
        Ok(taken)
    }

    /// Writes what holds for a whole CSV file to a file beside it. Other formats have a place for it.
    fn told_beside(&self, about: &About) -> anyhow::Result<()> {
        let output = &self.taking.output;
        let name = output.file_name().unwrap_or_default().to_string_lossy();
        let name = name.trim_end_matches(".gz").trim_end_matches(".csv");
        let mut target = Target::begin(&output.with_file_name(format!("{name}.about.json")))?;
        target.write_all(about.file()?.as_bytes())?;
        Ok(target.keep()?)
    }
}

/// The row without the sentences that rows repeat. The text of an assessment is no repetition.
fn lean(row: &v1::ExportRow) -> v1::ExportRow {
    if row.table == "ASSESSMENTS" {
        return row.clone();
    }
    let (provenance, statement, notes) = Default::default();
    v1::ExportRow { provenance, statement, notes, ..row.clone() }
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

/// The failure of standard output. A reader that ended early is told apart from other errors.
fn written(error: anyhow::Error) -> Failure {
    match error.downcast::<csv::Error>().map(csv::Error::into_kind) {
        Ok(csv::ErrorKind::Io(error)) => Failure::Output(error),
        Ok(kind) => Failure::Other(anyhow::anyhow!("{kind:?}")),
        Err(error) => error.downcast().map_or_else(Failure::Other, Failure::Output),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_has_gone_away_is_no_failure_whenever_it_goes() {
        let gone = || std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert!(written(gone().into()).silent());
        assert!(written(csv::Error::from(gone()).into()).silent());
        assert!(!written(anyhow::anyhow!("a row has 5 keys")).silent());
    }

    #[test]
    fn a_lean_row_keeps_its_figures_and_the_words_of_an_assessment() {
        let row = |table: &str| v1::ExportRow {
            table: table.into(),
            provenance: "NHS England".into(),
            statement: "Telephone first.".into(),
            notes: vec!["A note.".into()],
            value: Some(0.5),
            ..Default::default()
        };
        let channels = lean(&row("CHANNELS"));
        assert_eq!((channels.value, channels.provenance.as_str()), (Some(0.5), ""));
        assert!(channels.statement.is_empty() && channels.notes.is_empty());
        assert_eq!(lean(&row("ASSESSMENTS")), row("ASSESSMENTS"));
    }
}

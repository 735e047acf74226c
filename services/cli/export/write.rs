//! An export under way: each row written as it comes, or all rows kept first where a file needs to know all of them.

use std::io::Write as _;

use super::about::About;
use super::args::{FileFormat, Taking};
use super::columns;
use super::file::Target;
use super::folder::Folder;
use super::place::Place;
use super::sink::{Sink, Style};
use super::spool::Spool;
use super::take::{FIRST_PAUSE, Taken, take};
use crate::cli::client::Service;
use crate::cli::exit::Failure;
use crate::cli::show::{Look, Out};
use crate::proto::v1;

/// An export under way.
pub(super) struct Export<'a> {
    pub(super) service: &'a Service,
    pub(super) request: v1::ExportBreakdownsRequest,
    pub(super) taking: &'a Taking,
    pub(super) style: Style,
}

impl Export<'_> {
    /// Takes the rows and writes them to their place.
    pub(super) async fn write(self, place: Place, out: &mut Out) -> Result<Taken, Failure> {
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

/// The failure of standard output. A reader that ended early is told apart from other errors.
pub(super) fn written(error: anyhow::Error) -> Failure {
    match error.downcast::<csv::Error>().map(csv::Error::into_kind) {
        Ok(csv::ErrorKind::Io(error)) => Failure::Output(error),
        Ok(kind) => Failure::Other(anyhow::anyhow!("{kind:?}")),
        Err(error) => error.downcast().map_or_else(Failure::Other, Failure::Output),
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

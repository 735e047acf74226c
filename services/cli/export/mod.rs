//! `equity export`: a table of every area and period into one file.
//!
//! - `args` the options, [`columns`] the columns of the file
//! - `take` the stream, continued if it breaks
//! - `sink`, `parquet`, `file` where rows go

pub mod args;
pub mod columns;
mod file;
#[cfg(feature = "parquet")]
mod parquet;
mod sink;
mod take;

use std::path::Path;

use serde_json::json;

use super::client::{Service, pages};
use super::exit::Failure;
use super::format_arg::FormatArg;
use super::show::{Format, Look, Out, json as shown};
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table as Question;
use args::{ExportTable, FileFormat, Taking};
use columns::COLUMNS;
use file::Target;
use sink::Sink;
use take::{FIRST_PAUSE, Taken, take};

/// Examples for `equity export --help`.
pub const EXAMPLES: &str = "\
Examples:
  equity export channels --area QK1 --from 2020-04 --output channels.csv
  equity export channels --area QK1 --area-types place,sub_icb --from 2019-03 --to 2020-12 --step month --output channels.parquet
  equity export columns";

/// Asks, and writes the rows to the file. `format` is the value of `--format`.
///
/// # Errors
/// The service cannot be reached or refuses, or the file cannot be written; then no file is left.
pub async fn run(
    table: ExportTable,
    format: Option<FormatArg>,
    address: &str,
    out: &mut Out,
) -> Result<(), Failure> {
    let Some((request, taking)) = table.request()? else {
        format.map(FormatArg::answer).transpose()?;
        return columns(out);
    };
    let format = taking.format(format)?;
    if cfg!(not(feature = "parquet")) && format == FileFormat::Parquet {
        return Err(Failure::Usage(args::NO_PARQUET.into()));
    }
    let to_output = taking.output == Path::new("-");
    if to_output && format == FileFormat::Parquet {
        let what = "Parquet needs a file, not standard output: use --output FILE.parquet";
        return Err(Failure::Usage(what.into()));
    }
    let service = Service::connect(address).await?;
    if to_output {
        return told(&printed(&service, request, true, out).await?, taking, out);
    }
    let target = Target::begin(&taking.output);
    let target = target.map_err(|error| Failure::data(&taking.output, error))?;
    let direct = target.is_direct();
    if direct && format == FileFormat::Parquet {
        let what =
            "Parquet needs a file, and --output is a pipe or device: use --output FILE.parquet";
        return Err(Failure::Usage(what.into()));
    }
    let taken = tokio::select! {
        taken = Box::pin(file(&service, request, taking, format, target, &out.look)) => taken?,
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
    printed(service, request, header, out).await.map(drop)
}

/// Takes an export as CSV to standard output.
async fn printed(
    service: &Service,
    request: v1::ExportBreakdownsRequest,
    header: bool,
    out: &mut Out,
) -> Result<Taken, Failure> {
    let look = out.look;
    let mut sink = Sink::csv(out.answers(), header);
    let write = |rows: &[v1::ExportRow]| sink.write(rows).map_err(written);
    let taken = take(service, request, &look, FIRST_PAUSE, write).await?;
    sink.finish(Vec::new()).map_err(written)?.flush()?;
    Ok(taken)
}

/// Takes an export into a file.
async fn file(
    service: &Service,
    request: v1::ExportBreakdownsRequest,
    taking: &Taking,
    format: FileFormat,
    target: Target,
    look: &Look,
) -> Result<Taken, Failure> {
    let failed = |error: anyhow::Error| Failure::data(&taking.output, error);
    let sink = match format {
        FileFormat::Csv => Ok(Sink::csv(target, true)),
        #[cfg(feature = "parquet")]
        FileFormat::Parquet => Sink::parquet(target),
        #[cfg(not(feature = "parquet"))]
        FileFormat::Parquet => Err(anyhow::anyhow!(args::NO_PARQUET)),
    };
    let mut sink = sink.map_err(failed)?;
    let asked = shown::of("equity.v1.ExportBreakdownsRequest", &request)?;
    let write = |rows: &[v1::ExportRow]| sink.write(rows).map_err(failed);
    let taken = take(service, request, look, FIRST_PAUSE, write).await?;
    let metadata = match format {
        FileFormat::Csv => Vec::new(),
        FileFormat::Parquet => metadata(service, &taken, &asked).await?,
    };
    let target = sink.finish(metadata).map_err(failed)?;
    target.keep().map_err(|error| failed(error.into()))?;
    Ok(taken)
}

/// Lists the columns of the file.
fn columns(out: &mut Out) -> Result<(), Failure> {
    let text = match out.format {
        Format::Table => columns::sheet().table(&out.look),
        Format::Csv => columns::sheet().csv(),
        Format::Json => shown::text(&column_words(), false),
    };
    Ok(out.answer(&text)?)
}

fn column_words() -> serde_json::Value {
    let column = |column: &columns::FileColumn| json!({"name": column.name, "type": column.kind_name(), "about": column.about});
    COLUMNS.iter().map(column).collect()
}

/// The metadata of a Parquet file: question, log position, meaning of columns and indicators, provenance, and sentences that must
/// appear with the figures.
async fn metadata(
    service: &Service,
    taken: &Taken,
    asked: &serde_json::Value,
) -> Result<Vec<(String, String)>, Failure> {
    let request = v1::ListIndicatorsRequest::default();
    let all = usize::MAX;
    let indicators = pages!(service, reference, list_indicators, request, indicators, all);
    let used = indicators.iter().filter(|one| taken.indicators.contains(&one.id));
    let definitions =
        used.map(|one| shown::of("equity.v1.Indicator", one)).collect::<Result<Vec<_>, _>>()?;
    let pairs = [
        ("equity.request", asked.to_string()),
        ("equity.position", taken.position.to_string()),
        ("equity.columns", column_words().to_string()),
        ("equity.indicators", serde_json::Value::from(definitions).to_string()),
        ("equity.provenance", json!(taken.provenances).to_string()),
        ("equity.statements", json!(taken.statements).to_string()),
    ];
    Ok(pairs.map(|(key, value)| (key.to_owned(), value)).into())
}

/// The failure of standard output. A reader that ended early is told apart from other errors.
fn written(error: anyhow::Error) -> Failure {
    match error.downcast::<csv::Error>().map(csv::Error::into_kind) {
        Ok(csv::ErrorKind::Io(error)) => Failure::Output(error),
        Ok(kind) => Failure::Other(anyhow::anyhow!("{kind:?}")),
        Err(error) => error.downcast().map_or_else(Failure::Other, Failure::Output),
    }
}

fn told(taken: &Taken, taking: &Taking, out: &mut Out) -> Result<(), Failure> {
    let Taken { rows, tables, position, .. } = taken;
    let place = taking.output.display();
    let to = if taking.output == Path::new("-") { String::new() } else { format!(" in {place}") };
    Ok(out.remark(&format!("rows {rows}, tables {tables}, read at position {position}{to}"))?)
}

/// Rows as CSV and Parquet, for the test that compares all outputs.
#[cfg(test)]
pub(crate) mod doors_tests {
    use super::sink::Sink;
    use crate::proto::v1::ExportRow;

    pub(crate) fn csv(rows: &[ExportRow]) -> Vec<u8> {
        let mut sink = Sink::csv(Vec::new(), true);
        sink.write(rows).unwrap();
        sink.finish(Vec::new()).unwrap()
    }

    #[cfg(feature = "parquet")]
    pub(crate) fn parquet(rows: &[ExportRow]) -> Vec<u8> {
        let mut sink = Sink::parquet(Vec::new()).unwrap();
        sink.write(rows).unwrap();
        sink.finish(Vec::new()).unwrap()
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
}

//! An answer of the contract, shown as it was asked for: once, or again whenever it changes.

use prost::Message;
use tonic::{Response, Status, Streaming};

use super::client::{Service, pages};
use super::exit::Failure;
use super::show::indicators::Indicators;
use super::show::sheet::Sheet;
use super::show::{Format, Look, Out, json};
use crate::proto::v1::{Indicator, ListDimensionsRequest, ListIndicatorsRequest};

/// A response that holds a table.
pub trait Answer: Message {
    /// Full name of the message in the contract.
    const NAME: &'static str;

    /// For people.
    fn table(&self, words: &Indicators, look: &Look) -> String;

    /// The chart below the table; empty where there is nothing to draw.
    fn chart(&self, words: &Indicators, look: &Look) -> String;

    /// For spreadsheets.
    fn sheet(&self, words: &Indicators) -> Sheet;
}

/// How an answer is shown besides its format.
#[derive(Debug, Clone, Default)]
pub struct How {
    /// Whether the chart is wanted.
    pub chart: bool,
    /// Words for indicators.
    pub words: Indicators,
}

impl How {
    /// With the words of the service's indicators, where the format needs them.
    ///
    /// # Errors
    /// The service cannot be reached or says no.
    pub async fn ask(service: &Service, chart: bool, out: &Out) -> Result<Self, Failure> {
        let words =
            if out.format == Format::Json { Indicators::default() } else { words(service).await? };
        Ok(Self { chart, words })
    }
}

/// The service's indicators with a tag; empty: all.
///
/// # Errors
/// The service cannot be reached or says no.
pub async fn indicators(service: &Service, tag: &str) -> Result<Vec<Indicator>, Failure> {
    let request = ListIndicatorsRequest { tag: tag.to_owned(), ..Default::default() };
    Ok(pages!(service, reference, list_indicators, request, indicators, usize::MAX))
}

/// Words for all indicators and dimensions of the service.
///
/// # Errors
/// The service cannot be reached or says no.
pub async fn words(service: &Service) -> Result<Indicators, Failure> {
    let all = indicators(service, "").await?;
    let request = ListDimensionsRequest::default();
    let dimensions = pages!(service, reference, list_dimensions, request, dimensions, usize::MAX);
    Ok(Indicators { all, dimensions })
}

/// Which one of a stream of answers it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// There is no stream.
    Only,
    /// The first: JSON stands on one line.
    First,
    /// A later one: CSV without its header.
    Later,
}

/// Shows an answer.
///
/// # Errors
/// The answer cannot be written.
pub fn show<A: Answer>(answer: &A, turn: Turn, how: &How, out: &mut Out) -> Result<(), Failure> {
    let text = match out.format {
        Format::Table => {
            let mut text = answer.table(&how.words, &out.look);
            let chart = if how.chart { answer.chart(&how.words, &out.look) } else { String::new() };
            if !chart.is_empty() {
                text = format!("{text}\n\n{chart}");
            }
            text
        }
        Format::Json => json::text(&json::of(A::NAME, answer)?, turn != Turn::Only),
        Format::Csv => {
            let text = answer.sheet(&how.words).csv();
            match text.split_once("\r\n") {
                Some((_, "")) if turn == Turn::Later => return Ok(()),
                Some((_, lines)) if turn == Turn::Later => lines.to_owned(),
                _ => text,
            }
        }
    };
    Ok(out.answer(&text)?)
}

/// Shows what was answered to one question.
///
/// # Errors
/// The service said no, or the answer cannot be written.
pub fn once<A: Answer>(
    answer: Result<Response<A>, Status>,
    service: &Service,
    how: &How,
    out: &mut Out,
) -> Result<(), Failure> {
    let answer = answer.map_err(|status| service.failure(status))?.into_inner();
    show(&answer, Turn::Only, how, out)
}

/// Shows a table as often as it changes, until the service stops or Ctrl-C. `answer` makes a message of the stream the answer to
/// a question.
///
/// # Errors
/// The service said no or was lost, or an answer cannot be written.
pub async fn follow<W, A: Answer>(
    stream: Result<Response<Streaming<W>>, Status>,
    answer: impl Fn(W) -> A,
    service: &Service,
    how: &How,
    out: &mut Out,
) -> Result<(), Failure> {
    let mut stream = stream.map_err(|status| service.failure(status))?.into_inner();
    let mut turn = Turn::First;
    loop {
        let next = tokio::select! {
            next = stream.message() => next.map_err(|status| service.failure(status))?,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        };
        let Some(next) = next else { return Ok(()) };
        show(&answer(next), turn, how, out)?;
        turn = Turn::Later;
    }
}

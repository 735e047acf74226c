//! `equity breakdown`: asks who is seen how.

use clap::{Args, Subcommand};

use super::client::{Service, ask};
use super::exit::Failure;
use super::query::{DenominatorArg, MeasureArg, QueryArgs};
use super::show::{Format, Out, channels, channels_sheet, chart, json, outcomes, outcomes_sheet};
use crate::proto::v1::{
    ChannelBreakdown, Denominator, GetAccessOutcomesRequest, GetAccessOutcomesResponse,
    GetChannelBreakdownRequest, GetChannelBreakdownResponse, Measure, WatchChannelBreakdownRequest,
};

/// Examples for `equity breakdown --help`.
pub const EXAMPLES: &str = "\
Examples:
  equity breakdown channels --area QK1 --from 2020-04
  equity breakdown channels --area QK1 --from 2019-03 --to 2020-12 --by month --chart
  equity breakdown channels --area QK1 --from 2020-04 --by ethnic_category --where age_band=75+ --collection synthetic-llr
  equity breakdown outcomes --organisation 04C,03W --from 2020-Q2 --format csv";

const CHANNELS: &str = "\
Examples:
  equity breakdown channels --area QK1 --from 2020-04
      how people in Leicester, Leicestershire and Rutland were seen in April 2020
  equity breakdown channels --area QK1 --from 2019/20 --to 2020/21 --by financial_year --rates
      per 1,000 registered people a month, year by year
  equity breakdown channels --area QK1 --from 2020-04 --by sex,age_band --where imd2019_quintile=1 --format csv
      a crossing, for a spreadsheet
  equity breakdown channels --area QK1 --from 2020-04 --watch
      the table again whenever a submission changes it, until Ctrl-C

JSON is GetChannelBreakdownResponse of the contract. CSV has a line for each channel of each row; the total has the state
TOTAL and no code; a figure that is absent is an empty cell with its reason in `absence_reason`.";

const OUTCOMES: &str = "\
Examples:
  equity breakdown outcomes --area QK1 --from 2020-04
      did-not-attend rate and days from booking to appointment, by channel
  equity breakdown outcomes --organisation 04C --from 2019-03 --to 2020-12 --by month --late-as-missed --format csv

JSON is GetAccessOutcomesResponse of the contract. CSV has a line for each channel of each row.";

/// The tables.
#[derive(Debug, Subcommand)]
pub enum Table {
    /// How consultations reached people: face to face, by telephone, by video, online.
    #[command(after_help = CHANNELS)]
    Channels(Box<ChannelsArgs>),
    /// Missed appointments and days from booking to appointment.
    #[command(after_help = OUTCOMES)]
    Outcomes(Box<OutcomesArgs>),
}

/// `equity breakdown channels`.
#[derive(Debug, Args)]
pub struct ChannelsArgs {
    /// What is asked about.
    #[command(flatten)]
    pub query: QueryArgs,
    /// What is counted.
    #[arg(long, value_enum, default_value = "contacts")]
    pub measure: MeasureArg,
    /// What shares are shares of.
    #[arg(long, value_enum, default_value = "known")]
    pub denominator: DenominatorArg,
    /// Rates per 1,000 of the matching population a month as well. Not with `--measure persons`.
    #[arg(long)]
    pub rates: bool,
    /// Collection of the population of the rates. Left out: the one that the collection names.
    #[arg(long, value_name = "ID", requires = "rates")]
    pub population_collection: Option<String>,
    /// Show the table again whenever it changes, until Ctrl-C. JSON then has one line for each table.
    #[arg(long, conflicts_with = "as_of")]
    pub watch: bool,
    /// A bar chart below the table.
    #[arg(long)]
    pub chart: bool,
}

/// `equity breakdown outcomes`.
#[derive(Debug, Args)]
pub struct OutcomesArgs {
    /// What is asked about.
    #[command(flatten)]
    pub query: QueryArgs,
    /// Count people who arrived too late to be seen as not attending.
    #[arg(long)]
    pub late_as_missed: bool,
}

impl ChannelsArgs {
    /// The request of the contract.
    pub fn request(&self) -> GetChannelBreakdownRequest {
        GetChannelBreakdownRequest {
            query: Some(self.query.query()),
            measure: Measure::from(self.measure).into(),
            denominator: Denominator::from(self.denominator).into(),
            include_rates: self.rates,
            population_collection: self.population_collection.clone().unwrap_or_default(),
        }
    }
}

/// Asks, and shows the answer.
///
/// # Errors
/// The service cannot be reached or says no.
pub async fn run(table: Table, address: &str, out: &mut Out) -> Result<(), Failure> {
    let service = Service::connect(address).await?;
    match table {
        Table::Channels(args) if args.watch => Box::pin(watch(&args, &service, out)).await,
        Table::Channels(args) => {
            let answer = service.channels().get_channel_breakdown(ask(args.request())).await;
            let answer = answer.map_err(|status| service.failure(status))?.into_inner();
            show_channels(&answer, args.chart, false, out)
        }
        Table::Outcomes(args) => {
            let request = GetAccessOutcomesRequest {
                query: Some(args.query.query()),
                late_counts_as_missed: args.late_as_missed,
            };
            let answer = service.channels().get_access_outcomes(ask(request)).await;
            let answer = answer.map_err(|status| service.failure(status))?.into_inner();
            show_outcomes(&answer, out)
        }
    }
}

/// Shows the table as often as it changes, until the service stops or Ctrl-C.
async fn watch(args: &ChannelsArgs, service: &Service, out: &mut Out) -> Result<(), Failure> {
    let request = WatchChannelBreakdownRequest { request: Some(args.request()), after_position: 0 };
    let stream = service.channels().watch_channel_breakdown(request).await;
    let mut stream = stream.map_err(|status| service.failure(status))?.into_inner();
    let mut first = true;
    loop {
        let next = tokio::select! {
            next = stream.message() => next.map_err(|status| service.failure(status))?,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        };
        let Some(next) = next else { return Ok(()) };
        let answer =
            GetChannelBreakdownResponse { breakdown: next.breakdown, position: next.position };
        if out.format == Format::Csv && !first {
            let text = channels_sheet::sheet(&breakdown(&answer), answer.position).csv();
            let lines = text.split_once("\r\n").map_or("", |(_, lines)| lines);
            if !lines.is_empty() {
                out.answer(lines)?;
            }
        } else {
            show_channels(&answer, args.chart, true, out)?;
        }
        first = false;
    }
}

fn breakdown(answer: &GetChannelBreakdownResponse) -> ChannelBreakdown {
    answer.breakdown.clone().unwrap_or_default()
}

/// Shows a table of channels; `one_line`: JSON without line breaks, for a stream of tables.
///
/// # Errors
/// The answer cannot be written.
pub fn show_channels(
    answer: &GetChannelBreakdownResponse,
    chart: bool,
    one_line: bool,
    out: &mut Out,
) -> Result<(), Failure> {
    let breakdown = breakdown(answer);
    let text = match out.format {
        Format::Table => {
            let mut text = channels::table(&breakdown, answer.position, &out.look);
            if chart {
                text = format!("{text}\n\n{}", chart::bars(&breakdown, &out.look));
            }
            text
        }
        Format::Json => {
            json::text(&json::of("equity.v1.GetChannelBreakdownResponse", answer)?, one_line)
        }
        Format::Csv => channels_sheet::sheet(&breakdown, answer.position).csv(),
    };
    Ok(out.answer(&text)?)
}

fn show_outcomes(answer: &GetAccessOutcomesResponse, out: &mut Out) -> Result<(), Failure> {
    let table = answer.outcomes.clone().unwrap_or_default();
    let text = match out.format {
        Format::Table => outcomes::table(&table, answer.position, &out.look),
        Format::Json => {
            json::text(&json::of("equity.v1.GetAccessOutcomesResponse", answer)?, false)
        }
        Format::Csv => outcomes_sheet::sheet(&table, answer.position).csv(),
    };
    Ok(out.answer(&text)?)
}

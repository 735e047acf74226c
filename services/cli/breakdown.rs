//! `equity breakdown`: asks who is seen how, and, with [`super::exclusion`], who is digitally excluded.

use clap::{Args, Subcommand};

use super::answer::{Answer, How, follow, once};
use super::client::{Service, ask};
use super::exclusion::{self, ExclusionArgs, ImpactArgs, ProvisionArgs, RiskArgs};
use super::exit::Failure;
use super::query::{DenominatorArg, MeasureArg, QueryArgs};
use super::show::indicators::Indicators;
use super::show::sheet::Sheet;
use super::show::{Look, Out, channels, channels_sheet, chart, outcomes, outcomes_sheet};
use crate::proto::v1::{
    Denominator, GetAccessOutcomesRequest, GetAccessOutcomesResponse, GetChannelBreakdownRequest,
    GetChannelBreakdownResponse, Measure, WatchChannelBreakdownRequest,
};

/// Examples for `equity breakdown --help`.
pub const EXAMPLES: &str = "\
Examples:
  equity breakdown channels --area QK1 --from 2020-04
  equity breakdown channels --area QK1 --from 2019-03 --to 2020-12 --by month --chart
  equity breakdown channels --area QK1 --from 2020-04 --by ethnic_category --where age_band=75+ --collection synthetic-llr
  equity breakdown outcomes --organisation 04C,03W --from 2020-Q2 --format csv
  equity breakdown exclusion --area QK1 --from 2020-06 --by age_band,sex --collection synthetic-llr
  equity breakdown provision --area QK1 --from 2020-06 --collection synthetic-llr --chart
  equity breakdown impact --area QK1 --from 2020-04 --chart
  equity breakdown risk --area QK1 --by ethnic_group_broad --high-risk-top 0.2 --chart";

const CHANNELS: &str = "\
Examples:
  equity breakdown channels --area QK1 --from 2020-04
      how people in Leicester, Leicestershire and Rutland were seen in April 2020
  equity breakdown channels --area QK1 --from 2020-08 --to 2020-12 --by month --rates
      per 1,000 registered people a month
  equity breakdown channels --area QK1 --collection synthetic-llr --from 2020-04 --by sex,age_band --format csv
      a crossing, for a spreadsheet
  equity breakdown channels --area QK1 --collection synthetic-llr --from 2020-04 --where imd2025_quintile=imd_2025:q1
      people of the most deprived fifth of small areas
  equity breakdown channels --area QK1 --from 2020-04 --watch
      the table again whenever a submission changes it, until Ctrl-C

JSON is GetChannelBreakdownResponse of the contract. CSV has a line for each channel of each row; the total has the state \
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
    /// Who is digitally excluded, and why; beside it what others published.
    #[command(after_help = exclusion::EXCLUSION)]
    Exclusion(Box<ExclusionArgs>),
    /// Whether face to face is there for those who cannot use remote care, need an interpreter or accessible information.
    #[command(after_help = exclusion::PROVISION)]
    Provision(Box<ProvisionArgs>),
    /// What channels do to access: remote against in person, within each group of people.
    #[command(after_help = exclusion::IMPACT)]
    Impact(Box<ImpactArgs>),
    /// How a score of small areas falls on the people who live there.
    #[command(after_help = exclusion::RISK)]
    Risk(Box<RiskArgs>),
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

impl Answer for GetChannelBreakdownResponse {
    const NAME: &'static str = "equity.v1.GetChannelBreakdownResponse";

    fn table(&self, _: &Indicators, look: &Look) -> String {
        let breakdown = self.breakdown.clone().unwrap_or_default();
        channels::table(&breakdown, self.position, look)
    }

    fn chart(&self, _: &Indicators, look: &Look) -> String {
        chart::bars(&self.breakdown.clone().unwrap_or_default(), look)
    }

    fn sheet(&self, _: &Indicators) -> Sheet {
        channels_sheet::sheet(&self.breakdown.clone().unwrap_or_default(), self.position)
    }
}

impl Answer for GetAccessOutcomesResponse {
    const NAME: &'static str = "equity.v1.GetAccessOutcomesResponse";

    fn table(&self, _: &Indicators, look: &Look) -> String {
        outcomes::table(&self.outcomes.clone().unwrap_or_default(), self.position, look)
    }

    fn chart(&self, _: &Indicators, _: &Look) -> String {
        String::new()
    }

    fn sheet(&self, _: &Indicators) -> Sheet {
        outcomes_sheet::sheet(&self.outcomes.clone().unwrap_or_default(), self.position)
    }
}

/// Asks, and shows the answer.
///
/// # Errors
/// The service cannot be reached or says no.
pub async fn run(table: Table, address: &str, out: &mut Out) -> Result<(), Failure> {
    let service = &Service::connect(address).await?;
    let mut channels = service.channels();
    match table {
        Table::Channels(args) => {
            let how = How { chart: args.chart, ..How::default() };
            if args.watch {
                let request = WatchChannelBreakdownRequest {
                    request: Some(args.request()),
                    after_position: 0,
                };
                let stream = channels.watch_channel_breakdown(request).await;
                let answer = |next: crate::proto::v1::WatchChannelBreakdownResponse| {
                    GetChannelBreakdownResponse {
                        breakdown: next.breakdown,
                        position: next.position,
                    }
                };
                return Box::pin(follow(stream, answer, service, &how, out)).await;
            }
            let answer = channels.get_channel_breakdown(ask(args.request())).await;
            once(answer, service, &how, out)
        }
        Table::Outcomes(args) => {
            let request = GetAccessOutcomesRequest {
                query: Some(args.query.query()),
                late_counts_as_missed: args.late_as_missed,
            };
            let answer = channels.get_access_outcomes(ask(request)).await;
            once(answer, service, &How::default(), out)
        }
        Table::Exclusion(args) => Box::pin(exclusion::breakdown(&args, service, out)).await,
        Table::Provision(args) => Box::pin(exclusion::provision(&args, service, out)).await,
        Table::Impact(args) => Box::pin(exclusion::impact(&args, service, out)).await,
        Table::Risk(args) => Box::pin(exclusion::risk(&args, service, out)).await,
    }
}

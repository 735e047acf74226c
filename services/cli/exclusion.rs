//! `equity breakdown exclusion|provision|impact|risk`: who is digitally excluded, where and why, and whether the mitigation works.

use clap::Args;

use super::answer::{Answer, How, follow, once};
use super::client::{Service, ask};
use super::exit::Failure;
use super::query::{AsOfArg, QueryArgs};
use super::show::indicators::Indicators;
use super::show::sheet::Sheet;
use super::show::{
    Look, Out, exclusion, exclusion_sheet, impact, impact_sheet, provision, provision_sheet, risk,
    risk_sheet,
};
use crate::proto::v1::get_area_risk_request::HighRisk;
use crate::proto::v1::{
    GetAreaRiskRequest, GetAreaRiskResponse, GetChannelImpactRequest, GetChannelImpactResponse,
    GetDigitalExclusionBreakdownRequest, GetDigitalExclusionBreakdownResponse,
    GetFaceToFaceProvisionRequest, GetFaceToFaceProvisionResponse, WatchChannelImpactRequest,
    WatchChannelImpactResponse, WatchDigitalExclusionBreakdownRequest,
    WatchDigitalExclusionBreakdownResponse, WatchFaceToFaceProvisionRequest,
    WatchFaceToFaceProvisionResponse,
};

/// Examples for `equity breakdown exclusion --help`.
pub const EXCLUSION: &str = "\
Examples:
  equity breakdown exclusion --area QK1 --from 2020-06 --collection synthetic-llr
      every indicator that access records give, the reasons, and beside them what others published
  equity breakdown exclusion --area QK1 --from 2020-06 --by age_band,sex --indicator DX-21 --collection synthetic-llr --chart
      people who cannot use remote care, or only with help, by age and sex
  equity breakdown exclusion --area QK1 --from 2020-12 --by age_band,sex --estimates ons-internet-users
      what the Office for National Statistics published by age and sex, whether or not anybody submitted access records
  equity breakdown exclusion --area QK1 --from 2020-06 --by ethnic_category --estimates none --format csv
      counts alone, for a spreadsheet

A period of several months answers from each organisation's last snapshot in it. Counts and published estimates are of other
people and other questions: they stand apart and are never merged. JSON is GetDigitalExclusionBreakdownResponse of the contract.
CSV has a line for each figure: its kind is COUNTED, REASON or PUBLISHED.";

/// Examples for `equity breakdown provision --help`.
pub const PROVISION: &str = "\
Examples:
  equity breakdown provision --area QK1 --from 2020-01 --to 2020-06 --collection synthetic-llr --chart
      people who cannot use remote care, need an interpreter or accessible information, those known to have no such need, and
      those of whom it is not known
  equity breakdown provision --area QK1 --from 2020-06 --by ethnic_category --collection synthetic-llr --request-met-days 7
  equity breakdown provision --organisation C82001 --from 2026-04 --collection practice-feed --format csv

What people need is what their consultation says, or else their latest access snapshot at or before its month; whom nobody asked
is neither with a need nor without. JSON is GetFaceToFaceProvisionResponse of the contract. CSV has a line for each indicator of each group of each row.";

/// Examples for `equity breakdown impact --help`.
pub const IMPACT: &str = "\
Examples:
  equity breakdown impact --area QK1 --from 2020-04 --chart
      did not attend, waits, and whether another consultation in person followed: remote against in person
  equity breakdown impact --area QK1 --from 2020-01 --to 2020-06 --by age_band --collection synthetic-llr --chart
  equity breakdown impact --organisation 04C --from 2020-04 --late-counts-as-missed --format csv

Each difference is made within its row, so that a channel's effect is not taken for who uses it. JSON is GetChannelImpactResponse
of the contract. CSV has a line for each figure, and one for each assessment that a provider recorded.";

/// Examples for `equity breakdown risk --help`.
pub const RISK: &str = "\
Examples:
  equity breakdown risk --area QK1 --by ethnic_group_broad --chart
      how the Digital Exclusion Risk Index falls on ethnic groups, by where they live
  equity breakdown risk --area E06000016 --by imd2019_quintile --high-risk 4
      high risk from a score of 4
  equity breakdown risk --area QK1 --by disability --high-risk-top 0.2 --format csv
      high risk: the most exposed fifth

These figures are about areas, not about people (ECOLOGICAL), and say so wherever they stand. JSON is GetAreaRiskResponse of the
contract. CSV has a line for each figure.";

/// What is asked about digital exclusion besides the query, here and for an export.
#[derive(Debug, Args)]
pub struct ExclusionAsked {
    /// Indicator. Several: repeat it, or separate them with commas. Left out: all that access records give. See `equity reference
    /// indicators`.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub indicator: Vec<String>,
    /// Collection of published estimates to look in, several as --indicator; `none`: none are wanted. Left out: all.
    #[arg(long, value_name = "ID|none", value_delimiter = ',')]
    pub estimates: Vec<String>,
}

/// `equity breakdown exclusion`.
#[derive(Debug, Args)]
pub struct ExclusionArgs {
    /// What is asked about.
    #[command(flatten)]
    pub query: QueryArgs,
    /// What is asked besides.
    #[command(flatten)]
    pub asked: ExclusionAsked,
    /// Show the table again whenever it changes, until Ctrl-C. JSON then has one line for each table.
    #[arg(long, conflicts_with = "as_of")]
    pub watch: bool,
    /// A bar chart of one indicator below the table: the one asked for, or DX-21.
    #[arg(long)]
    pub chart: bool,
}

/// What is asked about provision besides the query, here and for an export.
#[derive(Debug, Args)]
pub struct ProvisionAsked {
    /// Collection of the access snapshots that tell what consultations do not, of the same data class. Left out: the one that the
    /// collection names.
    #[arg(long, value_name = "ID")]
    pub access_collection: Option<String>,
    /// Days from booking within which a request for face to face counts as met, 1 to 3650. Left out: 14.
    #[arg(long, value_name = "DAYS")]
    pub request_met_days: Option<i32>,
}

/// `equity breakdown provision`.
#[derive(Debug, Args)]
pub struct ProvisionArgs {
    /// What is asked about.
    #[command(flatten)]
    pub query: QueryArgs,
    /// What is asked besides.
    #[command(flatten)]
    pub asked: ProvisionAsked,
    /// Show the table again whenever it changes, until Ctrl-C. JSON then has one line for each table.
    #[arg(long, conflicts_with = "as_of")]
    pub watch: bool,
    /// A bar chart below the table: people with a need, without, and not known.
    #[arg(long)]
    pub chart: bool,
}

/// `equity breakdown impact`.
#[derive(Debug, Args)]
pub struct ImpactArgs {
    /// What is asked about.
    #[command(flatten)]
    pub query: QueryArgs,
    /// Count people who arrived too late to be seen as not attending.
    #[arg(long, visible_alias = "late-as-missed")]
    pub late_counts_as_missed: bool,
    /// Show the table again whenever it changes, until Ctrl-C. JSON then has one line for each table.
    #[arg(long, conflicts_with = "as_of")]
    pub watch: bool,
    /// A chart of the differences around zero below the table.
    #[arg(long)]
    pub chart: bool,
}

/// What is asked about risk, here and for an export.
#[derive(Debug, Args)]
pub struct RiskAsked {
    /// Area whose residents are asked about: code of a system, place, district or sub-ICB location. See `equity reference areas`.
    #[arg(long, value_name = "CODE")]
    pub area: String,
    /// Dimension to break down by: a characteristic of which there is a population by small area, deprivation, or residence. Left
    /// out: the total only.
    #[arg(long, value_name = "DIM")]
    pub by: Option<String>,
    /// Indicator of the score. Left out: DX-10, the Digital Exclusion Risk Index.
    #[arg(long, value_name = "ID")]
    pub indicator: Option<String>,
    /// Collection of the score. Left out: the only one that has the indicator.
    #[arg(long, value_name = "ID")]
    pub score_collection: Option<String>,
    /// Collection of the population. Left out: the one that has the dimension by small area.
    #[arg(long, value_name = "ID")]
    pub population_collection: Option<String>,
    /// Score from which an area is of high risk. Left out: 5.
    #[arg(long, value_name = "SCORE", conflicts_with = "high_risk_top")]
    pub high_risk: Option<f64>,
    /// Instead of a score: the areas with the highest scores that hold at least this share of the people, over 0 and under 1.
    #[arg(long, value_name = "SHARE")]
    pub high_risk_top: Option<f64>,
    /// State of the data: a log position (`71`), a time (`2026-11-21T09:00:00Z`) or `release:NAME`. Left out: now.
    #[arg(long, value_name = "POSITION|TIME")]
    pub as_of: Option<AsOfArg>,
}

/// `equity breakdown risk`.
#[derive(Debug, Args)]
pub struct RiskArgs {
    /// What is asked about.
    #[command(flatten)]
    pub asked: RiskAsked,
    /// A bar chart of the mean score below the table.
    #[arg(long)]
    pub chart: bool,
}

impl ExclusionAsked {
    /// The request of the contract.
    ///
    /// # Errors
    /// `none` beside a collection of estimates.
    pub fn request(
        &self,
        query: &QueryArgs,
    ) -> Result<GetDigitalExclusionBreakdownRequest, Failure> {
        let none = self.estimates.iter().any(|id| id == "none");
        if none && self.estimates.len() > 1 {
            let why = "--estimates: `none` stands alone; name collections, or none";
            return Err(Failure::Usage(why.to_owned()));
        }
        Ok(GetDigitalExclusionBreakdownRequest {
            query: Some(query.query()),
            indicators: self.indicator.clone(),
            estimate_collections: if none { vec!["-".to_owned()] } else { self.estimates.clone() },
        })
    }
}

impl ProvisionAsked {
    /// The request of the contract.
    pub fn request(&self, query: &QueryArgs) -> GetFaceToFaceProvisionRequest {
        GetFaceToFaceProvisionRequest {
            query: Some(query.query()),
            access_collection: self.access_collection.clone().unwrap_or_default(),
            request_met_days: self.request_met_days.unwrap_or_default(),
        }
    }
}

impl ImpactArgs {
    /// The request of the contract.
    pub fn request(&self) -> GetChannelImpactRequest {
        GetChannelImpactRequest {
            query: Some(self.query.query()),
            late_counts_as_missed: self.late_counts_as_missed,
        }
    }
}

impl RiskAsked {
    /// The request of the contract.
    pub fn request(&self) -> GetAreaRiskRequest {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let score = self.high_risk.map(HighRisk::HighRiskScore);
        GetAreaRiskRequest {
            area: self.area.clone(),
            indicator: text(&self.indicator),
            score_collection: text(&self.score_collection),
            by: text(&self.by),
            population_collection: text(&self.population_collection),
            high_risk: score.or(self.high_risk_top.map(HighRisk::HighRiskTopShare)),
            as_of: self.as_of.as_ref().map(|as_of| as_of.0.clone()),
        }
    }
}

/// How a response of this service is shown: its message in the contract, the field that holds the table, who draws it.
macro_rules! answer {
    ($response:ident, $table:ident, $show:ident, $sheet:ident) => {
        impl Answer for $response {
            const NAME: &'static str = concat!("equity.v1.", stringify!($response));

            fn table(&self, words: &Indicators, look: &Look) -> String {
                $show::table(&self.$table.clone().unwrap_or_default(), self.position, words, look)
            }

            fn chart(&self, words: &Indicators, look: &Look) -> String {
                $show::chart(&self.$table.clone().unwrap_or_default(), words, look)
            }

            fn sheet(&self, words: &Indicators) -> Sheet {
                $sheet::sheet(&self.$table.clone().unwrap_or_default(), self.position, words)
            }
        }
    };
}

answer!(GetDigitalExclusionBreakdownResponse, breakdown, exclusion, exclusion_sheet);
answer!(GetFaceToFaceProvisionResponse, provision, provision, provision_sheet);
answer!(GetChannelImpactResponse, impact, impact, impact_sheet);
answer!(GetAreaRiskResponse, risk, risk, risk_sheet);

/// `equity breakdown exclusion`.
///
/// # Errors
/// The service cannot be reached or says no.
pub async fn breakdown(
    args: &ExclusionArgs,
    service: &Service,
    out: &mut Out,
) -> Result<(), Failure> {
    let request = args.asked.request(&args.query)?;
    let how = How::ask(service, args.chart, out).await?;
    let mut client = service.exclusion();
    if args.watch {
        let request =
            WatchDigitalExclusionBreakdownRequest { request: Some(request), after_position: 0 };
        let stream = client.watch_digital_exclusion_breakdown(request).await;
        let answer =
            |next: WatchDigitalExclusionBreakdownResponse| GetDigitalExclusionBreakdownResponse {
                breakdown: next.breakdown,
                position: next.position,
            };
        return follow(stream, answer, service, &how, out).await;
    }
    once(client.get_digital_exclusion_breakdown(ask(request)).await, service, &how, out)
}

/// `equity breakdown provision`.
///
/// # Errors
/// The service cannot be reached or says no.
pub async fn provision(
    args: &ProvisionArgs,
    service: &Service,
    out: &mut Out,
) -> Result<(), Failure> {
    let request = args.asked.request(&args.query);
    let how = How::ask(service, args.chart, out).await?;
    let mut client = service.exclusion();
    if args.watch {
        let request = WatchFaceToFaceProvisionRequest { request: Some(request), after_position: 0 };
        let stream = client.watch_face_to_face_provision(request).await;
        let answer = |next: WatchFaceToFaceProvisionResponse| GetFaceToFaceProvisionResponse {
            provision: next.provision,
            position: next.position,
        };
        return follow(stream, answer, service, &how, out).await;
    }
    once(client.get_face_to_face_provision(ask(request)).await, service, &how, out)
}

/// `equity breakdown impact`.
///
/// # Errors
/// The service cannot be reached or says no.
pub async fn impact(args: &ImpactArgs, service: &Service, out: &mut Out) -> Result<(), Failure> {
    let how = How::ask(service, args.chart, out).await?;
    let mut client = service.exclusion();
    if args.watch {
        let request =
            WatchChannelImpactRequest { request: Some(args.request()), after_position: 0 };
        let stream = client.watch_channel_impact(request).await;
        let answer = |next: WatchChannelImpactResponse| GetChannelImpactResponse {
            impact: next.impact,
            position: next.position,
        };
        return follow(stream, answer, service, &how, out).await;
    }
    once(client.get_channel_impact(ask(args.request())).await, service, &how, out)
}

/// `equity breakdown risk`.
///
/// # Errors
/// The service cannot be reached or says no.
pub async fn risk(args: &RiskArgs, service: &Service, out: &mut Out) -> Result<(), Failure> {
    let how = How::ask(service, args.chart, out).await?;
    let answer = service.exclusion().get_area_risk(ask(args.asked.request())).await;
    once(answer, service, &how, out)
}

#[cfg(test)]
#[allow(
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking, and looks at one command"
)]
#[path = "exclusion_client_tests.rs"]
mod tests;

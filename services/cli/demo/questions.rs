//! What the demo asks.

use super::super::answer::{self, Answer};
use super::super::client::{Service, ask};
use super::super::exit::Failure;
use super::super::show::indicators::Indicators;
use super::super::show::{channels_sheet, json};
use super::data;
use crate::proto::v1::get_area_risk_request::HighRisk;
use crate::proto::v1::{
    BreakdownQuery, Denominator, GetAreaRiskRequest, GetAreaRiskResponse,
    GetChannelBreakdownRequest, GetChannelBreakdownResponse, GetDigitalExclusionBreakdownRequest,
    GetDigitalExclusionBreakdownResponse, GetFaceToFaceProvisionRequest,
    GetFaceToFaceProvisionResponse, Measure, PeriodRange,
};

/// The area of all questions: Leicester, Leicestershire and Rutland.
pub(super) const AREA: &str = "QK1";
/// First month of the published data.
pub(super) const FROM: &str = "2019-03";
/// Last month of the published data.
pub(super) const TO: &str = "2020-12";
/// The month after the change.
pub(super) const AFTER: &str = "2020-04";
/// The same month of the year before.
pub(super) const YEAR_BEFORE: &str = "2019-04";
/// The last month before the change.
pub(super) const BEFORE: &str = "2020-02";

/// Collection of the published figures of internet use.
pub(super) const INTERNET_USE: &str = "ons-internet-users";
/// What those figures are broken down by.
pub(super) const INTERNET_BY: [&str; 2] = ["age_band", "sex"];
/// What area risk is broken down by.
pub(super) const RISK_BY: &str = "ethnic_group_broad";
/// The most exposed fifth of the people: few areas of the county have a score of 5 or more.
pub(super) const RISK_TOP: f64 = 0.2;

/// What the service answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers {
    /// Channels month by month.
    pub(super) months: GetChannelBreakdownResponse,
    /// Channels in the month after the change.
    pub(super) after: GetChannelBreakdownResponse,
    /// Channels by ethnic category, synthetic.
    pub(super) synthetic: GetChannelBreakdownResponse,
    /// Who used the internet, by age and sex, as published; nobody has submitted access records of the area.
    pub(super) internet: GetDigitalExclusionBreakdownResponse,
    /// How the Digital Exclusion Risk Index falls on ethnic groups.
    pub(super) risk: GetAreaRiskResponse,
    /// Whether face to face is there for those who need it, synthetic.
    pub(super) provision: GetFaceToFaceProvisionResponse,
    /// Words for indicators.
    pub(super) words: Indicators,
}

impl Answers {
    /// Asks everything.
    ///
    /// # Errors
    /// The service cannot be reached or says no.
    pub(super) async fn ask(service: &Service) -> Result<Self, Failure> {
        Ok(Self {
            months: put(service, question("gpad-regional", FROM, TO, &["month"])).await?,
            after: put(service, question("gpad-regional", AFTER, "", &[])).await?,
            synthetic: put(
                service,
                question(
                    data::SYNTHETIC,
                    data::SYNTHETIC_FROM,
                    data::SYNTHETIC_TO,
                    &["ethnic_category"],
                ),
            )
            .await?,
            internet: told(
                service,
                service.exclusion().get_digital_exclusion_breakdown(ask(internet())).await,
            )?,
            risk: told(service, service.exclusion().get_area_risk(ask(risk())).await)?,
            provision: told(
                service,
                service.exclusion().get_face_to_face_provision(ask(provision())).await,
            )?,
            words: answer::words(service).await?,
        })
    }

    /// All of them as one object.
    ///
    /// # Errors
    /// Never, while the contract has the message.
    pub(super) fn json(&self) -> anyhow::Result<serde_json::Value> {
        let of = |answer| json::of("equity.v1.GetChannelBreakdownResponse", answer);
        Ok(serde_json::json!({
            "months": of(&self.months)?,
            "after": of(&self.after)?,
            "synthetic": of(&self.synthetic)?,
            "internet": json::of(GetDigitalExclusionBreakdownResponse::NAME, &self.internet)?,
            "risk": json::of(GetAreaRiskResponse::NAME, &self.risk)?,
            "provision": json::of(GetFaceToFaceProvisionResponse::NAME, &self.provision)?,
        }))
    }

    /// The months alone: a file has one header.
    pub(super) fn csv(&self) -> String {
        let breakdown = self.months.breakdown.clone().unwrap_or_default();
        channels_sheet::sheet(&breakdown, self.months.position).csv()
    }
}

fn query(collection: &str, first: &str, last: &str, by: &[&str]) -> BreakdownQuery {
    BreakdownQuery {
        collection: collection.to_owned(),
        area: AREA.to_owned(),
        period: Some(PeriodRange { first: first.to_owned(), last: last.to_owned() }),
        by: by.iter().map(|id| (*id).to_owned()).collect(),
        ..Default::default()
    }
}

fn question(collection: &str, first: &str, last: &str, by: &[&str]) -> GetChannelBreakdownRequest {
    GetChannelBreakdownRequest {
        query: Some(query(collection, first, last, by)),
        measure: Measure::Contacts.into(),
        // The published "unknown" is a large part of these appointments: shares of all of them hide nothing.
        denominator: Denominator::All.into(),
        ..Default::default()
    }
}

/// What was published up to the last month: in the collection that takes access records by default there are none here.
fn internet() -> GetDigitalExclusionBreakdownRequest {
    GetDigitalExclusionBreakdownRequest {
        query: Some(query("", TO, "", &INTERNET_BY)),
        indicators: Vec::new(),
        estimate_collections: vec![INTERNET_USE.to_owned()],
    }
}

fn risk() -> GetAreaRiskRequest {
    GetAreaRiskRequest {
        area: AREA.to_owned(),
        by: RISK_BY.to_owned(),
        high_risk: Some(HighRisk::HighRiskTopShare(RISK_TOP)),
        ..Default::default()
    }
}

fn provision() -> GetFaceToFaceProvisionRequest {
    let (first, last) = (data::SYNTHETIC_FROM, data::SYNTHETIC_TO);
    GetFaceToFaceProvisionRequest {
        query: Some(query(data::SYNTHETIC, first, last, &[])),
        ..Default::default()
    }
}

async fn put(
    service: &Service,
    request: GetChannelBreakdownRequest,
) -> Result<GetChannelBreakdownResponse, Failure> {
    told(service, service.channels().get_channel_breakdown(ask(request)).await)
}

fn told<T>(
    service: &Service,
    answer: Result<tonic::Response<T>, tonic::Status>,
) -> Result<T, Failure> {
    Ok(answer.map_err(|status| service.failure(status))?.into_inner())
}

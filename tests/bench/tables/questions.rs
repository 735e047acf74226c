//! The questions to every table, as bytes.

use equity_indicators::proto::v1::get_area_risk_request::HighRisk;
use equity_indicators::proto::v1::{
    BreakdownQuery, GetAccessOutcomesRequest, GetAreaRiskRequest, GetChannelBreakdownRequest,
    GetChannelImpactRequest, GetDigitalExclusionBreakdownRequest, GetFaceToFaceProvisionRequest,
    ListGapsRequest, Measure, PeriodRange,
};
use prost::Message as _;

/// A question out of what is asked about.
type Ask = fn(BreakdownQuery) -> Vec<u8>;

/// A question to a table.
pub struct Question {
    /// What is said of it.
    pub name: &'static str,
    service: &'static str,
    call: &'static str,
    by: &'static [&'static str],
    ask: Ask,
}

const CHANNELS: &str = "ConsultationChannelService";
const EXCLUSION: &str = "DigitalExclusionService";

/// Name of the question about every characteristic and indicator.
pub const GAPS: &str = "gaps";

/// The questions.
#[rustfmt::skip]
pub const QUESTIONS: &[Question] = &[
    Question { name: "channels", service: CHANNELS, call: "GetChannelBreakdown", by: &["sex"], ask: channels },
    Question { name: "channels, crossed", service: CHANNELS, call: "GetChannelBreakdown", by: &["sex", "age_band"], ask: channels },
    Question { name: "persons", service: CHANNELS, call: "GetChannelBreakdown", by: &["sex"], ask: persons },
    Question { name: "outcomes", service: CHANNELS, call: "GetAccessOutcomes", by: &["sex"], ask: outcomes },
    Question { name: "outcomes, crossed", service: CHANNELS, call: "GetAccessOutcomes", by: &["sex", "ethnic_group_broad"], ask: outcomes },
    Question { name: "exclusion", service: EXCLUSION, call: "GetDigitalExclusionBreakdown", by: &["age_band"], ask: exclusion },
    Question { name: "provision", service: EXCLUSION, call: "GetFaceToFaceProvision", by: &["age_75"], ask: provision },
    Question { name: "impact", service: EXCLUSION, call: "GetChannelImpact", by: &["age_band"], ask: impact },
    Question { name: "risk", service: EXCLUSION, call: "GetAreaRisk", by: &["religion_census_2021"], ask: risk },
    Question { name: GAPS, service: "InequalityService", call: "ListGaps", by: &[], ask: gaps },
];

impl Question {
    /// The path of its call.
    pub fn path(&self) -> String {
        format!("/equity.v1.{}/{}", self.service, self.call)
    }

    /// The question about the months from the first to the last one.
    pub fn about(&self, first: &str, last: &str) -> BreakdownQuery {
        query(self.by, first, last)
    }

    /// Its bytes.
    pub fn bytes(&self, query: BreakdownQuery) -> Vec<u8> {
        (self.ask)(query)
    }
}

/// What is asked of the whole system.
pub fn query(by: &[&str], first: &str, last: &str) -> BreakdownQuery {
    BreakdownQuery {
        collection: "synthetic-llr".into(),
        area: "QK1".into(),
        period: Some(PeriodRange { first: first.into(), last: last.into() }),
        by: by.iter().map(|&id| id.to_owned()).collect(),
        ..BreakdownQuery::default()
    }
}

/// The same with other limits around its figures: another question about the same data.
pub fn other_limits(query: BreakdownQuery) -> BreakdownQuery {
    BreakdownQuery { confidence_level: Some(0.998), ..query }
}

/// The table of channels.
pub fn channels(query: BreakdownQuery) -> Vec<u8> {
    GetChannelBreakdownRequest { query: Some(query), ..Default::default() }.encode_to_vec()
}

fn persons(query: BreakdownQuery) -> Vec<u8> {
    let measure = Measure::Persons.into();
    GetChannelBreakdownRequest { query: Some(query), measure, ..Default::default() }.encode_to_vec()
}

fn outcomes(query: BreakdownQuery) -> Vec<u8> {
    GetAccessOutcomesRequest { query: Some(query), ..Default::default() }.encode_to_vec()
}

fn exclusion(query: BreakdownQuery) -> Vec<u8> {
    let estimate_collections = vec!["-".to_owned()];
    GetDigitalExclusionBreakdownRequest {
        query: Some(query),
        estimate_collections,
        ..Default::default()
    }
    .encode_to_vec()
}

fn provision(query: BreakdownQuery) -> Vec<u8> {
    GetFaceToFaceProvisionRequest { query: Some(query), ..Default::default() }.encode_to_vec()
}

fn impact(query: BreakdownQuery) -> Vec<u8> {
    GetChannelImpactRequest { query: Some(query), ..Default::default() }.encode_to_vec()
}

/// The share of the people that a question to area risk asks for. It has no period and no limits, so that another share has to make
/// another question.
pub fn top_share(query: &BreakdownQuery) -> f64 {
    let first = query.period.as_ref().map_or("", |period| period.first.as_str());
    let month = first.rsplit('-').next().and_then(|month| month.parse().ok()).unwrap_or(0);
    let limits = if query.confidence_level.is_some() { 20 } else { 0 };
    let place = if query.area.is_empty() { 40 } else { 0 };
    0.2 + f64::from(month + limits + place) / 1000.0
}

/// Published scores of small areas, and the people whom the census counts there.
fn risk(query: BreakdownQuery) -> Vec<u8> {
    let high_risk = Some(HighRisk::HighRiskTopShare(top_share(&query)));
    let query = Some(BreakdownQuery { area: "QK1".into(), by: query.by, ..Default::default() });
    GetAreaRiskRequest { query, high_risk, ..Default::default() }.encode_to_vec()
}

/// Every characteristic, and every indicator of outcomes, provision and exclusion.
fn gaps(query: BreakdownQuery) -> Vec<u8> {
    ListGapsRequest { query: Some(query), ..Default::default() }.encode_to_vec()
}

//! What the demo asks.

use super::super::client::{Service, ask};
use super::super::exit::Failure;
use super::super::show::{channels_sheet, json};
use super::data;
use crate::proto::v1::{
    BreakdownQuery, Denominator, GetChannelBreakdownRequest, GetChannelBreakdownResponse, Measure,
    PeriodRange,
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

/// What the service answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers {
    /// Channels month by month.
    pub(super) months: GetChannelBreakdownResponse,
    /// Channels in the month after the change.
    pub(super) after: GetChannelBreakdownResponse,
    /// Channels by ethnic category, synthetic.
    pub(super) synthetic: GetChannelBreakdownResponse,
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
        })
    }

    /// All three as one object.
    ///
    /// # Errors
    /// Never, while the contract has the message.
    pub(super) fn json(&self) -> anyhow::Result<serde_json::Value> {
        let of = |answer| json::of("equity.v1.GetChannelBreakdownResponse", answer);
        Ok(serde_json::json!({
            "months": of(&self.months)?,
            "after": of(&self.after)?,
            "synthetic": of(&self.synthetic)?,
        }))
    }

    /// The months alone: a file has one header.
    pub(super) fn csv(&self) -> String {
        let breakdown = self.months.breakdown.clone().unwrap_or_default();
        channels_sheet::sheet(&breakdown, self.months.position).csv()
    }
}

fn question(collection: &str, first: &str, last: &str, by: &[&str]) -> GetChannelBreakdownRequest {
    GetChannelBreakdownRequest {
        query: Some(BreakdownQuery {
            collection: collection.to_owned(),
            area: AREA.to_owned(),
            period: Some(PeriodRange { first: first.to_owned(), last: last.to_owned() }),
            by: by.iter().map(|id| (*id).to_owned()).collect(),
            ..Default::default()
        }),
        measure: Measure::Contacts.into(),
        // The published "unknown" is a large part of these appointments: shares of all of them hide nothing.
        denominator: Denominator::All.into(),
        ..Default::default()
    }
}

async fn put(
    service: &Service,
    request: GetChannelBreakdownRequest,
) -> Result<GetChannelBreakdownResponse, Failure> {
    let answer = service.channels().get_channel_breakdown(ask(request)).await;
    Ok(answer.map_err(|status| service.failure(status))?.into_inner())
}

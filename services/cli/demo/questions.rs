//! The questions of the demo.

use super::super::answer::{self, Answer};
use super::super::client::Service;
use super::super::exit::Failure;
use super::super::show::indicators::Indicators;
use super::super::show::json;
use super::data;
use crate::proto::v1::breakdown_question::Table;
use crate::proto::v1::get_area_risk_request::HighRisk;
use crate::proto::v1::share_question::Table as Shares;
use crate::proto::v1::{
    BreakdownQuery, Denominator, GetAccessOutcomesRequest, GetAreaRiskRequest,
    GetChannelBreakdownRequest, GetChannelImpactRequest, GetDigitalExclusionBreakdownRequest,
    GetFaceToFaceProvisionRequest, GetGapTrendRequest, GetIndicatorBreakdownRequest,
    ListGapsRequest, Measure, PeriodRange, Row, ShareQuestion, WatchBreakdownResponse,
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
/// Dimensions of these figures.
pub(super) const INTERNET_BY: [&str; 2] = ["age_band", "sex"];
/// Dimension of area risk.
pub(super) const RISK_BY: &str = "ethnic_group_broad";
/// The most exposed fifth of the people: few areas of the county have a score of 5 or more.
pub(super) const RISK_TOP: f64 = 0.2;

/// The answers of the service.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers {
    /// Channels month by month.
    pub(super) months: Answer,
    /// Channels in the month after the change.
    pub(super) after: Answer,
    /// Channels by ethnic category, synthetic.
    pub(super) synthetic: Answer,
    /// Who used the internet, by age and sex, as published.
    pub(super) internet: Answer,
    /// How the Digital Exclusion Risk Index falls on ethnic groups.
    pub(super) risk: Answer,
    /// Whether people who need face to face get it, synthetic.
    pub(super) provision: Answer,
    /// The largest gap between a group and all, synthetic.
    pub(super) gap: Answer,
    /// How it has moved; none: there is no gap.
    pub(super) trend: Option<Answer>,
    /// Channels by ethnic category of a controlled collection, as partners see it; none: who asks is no partner.
    pub(super) controlled: Option<Answer>,
    /// Labels and units of indicators, and labels of dimensions.
    pub(super) words: Indicators,
}

impl Answers {
    /// Asks the service every question of the demo, one after the other.
    ///
    /// # Errors
    /// The service cannot be reached or refuses.
    pub(super) async fn ask(service: &Service, is_partner: bool) -> Result<Self, Failure> {
        let synthetic = (data::SYNTHETIC_FROM, data::SYNTHETIC_TO);
        let by_ethnicity = query(data::SYNTHETIC, synthetic, &["ethnic_category"]);
        let of_controlled =
            query(data::CONTROLLED, (data::CONTROLLED_MONTH, ""), &["ethnic_category"]);
        let controlled = match is_partner {
            true => Some(answer::answer(service, channels(of_controlled)).await?),
            false => None,
        };
        let gap = answer::answer(service, largest_gap()).await?;
        let trend = match gap.breakdown.rows.first().and_then(trend) {
            Some(asked) => Some(answer::answer(service, asked).await?),
            None => None,
        };
        Ok(Self {
            controlled,
            gap,
            trend,
            months: answer::answer(service, months()).await?,
            after: answer::answer(service, channels(query("gpad-regional", (AFTER, ""), &[])))
                .await?,
            synthetic: answer::answer(service, channels(by_ethnicity)).await?,
            internet: answer::answer(service, internet()).await?,
            risk: answer::answer(service, risk()).await?,
            provision: answer::answer(service, provision()).await?,
            words: answer::words(service).await?,
        })
    }

    /// All of them as one object.
    ///
    /// # Errors
    /// Never, while the contract has the messages.
    pub(super) fn json(&self) -> anyhow::Result<serde_json::Value> {
        let of = |answer: &Answer| {
            let Answer { breakdown, position, message } = answer.clone();
            json::of(message, &WatchBreakdownResponse { breakdown: Some(breakdown), position })
        };
        let mut all = serde_json::json!({
            "months": of(&self.months)?,
            "after": of(&self.after)?,
            "synthetic": of(&self.synthetic)?,
            "internet": of(&self.internet)?,
            "risk": of(&self.risk)?,
            "provision": of(&self.provision)?,
            "gap": of(&self.gap)?,
        });
        if let Some(trend) = &self.trend {
            all["trend"] = of(trend)?;
        }
        if let Some(controlled) = &self.controlled {
            all["controlled"] = of(controlled)?;
        }
        Ok(all)
    }
}

fn query(collection: &str, (first, last): (&str, &str), by: &[&str]) -> BreakdownQuery {
    BreakdownQuery {
        collection: collection.to_owned(),
        area: AREA.to_owned(),
        period: Some(PeriodRange { first: first.to_owned(), last: last.to_owned() }),
        by: by.iter().map(|id| (*id).to_owned()).collect(),
        ..Default::default()
    }
}

/// Channels month by month.
pub(super) fn months() -> Table {
    channels(query("gpad-regional", (FROM, TO), &["month"]))
}

fn channels(query: BreakdownQuery) -> Table {
    Table::Channels(GetChannelBreakdownRequest {
        query: Some(query),
        measure: Measure::Contacts.into(),
        // As the commands that the screen tells to type: one share has one number everywhere.
        denominator: Denominator::KnownOnly.into(),
        ..Default::default()
    })
}

/// The figures published up to the last month.
fn internet() -> Table {
    Table::Exclusion(GetDigitalExclusionBreakdownRequest {
        query: Some(query("", (TO, ""), &INTERNET_BY)),
        indicators: Vec::new(),
        estimate_collections: vec![INTERNET_USE.to_owned()],
    })
}

fn risk() -> Table {
    let query = BreakdownQuery {
        area: AREA.to_owned(),
        by: vec![RISK_BY.to_owned()],
        ..Default::default()
    };
    Table::Risk(GetAreaRiskRequest {
        query: Some(query),
        high_risk: Some(HighRisk::HighRiskTopShare(RISK_TOP)),
        ..Default::default()
    })
}

fn provision() -> Table {
    let query = query(data::SYNTHETIC, (data::SYNTHETIC_FROM, data::SYNTHETIC_TO), &[]);
    Table::Provision(GetFaceToFaceProvisionRequest { query: Some(query), ..Default::default() })
}

fn largest_gap() -> Table {
    let query = Some(query(data::SYNTHETIC, (data::SYNTHETIC_TO, ""), &[]));
    Table::Gaps(ListGapsRequest { query, page_size: 1, ..Default::default() })
}

/// How the same gap, between the group and all people, has moved, month by month. None: its row does not say what it is of.
fn trend(gap: &Row) -> Option<Table> {
    let of = |dimension: &str| {
        let mut keys = gap.keys.iter();
        keys.find(|key| key.dimension == dimension).map(|key| key.code.as_str())
    };
    let (groups, group_code, column) =
        (of("characteristic")?, of("group")?.to_owned(), of("figure")?.to_owned());
    let months = (data::SYNTHETIC_FROM, data::SYNTHETIC_TO);
    let query = Some(query(data::SYNTHETIC, months, &["month", groups]));
    let shares = match gap.source_table.as_deref()? {
        "EXCLUSION" => {
            Shares::Exclusion(GetDigitalExclusionBreakdownRequest { query, ..Default::default() })
        }
        "OUTCOMES" => Shares::Outcomes(GetAccessOutcomesRequest { query, ..Default::default() }),
        "PROVISION" => {
            Shares::Provision(GetFaceToFaceProvisionRequest { query, ..Default::default() })
        }
        "IMPACT" => Shares::Impact(GetChannelImpactRequest { query, ..Default::default() }),
        "INDICATORS" => {
            Shares::Indicators(GetIndicatorBreakdownRequest { query, indicator: column.clone() })
        }
        _ => return None,
    };
    let question = Some(ShareQuestion { table: Some(shares) });
    let reference_code = String::new();
    Some(Table::GapTrend(GetGapTrendRequest { question, column, group_code, reference_code }))
}

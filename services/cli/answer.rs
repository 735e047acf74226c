//! Asks a question to any table and returns the answer.

use super::client::{Service, call, pages};
use super::exit::Failure;
use super::show::indicators::Indicators;
use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;

/// An answer, and the message of the contract that it came in.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// Context, columns and rows.
    pub breakdown: v1::Breakdown,
    /// Log position at which the answer was read.
    pub position: i64,
    /// Full name of the message.
    pub message: &'static str,
}

/// The answer in a response; every response of a table has the same two fields.
macro_rules! answered {
    ($service:expr, $client:ident, $method:ident, $request:expr, $response:ident) => {{
        let v1::$response { breakdown, position, .. } = call!($service, $client, $method, $request);
        let message = concat!("equity.v1.", stringify!($response));
        Answer { breakdown: breakdown.unwrap_or_default(), position, message }
    }};
}

/// Calls the RPC of the question's table.
///
/// # Errors
/// The service cannot be reached or refuses the question.
pub async fn answer(service: &Service, question: Table) -> Result<Answer, Failure> {
    Ok(match question {
        Table::Channels(asked) => {
            answered!(service, channels, get_channel_breakdown, asked, GetChannelBreakdownResponse)
        }
        Table::Outcomes(asked) => {
            answered!(service, channels, get_access_outcomes, asked, GetAccessOutcomesResponse)
        }
        Table::Exclusion(asked) => answered!(
            service,
            exclusion,
            get_digital_exclusion_breakdown,
            asked,
            GetDigitalExclusionBreakdownResponse
        ),
        Table::Provision(asked) => answered!(
            service,
            exclusion,
            get_face_to_face_provision,
            asked,
            GetFaceToFaceProvisionResponse
        ),
        Table::Impact(asked) => {
            answered!(service, exclusion, get_channel_impact, asked, GetChannelImpactResponse)
        }
        Table::Risk(asked) => {
            answered!(service, exclusion, get_area_risk, asked, GetAreaRiskResponse)
        }
        Table::Inequality(asked) => answered!(
            service,
            inequality,
            get_inequality_summary,
            asked,
            GetInequalitySummaryResponse
        ),
        Table::GapTrend(asked) => {
            answered!(service, inequality, get_gap_trend, asked, GetGapTrendResponse)
        }
        Table::Indicators(asked) => answered!(
            service,
            indicators,
            get_indicator_breakdown,
            asked,
            GetIndicatorBreakdownResponse
        ),
        Table::TargetStatus(asked) => {
            answered!(service, targets, get_target_status, asked, GetTargetStatusResponse)
        }
        Table::Recording(asked) => {
            answered!(service, quality, get_recording_quality, asked, GetRecordingQualityResponse)
        }
        Table::Timeliness(asked) => {
            answered!(service, quality, get_timeliness, asked, GetTimelinessResponse)
        }
        Table::Representativeness(asked) => answered!(
            service,
            quality,
            get_representativeness,
            asked,
            GetRepresentativenessResponse
        ),
        Table::Gaps(asked) => answered!(service, inequality, list_gaps, asked, ListGapsResponse),
    })
}

/// The service's indicators with a tag; empty: all.
///
/// # Errors
/// The service cannot be reached or refuses.
pub async fn indicators(service: &Service, tag: &str) -> Result<Vec<v1::Indicator>, Failure> {
    let request = v1::ListIndicatorsRequest { tag: tag.to_owned(), ..Default::default() };
    Ok(pages!(service, reference, list_indicators, request, indicators, usize::MAX))
}

/// Words for all indicators and dimensions of the service.
///
/// # Errors
/// The service cannot be reached or refuses.
pub async fn words(service: &Service) -> Result<Indicators, Failure> {
    let all = indicators(service, "").await?;
    let request = v1::ListDimensionsRequest::default();
    let dimensions = pages!(service, reference, list_dimensions, request, dimensions, usize::MAX);
    Ok(Indicators { all, dimensions })
}

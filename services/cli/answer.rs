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

/// The answer to a question. Of each table: the client and the method of its call, and the response. Every response of a table has the same two fields.
macro_rules! answered {
    ($service:ident, $question:ident, $($table:ident: $client:ident $method:ident $response:ident,)*) => {
        match $question {
            $(Table::$table(asked) => {
                let v1::$response { breakdown, position, .. } = call!($service, $client, $method, asked);
                let message = concat!("equity.v1.", stringify!($response));
                Answer { breakdown: breakdown.unwrap_or_default(), position, message }
            })*
        }
    };
}

/// Calls the RPC of the question's table.
///
/// # Errors
/// The service cannot be reached or refuses the question.
pub async fn answer(service: &Service, question: Table) -> Result<Answer, Failure> {
    Ok(answered! {
        service, question,
        Channels: channels get_channel_breakdown GetChannelBreakdownResponse,
        Outcomes: channels get_access_outcomes GetAccessOutcomesResponse,
        Exclusion: exclusion get_digital_exclusion_breakdown GetDigitalExclusionBreakdownResponse,
        Provision: exclusion get_face_to_face_provision GetFaceToFaceProvisionResponse,
        Impact: exclusion get_channel_impact GetChannelImpactResponse,
        Risk: exclusion get_area_risk GetAreaRiskResponse,
        Indicators: indicators get_indicator_breakdown GetIndicatorBreakdownResponse,
        Inequality: inequality get_inequality_summary GetInequalitySummaryResponse,
        GapTrend: inequality get_gap_trend GetGapTrendResponse,
        Gaps: inequality list_gaps ListGapsResponse,
        TargetStatus: targets get_target_status GetTargetStatusResponse,
        Recording: quality get_recording_quality GetRecordingQualityResponse,
        Timeliness: quality get_timeliness GetTimelinessResponse,
        Representativeness: quality get_representativeness GetRepresentativenessResponse,
        Restoration: inequality get_restoration GetRestorationResponse,
        StandardisedRates: inequality get_standardised_rates GetStandardisedRatesResponse,
        Consistency: quality get_consistency GetConsistencyResponse,
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

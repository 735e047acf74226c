//! One table of an export: the question of the unary call, and its answer as that call gives it.

use crate::domain::reference::Reference;
use crate::engine::answer::{ChannelQuestion, OutcomeQuestion};
use crate::engine::{Engine, QueryError};
use crate::proto::v1;
use crate::proto::v1::export_breakdowns_request::Table;
use crate::rpc::convert::{answer, query};
use tonic::Status;

/// A question that was checked.
#[derive(Clone, Debug)]
pub(super) enum Question {
    Channels(Box<ChannelQuestion>),
    Outcomes(Box<OutcomeQuestion>),
    Exclusion(Box<v1::GetDigitalExclusionBreakdownRequest>),
    Provision(Box<v1::GetFaceToFaceProvisionRequest>),
    Impact(Box<v1::GetChannelImpactRequest>),
    Risk(Box<v1::GetAreaRiskRequest>),
}

/// The answer as the contract has it.
#[derive(Clone, Debug)]
pub(super) enum Answered {
    Channels(v1::ChannelBreakdown),
    Outcomes(v1::AccessOutcomes),
    Exclusion(v1::DigitalExclusionBreakdown),
    Provision(v1::FaceToFaceProvision),
    Impact(v1::ChannelImpact),
    Risk(v1::AreaRisk),
}

impl Question {
    /// Checks a request as the unary call does.
    pub(super) fn new(reference: &Reference, table: &Table) -> Result<Self, Status> {
        Ok(match table {
            Table::Channels(asked) => Self::Channels(Box::new(query::channels(reference, asked)?)),
            Table::Outcomes(asked) => Self::Outcomes(Box::new(query::outcomes(reference, asked)?)),
            // MERGE: check these four as their unary calls do, and keep the engine's question.
            Table::Exclusion(asked) => Self::Exclusion(Box::new(asked.clone())),
            Table::Provision(asked) => Self::Provision(Box::new(asked.clone())),
            Table::Impact(asked) => Self::Impact(Box::new(asked.clone())),
            Table::Risk(asked) => Self::Risk(Box::new(asked.clone())),
        })
    }

    /// Works the answer out.
    pub(super) fn answer(&self, engine: &Engine) -> Result<Answered, QueryError> {
        Ok(match self {
            Self::Channels(asked) => {
                Answered::Channels(answer::channels(asked, engine.channels(asked)?))
            }
            Self::Outcomes(asked) => {
                Answered::Outcomes(answer::outcomes(asked, engine.outcomes(asked)?))
            }
            // MERGE: ask the engine, convert, and wrap in the `Answered` of the same name.
            Self::Exclusion(_) => return Err(not_yet("exclusion")),
            Self::Provision(_) => return Err(not_yet("provision")),
            Self::Impact(_) => return Err(not_yet("impact")),
            Self::Risk(_) => return Err(not_yet("risk")),
        })
    }
}

fn not_yet(table: &str) -> QueryError {
    let tables = "this version exports channels and outcomes";
    QueryError::Refused(format!("table `{table}` is not exported yet: {tables}"))
}

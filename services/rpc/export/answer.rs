//! One table of an export: the question of the unary call, and its answer as that call gives it.

use crate::domain::reference::Reference;
use crate::engine::answer::{
    ChannelQuestion, ExclusionQuestion, ImpactQuestion, OutcomeQuestion, ProvisionQuestion,
    RiskQuestion,
};
use crate::engine::{Engine, QueryError};
use crate::proto::v1;
use crate::proto::v1::export_breakdowns_request::Table;
use crate::rpc::convert::{answer, exclusion, provision, query, risk};
use tonic::Status;

/// A question that was checked.
#[derive(Clone, Debug)]
pub(super) enum Question {
    Channels(Box<ChannelQuestion>),
    Outcomes(Box<OutcomeQuestion>),
    Exclusion(Box<ExclusionQuestion>),
    Provision(Box<ProvisionQuestion>),
    Impact(Box<ImpactQuestion>),
    Risk(Box<RiskQuestion>),
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
            Table::Exclusion(asked) => {
                Self::Exclusion(Box::new(exclusion::question(reference, asked)?))
            }
            Table::Provision(asked) => {
                Self::Provision(Box::new(provision::provision(reference, asked)?))
            }
            Table::Impact(asked) => Self::Impact(Box::new(provision::impact(reference, asked)?)),
            Table::Risk(asked) => Self::Risk(Box::new(risk::question(reference, asked)?)),
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
            Self::Exclusion(asked) => {
                Answered::Exclusion(exclusion::table(asked, engine.exclusion(asked)?))
            }
            Self::Provision(asked) => {
                Answered::Provision(provision::provision_table(asked, engine.provision(asked)?))
            }
            Self::Impact(asked) => {
                Answered::Impact(provision::impact_table(asked, engine.impact(asked)?))
            }
            Self::Risk(asked) => Answered::Risk(risk::table(asked, engine.area_risk(asked)?)),
        })
    }
}

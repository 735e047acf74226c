//! One table of an export: the question of the unary call, and its answer as that call gives it.

use crate::domain::reference::Reference;
use crate::engine::answer::{
    ChannelQuestion, ExclusionQuestion, ImpactQuestion, OutcomeQuestion, ProvisionQuestion,
    RiskQuestion,
};
use crate::engine::query::AsOf;
use crate::engine::{Engine, QueryError};
use crate::proto::v1;
use crate::proto::v1::export_breakdowns_request::Table;
use crate::rpc::convert::{answer, exclusion, provision, query, risk};
use crate::rpc::status;
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
    /// Checks a request as the unary call does; fields are named from the export's request on.
    pub(super) fn new(reference: &Reference, table: &Table) -> Result<Self, Status> {
        let name = match table {
            Table::Channels(_) => "channels",
            Table::Outcomes(_) => "outcomes",
            Table::Exclusion(_) => "exclusion",
            Table::Provision(_) => "provision",
            Table::Impact(_) => "impact",
            Table::Risk(_) => "risk",
        };
        Self::of(reference, table).map_err(|refused| status::within(name, refused))
    }

    fn of(reference: &Reference, table: &Table) -> Result<Self, Status> {
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

    /// The state of the data that is asked for.
    pub(super) fn as_of(&self) -> &AsOf {
        match self {
            Self::Channels(asked) => &asked.query.as_of,
            Self::Outcomes(asked) => &asked.query.as_of,
            Self::Exclusion(asked) => &asked.query.as_of,
            Self::Provision(asked) => &asked.query.as_of,
            Self::Impact(asked) => &asked.query.as_of,
            Self::Risk(asked) => &asked.as_of,
        }
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

//! Every table, and a question to any of them.

use super::channels::ChannelQuestion;
use super::definition::TableDefinition;
use super::exclusion::ExclusionQuestion;
use super::impact::ImpactQuestion;
use super::outcomes::OutcomeQuestion;
use super::protected::Protected;
use super::provision::ProvisionQuestion;
use super::question::Question;
use super::risk::RiskQuestion;
use crate::engine::query::Query;
use crate::engine::{Engine, QueryError};

/// A question to any table: what the doors ask.
pub trait AnyQuestion: Send + Sync {
    /// What is asked about.
    fn query(&self) -> &Query;

    /// Answers it.
    ///
    /// # Errors
    /// See [`QueryError`]; nothing to answer is no error.
    fn answer(&self, engine: &Engine) -> Result<Protected, QueryError>;
}

impl<Q: Question> AnyQuestion for Q {
    fn query(&self) -> &Query {
        Question::query(self)
    }

    fn answer(&self, engine: &Engine) -> Result<Protected, QueryError> {
        engine.answer(self)
    }
}

/// The tables, in the order of the contract.
#[must_use]
pub fn tables() -> [TableDefinition; 6] {
    [
        ChannelQuestion::TABLE,
        OutcomeQuestion::TABLE,
        ExclusionQuestion::TABLE,
        ProvisionQuestion::TABLE,
        ImpactQuestion::TABLE,
        RiskQuestion::TABLE,
    ]
}

//! Every table, and a question to any of them.

use std::sync::Arc;

use super::channels::ChannelQuestion;
use super::definition::TableDefinition;
use super::exclusion::ExclusionQuestion;
use super::impact::ImpactQuestion;
use super::inequality::{GapsQuestion, SummaryQuestion, TrendQuestion};
use super::outcomes::OutcomeQuestion;
use super::protected::Protected;
use super::provision::ProvisionQuestion;
use super::question::Question;
use super::recording::RecordingQuestion;
use super::risk::RiskQuestion;
use crate::engine::query::{AsOf, Query};
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

    /// The same question at this log position, unless it names its state.
    fn at(&self, position: u64) -> Arc<dyn AnyQuestion>;
}

impl<Q: Question + 'static> AnyQuestion for Q {
    fn query(&self) -> &Query {
        Question::query(self)
    }

    fn answer(&self, engine: &Engine) -> Result<Protected, QueryError> {
        engine.answer(self)
    }

    fn at(&self, position: u64) -> Arc<dyn AnyQuestion> {
        let mut pinned = self.clone();
        let query = pinned.query_mut();
        if let AsOf::Head | AsOf::Time(_) = query.as_of {
            query.as_of = AsOf::Position(position);
        }
        Arc::new(pinned)
    }
}

/// The tables, in the order of the contract.
#[must_use]
pub fn tables() -> [TableDefinition; 10] {
    [
        ChannelQuestion::TABLE,
        OutcomeQuestion::TABLE,
        ExclusionQuestion::TABLE,
        ProvisionQuestion::TABLE,
        ImpactQuestion::TABLE,
        RiskQuestion::TABLE,
        SummaryQuestion::TABLE,
        TrendQuestion::TABLE,
        GapsQuestion::TABLE,
        RecordingQuestion::TABLE,
    ]
}

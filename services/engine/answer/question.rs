//! What a table has to say of itself, so that [`Engine::answer`](super::skeleton) can answer it; and a question to any table.

use std::sync::Arc;

use super::definition::TableDefinition;
use super::model::{Absence, Cell, Column, Key};
use super::plan::Plan;
use super::protected::{Beside, Protected};
use super::provenance::{Provenance, QuestionSettings};
use crate::domain::disclosure::TrueCount;
use crate::domain::reference::Reference;
use crate::engine::query::{AsOf, Query, Showing};
use crate::engine::{Engine, QueryError};

/// Where a row lies on the axes that make rows; empty for the total.
pub(super) type RowPlaces = Vec<usize>;

/// What was counted for a question.
pub(super) struct Counted<C> {
    /// What was read; none: the rows are not those of one plan.
    pub(super) plan: Option<Plan>,
    /// Log position that was read at.
    pub(super) position: u64,
    /// With the quality of what the rows are broken down by, and of what the table measures.
    pub(super) provenance: Provenance,
    /// The rows that are wanted, without the total.
    pub(super) rows: Vec<(Vec<Key>, RowPlaces)>,
    /// Whether anything was counted; if not, why.
    pub(super) nothing: Option<Absence>,
    /// What the cells are made of.
    pub(super) figures: C,
}

/// The query of a question that has it in the field of this name.
macro_rules! asks_its_query {
    () => {
        fn query(&self) -> &Query {
            &self.query
        }

        fn query_mut(&mut self) -> &mut Query {
            &mut self.query
        }
    };
}
pub(super) use asks_its_query;

/// A question to a table. The skeleton asks in this order: count, volume, columns, cells, beside.
pub(super) trait Question: Clone + Send + Sync {
    /// The table that answers it.
    const TABLE: TableDefinition;
    /// What the cells are made of.
    type Figures;
    /// What a column shows of it.
    type Shows;

    /// What is asked about.
    fn query(&self) -> &Query;

    /// The same, to be asked at a position.
    fn query_mut(&mut self) -> &mut Query;

    /// What is asked besides the query.
    fn settings(&self) -> QuestionSettings;

    /// Ids of the indicators and counts that the columns of its answer may be of.
    fn indicators(&self) -> Vec<&str> {
        Self::TABLE.columns.iter().map(|kind| kind.indicator).collect()
    }

    /// Plans and counts: its own query, or the same question about something else.
    fn count(&self, engine: &Engine, query: &Query) -> Result<Counted<Self::Figures>, QueryError>;

    /// A plan, without axes, of what could not be attributed to the area; none: the table has no such volume. Unless a table says otherwise:
    /// consultations.
    fn volume(&self, engine: &Engine, query: &Query) -> Result<Option<Plan>, QueryError> {
        engine.consultations(query, self.settings().measure, &[]).map(Some)
    }

    /// Everything that the cells of a row are parts of, each record or person once; none: its total is not what others know.
    fn all(&self, figures: &Self::Figures, row: &[usize]) -> Option<TrueCount>;

    /// The groups of a row that a cell tells of: each is a part of all of the row. Of whom nothing is known is no group.
    fn parts(&self, figures: &Self::Figures, row: &[usize], shows: &Self::Shows) -> Vec<TrueCount>;

    /// The columns, for everything that was counted: the rows listed first, then a total or parent of its own.
    fn columns(
        &self,
        reference: &Reference,
        figures: &[&Self::Figures],
    ) -> Vec<(Column, Self::Shows)>;

    /// The cell of a row.
    fn cell(
        &self,
        figures: &Self::Figures,
        row: &[usize],
        shows: &Self::Shows,
        showing: &Showing,
    ) -> Cell;

    /// Whether the total is a question of its own, because the rows do not add up to it.
    fn total_is_apart(&self, _plan: &Plan) -> bool {
        false
    }

    /// What appears beside the rows. The provenance is told what was looked at for it.
    fn beside(
        &self,
        _: &Engine,
        _pinned: &Query,
        _: &mut Provenance,
    ) -> Result<Beside, QueryError> {
        Ok(Beside::default())
    }
}

/// A question to any table: what the doors ask.
pub trait AnyQuestion: Send + Sync {
    /// What is asked about.
    fn query(&self) -> &Query;

    /// Ids of the indicators and counts that it asks a table of records for; none: it is made of other answers.
    fn indicators(&self) -> Vec<&str> {
        Vec::new()
    }

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

    fn indicators(&self) -> Vec<&str> {
        Question::indicators(self)
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

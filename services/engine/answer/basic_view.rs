//! The BASIC view: an answer without confidence limits and without words, for programs that read figures and codes.

use std::sync::Arc;

use super::model::Row;
use super::protected::{Answer, Protected};
use super::question::AnyQuestion;
use crate::engine::query::Query;
use crate::engine::{Engine, QueryError};

/// Any question, answered without confidence limits, labels and sentences.
#[derive(Clone)]
pub struct BasicQuestion(pub Arc<dyn AnyQuestion>);

impl AnyQuestion for BasicQuestion {
    fn query(&self) -> &Query {
        self.0.query()
    }

    fn answer(&self, engine: &Engine) -> Result<Protected, QueryError> {
        self.0.answer(engine).map(|answer| answer.map(basic))
    }

    fn at(&self, position: u64) -> Arc<dyn AnyQuestion> {
        Arc::new(Self(self.0.at(position)))
    }
}

/// The answer in the view. What it was derived from had its limits: verdicts stay.
fn basic(mut answer: Answer) -> Answer {
    answer.rows.iter_mut().for_each(figures_alone);
    for column in &mut answer.columns {
        column.label.clear();
        column.group.iter_mut().for_each(|key| key.label.clear());
    }
    for legend in &mut answer.provenance.dimensions {
        legend.label.clear();
        legend.direction.clear();
        legend.categories.clear();
    }
    answer
}

/// The row without limits and sentence.
fn figures_alone(row: &mut Row) {
    let figures = row.cells.iter_mut().filter_map(|cell| cell.figure.as_mut().ok());
    figures.for_each(|figure| figure.limits = None);
    row.sentence.clear();
}

//! How a published score of small areas falls on the people who live there: DX-10 and DX-11, always ecological.

mod people;
mod question;
mod scores;

use std::collections::BTreeMap;

pub use question::{HighRisk, RiskAsked, RiskQuestion};

use super::context::{Absence, Context, DimensionQuality, Key, Legend, Reason};
use super::estimates::everything;
use super::plan::position;
use crate::domain::collection::{DataClass, Dataset, Openness};
use crate::domain::estimate::EstimateSource;
use crate::domain::measures::risk::{
    Figures, STATEMENT, Scores, brought_forward, figures, score_of_top_share,
};
use crate::domain::small_area::{Change, Edition};
use crate::engine::cache::Scope;
use crate::engine::query::{AsOf, Query};
use crate::engine::{Engine, QueryError};
use people::{Group, People};
use scores::Scored;

/// A row of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct RiskRow {
    /// The category; none for the total.
    pub keys: Vec<Key>,
    /// What its people are exposed to.
    pub figures: Figures,
    /// Why there are no means.
    pub absence: Option<Absence>,
}

/// A table of area risk.
#[derive(Clone, Debug, PartialEq)]
pub struct RiskTable {
    /// What the population is made of.
    pub context: Context,
    /// How the population was asked for.
    pub query: Option<Query>,
    /// The total first; none if there is no population or no score.
    pub rows: Vec<RiskRow>,
    /// Indicator ids of the components, in the order of the rows' figures.
    pub components: Vec<String>,
    /// Where the score comes from; none if there is none.
    pub source: Option<EstimateSource>,
    /// Score from which an area is of high risk.
    pub high_risk_score: Option<f64>,
    /// What has to stand beside every figure.
    pub statement: &'static str,
    /// How small areas were brought together, in sentences.
    pub joins: Vec<String>,
    /// Position that was read at.
    pub position: u64,
    /// The data that it was made of, for the cache.
    pub scope: Option<Scope>,
}

impl Engine {
    /// Answers how a score falls on people.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub fn area_risk(&self, question: &RiskQuestion) -> Result<RiskTable, QueryError> {
        let (position, scope) = {
            let catalog = self.store().catalog();
            let reference = &catalog.reference;
            let ids = |dataset: Dataset| {
                let taking = reference.collections().filter(move |c| c.datasets.contains(&dataset));
                taking.map(|collection| collection.id.as_str())
            };
            let of = |dataset| everything(&catalog, ids(dataset), dataset);
            let scope = of(Dataset::Estimates).joined(of(Dataset::Populations));
            (position(&catalog, &question.as_of)?, scope)
        };
        // Both are read where the question was asked, whatever is written meanwhile.
        let pinned = RiskQuestion { as_of: AsOf::Position(position), ..question.clone() };
        let people = self.people_by_small_area(&pinned, position)?;
        let scored = self.scores_by_small_area(&pinned, position)?;
        let mut table = RiskTable {
            context: nothing(&pinned),
            query: None,
            rows: Vec::new(),
            components: Vec::new(),
            source: None,
            high_risk_score: None,
            statement: STATEMENT,
            joins: Vec::new(),
            position,
            scope: Some(scope),
        };
        let scored_position = match &scored {
            Ok(scored) => {
                table.source = Some(scored.source.clone());
                table.components.clone_from(&scored.components);
                scored.data_position
            }
            Err(none) => none.data_position,
        };
        match people {
            Err(none) => {
                let configured = self.store().catalog().configured(position);
                table.context.data_position =
                    none.data_position.max(scored_position).max(configured);
                table.context.empty = Some(no_data(none.detail));
            }
            Ok(people) => {
                table.context = people.context.clone();
                table.query = Some(people.query.clone());
                table.context.data_position = people.context.data_position.max(scored_position);
                match scored {
                    Ok(scored) => self.fill(&pinned, &people, &scored, &mut table)?,
                    Err(none) => table.context.empty = Some(no_data(none.detail)),
                }
            }
        }
        Ok(table)
    }

    fn fill(
        &self,
        question: &RiskQuestion,
        people: &People,
        scored: &Scored,
        table: &mut RiskTable,
    ) -> Result<(), QueryError> {
        let reference = std::sync::Arc::clone(&self.store().catalog().reference);
        let areas = reference.small_areas();
        let (from, to) = (scored.edition, people.edition);
        let brought;
        let scores = match (from, to) {
            (Edition::Lsoa2011, Edition::Lsoa2021) => {
                brought = brought_forward(&scored.scores, areas.parents());
                &brought
            }
            (Edition::Lsoa2021, Edition::Lsoa2011) => {
                return Err(QueryError::Refused(format!(
                    "the scores are of LSOA 2021 and `{}` counts people by LSOA 2011: ask with a population by LSOA 2021",
                    people.context.collection
                )));
            }
            (Edition::Lsoa2011, Edition::Lsoa2011) | (Edition::Lsoa2021, Edition::Lsoa2021) => {
                &scored.scores
            }
        };
        let exposed = |group: &Group| -> Vec<(u64, f64)> {
            let found = group.people.iter().filter_map(|(c, n)| Some((*n, scores.get(c)?.score)));
            found.collect()
        };
        let high = match question.high_risk {
            HighRisk::Score(score) => Some(score),
            HighRisk::TopShare(share) => score_of_top_share(&exposed(&people.total), share),
        };
        let threshold = high.unwrap_or(f64::INFINITY);
        let row = |group: &Group| {
            let by_area = group.people.iter().map(|(code, count)| (*count, scores.get(code)));
            let figures = figures(by_area, threshold);
            let absence = (figures.people == 0).then(|| Absence {
                reason: Reason::NotComputable,
                detail: "nobody of the row lives in a small area with a score".into(),
            });
            RiskRow { keys: group.key.iter().cloned().collect(), figures, absence }
        };
        table.rows.push(row(&people.total));
        table.rows.extend(people.groups.iter().map(row));
        table.high_risk_score = high;
        table.joins.extend(scored.joins.iter().cloned());
        table.joins.extend(people.joins.iter().cloned());
        table.joins.push(self.joined(scored, people, scores));
        let highest = exposed(&people.total).into_iter().map(|(_, score)| score).reduce(f64::max);
        if let Some(highest) = highest.filter(|highest| *highest < threshold) {
            table.context.notes.push(format!(
                "No small area here reaches a score of {threshold}: the highest is {highest:.2}. `high_risk_top_share` asks for the most exposed areas instead."
            ));
        }
        Ok(())
    }

    /// Says how the areas of the score and those of the population met.
    fn joined(
        &self,
        scored: &Scored,
        people: &People,
        scores: &BTreeMap<String, Scores>,
    ) -> String {
        let reference = std::sync::Arc::clone(&self.store().catalog().reference);
        let areas = reference.small_areas();
        let codes = || people.total.people.keys();
        let without: Vec<_> = codes().filter(|code| !scores.contains_key(*code)).collect();
        let met = if scored.edition == people.edition {
            format!(
                "Scores and people are both of {}: no area was changed.",
                people.edition.label()
            )
        } else {
            let count = |change| codes().filter(|code| areas.change(code) == Some(change)).count();
            format!(
                "Scores of {} were brought to {} by the look-up of the Office for National Statistics: {} unchanged areas keep theirs, \
                 {} that came of a split take that of the whole, {} merged and {} irregular ones the mean of their parts weighted \
                 by the people of mid-2020.",
                scored.edition.label(),
                people.edition.label(),
                count(Change::Unchanged),
                count(Change::Split),
                count(Change::Merged),
                count(Change::Irregular),
            )
        };
        if without.is_empty() {
            return format!("{met} Every small area where somebody lives has a score.");
        }
        let some: Vec<_> = without.iter().take(5).map(|code| code.as_str()).collect();
        let more = if without.len() > 5 { ", …" } else { "" };
        format!(
            "{met} {} small areas where somebody lives have no score and are in no mean: {}{more}.",
            without.len(),
            some.join(", ")
        )
    }
}

/// Why one of the two halves is missing, and the last change that it might have come by.
struct NoData {
    detail: String,
    data_position: u64,
}

fn no_data(detail: String) -> Absence {
    Absence { reason: Reason::NoData, detail }
}

/// The context of an answer without a population.
fn nothing(question: &RiskQuestion) -> Context {
    Context {
        collection: question.population_collection.clone().unwrap_or_default(),
        data_class: DataClass::Real,
        openness: Openness::Open,
        provenance: String::new(),
        area: question.area.clone(),
        area_name: question.area_name.clone(),
        residence: true,
        first: crate::domain::period::Month::FIRST,
        last: crate::domain::period::Month::FIRST,
        data_position: 0,
        submission_count: 0,
        organisation_count: 0,
        expected_organisation_count: 0,
        quality: Vec::<DimensionQuality>::new(),
        unattributed: None,
        legend: Vec::<Legend>::new(),
        notes: Vec::new(),
        empty: None,
        conditions: Vec::new(),
        organisations: Vec::new(),
        month_count: 0,
        expected_month_count: 0,
    }
}

//! The table of area risk.

use super::asked::{HighRisk, RiskQuestion};
use super::exposure::Exposure;
use crate::domain::disclosure::TrueCount;
use crate::domain::measures::risk::STATEMENT;
use crate::domain::reference::Reference;
use crate::engine::answer::definition::{ColumnDefinition, TableDefinition};
use crate::engine::answer::model::{Absence, Cell, CellCounts, Column, Figure, Key};
use crate::engine::answer::plan::Plan;
use crate::engine::answer::provenance::{Provenance, QuestionSettings};
use crate::engine::answer::question::{Counted, Question, asks_its_query};
use crate::engine::query::{AsOf, Denominator, Measure, Query, Showing};
use crate::engine::{Engine, QueryError};

/// Dimension of how the small areas of a mean are weighted.
const WEIGHTING: &str = "weighting";
const HIGH_RISK: &str = "DX-11";

const PEOPLE: ColumnDefinition = ColumnDefinition::count(
    "PEOPLE",
    &[],
    "People of the population",
    "People of the row by where they live, with or without a score.",
);
const SCORE: ColumnDefinition = ColumnDefinition {
    definition: "Mean of the score asked for, weighted by where these people live (UNWEIGHTED: mean over the small areas, each counting \
                 once), and of each component of the score. Denominator: people in small areas with a score (UNWEIGHTED: these areas). \
                 Unknown: people in small areas without one.",
    ..ColumnDefinition::indicator("", &[WEIGHTING], "")
};
const SHARE: ColumnDefinition = ColumnDefinition::indicator(HIGH_RISK, &[], "");

/// What a column shows.
pub(in crate::engine::answer) enum Shows {
    People,
    Mean,
    Unweighted,
    HighRisk,
    /// The component at this place of the indicator's.
    Component(usize),
}

impl Question for RiskQuestion {
    const TABLE: TableDefinition = TableDefinition {
        name: "RISK",
        title: "Area risk",
        rpc: "DigitalExclusionService.GetAreaRisk",
        columns: &[PEOPLE, SCORE, SHARE],
    };
    type Figures = Exposure;
    type Shows = Shows;

    asks_its_query!();

    fn settings(&self) -> QuestionSettings {
        let settings = QuestionSettings {
            denominator: Denominator::All,
            has_limits: false,
            statements: vec![STATEMENT],
            ecological: true,
            ..QuestionSettings::of(Measure::Persons)
        };
        let mut settings = settings.with("indicator", &self.indicator);
        if !self.score_collection.is_empty() {
            settings = settings.with("score_collection", &self.score_collection);
        }
        match self.high_risk {
            HighRisk::TopShare(share) => settings.with("high_risk_top_share", &share),
            HighRisk::Score(_) => settings,
        }
    }

    fn count(&self, engine: &Engine, query: &Query) -> Result<Counted<Exposure>, QueryError> {
        let reference = engine.reference();
        let position = query.as_of.position(&engine.store().catalog())?;
        // Both halves are read where the question was asked, whatever is written meanwhile.
        let query = Query { as_of: AsOf::Position(position), ..query.clone() };
        let pinned = Self { query, ..self.clone() };
        let (people, (people_changed, of_people)) =
            engine.people_by_small_area(&pinned, position)?;
        let (scored, (scores_changed, of_scores)) =
            engine.scores_by_small_area(&pinned, position)?;
        let mut provenance = match &people {
            Ok(people) => people.provenance.clone(),
            Err(_) => Provenance {
                data_position: engine.configured(position),
                ..Provenance::asked(&reference, None, &pinned.query)
            },
        };
        provenance.scope = Some(of_people.joined(of_scores));
        provenance.data_position = provenance.data_position.max(people_changed).max(scores_changed);
        let exposure = match (&people, &scored) {
            (Ok(people), Ok(scored)) => Exposure::new(&reference, people, scored, self.high_risk)?,
            (Err(why), _) | (_, Err(why)) => {
                provenance.empty = Some(Absence::no_data(why));
                let not_for_targets = scored.as_ref().is_ok_and(|of| of.source.not_for_targets);
                Exposure { not_for_targets, ..Exposure::default() }
            }
        };
        provenance.sources.extend(scored.iter().map(|scored| scored.source.clone()));
        provenance.notes.extend(exposure.notes.iter().cloned());
        let score = exposure.high_risk_score.map(|score| ("high_risk_score", score.to_string()));
        provenance.parameters.extend(score);
        let groups = exposure.groups.iter().enumerate();
        let rows = groups.map(|(number, (key, _))| (vec![key.clone()], vec![number])).collect();
        Ok(Counted { plan: None, position, provenance, rows, nothing: None, figures: exposure })
    }

    fn columns(&self, reference: &Reference, figures: &[&Exposure]) -> Vec<(Column, Shows)> {
        let score = |id: &str, group: Vec<Key>| SCORE.column_of(id, reference, group);
        let unweighted = Key::named(WEIGHTING, "UNWEIGHTED", "all areas, each counting once");
        let mut columns = vec![
            (PEOPLE.column(reference, Vec::new()), Shows::People),
            (score(&self.indicator, Vec::new()), Shows::Mean),
            (SHARE.column(reference, Vec::new()), Shows::HighRisk),
        ];
        let known = reference.indicator(&self.indicator).into_iter();
        let components = known.flat_map(|known| &known.components).enumerate();
        columns
            .extend(components.map(|(place, id)| (score(id, Vec::new()), Shows::Component(place))));
        columns.push((score(&self.indicator, vec![unweighted]), Shows::Unweighted));
        for (column, _) in &mut columns {
            column.not_for_targets |= figures.iter().any(|of| of.not_for_targets);
        }
        columns
    }

    fn volume(&self, _: &Engine, _: &Query) -> Result<Option<Plan>, QueryError> {
        Ok(None)
    }

    /// The people of a small area are what censuses publish.
    fn all(&self, _: &Exposure, _: &[usize]) -> Option<TrueCount> {
        None
    }

    fn parts(&self, _: &Exposure, _: &[usize], _: &Shows) -> Vec<TrueCount> {
        Vec::new()
    }

    fn cell(&self, figures: &Exposure, row: &[usize], shows: &Shows, showing: &Showing) -> Cell {
        let of = match row {
            [number] => &figures.groups[*number].1,
            _ => &figures.total,
        };
        let out_of = |all: u64| CellCounts { denominator: Some(all), ..Default::default() };
        let people = CellCounts { unknown: Some(of.unmatched), ..out_of(of.people) };
        let mean = |value: Option<f64>, counts: CellCounts| {
            let why = "none of these people live in a small area with a score";
            Cell::new(value.map(Figure::exact).ok_or_else(|| Absence::not_computable(why)), counts)
        };
        #[allow(clippy::cast_precision_loss)] // people are below 2^53
        match shows {
            Shows::People => Cell::count(TrueCount::open(of.people + of.unmatched), showing),
            Shows::Mean => mean(of.mean, people),
            Shows::Unweighted => mean(of.unweighted_mean, out_of(of.areas as u64)),
            Shows::HighRisk => {
                let share = (of.people > 0).then(|| of.high_risk as f64 / of.people as f64);
                mean(share, CellCounts { numerator: Some(of.high_risk), ..people })
            }
            Shows::Component(place) => mean(of.components.get(*place).copied().flatten(), people),
        }
    }
}

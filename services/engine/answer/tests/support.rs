//! A table that only the tests have: digital-inclusion support offered to people who cannot use remote care, or only with help, and
//! accepted by them. The table shows what a new one costs: this file, and not a line in `rpc`, `cli` or the export.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::collection::Dataset;
use crate::domain::disclosure::TrueCount;
use crate::domain::indicator::Unit;
use crate::domain::measures::Tally;
use crate::domain::reference::Reference;
use crate::engine::answer::axis_answers::answers;
use crate::engine::answer::crosstab::Folded;
use crate::engine::answer::definition::{ColumnDefinition, TableDefinition};
use crate::engine::answer::model::{Cell, Column};
use crate::engine::answer::plan::{Plan, PlanAxis};
use crate::engine::answer::provenance::QuestionSettings;
use crate::engine::answer::question::{Counted, Question};
use crate::engine::query::{Filter, Measure, Query, Showing};
use crate::engine::{Engine, QueryError};

const ACCESS: &str = "digital_access";
const OFFERED: &str = "support_offered";
const ACCEPTED: &str = "support_accepted";

const PEOPLE: ColumnDefinition =
    ColumnDefinition::count("PEOPLE", &[ACCESS], "People", "People of the snapshot.");
const SUPPORT_OFFERED: ColumnDefinition = ColumnDefinition {
    indicator: "SUPPORT_OFFERED",
    groups: &[ACCESS],
    label: "Support offered",
    unit: Some(Unit::Ratio),
    measures: OFFERED,
    definition: "People who were offered support, of those for whom the answer is known.",
};
const SUPPORT_ACCEPTED: ColumnDefinition = ColumnDefinition {
    indicator: "SUPPORT_ACCEPTED",
    label: "Support accepted",
    measures: ACCEPTED,
    definition: "People who accepted support, of those who were offered it. Outside: people who were not.",
    ..SUPPORT_OFFERED
};

/// Asks who was offered support.
#[derive(Clone)]
pub(crate) struct SupportQuestion(pub(crate) Query);

/// What each group of each row was offered and accepted, and the groups.
pub(crate) struct Support {
    shares: Folded<BTreeMap<usize, [Tally; 2]>>,
    access: PlanAxis,
    occurring: BTreeSet<usize>,
}

impl SupportQuestion {
    /// A plan of the people who cannot use remote care, or only with help, by the rows and by more.
    fn plan(&self, engine: &Engine, query: &Query, inner: &[&str]) -> Result<Plan, QueryError> {
        let codes = ["UNABLE", "WITH_HELP"].map(str::to_owned).to_vec();
        let excluded = Filter { dimension: ACCESS.into(), codes };
        engine.plan_by(query, Dataset::DigitalAccess, inner, [excluded])
    }
}

impl Question for SupportQuestion {
    const TABLE: TableDefinition = TableDefinition {
        name: "SUPPORT",
        title: "Digital-inclusion support",
        rpc: "",
        columns: &[PEOPLE, SUPPORT_OFFERED, SUPPORT_ACCEPTED],
    };
    type Figures = Support;
    /// What is shown, and the place of its group.
    type Shows = (&'static str, usize);

    fn query(&self) -> &Query {
        &self.0
    }

    fn query_mut(&mut self) -> &mut Query {
        &mut self.0
    }

    fn settings(&self) -> QuestionSettings {
        QuestionSettings::of(Measure::Persons)
    }

    fn count(&self, engine: &Engine, query: &Query) -> Result<Counted<Support>, QueryError> {
        let mut plan = self.plan(engine, query, &[ACCESS])?;
        let provenance = engine.provenance(&mut plan, query)?;
        let outer = query.by.len();
        let asked = self.plan(engine, &plan.pinned(query), &[ACCESS, OFFERED, ACCEPTED])?;
        let says = |axis: usize| answers(&asked.axes[outer + axis], &["Y"], &["N"]);
        let (offered, accepted) = (says(1), says(2));
        let mut shares = Folded::default();
        engine.fold(
            &asked,
            outer,
            &mut shares,
            |of: &mut BTreeMap<_, [Tally; 2]>, at, count| {
                let [of_offer, of_accepting] = of.entry(at[0]).or_default();
                of_offer.count(offered[at[1]], count);
                of_accepting.count(accepted[at[2]].given(offered[at[1]]), count);
            },
        )?;
        let tabulated = engine.tabulated(plan, 1, 1)?;
        let quality = engine.quality(&[(&tabulated.plan, tabulated.sums())])?;
        let (access, occurring) = (tabulated.inner().clone(), tabulated.occurring());
        tabulated.counted(provenance, quality, "person", Support { shares, access, occurring })
    }

    fn volume(&self, engine: &Engine, query: &Query) -> Result<Option<Plan>, QueryError> {
        self.plan(engine, query, &[]).map(Some)
    }

    fn all(&self, figures: &Support, row: &[usize]) -> Option<TrueCount> {
        let groups = figures.shares.row(row).into_iter().flat_map(|groups| groups.values());
        let all = groups.map(|[of, _]| of.denominator + of.unknown + of.not_collected + of.outside);
        Some(all.sum())
    }

    fn parts(&self, figures: &Support, row: &[usize], (_, place): &Self::Shows) -> Vec<TrueCount> {
        let groups = figures.shares.row(row);
        let shares = groups.and_then(|groups| groups.get(place)).copied().unwrap_or_default();
        shares.iter().map(|of| of.numerator).collect()
    }

    fn columns(&self, reference: &Reference, figures: &[&Support]) -> Vec<(Column, Self::Shows)> {
        let groups: BTreeSet<usize> = figures.iter().flat_map(|of| of.occurring.clone()).collect();
        let column = |kind: ColumnDefinition, place: usize| {
            let group = vec![figures[0].access.key(place)];
            (kind.column(reference, group), (kind.indicator, place))
        };
        let kinds = |place| [PEOPLE, SUPPORT_OFFERED, SUPPORT_ACCEPTED].map(|k| column(k, place));
        groups.into_iter().flat_map(kinds).collect()
    }

    fn cell(
        &self,
        figures: &Support,
        row: &[usize],
        (shows, place): &Self::Shows,
        showing: &Showing,
    ) -> Cell {
        let shares = figures.shares.row(row).and_then(|groups| groups.get(place));
        let [offered, accepted] = shares.copied().unwrap_or_default();
        match *shows {
            "PEOPLE" => {
                let Tally { denominator, unknown, not_collected, outside, .. } = offered;
                Cell::count(denominator + unknown + not_collected + outside, showing)
            }
            "SUPPORT_OFFERED" => Cell::share(offered, "people", showing),
            _ => Cell::share(accepted, "people", showing),
        }
    }
}

//! The table of face-to-face provision.

use super::counts::MODE;
use super::scan::Groups;
use crate::domain::disclosure::{Protection, TrueCount};
use crate::domain::measures::{Group, Provision, Tally};
use crate::domain::reference::Reference;
use crate::engine::answer::access::{NEEDS, needs_asked, snapshots_beside};
use crate::engine::answer::cell::missing;
use crate::engine::answer::consultations::Tabulated;
use crate::engine::answer::crosstab::{Crosstab, Folded};
use crate::engine::answer::definition::{ColumnDefinition, TableDefinition};
use crate::engine::answer::model::{Absence, Cell, CellCounts, Column, Key, Reason};
use crate::engine::answer::plan::Plan;
use crate::engine::answer::provenance::QuestionSettings;
use crate::engine::answer::question::{Counted, Question, asks_its_query};
use crate::engine::query::{Measure, Query, Showing};
use crate::engine::{Engine, QueryError};

/// Asks whether face to face is there for those who need it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProvisionQuestion {
    /// What is asked about.
    pub query: Query,
    /// Collection of the access snapshots; empty: the one that the collection names.
    pub access_collection: String,
    /// Days from booking within which a request for face to face counts as met.
    pub request_met_days: u32,
}

/// Dimension of the groups of people.
const NEED: &str = "need";
/// Dimension of where a need is known from.
const SOURCE: &str = "need_source";

const NOTE: &str = "All consultations count, also missed and cancelled ones. A person with several needs is in each of their groups. NO_NEED: \
    every need is known, and there is none. NEED_NOT_KNOWN: no need is recorded, and at least one need was not assessed.";

const CONTACTS: ColumnDefinition = ColumnDefinition::count(
    "CONTACTS",
    &[NEED],
    "Consultations",
    "Consultations of people of the group. `outside_count`: consultations of people who are known not to be of the group.",
);
const IN_PERSON: ColumnDefinition = ColumnDefinition::count(
    "IN_PERSON",
    &[NEED],
    "Consultations face to face or at home",
    "Consultations of people of the group, in person. Channels of unknown mode are in neither IN_PERSON nor REMOTE.",
);
const REMOTE: ColumnDefinition = ColumnDefinition::count(
    "REMOTE",
    &[NEED],
    "Consultations by telephone, video or online",
    "Consultations of people of the group, remote. Channels of unknown mode are in neither IN_PERSON nor REMOTE.",
);
const SHARES: [ColumnDefinition; 8] = [
    share("CH-05"),
    share("CH-05-HIGHEST"),
    share("CH-07"),
    share("CH-07-HIGHEST"),
    share("CH-06"),
    share("CH-08"),
    share("CH-13"),
    share("CH-14"),
];

const fn share(indicator: &'static str) -> ColumnDefinition {
    ColumnDefinition::indicator(indicator, &[NEED], "")
}

const FROM: &str = "Consultations by where the need is known from: their own record, the person's latest access snapshot at or before the \
    month, or neither.";

const fn by_source(indicator: &'static str, label: &'static str) -> ColumnDefinition {
    ColumnDefinition::count(indicator, &[SOURCE], label, FROM)
}

/// In the order of the needs.
const SOURCES: [ColumnDefinition; 3] = [
    by_source("ACCESS_STATUS", "Whether people can use remote care, by source"),
    by_source("INTERPRETER_NEEDED", "Whether people need an interpreter, by source"),
    by_source("ACCESSIBLE_NEED", "Whether people have an accessible-information need, by source"),
];

/// What a column shows.
pub(in crate::engine::answer) enum Shows {
    /// Of a group of people, by its number: all consultations.
    Contacts(usize),
    /// Of a group: those of one mode.
    OfMode(usize, fn(&Provision) -> TrueCount),
    /// Of a group: an indicator.
    Share(usize, fn(&Provision) -> Tally),
    /// Of a need, by its number: how many are known from this place.
    Source(usize, usize),
}

/// What was counted of provision.
pub(in crate::engine::answer) struct ProvisionFigures {
    groups: Folded<Groups>,
    /// Of each need.
    sources: Vec<Crosstab>,
    /// Collection of the snapshots; empty: none.
    snapshots: String,
}

impl Question for ProvisionQuestion {
    const TABLE: TableDefinition = TableDefinition {
        name: "PROVISION",
        title: "Face-to-face provision",
        rpc: "DigitalExclusionService.GetFaceToFaceProvision",
        columns: &[
            CONTACTS, IN_PERSON, REMOTE, SHARES[0], SHARES[1], SHARES[2], SHARES[3], SHARES[4],
            SHARES[5], SHARES[6], SHARES[7], SOURCES[0], SOURCES[1], SOURCES[2],
        ],
    };
    type Figures = ProvisionFigures;
    type Shows = Shows;

    asks_its_query!();

    fn settings(&self) -> QuestionSettings {
        QuestionSettings::of(Measure::Contacts).with("request_met_days", &self.request_met_days)
    }

    fn count(
        &self,
        engine: &Engine,
        query: &Query,
    ) -> Result<Counted<ProvisionFigures>, QueryError> {
        let mut plan = engine.consultations(query, Measure::Contacts, &[MODE])?;
        let (mut provenance, pinned) = (engine.provenance(&mut plan, query)?, plan.pinned(query));
        let snapshots = self.snapshots(&plan)?;
        if !snapshots.is_empty() {
            provenance.parameters.push(("access_collection", snapshots.clone()));
        }
        let access =
            engine.access((&mut plan, &query.reader), &snapshots, &NEEDS, query.months.1)?;
        access.told(&mut provenance);
        provenance.notes.push(NOTE.into());
        let exact = plan.protection.is_exact();
        let mut by_source = plan.clone();
        by_source.axes.pop();
        let by_source = access.sources(&by_source);
        let scans = engine.scans_of_provision(&pinned, &access, self.request_met_days)?;
        let plans = [&plan].into_iter().chain(&by_source).map(|plan| (plan, None));
        // All scans add to the same rows, so only the first counts the bytes of a row.
        let of_rows = std::iter::once(size_of::<Groups>()).chain(std::iter::repeat(0));
        let scanned = scans.iter().zip(of_rows).map(|(scan, of_row)| (&scan.plan, Some(of_row)));
        let plans = plans.chain(scanned);
        let outer = query.by.len();
        let mut pass = engine.pass(&Vec::from_iter(plans), outer, engine.listed(outer, 1))?;
        let (crosstab, mut groups) = (pass.crosstab(0)?, Folded::<Groups>::default());
        let sources = (1..=by_source.len()).map(|number| pass.crosstab(number));
        let sources = sources.collect::<Result<_, _>>()?;
        for (number, scan) in scans.iter().enumerate() {
            pass.fold(1 + by_source.len() + number, &mut groups, &scan.add)?;
        }
        pass.end()?;
        let tabulated = Tabulated { plan, crosstab };
        let quality = engine.quality(&[(&tabulated.plan, tabulated.sums())])?;
        let [lowest, highest] = groups.all[Group::All as usize].given;
        let see = |count| exact.then(|| Protection::Exact.see(count)).flatten();
        let seen = see(highest.numerator).zip(see(lowest.numerator)).zip(see(lowest.denominator));
        if let Some((open @ 1.., all)) = seen.map(|((high, low), all)| (high - low, all)) {
            provenance.notes.push(format!(
                "CH-05 and CH-07 are the lowest shares, CH-05-HIGHEST and CH-07-HIGHEST the highest. Of {open} of {all} consultations either \
                 the channel with what became of it or the offer is known and says no, and the other is not known."
            ));
        }
        let figures = ProvisionFigures { groups, sources, snapshots };
        tabulated.counted(provenance, quality, "consultation", figures)
    }

    fn volume(&self, engine: &Engine, query: &Query) -> Result<Option<Plan>, QueryError> {
        let mut plan = engine.consultations(query, Measure::Contacts, &[])?;
        let (snapshots, asked) = (self.snapshots(&plan)?, needs_asked(&plan));
        engine.access((&mut plan, &query.reader), &snapshots, &asked, query.months.1)?;
        Ok(Some(plan))
    }

    fn all(&self, figures: &ProvisionFigures, row: &[usize]) -> Option<TrueCount> {
        let groups = figures.groups.row(row);
        Some(groups.map(|of| of[Group::All as usize].members.numerator).unwrap_or_default())
    }

    fn parts(&self, figures: &ProvisionFigures, row: &[usize], shows: &Shows) -> Vec<TrueCount> {
        let none = Groups::default();
        let groups = figures.groups.row(row).unwrap_or(&none);
        let (group, part) = match shows {
            Shows::Contacts(group) => (*group, None),
            Shows::OfMode(group, of) => (*group, Some(of(&groups[*group]))),
            Shows::Share(group, of) => (*group, Some(of(&groups[*group]).numerator)),
            Shows::Source(need, place) => {
                let counts = figures.sources.get(*need).and_then(|of| of.row(row));
                let count = counts.and_then(|of| of.inner.get(*place)).copied();
                (Group::All as usize, Some(count.unwrap_or_default()))
            }
        };
        let members = (group != Group::All as usize).then(|| groups[group].members.numerator);
        members.into_iter().chain(part).collect()
    }

    fn columns(
        &self,
        reference: &Reference,
        figures: &[&ProvisionFigures],
    ) -> Vec<(Column, Shows)> {
        let mut columns = Vec::new();
        for (number, group) in Group::ALL.into_iter().enumerate() {
            let key = (group != Group::All).then(|| Key::named(NEED, group.name(), group.label()));
            let of_group = [
                (CONTACTS, Shows::Contacts(number)),
                (IN_PERSON, Shows::OfMode(number, |of| of.in_person)),
                (REMOTE, Shows::OfMode(number, |of| of.remote)),
                (share(group.given_indicators()[0]), Shows::Share(number, |of| of.given[0])),
                (share(group.given_indicators()[1]), Shows::Share(number, |of| of.given[1])),
                (share("CH-06"), Shows::Share(number, |of| of.request_met)),
                (share("CH-08"), Shows::Share(number, |of| of.involuntary)),
                (share("CH-13"), Shows::Share(number, |of| of.interpreter)),
                (share("CH-14"), Shows::Share(number, |of| of.need_met)),
            ];
            columns.extend(of_group.into_iter().map(|(kind, shows)| {
                (kind.column(reference, key.iter().cloned().collect()), shows)
            }));
        }
        let snapshot = match figures[0].snapshots.as_str() {
            "" => "no collection of access snapshots".to_owned(),
            id => format!("latest access snapshot in {id}"),
        };
        let sources = [
            Key::named(SOURCE, "RECORD", "the consultation's own record"),
            Key::named(SOURCE, "SNAPSHOT", &snapshot),
            Key::not_known(SOURCE),
        ];
        for (need, kind) in SOURCES.iter().enumerate() {
            for (place, key) in sources.iter().enumerate() {
                let column = kind.column(reference, vec![key.clone()]);
                columns.push((column, Shows::Source(need, place)));
            }
        }
        columns
    }

    fn cell(
        &self,
        figures: &ProvisionFigures,
        row: &[usize],
        shows: &Shows,
        showing: &Showing,
    ) -> Cell {
        let none = Groups::default();
        let groups = figures.groups.row(row).unwrap_or(&none);
        // A 0 would read as nobody where it is not known who belongs to the group.
        let count = |members: Tally, count: TrueCount| match absence(&showing.counts(members)) {
            Some(why) => Cell::absent(why),
            None => Cell::count(count, showing),
        };
        match shows {
            Shows::Contacts(group) => {
                let Provision { members, others, .. } = groups[*group];
                // Who is known not to be of the group is outside. Of a mode alone the counts would not add up to everybody.
                let outside = others + members.outside;
                let cell = count(members, members.numerator);
                let members = showing.counts(Tally { outside, ..members });
                let numerator = cell.counts.numerator;
                let counts = CellCounts { numerator, denominator: None, ..members };
                Cell { counts, ..cell }
            }
            Shows::OfMode(group, of) => count(groups[*group].members, of(&groups[*group])),
            Shows::Share(group, of) => Cell::share(of(&groups[*group]), "consultations", showing),
            Shows::Source(need, place) => {
                let counts = figures.sources.get(*need).and_then(|of| of.row(row));
                let count = counts.and_then(|of| of.inner.get(*place)).copied();
                Cell::count(count.unwrap_or_default(), showing)
            }
        }
    }
}

impl ProvisionQuestion {
    /// The collection of the access snapshots; empty: none.
    fn snapshots(&self, plan: &Plan) -> Result<String, QueryError> {
        Ok(match self.access_collection.as_str() {
            "" => plan.collection.access_collection.clone(),
            named => snapshots_beside(&plan.reference, &plan.collection, named)?.id.clone(),
        })
    }
}

/// Why it cannot be said who is of the group, if it is known of nobody.
fn absence(members: &CellCounts) -> Option<Absence> {
    let is_zero = |count: Option<u64>| count == Some(0);
    let missing_is_zero = is_zero(members.unknown) && is_zero(members.not_collected);
    let nobody = is_zero(members.denominator) && !missing_is_zero;
    nobody.then(|| {
        missing(members, |reason| match reason {
            Reason::NotCollected => {
                "no source of these consultations collects whether their people are of the group"
            }
            Reason::NoData
            | Reason::NotComputable
            | Reason::Suppressed
            | Reason::Withheld
            | Reason::Erased => {
                "for none of these consultations do we know whether their people are of the group"
            }
        })
    })
}

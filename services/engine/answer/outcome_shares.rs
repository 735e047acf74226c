//! What became of consultations, by a group of them (a channel, a mode): the indicators CH-09 and CH-11, for every table that has
//! them. Which categories they are made of is said in `indicators.toml`.

use super::axis_answers::answers;
use super::consultations::Tabulated;
use super::crosstab::{Folded, InnerCounts};
use super::plan::{Plan, PlanAxis};
use super::quality::Sums;
use crate::domain::disclosure::TrueCount;
use crate::domain::indicator::Count;
use crate::domain::measures::{Response, Tally};
use crate::domain::reference::Reference;
use crate::engine::{Engine, QueryError};

/// Did not attend.
pub(super) const MISSED: &str = "CH-09";
/// Shares of days from booking.
pub(super) const WAITS: [&str; 2] = ["CH-11-SAME-DAY", "CH-11-OVER-14"];
/// Dimensions that the indicators look at.
pub(super) const ATTENDANCE: &str = "attendance_outcome";
pub(super) const LEAD_TIME: &str = "lead_time";

/// Of consultations by what tells the rows apart, by group, and by one measured field: the inner axis.
impl Tabulated {
    /// Counts of each group of a row by place of the measured field.
    fn groups<'a>(&self, counts: &'a InnerCounts) -> std::slice::Chunks<'a, TrueCount> {
        counts.inner.chunks(self.inner().places())
    }

    /// Sums for the quality of the measured field.
    pub(super) fn measured(&self) -> Sums {
        let mut sums = vec![TrueCount::default(); self.inner().places()];
        for of_group in self.groups(&self.crosstab.all) {
            sums.iter_mut().zip(of_group).for_each(|(sum, count)| *sum += *count);
        }
        Sums::from([(self.plan.axes.len() - 1, sums)])
    }
}

/// Outcomes of one group of a row, or of all its groups together.
#[derive(Clone, Default)]
pub(super) struct GroupOutcomes {
    /// Consultations.
    pub(super) all: TrueCount,
    /// Those that were attended.
    pub(super) attended: TrueCount,
    /// CH-09.
    pub(super) missed: Tally,
    /// The shares of CH-11, as in [`WAITS`].
    pub(super) waits: [Tally; WAITS.len()],
    /// Consultations by place of the days from booking.
    bands: Vec<TrueCount>,
}

impl GroupOutcomes {
    /// The tally of CH-09 or of a share of days from booking.
    pub(super) fn tally(&self, indicator: &str) -> Tally {
        WAITS.iter().position(|id| *id == indicator).map_or(self.missed, |place| self.waits[place])
    }

    /// The tally of one band of days, of all whose days from booking are known.
    pub(super) fn band(&self, band: usize) -> Tally {
        let numerator = self.bands.get(band).copied().unwrap_or_default();
        Tally { numerator, ..self.waits[0] }
    }

    /// These and others together.
    fn and(mut self, other: &Self) -> Self {
        self.all += other.all;
        self.attended += other.attended;
        self.missed += other.missed;
        self.waits.iter_mut().zip(other.waits).for_each(|(of, more)| *of += more);
        self.bands.resize(self.bands.len().max(other.bands.len()), TrueCount::default());
        self.bands.iter_mut().zip(&other.bands).for_each(|(of, more)| *of += *more);
        self
    }
}

/// Attendance and days from booking of each row, added up once: of all its groups, and of each.
pub(super) struct OutcomeShares {
    pub(super) attendance: Tabulated,
    pub(super) waits: Tabulated,
    rows: Folded<Vec<GroupOutcomes>>,
}

impl OutcomeShares {
    /// Counts two plans of consultations, whose last axes are the group and what is measured: attendance, and days from booking;
    /// for a table with so many columns at least.
    pub(super) fn count(
        engine: &Engine,
        late_counts_as_missed: bool,
        columns: usize,
        [attendance, waits]: [Plan; 2],
    ) -> Result<Self, QueryError> {
        let [attendance, waits] = engine.tabulated_each([attendance, waits], 2, columns)?;
        let reference = &attendance.plan.reference;
        let missed = says(reference, MISSED, attendance.inner(), late_counts_as_missed);
        let of_waits = WAITS.map(|id| says(reference, id, waits.inner(), false));
        let rows = attendance.crosstab.map(|row, attended| {
            let mut groups = vec![GroupOutcomes::default(); 1];
            for counts in attendance.groups(attended) {
                let mut of = GroupOutcomes::default();
                for (says, count) in missed.iter().zip(counts) {
                    of.all += *count;
                    of.missed.count(*says, *count);
                    if *says == Response::No {
                        of.attended += *count;
                    }
                }
                groups.push(of);
            }
            let waited = waits.crosstab.row(row).into_iter().flat_map(|of| waits.groups(of));
            for (of, counts) in groups[1..].iter_mut().zip(waited) {
                for (tally, says) in of.waits.iter_mut().zip(&of_waits) {
                    says.iter().zip(counts).for_each(|(says, count)| tally.count(*says, *count));
                }
                of.bands = counts.to_vec();
            }
            groups[0] = groups[1..].iter().fold(GroupOutcomes::default(), GroupOutcomes::and);
            groups
        });
        Ok(Self { attendance, waits, rows })
    }

    /// Consultations by what tells the rows apart, and by group alone.
    pub(super) fn by_group(&self) -> Tabulated {
        let mut plan = self.attendance.plan.clone();
        plan.axes.pop();
        let crosstab = self.attendance.crosstab.map(|_, counts| InnerCounts {
            inner: self
                .attendance
                .groups(counts)
                .map(|of_group| of_group.iter().copied().sum())
                .collect(),
            ..InnerCounts::default()
        });
        Tabulated { plan, crosstab }
    }

    /// The outcomes of a group of a row, or of all its groups; none where nothing was counted.
    pub(super) fn of(&self, row: &[usize], group: Option<usize>) -> Option<&GroupOutcomes> {
        self.rows.row(row)?.get(group.map_or(0, |group| group + 1))
    }
}

/// What the places of an axis say to an indicator that is a share of its categories. A category that the indicator does not name and
/// that holds others says what they say; if they say different things, it is not known which.
pub(super) fn says(
    reference: &Reference,
    indicator: &str,
    axis: &PlanAxis,
    late_counts_as_missed: bool,
) -> Vec<Response> {
    let count = reference.indicator(indicator).and_then(|known| known.count.as_ref());
    let Some(Count::Share { numerator, denominator, late, .. }) = count else {
        return answers(axis, &[], &[]);
    };
    let late = late.iter().filter(|_| late_counts_as_missed);
    let [yes, known] = [numerator, denominator].map(|codes| -> Vec<&str> {
        codes.iter().chain(late.clone()).map(String::as_str).collect()
    });
    let mut says = answers(axis, &yes, &known);
    let list = axis.field().and_then(|field| reference.list_of(field));
    for (place, (code, _)) in axis.categories.iter().enumerate() {
        let inner = |at: &usize| {
            let (other, _) = &axis.categories[*at];
            other != code && list.is_some_and(|list| list.holds(code, other))
        };
        let mut inner = (0..axis.categories.len()).filter(inner).map(|at| says[at]);
        if let Some(first) = inner.next().filter(|_| !known.contains(&code.as_str())) {
            let alike = inner.all(|other| other == first);
            says[place] = if alike { first } else { Response::Unknown };
        }
    }
    says
}

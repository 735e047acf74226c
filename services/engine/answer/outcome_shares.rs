//! What became of consultations, by a group of them (a channel, a mode): the indicators CH-09 and CH-11, for every table that has
//! them. Which categories they are made of is said in `indicators.toml`.

use super::axis_answers::answers;
use super::crosstab::{Crosstab, InnerCounts};
use super::plan::{Plan, PlanAxis};
use super::quality::Sums;
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

/// Consultations by what tells the rows apart, by group, and by one measured field.
pub(super) struct Measured {
    pub(super) plan: Plan,
    crosstab: Crosstab,
}

impl Measured {
    fn count(engine: &Engine, plan: Plan) -> Result<Self, QueryError> {
        let crosstab = engine.count(&plan, 2)?;
        Ok(Self { plan, crosstab })
    }

    fn outer(&self) -> usize {
        self.plan.axes.len() - 2
    }

    /// The axis of the measured field.
    pub(super) fn field(&self) -> &PlanAxis {
        &self.plan.axes[self.outer() + 1]
    }

    /// Counts of a row by place of the measured field, of one group or of all of them.
    fn counts(&self, row: &[usize], group: Option<usize>) -> impl Iterator<Item = (usize, u64)> {
        let counts = self.crosstab.row(row).map_or(&[][..], |counts| &counts.inner);
        let groups = counts.chunks(self.field().places()).enumerate();
        let wanted = groups.filter(move |(n, _)| group.is_none_or(|group| group == *n));
        wanted.flat_map(|(_, counts)| counts.iter().copied().enumerate())
    }

    /// Consultations of a row, of one group or of all of them.
    pub(super) fn all(&self, row: &[usize], group: Option<usize>) -> u64 {
        self.counts(row, group).map(|(_, count)| count).sum()
    }

    /// Adds up what the places of the measured field say.
    fn tally(&self, says: &[Response], row: &[usize], group: Option<usize>) -> Tally {
        let mut tally = Tally::default();
        self.counts(row, group).for_each(|(place, count)| tally.count(says[place], count));
        tally
    }

    /// The cross-tabulation by group alone.
    pub(super) fn by_group(&self) -> Crosstab {
        let width = self.field().places();
        let summed = |counts: &InnerCounts| InnerCounts {
            inner: counts.inner.chunks(width).map(|of_group| of_group.iter().sum()).collect(),
            ..InnerCounts::default()
        };
        let rows = self.crosstab.rows.iter().map(|(row, counts)| (row.clone(), summed(counts)));
        Crosstab { rows: rows.collect(), all: summed(&self.crosstab.all) }
    }

    /// Sums for the quality of the measured field.
    pub(super) fn sums(&self) -> Sums {
        let mut sums = vec![0; self.field().places()];
        self.counts(&[], None).for_each(|(place, count)| sums[place] += count);
        Sums::from([(self.outer() + 1, sums)])
    }
}

/// Attendance and days from booking by group, and what each of their categories says to the indicators.
pub(super) struct OutcomeShares {
    pub(super) attendance: Measured,
    pub(super) waits: Measured,
    missed: Vec<Response>,
    of_waits: [Vec<Response>; WAITS.len()],
}

impl OutcomeShares {
    /// Counts. `planned` plans consultations by the group and a measured dimension.
    pub(super) fn count(
        engine: &Engine,
        late_counts_as_missed: bool,
        planned: impl Fn(&str) -> Result<Plan, QueryError>,
    ) -> Result<Self, QueryError> {
        let attendance = Measured::count(engine, planned(ATTENDANCE)?)?;
        let waits = Measured::count(engine, planned(LEAD_TIME)?)?;
        let reference = &attendance.plan.reference;
        let missed = says(reference, MISSED, attendance.field(), late_counts_as_missed);
        let of_waits = WAITS.map(|id| says(reference, id, waits.field(), false));
        Ok(Self { attendance, waits, missed, of_waits })
    }

    /// The tally of CH-09 or of a share of days from booking.
    pub(super) fn tally(&self, indicator: &str, row: &[usize], group: Option<usize>) -> Tally {
        match WAITS.iter().position(|id| *id == indicator) {
            Some(place) => self.waits.tally(&self.of_waits[place], row, group),
            None => self.attendance.tally(&self.missed, row, group),
        }
    }

    /// The tally of one band of days, of all whose days from booking are known.
    pub(super) fn band(&self, band: usize, row: &[usize], group: Option<usize>) -> Tally {
        let in_band = self.waits.counts(row, group).filter(|(place, _)| *place == band);
        let numerator = in_band.map(|(_, count)| count).sum();
        Tally { numerator, ..self.waits.tally(&self.of_waits[0], row, group) }
    }
}

/// What the places of an axis say to an indicator that is a share of its categories.
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
    answers(axis, &yes, &known)
}

//! Every published figure, one by one, whatever it is about: what stands beside no table can be read here.

use super::line::{Fit, Periods};
use super::{PublishedEstimate, holding_estimates, published};
use crate::domain::period::{Month, months_of};
use crate::domain::reference::Reference;
use crate::engine::query::{AsOf, invalid, no_area, no_indicator};
use crate::engine::{Engine, QueryError};

/// The fields of a question as they came; empty texts mean that nothing was said.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)] // the contract's message of the same fields describes each
pub struct ListAsked {
    pub collection: String,
    pub indicator: String,
    pub area: String,
    pub period: String,
}

/// Which figures are listed.
#[derive(Clone, Debug, PartialEq)]
pub struct EstimateList {
    collections: Vec<String>,
    indicator: Option<String>,
    area: Option<String>,
    months: Option<(Month, Month)>,
}

/// Where a figure stands in the list: position of its submission, and its row there.
pub type Place = (u64, usize);

impl EstimateList {
    /// Checks a question.
    ///
    /// # Errors
    /// The first field that cannot be used.
    pub fn new(reference: &Reference, asked: &ListAsked) -> Result<Self, QueryError> {
        let given = |text: &String| (!text.is_empty()).then(|| text.clone());
        let collections: Vec<_> = given(&asked.collection).into_iter().collect();
        holding_estimates(reference, "collection", &collections)?;
        let indicator = given(&asked.indicator);
        if let Some(id) = indicator.as_ref().filter(|id| reference.indicator(id).is_none()) {
            return Err(no_indicator(reference, id));
        }
        let area = given(&asked.area)
            .map(|code| reference.areas().get(&code).map_or(code, |area| area.code.clone()));
        let period = given(&asked.period).map(|period| months_of(&period)).transpose();
        let months = period.map_err(|error| invalid("period", error.to_string()))?;
        let months = months.map(|months| (*months.start(), *months.end()));
        Ok(Self { collections, indicator, area, months })
    }

    /// Whether a figure is about the place and the time that are meant.
    fn wants(&self, fit: &Fit<'_>) -> bool {
        let (last, first) = fit.period;
        self.area.as_ref().is_none_or(|area| area == fit.area)
            && self.months.is_none_or(|months| months.0 <= first && last <= months.1)
    }
}

impl Engine {
    /// The figures that stand now, in the order in which they came, behind a place: at most `most`.
    ///
    /// # Errors
    /// See [`QueryError`]: an area that neither the reference content nor any figure has.
    pub fn list_estimates(
        &self,
        list: &EstimateList,
        after: Option<Place>,
        most: usize,
    ) -> Result<Vec<(Place, PublishedEstimate)>, QueryError> {
        let (reference, mut standing, _) =
            self.standing_estimates("collection", &list.collections, &AsOf::Head)?;
        standing.submissions.sort_by_key(|submission| submission.position);
        let read = self.read(&standing.submissions)?;
        let (mut places, mut fits) = (Vec::new(), Vec::new());
        for (submission, rows) in &read {
            for (number, row) in rows.iter().enumerate() {
                let of_indicator = list.indicator.as_ref().is_none_or(|id| *id == row.indicator);
                if let Some(months) = row.months().filter(|_| of_indicator) {
                    places.push((submission.position, number));
                    fits.push(Fit::new(&reference, submission, row, months));
                }
            }
        }
        if let Some(code) = &list.area
            && !fits.iter().any(|fit| fit.area == *code)
            && reference.areas().get(code).is_none()
            && reference.organisation(code).is_none()
        {
            return Err(no_area(&reference, code));
        }
        let periods = Periods::of(&fits);
        let behind = places.into_iter().zip(&fits).filter(|(place, _)| after < Some(*place));
        let wanted = behind.filter(|(_, fit)| list.wants(fit)).take(most);
        let published = |fit: &Fit<'_>| published(&reference, fit, periods.breaks_at(fit));
        Ok(wanted.map(|(place, fit)| (place, published(fit))).collect())
    }
}

//! Every published figure, one by one, whatever it is about: what stands beside no table can be read here.

use super::line::{Fit, Periods};
use super::{PublishedEstimate, published};
use crate::domain::period::months_of;
use crate::engine::query::{AsOf, invalid, no_area, no_indicator};
use crate::engine::{Engine, QueryError};

/// Which figures are listed, as it was asked; empty texts mean that nothing was said.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)] // the contract's message of the same fields describes each
pub struct EstimateList {
    pub collection: String,
    pub indicator: String,
    pub area: String,
    pub period: String,
}

/// Where a figure stands in the list: position of its submission, and its row there.
pub type Place = (u64, usize);

impl Engine {
    /// The figures that stand now, in the order in which they came, behind a place: at most `most`.
    ///
    /// # Errors
    /// The first field that cannot be used: also an area that neither the reference content nor any figure has.
    pub fn list_estimates(
        &self,
        list: &EstimateList,
        after: Option<Place>,
        most: usize,
    ) -> Result<Vec<(Place, PublishedEstimate)>, QueryError> {
        let is_any = |text: &String| text.is_empty();
        let named = Some(list.collection.clone()).filter(|id| !is_any(id));
        let (reference, mut standing) =
            self.standing_estimates("collection", named.as_slice(), &AsOf::Head)?;
        if !is_any(&list.indicator) && reference.indicator(&list.indicator).is_none() {
            return Err(no_indicator(&reference, "indicator", &list.indicator));
        }
        let period = (!is_any(&list.period)).then(|| months_of(&list.period)).transpose();
        let period = period.map_err(|error| invalid("period", error.to_string()))?;
        let named = reference.areas().get(&list.area);
        let area = named.map_or(&list.area, |area| &area.code);
        // A code of ONS is of one boundary of the area.
        let boundary = named.and_then(|area| area.newer_boundaries(&list.area));

        standing.submissions.sort_by_key(|submission| submission.position);
        let read = self.read(&standing.submissions)?;
        let (mut places, mut fits) = (Vec::new(), Vec::new());
        for (submission, rows) in standing.submissions.iter().zip(&read) {
            for (number, row) in rows.iter().enumerate() {
                let of_indicator = is_any(&list.indicator) || list.indicator == row.indicator;
                if let Some(months) = row.months().filter(|_| of_indicator) {
                    places.push((submission.position, number));
                    fits.push(Fit::new(&reference, submission, row, months));
                }
            }
        }
        if !is_any(area)
            && !fits.iter().any(|fit| fit.area == area)
            && reference.areas().get(area).is_none()
            && reference.organisation(area).is_none()
        {
            return Err(no_area(&reference, "area", area));
        }
        let wants = |fit: &Fit<'_>| {
            let (last, first) = fit.period;
            (is_any(area) || fit.area == area)
                && boundary.is_none_or(|boundary| fit.boundary == boundary)
                && period.as_ref().is_none_or(|of| *of.start() <= first && last <= *of.end())
        };
        let periods = Periods::of(&fits);
        let behind = places.into_iter().zip(&fits).filter(|(place, _)| after < Some(*place));
        let wanted = behind.filter(|(_, fit)| wants(fit)).take(most);
        let published = |fit: &Fit<'_>| published(&reference, fit, periods.breaks_at(fit));
        Ok(wanted.map(|(place, fit)| (place, published(fit))).collect())
    }
}

//! The nearest valid name of everything that the reference content names.

use super::Reference;
use crate::domain::codes::nearest;
use crate::domain::field::Field;

impl Reference {
    /// The dimension nearest to a wrong id, by id or name. The first view of a field also has the name of the field's code list:
    /// `age` is `age_band`.
    #[must_use]
    pub fn nearest_dimension(&self, id: &str) -> Option<&str> {
        let names = self.dimensions.iter().enumerate().flat_map(|(place, dimension)| {
            let field = dimension.field();
            let is_first = self.dimensions[..place].iter().all(|other| other.field() != field);
            let list = field.filter(|_| is_first).and_then(Field::list).unwrap_or_default();
            [&dimension.id, &dimension.label, list].map(|name| (&*dimension.id, name))
        });
        nearest(id, names)
    }

    /// The code of the area nearest to a wrong one, by either code or name.
    #[must_use]
    pub fn nearest_area(&self, code: &str) -> Option<&str> {
        let areas = self.places.areas.iter();
        let names = areas.flat_map(|area| {
            [&area.code, &area.other_code, &area.name].map(|name| (&*area.code, &**name))
        });
        nearest(code, names)
    }

    /// The code of the organisation nearest to a wrong one, by code or name.
    #[must_use]
    pub fn nearest_organisation(&self, code: &str) -> Option<&str> {
        let names = self.organisations().flat_map(|organisation| {
            [&organisation.code, &organisation.name].map(|name| (&*organisation.code, &**name))
        });
        nearest(code, names)
    }

    /// The id of the indicator nearest to a wrong one, by id or name.
    #[must_use]
    pub fn nearest_indicator(&self, id: &str) -> Option<&str> {
        let names = self.indicators().flat_map(|indicator| {
            [&indicator.id, &indicator.label].map(|name| (&*indicator.id, &**name))
        });
        nearest(id, names)
    }
}

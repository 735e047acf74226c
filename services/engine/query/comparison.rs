//! What the figures of a question are compared with.

use super::errors::{Wrong, field, hint};
use crate::domain::codes::{Dimension, Source};
use crate::domain::reference::Reference;
use crate::engine::error::QueryError;

/// Which group the others are compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Against {
    /// The category of this code.
    Named(String),
    /// The group with the largest denominator.
    Largest,
    /// The least deprived group.
    LeastDeprived,
    /// The group with the best value.
    Best,
    /// Everybody.
    Whole,
    /// Everybody who is not in the group.
    Complement,
}

impl Against {
    /// Name in the contract; the code of a named group.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Named(code) => code,
            Self::Largest => "LARGEST",
            Self::LeastDeprived => "LEAST_DEPRIVED",
            Self::Best => "BEST",
            Self::Whole => "WHOLE",
            Self::Complement => "COMPLEMENT",
        }
    }
}

/// A comparison of the groups of one dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Id of the dimension whose groups are compared; as asked, empty: the only one besides periods.
    pub dimension: String,
    /// With which.
    pub against: Against,
}

/// Whether the categories of a dimension are periods.
#[must_use]
pub fn is_period(dimension: &Dimension) -> bool {
    match dimension.source {
        Source::Month | Source::Quarter | Source::FinancialYear | Source::CalendarYear => true,
        Source::Field(_)
        | Source::Organisation
        | Source::ProviderArea(_)
        | Source::OrganisationAttribute(_)
        | Source::Computed => false,
    }
}

/// The comparison of a question that is broken down by these dimensions.
pub(super) fn comparison(
    reference: &Reference,
    asked: Option<&Comparison>,
    by: &[String],
) -> Result<Option<Comparison>, QueryError> {
    let Some(comparison) = asked else { return Ok(None) };
    let groups = by.iter().filter_map(|id| reference.dimension(id)).filter(|of| !is_period(of));
    let groups: Vec<_> = groups.collect();
    let ids: Vec<_> = groups.iter().map(|of| format!("`{}`", of.id)).collect();
    let named = groups.iter().find(|of| of.id == comparison.dimension);
    let dimension = match (named, groups.as_slice()) {
        (Some(named), _) => *named,
        (None, [only]) if comparison.dimension.is_empty() => *only,
        (None, []) => {
            let why = "compares groups: add the dimension of the groups to `by`, for example `sex`";
            return Err(field("comparison", why));
        }
        (None, _) => {
            let why = format!("must be one of the dimensions in `by`: {}", ids.join(", "));
            return Err(field("comparison.dimension", why));
        }
    };
    let mut wrong = Wrong::default();
    match &comparison.against {
        Against::Named(code) if code.is_empty() => {
            let why = "is required: the code of the group that the others are compared with";
            wrong.take::<()>(Err(field("comparison.code", why)));
        }
        Against::Named(code)
            if dimension.field().is_some() && dimension.place_of(code).is_none() =>
        {
            let near = hint(dimension.nearest(code));
            let why = format!("no category `{code}` in dimension `{}`{near}", dimension.id);
            wrong.take::<()>(Err(field("comparison.code", why)));
        }
        Against::LeastDeprived if !dimension.direction.contains("most deprived") => {
            let why = format!(
                "`{}` does not go from most to least deprived: use LARGEST, or break down by `imd2025_quintile`",
                dimension.id
            );
            wrong.take::<()>(Err(field("comparison.reference", why)));
        }
        Against::Whole | Against::Complement if by.len() > 1 => {
            let why = "the whole is known if `by` has one dimension: leave the others out, or name a group";
            wrong.take::<()>(Err(field("comparison.reference", why)));
        }
        Against::Named(_)
        | Against::Largest
        | Against::LeastDeprived
        | Against::Best
        | Against::Whole
        | Against::Complement => {}
    }
    let found = Comparison { dimension: dimension.id.clone(), against: comparison.against.clone() };
    wrong.unless(Some(Some(found)))
}

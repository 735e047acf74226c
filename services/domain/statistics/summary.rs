//! Every summary measure of one set of groups, in one order: what fits to groups with or without an order, the rest absent with its reason.

use super::{
    Confidence, Estimate, Groups, NotComputable, Scale, attributable, between_groups,
    concentration, disparity, gap, gap_ratio, mean_difference, mean_log_deviation, pair, slope,
    theil,
};
use crate::domain::indicator::{Polarity, Unit};

/// What the groups are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Whether they go from most to least disadvantaged.
    pub ordered: bool,
    /// Whether a person can be in several of them.
    pub overlapping: bool,
    /// What a high value means.
    pub polarity: Polarity,
    /// Place of the reference, for groups without an order.
    pub reference: Option<usize>,
    /// Scale of the slope; where a group is at an end of it, the slope is linear.
    pub scale: Scale,
}

/// A measure by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeasureName {
    /// Stable id.
    pub id: &'static str,
    /// Words for people.
    pub label: &'static str,
    /// Unit of its values; those in the unit of the groups' values are differences.
    pub unit: Unit,
}

/// A measure and what it comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Which.
    pub name: MeasureName,
    /// Value and limits, or why there are none.
    pub found: Result<Estimate, NotComputable>,
}

const fn name(id: &'static str, label: &'static str, unit: Unit) -> MeasureName {
    MeasureName { id, label, unit }
}

/// The measures, in the order of their values.
pub const MEASURES: [MeasureName; 23] = [
    name("D", "Difference between two groups", Unit::Difference),
    name("R", "Ratio of two groups", Unit::Times),
    name("SII", "Slope index of inequality", Unit::Difference),
    name("RII", "Relative index of inequality", Unit::Times),
    name("ACI", "Absolute concentration index", Unit::Difference),
    name("RCI", "Relative concentration index", Unit::Index),
    name("RCI-WAGSTAFF", "Concentration index after Wagstaff", Unit::Index),
    name("RCI-ERREYGERS", "Concentration index after Erreygers", Unit::Index),
    name("PAR", "Population attributable risk", Unit::Difference),
    name("PAF", "Population attributable fraction", Unit::Percent),
    name("BGV", "Between-group variance", Unit::Index),
    name("BGSD", "Between-group standard deviation", Unit::Difference),
    name("COV", "Coefficient of variation", Unit::Percent),
    name("MDM", "Mean difference from the mean", Unit::Difference),
    name("MDM-WEIGHTED", "Mean difference from the mean, weighted by people", Unit::Difference),
    name("MDB", "Mean difference from the best group", Unit::Difference),
    name(
        "MDB-WEIGHTED",
        "Mean difference from the best group, weighted by people",
        Unit::Difference,
    ),
    name("MDR", "Mean difference from the reference", Unit::Difference),
    name(
        "MDR-WEIGHTED",
        "Mean difference from the reference, weighted by people",
        Unit::Difference,
    ),
    name("IDIS", "Index of disparity", Unit::Percent),
    name("IDIS-WEIGHTED", "Index of disparity, weighted by people", Unit::Percent),
    name("TI", "Theil index", Unit::Index),
    name("MLD", "Mean log deviation", Unit::Index),
];

impl Shape {
    fn adverse(&self) -> bool {
        // Where neither is better a difference is taken as of a value that is better low: the highest first.
        self.polarity != Polarity::HigherIsBetter
    }

    /// Place of the best group; none: neither high nor low is better.
    ///
    /// # Errors
    /// Neither is better.
    pub fn best(&self, groups: &Groups) -> Result<usize, NotComputable> {
        if self.polarity == Polarity::Neither {
            return Err(NotComputable::NoPolarity);
        }
        let places = (0..groups.all().len()).rev();
        let better = |a: &usize, b: &usize| {
            let of = groups.all()[*a].value.total_cmp(&groups.all()[*b].value);
            if self.adverse() { of.reverse() } else { of }
        };
        places.max_by(better).ok_or(NotComputable::FewGroups)
    }
}

/// What each of [`MEASURES`] comes to, and on which scale the slope was fitted.
#[must_use]
pub fn summary(groups: &Groups, shape: &Shape, confidence: Confidence) -> (Vec<Measured>, Scale) {
    // A mean over groups that overlap counts people several times.
    let apart = if shape.overlapping { Err(NotComputable::Overlapping) } else { Ok(groups) };
    let in_order =
        apart.and_then(|of| if shape.ordered { Ok(of) } else { Err(NotComputable::NoOrder) });
    let two = pair(groups, shape.ordered, shape.adverse(), shape.reference);
    let mut scale = shape.scale;
    let mut sloped = in_order.and_then(|of| slope(of, scale, 1.0, confidence));
    if matches!(
        sloped,
        Err(NotComputable::CertainGroup | NotComputable::ZeroGroup | NotComputable::NotShares)
    ) {
        scale = Scale::Linear;
        sloped = in_order.and_then(|of| slope(of, scale, 1.0, confidence));
    }
    let concentrated = in_order.and_then(|of| concentration(of, confidence));
    let best = apart.and_then(|of| shape.best(of));
    let least_disadvantaged = groups.all().len() - 1;
    let reference = if shape.ordered { best.map(|_| least_disadvantaged) } else { best };
    let risk = reference.and_then(|place| attributable(groups, place, shape.adverse(), confidence));
    let between = apart.and_then(|of| between_groups(of, confidence));
    let from = |centre: Result<f64, NotComputable>| {
        let of = apart.and(centre).and_then(|centre| mean_difference(groups, centre));
        [of.map(|of| of.unweighted), of.map(|of| of.weighted)]
    };
    let value = |place: usize| groups.all()[place].value;
    let [mdm, mdm_weighted] = from(Ok(groups.mean()));
    let [mdb, mdb_weighted] = from(best.map(value));
    let named = shape.reference.ok_or(NotComputable::NoReference);
    let [mdr, mdr_weighted] = from(named.map(value));
    let disparity = apart.and_then(disparity);
    let found = [
        gap(groups, two, confidence),
        gap_ratio(groups, two, confidence),
        sloped.map(|of| of.absolute),
        sloped.and_then(|of| of.relative),
        concentrated.map(|of| of.absolute),
        concentrated.and_then(|of| of.relative),
        concentrated.and_then(|of| of.wagstaff),
        concentrated.and_then(|of| of.erreygers),
        risk.map(|of| of.absolute),
        risk.and_then(|of| of.relative),
        between.map(|of| of.variance),
        between.map(|of| of.deviation),
        between.and_then(|of| of.coefficient),
        mdm,
        mdm_weighted,
        mdb,
        mdb_weighted,
        mdr,
        mdr_weighted,
        disparity.map(|of| of.unweighted),
        disparity.map(|of| of.weighted),
        apart.and_then(|of| theil(of, confidence)),
        apart.and_then(|of| mean_log_deviation(of, confidence)),
    ];
    let all = MEASURES.into_iter().zip(found).map(|(name, found)| Measured { name, found });
    (all.collect(), scale)
}

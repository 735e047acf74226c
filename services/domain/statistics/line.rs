//! A line through groups in their order: the weighted least squares of y on X, with weights p.
//!
//! Xₖ is the share of the people before the group and half of its own: 0 is the most disadvantaged end, 1 the least disadvantaged.

use super::Groups;

/// Xₖ − ½ of each group: half of the share before it, less half of the share behind it. Added up from both ends, so that a group of nearly
/// everybody leaves the digits of the others.
pub(super) fn centred_ranks(groups: &Groups) -> Vec<f64> {
    let shares: Vec<_> = groups.shares().map(|(share, _)| share).collect();
    let mut ranks = vec![0.0; shares.len()];
    let (mut before, mut behind) = (0.0, 0.0);
    for (place, share) in shares.iter().enumerate() {
        ranks[place] += before / 2.0;
        before += share;
    }
    for (place, share) in shares.iter().enumerate().rev() {
        ranks[place] -= behind / 2.0;
        behind += share;
    }
    ranks
}

/// A fitted line: y = b₀ + b₁X. Both are linear in the values: bᵢ = Σ Cᵢₖyₖ.
pub(super) struct Line {
    /// b₀.
    pub(super) start: f64,
    /// b₁.
    pub(super) slope: f64,
    /// C, for b₀ and b₁.
    coefficients: [Vec<f64>; 2],
    weights: Vec<f64>,
    residuals: Vec<f64>,
    /// Weighted variance of X.
    spread: f64,
}

impl Line {
    /// Fits the values of more than two groups.
    pub(super) fn fit(groups: &Groups, values: &[f64]) -> Self {
        let weights: Vec<_> = groups.shares().map(|(share, _)| share).collect();
        let ranks = centred_ranks(groups);
        let sum = |of: &dyn Fn(usize) -> f64| (0..weights.len()).map(of).sum::<f64>();
        let spread = sum(&|k| weights[k] * ranks[k].powi(2));
        let of_slope: Vec<_> = (0..ranks.len()).map(|k| weights[k] * ranks[k] / spread).collect();
        // The line goes through the means: y = μ + b₁(X − ½).
        let of_start = (0..ranks.len()).map(|k| weights[k] - of_slope[k] / 2.0).collect();
        let coefficients: [Vec<f64>; 2] = [of_start, of_slope];
        let [start, slope] = [0, 1].map(|i| sum(&|k| coefficients[i][k] * values[k]));
        let middle = start + slope / 2.0;
        let residuals = (0..ranks.len()).map(|k| values[k] - middle - slope * ranks[k]).collect();
        Self { start, slope, coefficients, weights, residuals, spread }
    }

    /// C·diag(s²)·Cᵀ for the standard errors of the values: the variances of b₀ and b₁, and their covariance.
    pub(super) fn variance(&self, errors: &[f64]) -> Variance {
        let of = |i: usize, j: usize| {
            let [a, b] = [&self.coefficients[i], &self.coefficients[j]];
            errors.iter().enumerate().map(|(k, error)| a[k] * b[k] * error * error).sum()
        };
        Variance { start: of(0, 0), slope: of(1, 1), both: of(0, 1) }
    }

    /// The same from how far the groups are from the line, whatever their own errors (HC1, as WHO's healthequal).
    #[allow(clippy::cast_precision_loss)] // few groups
    pub(super) fn scatter(&self) -> Variance {
        let n = self.residuals.len() as f64;
        let Variance { start, slope, both } = self.variance(&self.residuals);
        let factor = n / (n - 2.0);
        Variance { start: start * factor, slope: slope * factor, both: both * factor }
    }

    /// The standard error of b₁ from the residuals as equal in variance but for the weights: ordinary least squares.
    #[allow(clippy::cast_precision_loss)] // few groups
    pub(super) fn ordinary_error(&self) -> f64 {
        let of = self.weights.iter().zip(&self.residuals).map(|(weight, of)| weight * of * of);
        (of.sum::<f64>() / (self.residuals.len() as f64 - 2.0) / self.spread).sqrt()
    }
}

/// Variances of the two numbers of a line, and their covariance.
pub(super) struct Variance {
    pub(super) start: f64,
    pub(super) slope: f64,
    pub(super) both: f64,
}

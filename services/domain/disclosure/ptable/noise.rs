//! The noise of one count: the distribution of maximum entropy over the changes that keep the result from being negative, with mean 0
//! and a variance.
//!
//! Such a distribution is p(x) ∝ exp(a·x + b·x²). Newton's method finds a and b: the minimum of the convex function log Z(a, b) − b·variance,
//! whose gradient is the mean and the second moment less the variance.

/// Newton's method needs about ten steps. This many never happen.
const STEPS: usize = 200;

/// The probabilities of the changes from −`least` to `most`, and their variance: the requested one, or less if the noise without a
/// condition on the variance has less.
pub(super) fn distribution(least: usize, most: usize, variance: f64) -> (Vec<f64>, f64) {
    let free = Fit::over(least, most, None);
    let [_, free_variance, ..] = free.moments();
    if free_variance <= variance {
        return (free.probabilities, free_variance);
    }
    (Fit::over(least, most, Some(variance)).probabilities, variance)
}

/// The distribution for one pair of a and b.
struct Fit {
    changes: Vec<f64>,
    probabilities: Vec<f64>,
    /// log Z − b·variance.
    height: f64,
}

impl Fit {
    /// The distribution of maximum entropy with mean 0. `variance`: none if it is free, b is 0 then.
    fn over(least: usize, most: usize, variance: Option<f64>) -> Self {
        let changes = (0..=least + most).map(|n| as_f64(n) - as_f64(least)).collect::<Vec<_>>();
        let (mut a, mut b) = (0.0, 0.0);
        let mut at = Self::at(changes, a, b, variance);
        for _ in 0..STEPS {
            let (step_a, step_b) = at.step(variance);
            if step_a.abs().max(step_b.abs()) < 1e-12 {
                break;
            }
            // Half a step as often as a whole one leads up the other side.
            let mut size = 1.0;
            let next = loop {
                let next = at.moved(a - size * step_a, b - size * step_b, variance);
                if next.height <= at.height || size < 1e-6 {
                    break next;
                }
                size /= 2.0;
            };
            (a, b) = (a - size * step_a, b - size * step_b);
            at = next;
        }
        at
    }

    fn moved(&self, a: f64, b: f64, variance: Option<f64>) -> Self {
        Self::at(self.changes.clone(), a, b, variance)
    }

    fn at(changes: Vec<f64>, a: f64, b: f64, variance: Option<f64>) -> Self {
        let exponents: Vec<f64> = changes.iter().map(|x| a * x + b * x * x).collect();
        let greatest = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = exponents.iter().map(|e| (e - greatest).exp()).collect();
        let sum: f64 = weights.iter().sum();
        let probabilities = weights.iter().map(|weight| weight / sum).collect();
        let height = sum.ln() + greatest - b * variance.unwrap_or_default();
        Self { changes, probabilities, height }
    }

    /// The first four moments about 0.
    fn moments(&self) -> [f64; 4] {
        let moment = |power| {
            let terms = self.changes.iter().zip(&self.probabilities);
            terms.map(|(x, p)| p * x.powi(power)).sum()
        };
        [moment(1), moment(2), moment(3), moment(4)]
    }

    /// What Newton's method subtracts from a and b.
    fn step(&self, variance: Option<f64>) -> (f64, f64) {
        let [first, second, third, fourth] = self.moments();
        let of_a = second - first * first;
        let Some(variance) = variance else { return (first / of_a, 0.0) };
        let (of_b, between) = (fourth - second * second, third - first * second);
        let determinant = of_a * of_b - between * between;
        let excess = second - variance;
        (
            (of_b * first - between * excess) / determinant,
            (of_a * excess - between * first) / determinant,
        )
    }
}

/// A number of changes: a small number, which f64 holds exactly.
#[allow(clippy::cast_precision_loss)]
fn as_f64(number: usize) -> f64 {
    number as f64
}

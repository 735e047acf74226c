//! Directly standardised rates: m·Σ(wₖxₖ/nₖ)/Σwₖ, per m people, with Dobson's limits (Dobson et al. 1991, Statistics in Medicine
//! 10:457-462; as `PHEindicatormethods` `calculate_dsr`).
//!
//! Limits: v + m·√(Var/O)·(Byar(O) − O), with O = Σxₖ and Var = Σ(wₖ²xₖ/nₖ²)/(Σwₖ)².

use super::rate::byar_limits;
use super::{Confidence, Estimate, NotComputable};

/// Fewer events than this make no standardised rate.
const FEWEST: f64 = 10.0;

/// The European Standard Population of 2013 by five years of age, 0-4 to 90 and over (Eurostat 2013): 100,000 people in all.
pub const EUROPEAN_2013: [u32; 19] = [
    5000, 5500, 5500, 5500, 6000, 6000, 6500, 7000, 7000, 7000, 7000, 6500, 6000, 5500, 5000, 4000,
    2500, 1500, 1000,
];

/// One age band.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AgeBand {
    /// Events; a count that is missing is 0.
    pub events: f64,
    /// People.
    pub people: f64,
    /// People of the standard population.
    pub standard: f64,
}

/// The rate of these age bands per `multiplier` people of the standard population.
///
/// # Errors
/// A band has no people or a number that cannot be, or there are fewer than 10 events.
pub fn standardised_rate(
    bands: &[AgeBand],
    multiplier: f64,
    confidence: Confidence,
) -> Result<Estimate, NotComputable> {
    let sound = |of: &AgeBand| {
        let numbers = [of.events, of.people, of.standard];
        numbers.iter().all(|number| number.is_finite() && *number >= 0.0)
    };
    if !bands.iter().all(sound) {
        return Err(NotComputable::BadGroup);
    }
    if bands.is_empty() || bands.iter().any(|of| of.people == 0.0) {
        return Err(NotComputable::NoPopulation);
    }
    let sum = |of: fn(&AgeBand) -> f64| bands.iter().map(of).sum::<f64>();
    let (events, weight) = (sum(|of| of.events), sum(|of| of.standard));
    if events < FEWEST {
        return Err(NotComputable::FewEvents);
    }
    if weight == 0.0 {
        return Err(NotComputable::NoPopulation);
    }
    let value = sum(|of| of.standard * of.events / of.people) / weight;
    let variance = sum(|of| (of.standard / of.people).powi(2) * of.events) / (weight * weight);
    let (lower, upper) = byar_limits(events, confidence);
    let limit = |byar: f64| multiplier * (value + (variance / events).sqrt() * (byar - events));
    Estimate::with(multiplier * value, (limit(lower), limit(upper)))
}

/// Variance that a standardised rate has from noise of this variance on each of its events and numbers of people: m²·Σwₖ²·(v + v·xₖ²/nₖ²)/nₖ²
/// over (Σwₖ)², as the noise of one number does not depend on that of another.
#[must_use]
pub fn noise_of_standardised(bands: &[AgeBand], multiplier: f64, noise: f64) -> f64 {
    let weight: f64 = bands.iter().map(|of| of.standard).sum();
    let of_band = |of: &AgeBand| {
        let (share, rate) = (of.standard / of.people, of.events / of.people);
        share * share * noise * (1.0 + rate * rate)
    };
    (multiplier / weight).powi(2) * bands.iter().map(of_band).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_of_one_band_is_that_of_its_rate() {
        let band = AgeBand { events: 30.0, people: 200.0, standard: 7_000.0 };
        // The variance of x/n with noise of variance 4 on x and on n.
        let expected = 4.0 / 200.0_f64.powi(2) + 30.0_f64.powi(2) * 4.0 / 200.0_f64.powi(4);
        let found = noise_of_standardised(&[band], 1_000.0, 4.0);
        assert!((found - expected * 1e6).abs() < 1e-9, "{found}");
        assert!(noise_of_standardised(&[band, band], 1_000.0, 4.0) < found);
        assert_eq!(noise_of_standardised(&[band], 1_000.0, 0.0).to_bits(), 0.0_f64.to_bits());
    }
}

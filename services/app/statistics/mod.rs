//! Any measure of `domain/statistics` from counts in a JSON text, so that others can check the numbers with their own inputs.

mod asked;
mod in_time;
mod line;
mod of_groups;

use anyhow::bail;

use crate::domain::indicator::Polarity;
use crate::domain::statistics::{
    self as statistics, AgeBand, EUROPEAN_2013, Estimate, NotComputable, Verdict,
};
pub use asked::MEASURES;
use asked::{Bands, Benchmark, Entry, LevelUp, PValues, Paired, Rate, Share, TwoRates, TwoShares};
pub use line::Line;
use line::{Found, interval, line, number};

/// Everything that a text asks for.
///
/// # Errors
/// The text cannot be read, or an entry lacks something.
pub fn computed(text: &str) -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for entry in asked::entries(text)? {
        let of_entry = of(&entry)?;
        lines.extend(of_entry.into_iter().map(|line| Line { id: entry.id.clone(), ..line }));
    }
    Ok(lines)
}

fn of(entry: &Entry) -> anyhow::Result<Vec<Line>> {
    let level = entry.confidence;
    let one = |found: Found| vec![line(entry.measure, found)];
    Ok(match entry.measure {
        "proportion" => {
            let Share { numerator, denominator } = entry.fields()?;
            one(interval(
                statistics::proportion(numerator, denominator, level),
                NotComputable::NoShare,
            ))
        }
        "rate" => {
            let Rate { count, population, multiplier } = entry.fields()?;
            let multiplier = positive(entry, multiplier)?;
            let found = statistics::rate(count, population, multiplier, level);
            let is_people = population > 0.0 && population.is_finite();
            let why =
                if is_people { NotComputable::OutOfRange } else { NotComputable::NoPopulation };
            one(interval(found, why))
        }
        "standardised_rate" => one(standardised(entry)?),
        "difference" => {
            let (first, second) = two_shares(entry)?;
            one(interval(statistics::difference(first, second, level), NotComputable::NoShare))
        }
        "paired_difference" => {
            let of: Paired = entry.fields()?;
            let counts = [of.both, of.first_only, of.second_only, of.neither];
            one(interval(statistics::paired_difference(counts, level), NotComputable::NoShare))
        }
        "ratio" => {
            let (first, second) = two_shares(entry)?;
            one(statistics::ratio(first, second, 0.0, level))
        }
        "p_value" => {
            let (first, second) = two_shares(entry)?;
            vec![number("p_value", statistics::difference_p_value(first, second, 0.0))]
        }
        "rate_ratio" => rate_ratio(entry)?,
        "rate_difference" => {
            let (first, second) = two_rates(entry)?;
            one(statistics::rate_difference(first, second, level))
        }
        "inequality" => of_groups::inequality(entry)?,
        "slope" => of_groups::slope(entry)?,
        "logistic_slope" => of_groups::logistic_slope(entry)?,
        "trend" => in_time::trend(entry)?,
        "recent_trend" => in_time::recent_trend(entry)?,
        "levelling" => in_time::levelling(entry)?,
        "restoration" => in_time::restoration(entry)?,
        "false_discovery_rate" => {
            let PValues { p_values } = entry.fields()?;
            if let Some(wrong) = p_values.iter().find(|p| !(0.0..=1.0).contains(*p)) {
                bail!("entry {}: {wrong} is no p-value; give numbers from 0 to 1", entry.id);
            }
            let adjusted = statistics::false_discovery(&p_values);
            adjusted.into_iter().map(|p| number("adjusted_p_value", p)).collect()
        }
        "comparator" => {
            let of: Benchmark = entry.fields()?;
            if !(of.lower <= of.value && of.value <= of.upper) {
                bail!("entry {}: the limits do not hold the value", entry.id);
            }
            let verdict = Verdict::of((of.lower, of.upper), of.benchmark, of.polarity);
            vec![Line { note: verdict.name().to_owned(), ..number("comparator", of.value) }]
        }
        _ => {
            let of: LevelUp = entry.fields()?;
            let adverse = of.polarity == Polarity::LowerIsBetter;
            let people = of.groups.iter().map(|group| {
                let share = (group.numerator, group.denominator);
                statistics::to_level_up(share, of.reference_share, adverse)
            });
            #[allow(clippy::cast_precision_loss)] // counts are below 2^53
            people.map(|people| number("level_up", people as f64)).collect()
        }
    })
}

fn two_shares(entry: &Entry) -> anyhow::Result<((u64, u64), (u64, u64))> {
    let of: TwoShares = entry.fields()?;
    Ok((of.first(), of.second()))
}

fn two_rates(entry: &Entry) -> anyhow::Result<((u64, f64), (u64, f64))> {
    let of: TwoRates = entry.fields()?;
    Ok(((of.count, of.population), (of.reference_count, of.reference_population)))
}

fn rate_ratio(entry: &Entry) -> anyhow::Result<Vec<Line>> {
    let (first, second) = two_rates(entry)?;
    let found = statistics::rate_ratio(first, second, 0.0, entry.confidence);
    let exact = statistics::exact_rate_ratio_limits(first, second, entry.confidence);
    let value = found.map(|of| of.value);
    let exact = match exact {
        Ok((lower, Some(upper))) => value.and_then(|value| Estimate::with(value, (lower, upper))),
        Ok((_, None)) => Err(NotComputable::ZeroReference),
        Err(why) => Err(why),
    };
    Ok(vec![line("rate_ratio", found), line("rate_ratio_exact", exact)])
}

fn standardised(entry: &Entry) -> anyhow::Result<Found> {
    let Bands { bands, multiplier } = entry.fields()?;
    let multiplier = positive(entry, multiplier)?;
    let whole = bands.iter().all(|band| band.standard.is_some());
    if !whole && bands.len() != EUROPEAN_2013.len() {
        bail!(
            "entry {}: {} bands; give `standard` for each, or the 19 bands 0-4 to 90 and over of the European Standard Population",
            entry.id,
            bands.len()
        );
    }
    let bands = bands.iter().enumerate().map(|(place, band)| AgeBand {
        events: band.count.unwrap_or_default(),
        people: band.population,
        standard: band.standard.unwrap_or_else(|| f64::from(EUROPEAN_2013[place])),
    });
    let bands: Vec<_> = bands.collect();
    Ok(statistics::standardised_rate(&bands, multiplier, entry.confidence))
}

/// What a rate is multiplied by.
fn positive(entry: &Entry, multiplier: f64) -> anyhow::Result<f64> {
    if multiplier > 0.0 {
        return Ok(multiplier);
    }
    bail!("entry {}: `multiplier` is {multiplier}; give a number above 0, such as 1000", entry.id)
}

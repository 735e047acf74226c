//! Any measure of `domain/statistics` from counts in a JSON text, so that others can check the numbers with their own inputs.

mod asked;

use anyhow::bail;

use crate::domain::indicator::Polarity;
use crate::domain::statistics::{
    self as statistics, AgeBand, EUROPEAN_2013, Estimate, Group, Groups, Interval, Marker,
    NotComputable, Scale, Shape, Verdict,
};
pub use asked::MEASURES;
use asked::{
    Bands, Benchmark, Entry, LevelUp, OfGroup, OfGroups, OfScale, PValues, Points, Rate, Share,
    Shares, TwoRates, TwoShares,
};

/// One number, or why there is none.
#[derive(Debug, Default, PartialEq)]
pub struct Line {
    /// The entry that it belongs to.
    pub id: String,
    /// The measure: `difference`, `SII`.
    pub measure: String,
    /// Its value.
    pub value: Option<f64>,
    /// Its limits.
    pub limits: Option<(f64, f64)>,
    /// A word for it, or why value or limits are absent.
    pub note: String,
}

type Found = Result<Estimate, NotComputable>;

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
            let found = statistics::rate(count, population, multiplier, level);
            one(interval(found, NotComputable::NoPopulation))
        }
        "standardised_rate" => one(standardised(entry)?),
        "difference" => {
            let (first, second) = two_shares(entry)?;
            one(interval(statistics::difference(first, second, level), NotComputable::NoShare))
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
        "inequality" => inequality(entry)?,
        "trend" => {
            let Shares { points } = entry.fields()?;
            let points: Vec<_> = points.iter().map(|of| (of.numerator, of.denominator)).collect();
            match statistics::trend(&points, 0.0) {
                Ok(of) => vec![
                    number("chi_squared", of.chi_squared),
                    number("p_value", of.p_value),
                    number("slope", of.slope),
                ],
                Err(why) => one(Err(why)),
            }
        }
        "recent_trend" => recent_trend(entry)?,
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
    Ok(((of.numerator, of.denominator), (of.reference_numerator, of.reference_denominator)))
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

fn inequality(entry: &Entry) -> anyhow::Result<Vec<Line>> {
    let asked: OfGroups = entry.fields()?;
    let reference = match asked.reference {
        None => None,
        Some(number) if (1..=asked.groups.len()).contains(&number) => Some(number - 1),
        Some(number) => {
            bail!(
                "entry {}: no group has the number {number}; give 1 to {}",
                entry.id,
                asked.groups.len()
            )
        }
    };
    let group = |of: &OfGroup| match *of {
        OfGroup::Share { numerator, denominator } => {
            Group::share(numerator, denominator).ok_or(NotComputable::NoShare)
        }
        OfGroup::Value { value, population, standard_error, lower, upper } => {
            Ok(Group { value, error: standard_error, limits: lower.zip(upper), people: population })
        }
    };
    let groups: Result<Vec<_>, _> = asked.groups.iter().map(group).collect();
    let groups = groups.and_then(|groups| Groups::new(groups, asked.missing_population));
    let scale = match asked.scale {
        OfScale::Linear => Scale::Linear,
        OfScale::Log => Scale::Log,
        OfScale::Logit => Scale::Logit,
    };
    let groups = match groups {
        Ok(groups) => groups,
        Err(why) => return Ok(vec![line("inequality", Err(why))]),
    };
    let shape = Shape {
        ordered: asked.ordered,
        overlapping: false,
        polarity: asked.polarity,
        reference,
        scale,
    };
    let (measured, fitted) = statistics::summary(&groups, &shape, entry.confidence);
    let with_scale = |of: &statistics::Measured| {
        let mut line = line(of.name.id, of.found);
        if fitted != scale && matches!(of.name.id, "SII" | "RII") {
            line.note = "on the linear scale: a group is at an end of the scale asked for".into();
        }
        line
    };
    Ok(measured.iter().map(with_scale).collect())
}

fn recent_trend(entry: &Entry) -> anyhow::Result<Vec<Line>> {
    let Points { points } = entry.fields()?;
    let point = |of: &asked::Point| Interval { value: of.value, lower: of.lower, upper: of.upper };
    let points: Vec<_> = points.iter().map(point).collect();
    Ok(match statistics::recent_trend(&points) {
        Ok(of) => {
            let (value, note) = match of.marker {
                Marker::Increasing => (1.0, "INCREASING"),
                Marker::NoChange => (0.0, "NO_CHANGE"),
                Marker::Decreasing => (-1.0, "DECREASING"),
            };
            vec![
                Line { note: note.into(), ..number("marker", value) },
                number("slope", of.slope),
                number("chi_squared", of.chi_squared),
            ]
        }
        Err(why) => vec![line("recent_trend", Err(why))],
    })
}

fn interval(found: Option<Interval>, why: NotComputable) -> Found {
    found.map(Estimate::from).ok_or(why)
}

fn number(measure: &str, value: f64) -> Line {
    Line { measure: measure.to_owned(), value: Some(value), ..Line::default() }
}

fn line(measure: &str, found: Found) -> Line {
    let line = Line { measure: measure.to_owned(), ..Line::default() };
    match found {
        Ok(of) => Line {
            value: Some(of.value),
            limits: of.limits.ok(),
            note: of.limits.err().map(|why| format!("no limits: {why}")).unwrap_or_default(),
            ..line
        },
        Err(why) => Line { note: why.to_string(), ..line },
    }
}

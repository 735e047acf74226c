//! Random questions, and answers in the words of the model.

use std::collections::BTreeMap;

use super::model::{Expected, Label, Quality};
use super::outcomes::Outcome;
use super::random::Random;
use super::world::{COLLECTIONS, Setting, collection};
use crate::domain::codes::Source;
use crate::domain::reference::Reference;
use crate::engine::answer::{ChannelQuestion, ChannelTable, Context, Key, OutcomeTable};
use crate::engine::query::{AsOf, Asked, Denominator, Filter, Measure, Query};

/// A random question; none where the dice fell on one that is refused.
pub(super) fn question(
    random: &mut Random,
    reference: &Reference,
    setting: &Setting,
    as_of: AsOf,
) -> Option<ChannelQuestion> {
    let mut asked = Asked { collection: collection(random).into(), ..Asked::default() };
    let areas = ["QK1", "E06000016", "E10000018", "E06000017", "E10000018", "03W", "04C", "U00147"];
    if random.chance(60) {
        asked.area = if random.chance(60) { "QK1" } else { random.pick::<&str>(&areas) }.into();
        asked.residence = random.chance(15);
    } else {
        for code in &setting.organisations {
            if asked.organisations.is_empty() || random.chance(40) {
                asked.organisations.push(code.clone());
            }
        }
    }
    if asked.collection == COLLECTIONS[0] && random.chance(10) {
        asked.care_setting = "PRIMARY_CARE".into();
    }
    let (first, last) = (random.pick(&setting.months), random.pick(&setting.months));
    (asked.first, asked.last) = (first.min(last).to_string(), first.max(last).to_string());
    if random.chance(50) {
        (asked.first, asked.last) = ("2019".into(), "2020/21".into());
    }
    let dimensions: Vec<_> = reference.dimensions().iter().filter(|d| d.id != "channel").collect();
    for _ in 0..random.below(4) {
        asked.by.push(random.pick(&dimensions).id.clone());
    }
    for _ in 0..*random.pick(&[0, 0, 0, 0, 1, 1, 2]) {
        let dimension = random.pick(reference.dimensions());
        let mut codes: Vec<String> =
            dimension.categories.iter().take(24).map(|(c, _)| c.clone()).collect();
        if codes.is_empty() {
            let months = setting.months.iter();
            codes = match &dimension.source {
                Source::Month => months.map(ToString::to_string).collect(),
                Source::Quarter => months.map(|m| m.quarter()).collect(),
                Source::FinancialYear => months.map(|m| m.financial_year()).collect(),
                Source::CalendarYear => months.map(|m| m.year().to_string()).collect(),
                Source::Organisation => setting.organisations.clone(),
                Source::ProviderArea(kind) => {
                    let of_kind = reference.areas().iter().filter(|area| area.kind == *kind);
                    of_kind.map(|a| a.code.clone()).chain(["NOT_APPLICABLE".into()]).collect()
                }
                Source::Field(_) => unreachable!("a field's dimension has categories"),
            };
            codes.dedup();
        } else {
            codes.extend(
                ["NOT_RECORDED", "NOT_COLLECTED", "COARSER", "ANY", "NONE"].map(str::to_owned),
            );
        }
        random.shuffle(&mut codes);
        codes.truncate(if random.chance(70) { 1 } else { 2 + random.below(3) });
        asked.filters.push(Filter { dimension: dimension.id.clone(), codes });
    }
    let measure = *random.pick(&[Measure::Contacts, Measure::AttendedContacts, Measure::Persons]);
    let denominator = *random.pick(&[Denominator::KnownOnly, Denominator::All]);
    let rates = (measure != Measure::Persons && random.chance(40))
        .then(|| (*random.pick(&["", "", "", "practice-feed"])).to_owned());
    let query = Query::new(reference, &asked, as_of).ok()?;
    Some(ChannelQuestion { query, measure, denominator, rates })
}

fn label(key: &Key) -> Label {
    if key.state.is_some() { format!("!{}", key.code) } else { key.code.clone() }
}

pub(super) fn labels(keys: &[Key]) -> Vec<Label> {
    keys.iter().map(label).collect()
}

/// An answer in the words of the model.
pub(super) fn said(question: &ChannelQuestion, table: &ChannelTable) -> Expected {
    let mut rows = BTreeMap::new();
    for row in &table.rows {
        let channels = row
            .channels
            .iter()
            .map(|c| (label(&c.key), c.figures.as_ref().unwrap().count))
            .collect();
        let counted = super::model::Counted {
            total: row.total,
            base: row.base,
            unknown: row.unknown_channel,
            uncollected: row.uncollected_channel,
            channels,
            people: row.population,
        };
        assert_eq!(
            row.population.is_none(),
            question.rates.is_none() || row.rate_absence.is_some()
        );
        assert!(rows.insert(labels(&row.keys), counted).is_none(), "a row stands there twice");
    }
    // A condition on the channel leaves its own channels alone; in the model the others count nothing.
    let context = &table.context;
    Expected {
        rows,
        submissions: context.submission_count,
        organisations: context.organisation_count,
        quality: said_quality(context),
        unattributed: context.unattributed.as_ref().map(|(count, _)| *count),
    }
}

/// Quality in the words of the model; each dimension is told once.
pub(super) fn said_quality(context: &Context) -> Quality {
    let lines = context.quality.iter().map(|q| (q.dimension.clone(), (q.coverage, q.unknown)));
    let quality: Quality = lines.collect();
    assert_eq!(quality.len(), context.quality.len(), "{:?}", context.quality);
    quality
}

/// Outcomes in the words of the model.
pub(super) fn said_outcomes(
    table: &OutcomeTable,
) -> BTreeMap<Vec<Label>, BTreeMap<Label, Outcome>> {
    let mut rows = BTreeMap::new();
    for row in &table.rows {
        let mut cells = BTreeMap::new();
        for cell in &row.channels {
            let outcome = Outcome {
                total: cell.total,
                attended: cell.attended,
                missed: cell.missed,
                bands: cell.lead_times.iter().map(|(code, n, _)| (code.clone(), *n)).collect(),
                unknown_wait: cell.unknown_lead_time,
                uncollected_wait: cell.uncollected_lead_time,
                other: cell.other_attendance,
                uncollected: cell.uncollected_attendance,
            };
            cells.insert(cell.key.as_ref().map_or("ALL".into(), label), outcome);
        }
        assert!(rows.insert(labels(&row.keys), cells).is_none(), "a row stands there twice");
    }
    rows
}

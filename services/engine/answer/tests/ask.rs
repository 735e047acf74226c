//! Random questions, and answers in the words of the model.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Counted, Expected, Label, Quality};
use super::outcomes::Outcome;
use super::random::Random;
use super::running::everything;
use super::view::{View, everybody, views};
use super::world::{COLLECTIONS, Setting, collection};
use crate::domain::codes::Source;
use crate::domain::measures::Tally;
use crate::domain::reference::Reference;
use crate::engine::answer::{Cell, ChannelQuestion, Key, Protected, Provenance};
use crate::engine::query::{AsOf, Asked, Basis, Denominator, Filter, Measure, Query};

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
        asked.basis = random.chance(15).then_some(Basis::Residence);
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
    // No organisation of these worlds has an attribute: tests of the interface ask by them.
    let all: Vec<_> = reference.dimensions().iter().filter(|d| !d.is_ecological()).collect();
    let dimensions: Vec<_> = all.iter().filter(|d| d.id != "channel").collect();
    for _ in 0..random.below(4) {
        asked.by.push(random.pick(&dimensions).id.clone());
    }
    for _ in 0..*random.pick(&[0, 0, 0, 0, 1, 1, 2]) {
        let dimension = *random.pick(&all);
        // Small areas of Leicester, where people of these worlds live.
        let from = if dimension.id == "residence_lsoa" { "E01013600" } else { "" };
        let categories = dimension.categories.iter().map(|(code, _)| code.clone());
        let mut codes: Vec<String> =
            categories.skip_while(|code| code.as_str() < from).take(24).collect();
        if codes.is_empty() {
            let months = setting.months.iter();
            codes = match &dimension.source {
                Source::Month => months.map(ToString::to_string).collect(),
                Source::Quarter => months.map(|m| m.quarter()).collect(),
                Source::FinancialYear => months.map(|m| m.financial_year()).collect(),
                Source::CalendarYear => months.map(|m| m.year().to_string()).collect(),
                Source::Organisation => setting.organisations.clone(),
                Source::ProviderArea(kind) => {
                    let of_kind = reference.areas().iter().filter(|area| {
                        area.kind == *kind
                            && reference.areas().ancestors(&area.code).contains("QK1")
                    });
                    of_kind.map(|a| a.code.clone()).chain(["NOT_APPLICABLE".into()]).collect()
                }
                Source::Field(_) | Source::OrganisationAttribute(_) | Source::Computed => {
                    unreachable!("a field's dimension has categories")
                }
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
    let query = Query::new(reference, &everything(), &asked, as_of).ok()?;
    Some(ChannelQuestion { query, measure, denominator, rates })
}

pub(super) fn label(key: &Key) -> Label {
    if key.state.is_some() { format!("!{}", key.code) } else { key.code.clone() }
}

/// An answer in the words of the model.
pub(super) fn said(question: &ChannelQuestion, answer: &Protected) -> Expected {
    let provenance = answer.provenance();
    Expected {
        rows: views(answer).map(|row| (row.labels(), counted(question, &row))).collect(),
        submissions: provenance.submission_count,
        organisations: provenance.organisation_count,
        quality: said_quality(provenance),
        unattributed: provenance.unattributed.as_ref().map(|(count, _)| *count),
    }
}

fn counted(question: &ChannelQuestion, row: &View<'_>) -> Counted {
    let (total, share) = match question.measure {
        Measure::Contacts => ("CONTACTS", "CH-01"),
        Measure::AttendedContacts => ("ATTENDED_CONTACTS", "CH-01"),
        Measure::Persons => ("PERSONS", "CH-02"),
    };
    let mut counted = Counted { total: row.tally(total).numerator, ..Counted::default() };
    let rates = row.of("CH-03");
    for (channel, cell) in row.of(share) {
        let counts = row.tally_of(cell);
        counted.channels.insert(channel, counts.numerator);
        // What is in no share has no base, but says who is in it.
        counted.base = counted.base.max(counts.denominator);
        (counted.unknown, counted.uncollected) = (counts.unknown, counts.not_collected);
        counted.outside = counts.outside;
        if cell.counts.denominator.is_some() {
            assert_eq!(everybody(counts), counted.total);
        }
    }
    let people: BTreeSet<_> = rates.values().map(|cell| cell.counts.denominator).collect();
    assert!(people.len() < 2, "{people:?}");
    counted.people = people.into_iter().next().flatten();
    if question.rates.is_some() {
        assert!(rates.keys().eq(counted.channels.keys()));
    }
    for (channel, cell) in &rates {
        assert_eq!(cell.figure.is_ok(), counted.people.is_some());
        assert_eq!(row.tally_of(cell).numerator, counted.channels[channel]);
    }
    counted
}

pub(super) fn labels(keys: &[Key]) -> Vec<Label> {
    keys.iter().map(label).collect()
}

/// Quality in the words of the model; each dimension is told once.
pub(super) fn said_quality(provenance: &Provenance) -> Quality {
    let lines = provenance.quality.iter().map(|(of, q)| (of.clone(), (q.coverage, q.unknown)));
    let quality: Quality = lines.collect();
    assert_eq!(quality.len(), provenance.quality.len(), "{:?}", provenance.quality);
    quality
}

/// Outcomes in the words of the model.
pub(super) fn said_outcomes(answer: &Protected) -> BTreeMap<Vec<Label>, BTreeMap<Label, Outcome>> {
    views(answer).map(|row| (row.labels(), outcomes(&row))).collect()
}

fn outcomes(row: &View<'_>) -> BTreeMap<Label, Outcome> {
    let ids = ["ATTENDED", "OTHER_ATTENDANCE", "CH-09", "CH-11-SAME-DAY", "CH-11-OVER-14"];
    let (totals, of, of_bands) = (row.of("CONTACTS"), ids.map(|id| row.of(id)), row.of("CH-11"));
    let outcome = |(channel, total): (&Label, &&Cell)| {
        let total = row.tally_of(total).numerator;
        let [attended, other, missed, same_day, over] =
            of.each_ref().map(|of| row.tally_of(of[channel]));
        assert_eq!(missed.denominator, missed.numerator + attended.numerator);
        assert_eq!(other.numerator, missed.unknown + missed.outside);
        let mut bands = BTreeMap::new();
        for (band, cell) in &of_bands {
            let (of, band) = band.rsplit_once('/').unwrap_or(("", band));
            if of == channel {
                let tally = row.tally_of(cell);
                bands.insert(band.to_owned(), tally.numerator);
                for same in [same_day, over] {
                    assert_eq!(Tally { numerator: 0, ..tally }, Tally { numerator: 0, ..same });
                }
            }
        }
        let of_band = |band: &str| bands.get(band).copied().unwrap_or_default();
        assert_eq!(same_day.numerator, of_band("SAME_DAY"));
        let late = ["15_TO_21_DAYS", "22_TO_28_DAYS", "OVER_28_DAYS"].map(of_band);
        assert_eq!(over.numerator, late.iter().sum::<u64>());
        assert_eq!(same_day.denominator, bands.values().sum::<u64>());
        assert!([missed, same_day].into_iter().all(|tally| everybody(tally) == total));
        let outcome = Outcome {
            total,
            attended: attended.numerator,
            missed: missed.numerator,
            other: other.numerator,
            outside: missed.outside,
            uncollected: missed.not_collected,
            bands,
            unknown_wait: same_day.unknown,
            outside_wait: same_day.outside,
            uncollected_wait: same_day.not_collected,
        };
        let channel = if channel.is_empty() { "ALL" } else { channel };
        (channel.to_owned(), outcome)
    };
    totals.iter().map(outcome).collect()
}

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::domain::codes::{Content, Value};
use crate::domain::reference::Reference;
use crate::domain::small_area::{Change, Edition, SmallArea};

fn scores(score: f64) -> Scores {
    Scores { score, components: [Some(score / 2.0), None].into() }
}

fn reference() -> Reference {
    Reference::new(&Content::embedded()).unwrap()
}

/// The Digital Exclusion Risk Index as it is published for 2011 small areas.
fn deri(reference: &Reference) -> Scored {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/demo/deri_depahri_lsoa11_llr.csv");
    let mut reader = csv::Reader::from_path(path).unwrap();
    let place = reader.headers().unwrap().iter().position(|h| h == "deri_score_national").unwrap();
    let areas = reference.small_areas();
    let mut found = Scored::new();
    for row in reader.records() {
        let row = row.unwrap();
        let number = areas.number(Edition::Lsoa2011, &row[0]).unwrap();
        found.insert(number, scores(row[place].parse().unwrap()));
    }
    found
}

fn rounded(value: Option<f64>) -> f64 {
    (value.unwrap() * 10_000.0).round() / 10_000.0
}

#[test]
fn the_published_means_of_the_small_areas_come_out() {
    let reference = reference();
    let deri = deri(&reference);
    let areas = reference.small_areas();
    let of = |keep: &dyn Fn(&SmallArea<'_>) -> bool| {
        let all = deri.iter().map(|(number, of)| (areas.at(Edition::Lsoa2011, *number), of));
        let kept = all.filter(|(area, _)| keep(area));
        figures(kept.map(|(_, scores)| (1, Some(scores))), 5.0)
    };
    let all = of(&|_| true);
    assert_eq!((rounded(all.unweighted_mean), all.areas, all.high_risk), (2.9369, 611, 0));
    let quintile = reference.dimension("imd2019_quintile").unwrap();
    let expected = [(3.7931, 75), (3.1898, 111), (2.9308, 104), (2.8020, 157), (2.5073, 164)];
    for (place, expected) in expected.into_iter().enumerate() {
        let found = of(&|area| {
            let value: Value = reference.deprivation_of("lsoa_2011", area.code).unwrap();
            reference.places(quintile, &value) == [place]
        });
        assert_eq!((rounded(found.unweighted_mean), found.areas), expected);
    }
    for (sub_icb, expected) in
        [("03W", (2.7705, 192)), ("04C", (3.2467, 192)), ("04V", (2.8157, 227))]
    {
        let found = of(&|area| area.sub_icb == sub_icb);
        assert_eq!((rounded(found.unweighted_mean), found.areas), expected, "{sub_icb}");
    }
}

#[test]
fn every_small_area_of_both_editions_is_in_the_look_up() {
    let reference = reference();
    let areas = reference.small_areas();
    let [old, new] = Edition::ALL.map(|edition| areas.of(edition).len());
    assert_eq!((old, new), (32_844, 33_755));
    let parents = areas.parents();
    assert!((0..new).all(|number| parents.of(number).next().is_some()));
    assert!(parents.of(new).next().is_none());
    let from: BTreeSet<_> = (0..new).flat_map(|number| parents.of(number)).collect();
    assert!(from.into_iter().map(|(number, _)| number).eq(0..old));
    // What keeps its code is the same area: the only codes that both editions have.
    for (number, area) in areas.of(Edition::Lsoa2021).enumerate() {
        let is_old = areas.number(Edition::Lsoa2011, area.code);
        assert_eq!(areas.change(number) == Some(Change::Unchanged), is_old.is_some(), "{area:?}");
    }
    for edition in Edition::ALL {
        assert!(areas.of(edition).is_sorted_by(|a, b| a.code < b.code));
    }
    let inside = reference.lie_in(Edition::Lsoa2011, "QK1");
    let llr = areas.of(Edition::Lsoa2011).zip(inside).filter(|(_, inside)| *inside);
    let people: Vec<u64> = llr.filter_map(|(area, _)| area.population).collect();
    assert_eq!((people.len(), people.into_iter().sum::<u64>()), (611, 1_107_597));
}

#[test]
fn scores_go_through_splits_and_merges() {
    let reference = reference();
    let (areas, deri) = (reference.small_areas(), deri(&reference));
    let [old, new] = Edition::ALL.map(|of| move |code| areas.number(of, code).unwrap());
    let every = || 0..areas.of(Edition::Lsoa2021).len();
    let brought = brought_forward(&deri, areas.parents(), every());
    assert_eq!(brought.len(), 634);
    assert_eq!(brought[&new("E01013600")], deri[&old("E01013600")]);
    let one = brought_forward(&deri, areas.parents(), std::iter::once(new("E01013600")));
    assert_eq!(Vec::from_iter(one.keys()), [&new("E01013600")]);
    // Two areas of Leicester became one: the mean by their people of mid-2020.
    let parts = [old("E01013647"), old("E01032875")];
    let [a, b] = parts.map(|number| deri[&number].score);
    let [of_a, of_b] =
        parts.map(|number| areas.at(Edition::Lsoa2011, number).population.unwrap() as f64);
    let mean = (a * of_a + b * of_b) / (of_a + of_b);
    let merged = &brought[&new("E01034020")];
    assert!((merged.score - mean).abs() < 1e-12);
    assert!((merged.components[0].unwrap() - mean / 2.0).abs() < 1e-12);
    assert_eq!(merged.components[1], None);
    // Where one of the parts has no score, there is none for the whole.
    let mut without = deri.clone();
    without.remove(&parts[1]);
    let brought = brought_forward(&without, areas.parents(), every());
    assert_eq!((brought.len(), brought.get(&new("E01034020"))), (633, None));
}

#[test]
fn people_are_neither_lost_nor_made() {
    let reference = reference();
    let areas = reference.small_areas();
    for seed in 0..20u64 {
        let count = |place: usize| (place as u64 * 2_654_435_761 + seed * 97) % 3001 + 50;
        let people: ByArea =
            (0..areas.of(Edition::Lsoa2021).len()).map(|n| (n, count(n))).collect();
        let back = people_brought_back(&people, areas.parents());
        assert!(back.iter().map(|(number, _)| *number).eq(0..areas.of(Edition::Lsoa2011).len()));
        let sum = |of: &ByArea| of.iter().map(|(_, count)| count).sum::<u64>();
        assert_eq!(sum(&back), sum(&people));
        // The children of a split area add up to it.
        let mut children: BTreeMap<usize, (bool, u64)> = BTreeMap::new();
        for (number, count) in &people {
            let from: Vec<_> = areas.parents().of(*number).collect();
            for (old, _) in &from {
                let (is_split, sum) = children.entry(*old).or_insert((true, 0));
                *is_split &= from.len() == 1;
                *sum += count;
            }
        }
        for (number, count) in back {
            let (is_split, sum) = children[&number];
            assert!(!is_split || count == sum, "{number}");
        }
    }
    assert_eq!(shared_out(10, &[1, 1, 1]), [4, 3, 3]);
    assert_eq!(shared_out(7, &[0, 3]), [0, 7]);
    assert_eq!(shared_out(3, &[0, 0]), [2, 1]);
    assert_eq!(
        shared_out(u64::MAX, &[u64::MAX, u64::MAX]).iter().map(|n| u128::from(*n)).sum::<u128>(),
        u128::from(u64::MAX)
    );
}

#[test]
fn figures_are_what_a_plain_walk_over_the_people_gives() {
    let areas = [
        (30, Some(scores(2.0))),
        (0, Some(scores(9.0))),
        (10, Some(scores(6.0))),
        (5, None),
        (60, Some(scores(5.0))),
    ];
    let found = figures(areas.iter().map(|(people, scores)| (*people, scores.as_ref())), 5.0);
    let persons: Vec<f64> = areas
        .iter()
        .filter_map(|(people, scores)| Some((*people, scores.as_ref()?.score)))
        .flat_map(|(people, score)| (0..people).map(move |_| score))
        .collect();
    let mean = persons.iter().sum::<f64>() / persons.len() as f64;
    assert_eq!((found.people, found.unmatched, found.areas), (persons.len() as u64, 5, 3));
    assert!((found.mean.unwrap() - mean).abs() < 1e-12);
    assert!((found.unweighted_mean.unwrap() - 13.0 / 3.0).abs() < 1e-12);
    assert_eq!(found.high_risk, persons.iter().filter(|score| **score >= 5.0).count() as u64);
    assert!((found.components[0].unwrap() - mean / 2.0).abs() < 1e-12);
    assert_eq!(found.components[1], None);
    let nobody = figures([(0, Some(&scores(3.0))), (4, None)].into_iter(), 5.0);
    assert_eq!((nobody.people, nobody.unmatched, nobody.mean), (0, 4, None));
}

#[test]
fn the_most_exposed_share_is_made_of_whole_areas() {
    let areas = [(10, 1.0), (10, 4.0), (10, 3.0), (0, 9.0), (10, 4.0)];
    assert_eq!(score_of_top_share(&areas, 0.2), Some(4.0));
    assert_eq!(score_of_top_share(&areas, 0.5), Some(4.0));
    assert_eq!(score_of_top_share(&areas, 0.51), Some(3.0));
    assert_eq!(score_of_top_share(&areas, 0.99), Some(1.0));
    assert_eq!(score_of_top_share(&[(0, 3.0)], 0.5), None);
}

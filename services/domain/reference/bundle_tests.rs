//! What the built-in reference content has to have: all of England, as it is now.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::domain::codes::Content;
use crate::domain::reference::residence::SYSTEM;

/// Small areas of each system since April 2026: 2011, 2021. Counted in the look-ups of ONS by sub-ICB location, with the system that NHS England's
/// practice mapping of 1 August 2026 gives each location.
const SYSTEMS: [(&str, usize, usize); 36] = [
    ("D7T5G", 1077, 1111),
    ("QE1", 1058, 1060),
    ("QF7", 853, 860),
    ("QGH", 480, 491),
    ("QHL", 773, 793),
    ("QHM", 1864, 1889),
    ("QJ2", 642, 651),
    ("QJK", 707, 729),
    ("QJM", 420, 435),
    ("QK1", 611, 634),
    ("QKK", 1007, 1040),
    ("QKS", 1065, 1107),
    ("QMF", 1023, 1087),
    ("QNC", 687, 697),
    ("QOC", 301, 313),
    ("QOP", 1673, 1702),
    ("QOQ", 1044, 1058),
    ("QOX", 536, 569),
    ("QPM", 422, 443),
    ("QR1", 373, 393),
    ("QRL", 1194, 1231),
    ("QSL", 327, 339),
    ("QT1", 679, 684),
    ("QT6", 327, 337),
    ("QUA", 712, 723),
    ("QUY", 563, 581),
    ("QVV", 452, 463),
    ("QWE", 857, 878),
    ("QWO", 1417, 1434),
    ("QWU", 534, 557),
    ("QYG", 1562, 1601),
    ("S0E4D", 1255, 1311),
    ("S1Y5D", 1714, 1816),
    ("S9B9J", 1708, 1748),
    ("T6Y0W", 979, 1001),
    ("Z9B2Z", 1948, 1989),
];

type Rows = Vec<BTreeMap<String, String>>;

fn rows(file: &str) -> Rows {
    let content = Content::embedded();
    let mut reader = csv::Reader::from_reader(content.file(file).unwrap().as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

#[test]
fn all_of_england_is_built_in() {
    let reference = Reference::new(&Content::embedded()).unwrap();
    let areas = |kind: &str| {
        let of_kind = reference.areas().iter().filter(|area| area.kind == kind);
        of_kind.filter(|area| area.last_month.is_none()).count()
    };
    let organisations = |kind: &str| {
        let of_kind = reference.organisations().filter(|of| of.kind == kind);
        of_kind.filter(|of| of.last_month.is_none()).count()
    };
    let small = |edition| reference.small_areas().of(edition).count();
    for (what, found, expected) in [
        ("systems", areas("system"), 36),
        ("sub-ICB locations", areas("sub_icb"), 106),
        ("places", areas("place"), 153),
        ("primary care networks", areas("pcn"), 1_298),
        ("practices", organisations("practice"), 6_129),
        ("trusts", organisations("trust"), 199),
        ("locations that submit", organisations("sub_icb"), 106),
        ("small areas of 2021", small(Edition::Lsoa2021), 33_755),
        ("small areas of 2011", small(Edition::Lsoa2011), 32_844),
        ("lines between the editions", rows("lsoa_lookup.csv").len(), 33_855),
    ] {
        assert_eq!(found, expected, "{what}");
    }
    // Regions: of England, and of the NHS.
    assert_eq!(areas("region"), 9 + 7);
    // Each practice and each trust is in one system of today.
    for of in reference.organisations().filter(|of| of.last_month.is_none()) {
        let systems = of.areas.iter().filter_map(|code| reference.areas().get(code));
        let systems = systems.filter(|area| area.kind == "system" && area.last_month.is_none());
        let expected = usize::from(["practice", "trust", "sub_icb"].contains(&&*of.kind));
        assert!(systems.count() >= expected, "{}", of.code);
    }
}

#[test]
fn each_small_area_is_in_the_system_of_its_own_sub_icb_location() {
    let reference = Reference::new(&Content::embedded()).unwrap();
    let areas: BTreeMap<String, BTreeMap<String, String>> =
        rows("areas.csv").into_iter().map(|row| (row["code"].clone(), row)).collect();
    let parents = |code: &str| areas[code]["parents"].split(';').map(str::to_owned);
    let is_system = |code: &String| areas.get(code).is_some_and(|row| row["type"] == "system");
    let system_of = |location: &str| -> String {
        let found: Vec<_> = parents(location).filter(|code| is_system(code)).collect();
        let [system] = found.as_slice() else { panic!("{location}: {found:?}") };
        system.clone()
    };
    // The first system that a walk from the district comes to: of a place that lies in several, that of its largest part.
    let walked = |district: &str| {
        let mut code = district.to_owned();
        while !is_system(&code) {
            code = parents(&code).next().unwrap();
        }
        code
    };
    let dimension = reference.dimension(SYSTEM).unwrap();
    let today: Month = "2026-04".parse().unwrap();
    let small = rows("lsoa.csv");
    for (edition, number, elsewhere) in [(Edition::Lsoa2011, 0, 82), (Edition::Lsoa2021, 1, 83)] {
        let of_edition = small.iter().filter(|row| row["edition"] == edition.id());
        let own: BTreeMap<&str, String> =
            of_edition.clone().map(|row| (&*row["lsoa"], system_of(&row["sub_icb"]))).collect();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        own.values().for_each(|system| *counts.entry(system).or_default() += 1);
        let expected = SYSTEMS.iter().map(|(system, old, new)| (*system, [*old, *new][number]));
        assert_eq!(counts, expected.collect::<BTreeMap<_, _>>(), "{}", edition.label());
        // The system that the service counts each of them in, by the two ways that it is found.
        let codes: Vec<_> = reference.small_areas().of(edition).map(|area| area.code).collect();
        let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (system, _, _) in SYSTEMS {
            let inside = reference.lie_in(edition, system);
            for (code, _) in codes.iter().copied().zip(inside).filter(|(_, inside)| *inside) {
                found.entry(code).or_default().push(system);
            }
        }
        let mut differ = BTreeSet::new();
        for row in of_edition {
            let (code, system) = (row["lsoa"].as_str(), own[row["lsoa"].as_str()].as_str());
            assert_eq!(found[code], [system], "{code}");
            let home = Value::Codes(vec![code.to_owned()]);
            let places = reference.places_in(dimension, &home, today);
            let [place] = places.as_slice() else { panic!("{code}: {places:?}") };
            assert_eq!(dimension.categories[*place].0, system, "{code}");
            if walked(&row["district"]) != system {
                differ.insert(code);
            }
        }
        assert_eq!(differ.len(), elsewhere, "{}", edition.label());
        assert!(differ.contains("E01019305"), "a part of Eden");
    }
}

#[test]
fn no_text_of_a_collection_names_a_system() {
    let reference = Reference::new(&Content::embedded()).unwrap();
    let systems = reference.areas().iter().filter(|area| area.kind == "system");
    let names: Vec<_> = systems.map(|area| area.name.to_lowercase()).collect();
    assert!(names.len() > 40);
    for collection in reference.collections() {
        for text in [&collection.label, &collection.provenance] {
            // A publisher that is named after a system.
            let text = text.to_lowercase().replace("greater manchester combined authority", "");
            let named = names.iter().map(String::as_str).chain(["llr", "leicester"]);
            let named: Vec<_> = named.filter(|name| text.contains(name)).collect();
            assert!(named.is_empty(), "{}: {named:?}: {text}", collection.id);
        }
    }
}

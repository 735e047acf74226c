//! A world in which everything occurs that an answer can have: every dataset, missing states, values that overlap, published
//! figures, assessments. Doors are held against one another in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::random::Random;
use super::running::Running;
use super::world::{Given, Row, Said, Setting, of_leicester};
use crate::domain::collection::Dataset;
use crate::domain::estimate::EstimateSource;
use crate::domain::field::Field;
use crate::domain::small_area::Edition;
use crate::domain::submission::{EstimateRow, Header};
use crate::engine::{Assessment, Engine};

/// First and last month of the world.
pub(crate) const MONTHS: (&str, &str) = ("2020-04", "2020-05");
/// The collection of everything that is counted.
pub(crate) const COLLECTION: &str = "synthetic-llr";

/// The world, for as long as it is held.
pub(crate) struct Full(Running);

impl Full {
    pub(crate) fn new() -> Self {
        let mut running = Running::new();
        let reference = running.reference();
        let mut random = Random::new(2_020);
        let months = [MONTHS.0, MONTHS.1].map(|month| month.parse().unwrap()).to_vec();
        let organisations = ["03W", "04C", "C82001"].map(str::to_owned).to_vec();
        let setting = Setting { organisations, months };
        for dataset in [Dataset::Consultations, Dataset::DigitalAccess, Dataset::Populations] {
            for _ in 0..12 {
                let mut said = setting.said_in(&mut random, &reference, dataset);
                said.collection = COLLECTION;
                running.submit(said);
            }
        }
        // People who cannot use remote care, and who were offered support and accepted it, or not.
        let mut people = setting.said_in(&mut random, &reference, Dataset::DigitalAccess);
        (people.collection, people.organisation) = (COLLECTION, "C82001".into());
        people.month = MONTHS.0.parse().unwrap();
        people.systems.clear();
        people.collected.extend([Field::Sex, Field::DigitalAccess]);
        people.rows.resize_with(60, Default::default);
        for (number, row) in people.rows.iter_mut().enumerate() {
            let of = |codes: [&str; 3]| Given::Code(codes[number % 3].into());
            *row = Row::default();
            row.fields.insert(Field::Sex, of(["1", "2", "2"]));
            row.fields.insert(Field::DigitalAccess, of(["UNABLE", "UNABLE", "WITH_HELP"]));
            let yes_no = |by: usize| Given::Code(if number % by == 0 { "Y" } else { "N" }.into());
            row.fields.insert(Field::SupportOffered, yes_no(2));
            row.fields.insert(Field::SupportAccepted, yes_no(4));
        }
        running.submit(people);
        let lsoa = |number| of_leicester(&reference, Edition::Lsoa2021, number);
        let lsoas: Vec<String> = (0..24).map(lsoa).collect();
        // People where scores are known, of whom the characteristic is known too.
        let mut people = setting.said_in(&mut random, &reference, Dataset::Populations);
        people.collection = COLLECTION;
        people.systems.clear();
        people.collected.insert(Field::Sex);
        people.rows.clear();
        people.rows.resize_with(24, Default::default);
        for (number, (row, lsoa)) in people.rows.iter_mut().zip(&lsoas).enumerate() {
            row.fields.insert(Field::ResidenceLsoa, Given::Code(lsoa.clone()));
            row.fields
                .insert(Field::Sex, Given::Code(if number % 2 == 0 { "1" } else { "2" }.into()));
            row.weight = Some(20 + number as u32);
        }
        running.submit(people);
        let of = |indicator: &'static str, area, value| EstimateRow {
            indicator,
            area,
            period: "2020",
            value: Some(value),
            ..EstimateRow::default()
        };
        let scores = lsoas.iter().take(20).enumerate();
        let scores: Vec<_> =
            scores.map(|(number, lsoa)| of("DX-10", lsoa.as_str(), (number % 10) as f64)).collect();
        publish(&mut running, "deri", "GMCA", &scores);
        let internet =
            EstimateRow { keys: vec![("sex", "1")], ..of("DX-12-USED", "K02000001", 0.875) };
        publish(
            &mut running,
            "ons-internet-users",
            "ONS",
            &[of("DX-12-USED", "K02000001", 0.9), internet],
        );
        // Counts of an indicator, some of several groups.
        for (organisation, month) in [("C82001", MONTHS.0), ("C82001", MONTHS.1), ("04C", MONTHS.1)]
        {
            let count = |number: u32| {
                let sex = Given::Code(["1", "2"][number as usize % 2].into());
                let mut fields = BTreeMap::from([(Field::Sex, sex)]);
                fields.insert(Field::Indicator, Given::Code("C20-SMI".into()));
                let group = ["NN", "02", "09"][number as usize % 3].to_owned();
                fields.insert(Field::Disability, Given::Set(vec![group]));
                Row { fields, weight: Some(20 + number), numerator: 3 * number, ..Row::default() }
            };
            running.submit(Said {
                collection: COLLECTION,
                dataset: Dataset::IndicatorCounts,
                organisation: organisation.into(),
                month: month.parse().unwrap(),
                systems: BTreeMap::new(),
                collected: [Field::Sex, Field::Disability].into(),
                scheme: String::new(),
                rows: (0..9).map(count).collect(),
            });
        }
        let said = Assessment {
            organisation: "04C".into(),
            first: MONTHS.0.parse().unwrap(),
            last: MONTHS.1.parse().unwrap(),
            text: "Telephone first, and a door that stays open.".into(),
            assess_date: "2020-06-01".into(),
            owner_role: "Director of access".into(),
        };
        running.block_on(async |engine| engine.assess(said, "test", "assessment").await.unwrap());
        Self(running)
    }

    pub(crate) fn engine(&self) -> Arc<Engine> {
        self.0.engine_handle()
    }
}

fn publish(running: &mut Running, collection: &str, organisation: &str, rows: &[EstimateRow<'_>]) {
    let header = Header {
        organisation: organisation.into(),
        collection: collection.into(),
        dataset: Dataset::Estimates,
        month: "2020-12".parse().unwrap(),
        request_id: format!("published-{collection}"),
        code_systems: BTreeMap::new(),
        collected: std::collections::BTreeSet::new(),
        person_key_scheme: String::new(),
        source: None,
        expected_record_count: None,
        allow_partial: false,
        validate_only: false,
        allow_shrinking: false,
    };
    let source = EstimateSource { series: "v1".into(), ..EstimateSource::default() };
    let mut builder = running.engine().estimate_builder(header.clone(), source);
    rows.iter().for_each(|row| builder.row(row, Vec::new));
    let draft = builder.finish();
    assert_eq!(draft.problems, []);
    let prepared = Engine::prepare("test", &header, &draft);
    running.block_on(async |engine| engine.store.submit(prepared.into(), None).await.unwrap());
}

//! A small world: what organisations say month by month, row by row, as they would say it. Nothing here knows how the engine
//! keeps it.

use std::collections::{BTreeMap, BTreeSet};

use super::random::Random;
use crate::domain::area::Organisation;
use crate::domain::collection::Dataset;
use crate::domain::field::Field;
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::domain::small_area::Edition;
use crate::domain::submission::{Builder, Header};

/// One field of a row as it is given.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Given {
    Code(String),
    Set(Vec<String>),
    Number(i32),
}

/// One row as it is given.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Row {
    pub(super) fields: BTreeMap<Field, Given>,
    /// Absent: 1.
    pub(super) weight: Option<u32>,
    /// Of a count of an indicator: people in the numerator.
    pub(super) numerator: u32,
    /// Whether a publisher suppressed the weight.
    pub(super) suppressed: bool,
    pub(super) person: Option<String>,
    /// Day of the month.
    pub(super) day: Option<u8>,
}

/// What one organisation says of one month.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) collection: &'static str,
    pub(super) dataset: Dataset,
    pub(super) organisation: String,
    pub(super) month: Month,
    pub(super) systems: BTreeMap<Field, usize>,
    pub(super) collected: BTreeSet<Field>,
    pub(super) scheme: String,
    pub(super) rows: Vec<Row>,
}

/// Collections of the worlds: one of every care setting, and one of a single one.
pub(super) const COLLECTIONS: [&str; 2] = ["synthetic-llr", "practice-feed"];

/// Mostly the first.
pub(super) fn collection(random: &mut Random) -> &'static str {
    COLLECTIONS[usize::from(random.chance(15))]
}

/// What stays the same in a world.
pub(super) struct Setting {
    pub(super) organisations: Vec<String>,
    pub(super) months: Vec<Month>,
}

impl Setting {
    /// 2 to 6 organisations of every kind, 1 to 4 months in a row.
    pub(super) fn random(random: &mut Random, reference: &Reference) -> Self {
        // Of the system that is asked about, and sometimes one of elsewhere in England.
        let is_near =
            |one: &&Organisation| one.areas.is_empty() || one.areas.contains(&"QK1".to_owned());
        let near = reference.organisations().filter(is_near);
        let mut all: Vec<String> = near.map(|one| one.code.clone()).collect();
        random.shuffle(&mut all);
        all.truncate(1 + random.below(5));
        if random.chance(30) {
            let elsewhere = reference.members("QPM");
            let place = random.below(elsewhere.len());
            all.extend(elsewhere.keys().nth(place).cloned());
        }
        // 03W spans two places: the case that places cannot be told of.
        if !all.contains(&"03W".to_owned()) {
            all.push("03W".into());
        }
        let first =
            u32::from("2019-11".parse::<Month>().unwrap().number()) + random.below(6) as u32;
        let months = 1 + random.below(4) as u32;
        let months = (first..first + months).map(|n| Month::from_number(n).unwrap()).collect();
        Self { organisations: all, months }
    }

    /// The people behind what was said of consultations.
    pub(super) fn people_of(
        &self,
        random: &mut Random,
        reference: &Reference,
        said: &Said,
    ) -> Said {
        let mut people = self.said_in(random, reference, Dataset::Populations);
        people.collection = said.collection;
        (people.organisation, people.month) = (said.organisation.clone(), said.month);
        // Mostly they are counted by what the consultations are: only then are there rates by it.
        if random.chance(70) {
            people.collected.clone_from(&said.collected);
            let given = |field: &Field| said.rows.iter().any(|row| row.fields.contains_key(field));
            for row in &mut people.rows {
                row.fields.retain(|field, _| said.collected.contains(field) || given(field));
            }
        }
        people
    }

    pub(super) fn said(&self, random: &mut Random, reference: &Reference) -> Said {
        let dataset = if random.chance(65) { Dataset::Consultations } else { Dataset::Populations };
        self.said_in(random, reference, dataset)
    }

    pub(super) fn said_in(
        &self,
        random: &mut Random,
        reference: &Reference,
        dataset: Dataset,
    ) -> Said {
        // Whether any online service is enabled is worked out of the others, never given.
        let fields = || {
            Field::all().filter(|f| {
                f.list().is_some()
                    && ![Field::OnlineAny, Field::Indicator, Field::InNumerator].contains(f)
            })
        };
        let mut systems = BTreeMap::new();
        for field in fields() {
            let many = reference.list_of(field).unwrap().systems.len();
            if random.chance(30) {
                systems.insert(field, random.below(many));
            }
        }
        let share = *random.pick(&[20, 70, 100]);
        let collected =
            fields().filter(|f| f.is_characteristic() && random.chance(share)).collect();
        let scheme = (*random.pick(&["", "nhs", "nhs", "local"])).to_owned();
        let mut said = Said {
            collection: collection(random),
            dataset,
            organisation: random.pick(&self.organisations).clone(),
            month: *random.pick(&self.months),
            systems,
            collected,
            scheme,
            rows: Vec::new(),
        };
        let records = *random.pick(&[1, 2, 17, 60, 200]);
        // Some attributes are not given by a source at all.
        let attributes: BTreeSet<_> =
            fields().filter(|f| !f.is_characteristic() && random.chance(75)).collect();
        let full = *random.pick(&[30, 80, 100]);
        for _ in 0..=random.below(records) {
            let row = said.row(random, reference, &attributes, full);
            said.rows.push(row);
        }
        said
    }
}

/// The code of one of the small areas that follow the first of Leicester.
pub(super) fn of_leicester(reference: &Reference, edition: Edition, number: usize) -> String {
    let small = reference.small_areas();
    let first = small.number(edition, "E01013600").unwrap();
    small.at(edition, first + number).code.to_owned()
}

impl Said {
    fn row(
        &self,
        random: &mut Random,
        reference: &Reference,
        attributes: &BTreeSet<Field>,
        full: usize,
    ) -> Row {
        let mut row = Row::default();
        for field in attributes.union(&self.collected).copied() {
            if field.is_collected_in(self.dataset) && random.chance(full) {
                let given = self.given(random, reference, field);
                row.fields.insert(field, given);
            }
        }
        match self.dataset {
            Dataset::Populations | Dataset::IndicatorCounts => {
                row.weight = Some(random.below(40) as u32);
            }
            Dataset::Consultations | Dataset::DigitalAccess | Dataset::Estimates => {
                row.weight = random.chance(25).then(|| 1 + random.below(300) as u32);
            }
        }
        let alone = row.weight.is_none_or(|weight| weight == 1);
        if alone && !self.scheme.is_empty() && random.chance(80) {
            row.person = Some(format!("p{}", random.below(25)));
        }
        // A snapshot has one row a person.
        let before = |row: &Row| self.rows.iter().any(|other| other.person == row.person);
        if self.dataset == Dataset::DigitalAccess && before(&row) {
            row.person = None;
        }
        row
    }

    fn given(&self, random: &mut Random, reference: &Reference, field: Field) -> Given {
        if field == Field::Age && random.chance(60) {
            return Given::Number(random.below(131) as i32);
        }
        if field == Field::LeadTime && random.chance(60) {
            return Given::Number(random.below(60) as i32);
        }
        let list = reference.list_of(field).unwrap();
        let system = &list.systems[self.system(field)];
        let codes = &system.codes;
        // Lists of hundreds of codes would make every combination rare.
        let of = |random: &mut Random| match system.edition {
            Some(edition) => of_leicester(reference, edition, random.below(24)),
            None => codes[random.below(codes.len().min(24))].0.clone(),
        };
        if random.chance(8) {
            let states = [
                "NOT_STATED",
                "ASKED_UNSURE",
                "NOT_KNOWN",
                "NOT_RECORDED",
                "NOT_APPLICABLE",
                "INVALID",
            ];
            let state = (*random.pick(&states)).to_owned();
            return if field.is_multiple() { Given::Set(vec![state]) } else { Given::Code(state) };
        }
        if field == Field::ResidenceLsoa && random.chance(15) {
            return Given::Code((*random.pick(&["E01999999", "W01000001"])).into());
        }
        if field == Field::CareSetting {
            let collection = reference.collection(self.collection).unwrap();
            return Given::Code(random.pick(&collection.care_settings).clone());
        }
        if !field.is_multiple() {
            return Given::Code(of(random));
        }
        let mut set = vec![of(random)];
        let single = |code: &String| {
            codes.iter().any(|(source, _, target)| source == code && target.starts_with('!'))
        };
        if !single(&set[0]) {
            for _ in 0..random.below(3) {
                let more = of(random);
                if !single(&more) {
                    set.push(more);
                }
            }
        }
        Given::Set(set)
    }

    /// Adults of whom it is known whether they are enabled for a service and active in the app.
    pub(super) fn make_adults(&mut self) {
        self.collected.insert(Field::Age);
        for (number, row) in self.rows.iter_mut().enumerate() {
            row.fields.insert(Field::Age, Given::Number(18 + number as i32 % 70));
            let yes_no = |yes: bool| Given::Code(if yes { "Y" } else { "N" }.into());
            row.fields.insert(Field::OnlineRecord, yes_no(number % 3 > 0));
            row.fields.insert(Field::OnlinePrescriptions, yes_no(number % 5 > 0));
            row.fields.insert(Field::OnlineAppointments, yes_no(number % 3 == 1));
            row.fields.insert(Field::AppActive, yes_no(number % 4 > 1));
        }
        for field in [
            Field::OnlineRecord,
            Field::OnlinePrescriptions,
            Field::OnlineAppointments,
            Field::AppActive,
        ] {
            self.systems.remove(&field);
        }
    }

    pub(super) fn system(&self, field: Field) -> usize {
        self.systems.get(&field).copied().unwrap_or(0)
    }

    pub(super) fn header(&self, request_id: String) -> Header {
        Header {
            organisation: self.organisation.clone(),
            collection: self.collection.into(),
            dataset: self.dataset,
            month: self.month,
            request_id,
            code_systems: self.systems.clone(),
            collected: self.collected.clone(),
            person_key_scheme: self.scheme.clone(),
            source: None,
            expected_record_count: None,
            allow_partial: false,
            validate_only: false,
            allow_shrinking: false,
        }
    }

    /// Puts the rows into a builder, as the border does.
    pub(super) fn tell(&self, builder: &mut Builder) {
        for row in &self.rows {
            builder.begin_row();
            for (field, given) in &row.fields {
                match given {
                    Given::Number(n) if *field == Field::Age => builder.age(Some(*n), ""),
                    Given::Number(n) => builder.lead_time(Some(*n), ""),
                    Given::Code(code) => builder.code(*field, code),
                    Given::Set(codes) => builder.codes(*field, codes),
                }
            }
            if let Some(day) = row.day {
                builder.date(&format!("{}-{day:02}", self.month));
            }
            let weight = row.weight.map(i64::from);
            match self.dataset {
                Dataset::IndicatorCounts => {
                    builder.counts(row.numerator.into(), weight.unwrap_or_default());
                }
                _ => builder.weight("record_count", weight, 0),
            }
            if row.suppressed {
                builder.suppressed();
            }
            builder.person(row.person.as_deref().unwrap_or(""));
            builder.end_row(Vec::new);
        }
    }
}

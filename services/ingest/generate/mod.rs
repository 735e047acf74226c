//! Stand-in.
use super::{Month, Parcel, Rows};
use crate::proto::v1::{ConsultationRecord, PersonCharacteristics};

/// Stand-in.
#[derive(Debug, Clone)]
pub struct GeneratorSettings {
    /// Seed.
    pub seed: u64,
    /// Rows.
    pub rows: u64,
    /// First.
    pub first_month: Month,
    /// Last.
    pub last_month: Month,
}

impl Default for GeneratorSettings {
    fn default() -> Self {
        let month = Month::parse("2020-01").expect("a month");
        Self { seed: 1, rows: 1, first_month: month, last_month: month }
    }
}

/// Stand-in.
#[derive(Debug, Clone)]
pub struct Generator(std::vec::IntoIter<Parcel>);

impl Generator {
    /// Stand-in.
    pub fn new(settings: GeneratorSettings) -> Self {
        let mut parcels = Vec::new();
        let mut month = Some(settings.first_month);
        let months = u64::from(settings.last_month.index() - settings.first_month.index() + 1);
        while let Some(at) = month.filter(|at| *at <= settings.last_month) {
            let row = |index: u64| ConsultationRecord {
                channel: ["TELEPHONE", "FACE_TO_FACE", "HOME_VISIT"][(index % 3) as usize].into(),
                person: Some(PersonCharacteristics {
                    ethnic_category: ["A", "H", "J", "Z"][((index + settings.seed) % 4) as usize]
                        .into(),
                    ..Default::default()
                }),
                ..Default::default()
            };
            parcels.push(Parcel {
                organisation: "04C".into(),
                collection: "synthetic-llr".into(),
                month: at.to_string(),
                code_systems: Default::default(),
                collected: vec!["ethnic_category".into()],
                person_key_scheme: String::new(),
                rows: Rows::Consultations((0..settings.rows / months).map(row).collect()),
            });
            month = at.next();
        }
        Self(parcels.into_iter())
    }
}

impl Iterator for Generator {
    type Item = Parcel;
    fn next(&mut self) -> Option<Parcel> {
        self.0.next()
    }
}

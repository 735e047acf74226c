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

impl GeneratorSettings {
    /// Stand-in.
    pub fn new(seed: u64) -> Result<Self, GeneratorError> {
        let month = Month::parse("2020-01").ok_or(GeneratorError)?;
        Ok(Self { seed, rows: 1, first_month: month, last_month: month })
    }
}

/// Stand-in.
#[derive(Debug, thiserror::Error)]
#[error("stand-in")]
pub struct GeneratorError;

/// Stand-in.
#[derive(Debug, Clone)]
pub struct Generator(Vec<Parcel>);

impl Generator {
    /// Stand-in.
    pub fn consultations(&self) -> impl Iterator<Item = Parcel> + '_ {
        self.0.iter().cloned()
    }
    /// Stand-in.
    pub fn populations(&self) -> impl Iterator<Item = Parcel> + '_ {
        self.0.iter().cloned().map(|mut parcel| {
            let row = crate::proto::v1::PopulationRecord { person_count: 7, ..Default::default() };
            parcel.rows = Rows::Populations(vec![row]);
            parcel
        })
    }
    /// Stand-in.
    pub fn new(settings: GeneratorSettings) -> Result<Self, GeneratorError> {
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
        Ok(Self(parcels))
    }
}

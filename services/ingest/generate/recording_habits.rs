//! Recording habits of an organisation: which fields it collects, and in which codes. Real practices differ in this, too.

use std::collections::BTreeMap;

use super::draw::{Chance, Rng};

/// A characteristic that only some organisations collect.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(super) enum Characteristic {
    GenderIdentity,
    SameAtBirth,
    Marital,
    Pregnancy,
    Ethnic,
    Religion,
    Orientation,
    Disability,
    Inclusion,
    Local,
    Carer,
    Veteran,
    Interpreter,
    Need,
    Access,
    Language,
}

/// The name of each [`Characteristic`], in order, and the share of organisations that collect it.
const CHARACTERISTICS: [(&str, f64); 16] = [
    ("gender_identity", 0.5),
    ("gender_same_at_birth", 0.4),
    ("marital_status", 0.8),
    ("pregnancy_maternity", 0.7),
    ("ethnic_category", 0.97),
    ("religion", 0.75),
    ("sexual_orientation", 0.6),
    ("disability", 0.85),
    ("inclusion_group", 0.55),
    ("local_group", 0.4),
    ("carer", 0.7),
    ("veteran", 0.6),
    ("interpreter_needed", 0.85),
    ("accessible_need", 0.8),
    ("digital_access", 0.65),
    ("main_language", 0.8),
];
/// Collected by every organisation. Deprivation follows from the small area of the home.
const ALWAYS: [&str; 3] = ["age_band", "deprivation", "sex"];

/// The recording habits of one organisation.
#[derive(Debug, Clone)]
pub(super) struct RecordingHabits {
    collected: u16,
    /// Channels in codes of CONSULTATION MECHANISM, not in codes of the service.
    pub(super) mechanism: bool,
    /// Ethnic groups of Census 2021, not of 2001.
    pub(super) ethnic_2021: bool,
    /// Waits in published bands, not in days.
    pub(super) wait_bands: bool,
    /// Ages in bands of five years, not in years.
    pub(super) age_bands: bool,
    /// Consultations with a day, not only a month.
    pub(super) dated: bool,
    /// Gives `record_count`, which is always 1.
    pub(super) counts: bool,
    /// Code of `channel_provenance`.
    pub(super) provenance: &'static str,
    /// Factor of its remote contacts against other organisations, 0.8 to 1.2.
    pub(super) remote: f64,
    /// Fields of its snapshots of digital access.
    pub(super) snapshot: SnapshotFields,
}

/// The groups of fields that the snapshots of an organisation have, besides the status.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column or it is not")]
pub(super) struct SnapshotFields {
    /// Online services enabled.
    pub(super) services: bool,
    pub(super) app: bool,
    pub(super) proxy: bool,
    /// Mobile telephone and e-mail on record.
    pub(super) contact: bool,
    pub(super) reasons: bool,
    pub(super) support: bool,
}

impl SnapshotFields {
    fn draw(rng: &mut Rng) -> Self {
        let mut share = |share: f64| rng.chance(Chance::new(share));
        SnapshotFields {
            services: share(0.95),
            app: share(0.85),
            proxy: share(0.75),
            contact: share(0.95),
            reasons: share(0.8),
            support: share(0.7),
        }
    }

    /// Names of the fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = &'static str> {
        let fields: [(bool, &[&str]); 6] = [
            (self.services, &["online_appointments", "online_prescriptions", "online_record"]),
            (self.app, &["app_registered", "app_active"]),
            (self.proxy, &["proxy_access"]),
            (self.contact, &["mobile_recorded", "email_recorded"]),
            (self.reasons, &["exclusion_reason"]),
            (self.support, &["support_offered", "support_accepted"]),
        ];
        fields.into_iter().filter(|(holds, _)| *holds).flat_map(|(_, names)| names).copied()
    }
}

impl RecordingHabits {
    pub(super) fn draw(rng: &mut Rng) -> Self {
        let mut share = |share: f64| rng.chance(Chance::new(share));
        let mut collected = 0;
        for (place, (_, of)) in CHARACTERISTICS.iter().enumerate() {
            collected |= u16::from(share(*of)) << place;
        }
        RecordingHabits {
            collected,
            mechanism: share(0.4),
            ethnic_2021: share(0.25),
            wait_bands: share(0.3),
            age_bands: share(0.1),
            dated: share(0.85),
            counts: share(0.3),
            provenance: match (share(0.6), share(0.75)) {
                (true, _) => "RECORDED",
                (false, true) => "SLOT_TYPE",
                (false, false) => "INFERRED",
            },
            remote: 0.8 + 0.4 * rng.unit(),
            snapshot: SnapshotFields::draw(rng),
        }
    }

    /// Code systems of the fields that snapshots also have.
    pub(super) fn snapshot_systems(&self) -> BTreeMap<String, String> {
        let mut systems = self.code_systems();
        systems.retain(|field, _| field == "residence_lsoa" || field == "ethnic_category");
        systems
    }

    /// Whether the characteristic is collected.
    #[inline]
    pub(super) fn collects(&self, characteristic: Characteristic) -> bool {
        self.collected >> (characteristic as u8) & 1 == 1
    }

    /// Names of the characteristics collected.
    pub(super) fn collected(&self) -> impl Iterator<Item = &'static str> {
        let some = CHARACTERISTICS
            .iter()
            .enumerate()
            .filter(|(place, _)| self.collected >> place & 1 == 1);
        some.map(|(_, (name, _))| *name).chain(ALWAYS)
    }

    /// Code systems of the fields that have several.
    pub(super) fn code_systems(&self) -> BTreeMap<String, String> {
        let choose = |other: bool, system: &'static str, default: &'static str| {
            if other { system } else { default }
        };
        let mut systems = vec![
            ("attendance", "attended_or_did_not_attend"),
            ("channel", choose(self.mechanism, "consultation_mechanism", "equity_channel")),
            ("residence_lsoa", "lsoa_2021"),
        ];
        if self.collects(Characteristic::Ethnic) {
            systems.push((
                "ethnic_category",
                choose(self.ethnic_2021, "ethnic_group_2021", "ethnic_category_2001"),
            ));
        }
        if self.wait_bands {
            systems.push(("lead_time_band", "gpad"));
        }
        systems.into_iter().map(|(field, system)| (field.to_owned(), system.to_owned())).collect()
    }
}

//! The world that is attacked: few people in many cells. Its numbers come of a seed, the same on every machine.

use crate::domain::period::Month;
use crate::ingest::generate::Rng;
use uuid::Uuid;

use crate::proto::v1::submit_consultations_request::Part;
use crate::proto::v1::{
    ConsultationBatch, ConsultationRecord, PersonCharacteristics, SubmissionHeader,
};

/// Four practices of each of three places.
pub(super) const PLACES: [(&str, [&str; 4]); 3] = [
    ("03W", ["C82001", "C82002", "C82009", "C82010"]),
    ("04C", ["C82005", "C82008", "C82018", "C82019"]),
    ("04V", ["C82003", "C82007", "C82011", "C82012"]),
];
/// What each person says yes or no to.
pub(super) const BY: [&str; 4] = ["carer", "veteran", "interpreter_needed", "accessible_need"];
/// How they are seen.
pub(super) const CHANNELS: [&str; 2] = ["FACE_TO_FACE", "TELEPHONE"];
/// Name of the method that made the person keys.
const SCHEME: &str = "attack";
/// The year of all months.
const YEAR: i32 = 2024;
/// Most people of a group, by how often they say yes.
const MOST: [u32; BY.len() + 1] = [200, 40, 12, 6, 4];

/// What one organisation submits of one month.
pub(super) struct Parcel {
    pub(super) organisation: &'static str,
    pub(super) month: Month,
    /// The number of each cell.
    pub(super) counts: Vec<u64>,
}

/// All that is submitted: before the first release, and between it and the second.
pub(super) struct World {
    pub(super) parcels: Vec<Parcel>,
    /// How many are submitted before the first release.
    pub(super) before: usize,
    pub(super) months: Vec<Month>,
    pub(super) form: Form,
}

/// Which characteristics people have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    /// So many of [`BY`].
    pub(super) characteristics: usize,
}

impl World {
    /// A world of so many months. All but the last month stand in the first release. In the second each organisation has the last month
    /// too, and has said otherwise of one before: there is one person more.
    pub(super) fn new(seed: u64, months: u32, characteristics: usize) -> Self {
        let form = Form { characteristics };
        let mut rng = Rng::new(&[seed, u64::from(months)]);
        let months: Vec<_> = (1..=months).filter_map(|month| Month::new(YEAR, month)).collect();
        let organisations = || PLACES.iter().flat_map(|(_, all)| *all);
        let mut parcels = Vec::new();
        let (others, last) = months.split_at(months.len() - 1);
        for month in others {
            parcels.extend(organisations().map(|one| Parcel::new(form, &mut rng, one, *month)));
        }
        let before = parcels.len();
        for (place, organisation) in organisations().enumerate() {
            let again = parcels.get(place).filter(|_| before > 0).map(|first| {
                let mut counts = first.counts.clone();
                // By telephone, as everywhere.
                let answers = u32::try_from(form.answers()).unwrap_or(u32::MAX);
                counts[form.answers() + rng.below(answers) as usize] += 1;
                Parcel { organisation, month: first.month, counts }
            });
            parcels.extend(again);
        }
        for month in last {
            parcels.extend(organisations().map(|one| Parcel::new(form, &mut rng, one, *month)));
        }
        Self { parcels, before, months, form }
    }

    /// The number of every cell, parcel by parcel.
    pub(super) fn truth(&self) -> Vec<u64> {
        self.parcels.iter().flat_map(|parcel| parcel.counts.clone()).collect()
    }

    /// The parcels that stand in a release: of each organisation and month the last before it.
    pub(super) fn standing(&self, release: usize) -> Vec<usize> {
        let end = if release == 0 { self.before } else { self.parcels.len() };
        let is_replaced = |number: usize| {
            let of = &self.parcels[number];
            let same =
                |other: &Parcel| other.organisation == of.organisation && other.month == of.month;
            self.parcels[number + 1..end].iter().any(same)
        };
        (0..end).filter(|number| !is_replaced(*number)).collect()
    }
}

impl Parcel {
    fn new(form: Form, rng: &mut Rng, organisation: &'static str, month: Month) -> Self {
        let people = |group: usize| {
            let most = MOST[(group % form.answers()).count_ones() as usize];
            if form.is_empty(organisation, group) { 0 } else { rng.below(most) }
        };
        let people: Vec<_> = (0..form.groups()).map(people).collect();
        let twice: Vec<_> = people.iter().map(|people| rng.below(people / 3 + 1)).collect();
        let counts = people.into_iter().chain(twice).map(u64::from).collect();
        Self { organisation, month, counts }
    }

    /// What is submitted.
    pub(super) fn messages(&self, form: Form, collection: &str) -> [Part; 2] {
        let header = SubmissionHeader {
            organisation: self.organisation.to_owned(),
            collection: collection.to_owned(),
            month: self.month.to_string(),
            request_id: Uuid::new_v4().to_string(),
            collected_characteristics: form.by().iter().map(|id| (*id).to_owned()).collect(),
            person_key_scheme: SCHEME.to_owned(),
            ..Default::default()
        };
        let mut records = Vec::new();
        for group in 0..form.groups() {
            for person in 0..self.counts[group] {
                let times = 1 + usize::from(person < self.counts[form.groups() + group]);
                let record = self.record(form, group, person);
                records.extend(std::iter::repeat_n(record, times));
            }
        }
        [Part::Header(header), Part::Batch(ConsultationBatch { records })]
    }

    /// A consultation of a person, who is in no other group, month or organisation: so people add up, for whoever attacks.
    fn record(&self, form: Form, group: usize, person: u64) -> ConsultationRecord {
        let says = |at: usize| match form.answer(group, at) {
            Some(yes) => if yes { "Y" } else { "N" }.to_owned(),
            None => String::new(),
        };
        let (organisation, month) = (self.organisation, self.month);
        ConsultationRecord {
            channel: CHANNELS[group / form.answers()].into(),
            attendance: "ATTENDED".into(),
            person_key: format!("{organisation}-{month}-{group}-{person}"),
            person: Some(PersonCharacteristics {
                carer: says(0),
                veteran: says(1),
                interpreter_needed: says(2),
                accessible_need: says(3),
                ..Default::default()
            }),
            ..Default::default()
        }
    }
}

impl Form {
    /// What people say yes or no to.
    pub(super) fn by(self) -> &'static [&'static str] {
        &BY[..self.characteristics]
    }

    /// Answers to all questions.
    fn answers(self) -> usize {
        1 << self.characteristics
    }

    /// Groups of people of an organisation in a month: each channel and all answers.
    pub(super) fn groups(self) -> usize {
        CHANNELS.len() * self.answers()
    }

    /// Cells of an organisation in a month: the people of each group, then those of them who came twice.
    pub(super) fn each(self) -> usize {
        2 * self.groups()
    }

    /// Whether everybody knows that nobody is in a group: outside the first place everybody is called.
    pub(super) fn is_empty(self, organisation: &str, group: usize) -> bool {
        group < self.answers() && !PLACES[0].1.contains(&organisation)
    }

    /// Whether the people of a group say yes to the question at this place. None: they are not asked.
    fn answer(self, group: usize, at: usize) -> Option<bool> {
        (at < self.characteristics).then_some(group >> at & 1 == 1)
    }

    /// The groups of which all of this holds: dimension and code. None: no group can be told by it.
    pub(super) fn holding(self, says: &[(&str, &str)]) -> Option<Vec<usize>> {
        let mut groups: Vec<usize> = (0..self.groups()).collect();
        for (dimension, code) in says {
            match self.by().iter().position(|by| by == dimension) {
                Some(at) => groups.retain(|group| self.answer(*group, at) == Some(*code == "Y")),
                None if *dimension == "channel" => {
                    groups.retain(|group| CHANNELS[group / self.answers()] == *code);
                }
                None => return None,
            }
        }
        Some(groups)
    }

    /// What the people of a group have in common, in words.
    pub(super) fn words(self, group: usize) -> String {
        let yes =
            self.by().iter().enumerate().filter(|(at, _)| self.answer(group, *at) == Some(true));
        let channel = CHANNELS[group / self.answers()];
        let all: Vec<_> = std::iter::once(channel).chain(yes.map(|(_, id)| *id)).collect();
        all.join(", ")
    }
}

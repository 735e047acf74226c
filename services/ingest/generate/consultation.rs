//! One consultation of one person, as their practice records it.

use super::assumptions as assume;
use super::channels::{self, Channels};
use super::characteristics::characteristics;
use super::codes;
use super::draw::{Chance, Rng, Weighted};
use super::model::Model;
use super::person::Person;
use super::published::{Mix, WAITS, staff_and_wait};
use super::recording_habits::RecordingHabits;
use crate::domain::period::Month;
use crate::proto::v1::{ConsultationRecord, PersonCharacteristics};

/// First and last day of each published wait. The open band ends at an assumed 90 days.
const DAYS: [(u32, u32); 7] = [(0, 0), (1, 1), (2, 7), (8, 14), (15, 21), (22, 28), (29, 90)];
const ATTENDED: usize = 0;
const MISSED: usize = 1;
const UNKNOWN: usize = 2;
/// Place of the published mode "unknown".
const NO_MODE: usize = 4;

/// Fields of the consultation itself. Every organisation collects them, even if one is empty in a whole month.
pub(super) const COLLECTED: [&str; 13] = [
    "accessible_need_met",
    "attendance",
    "care_setting",
    "channel",
    "channel_provenance",
    "face_to_face_offered",
    "face_to_face_requested",
    "first_or_follow_up",
    "interpreter_present",
    "lead_time_band",
    "preferred_channel",
    "residence_lsoa",
    "staff_type",
];

/// What all consultations of one organisation and month have in common.
pub(super) struct Session<'a> {
    model: &'a Model,
    habits: &'a RecordingHabits,
    mix: &'a Mix,
    channels: &'a Channels,
    modes: Vec<Weighted>,
    month: u16,
    /// The month, or each of its days.
    dates: Vec<String>,
    care_setting: &'a str,
    online: Weighted,
    chances: Chances,
}

/// The chances that do not depend on anything.
struct Chances {
    first: Chance,
    late: Chance,
    too_late: Chance,
    cancelled_by_person: Chance,
    cancelled_by_provider: Chance,
    talk_type: Chance,
    left_empty: Chance,
    access_left_out: Chance,
    offer_recorded: Chance,
    request_recorded: Chance,
    met: Chance,
    met_recorded: Chance,
    offered: [Chance; 3],
    requested: [Chance; 3],
    interpreter: [Chance; 5],
}

impl<'a> Session<'a> {
    pub(super) fn new(
        model: &'a Model,
        habits: &'a RecordingHabits,
        (mix, channels): (&'a Mix, &'a Channels),
        month: Month,
        care_setting: &'a str,
    ) -> Self {
        let dates = match habits.dated {
            true => (1..=month.days()).map(|day| format!("{month}-{day:02}")).collect(),
            false => vec![month.to_string()],
        };
        let online = if habits.mechanism { codes::MECHANISM_ONLINE } else { codes::ONLINE };
        Session {
            model,
            habits,
            mix,
            channels,
            modes: channels.at(habits.remote),
            month: month.number(),
            dates,
            care_setting,
            online: Weighted::new(&online.map(|(_, weight)| weight)),
            chances: Chances::new(),
        }
    }

    /// A consultation of `person`, the `number`th of its submission.
    pub(super) fn consultation(
        &self,
        person: &Person,
        person_number: u64,
        number: u64,
        rng: &mut Rng,
    ) -> ConsultationRecord {
        let mode = self.modes[channels::kind(person, self.month)].draw(rng);
        let status = self.status(person, mode, rng);
        let (staff, wait) = staff_and_wait(self.mix.detail(mode, status).draw(rng));
        let (lead_time_days, lead_time_band) = self.lead_time(wait, rng);
        let date = &self.dates[rng.below(u32::try_from(self.dates.len()).unwrap_or(1)) as usize];
        ConsultationRecord {
            date: date.clone(),
            care_setting: self.care_setting.to_owned(),
            channel: self.channel(person, mode, rng).to_owned(),
            channel_provenance: if mode == NO_MODE { "" } else { self.habits.provenance }
                .to_owned(),
            attendance: self.attendance(status, rng).to_owned(),
            staff_type: match staff {
                0 => "GP",
                1 => "OTHER_PRACTICE_STAFF",
                _ => self.unknown(rng),
            }
            .to_owned(),
            first_or_follow_up: if rng.chance(self.chances.first) { "FIRST" } else { "FOLLOW_UP" }
                .to_owned(),
            lead_time_days,
            lead_time_band,
            record_count: self.habits.counts.then_some(1),
            person_key: key(b'P', person_number),
            source_record_id: key(b'R', number),
            residence_lsoa: match person.home_known {
                true => self.model.homes[usize::from(person.home)].code.clone(),
                false => String::new(),
            },
            face_to_face_offered: self.offered(person, mode, rng).to_owned(),
            face_to_face_requested: self.requested(person, rng).to_owned(),
            interpreter_present: self.interpreter(person, mode, rng).to_owned(),
            accessible_need_met: self.need_met(person, rng).to_owned(),
            preferred_channel: codes::PREFERRED.text(person.preferred).to_owned(),
            suppressed: false,
            person: Some(self.person(person, rng)),
            national_category: String::new(),
        }
    }

    /// The person. Some records leave digital access out, so that only the snapshot has it.
    fn person(&self, person: &Person, rng: &mut Rng) -> PersonCharacteristics {
        let mut recorded = characteristics(self.habits, person, self.month);
        if rng.chance(self.chances.access_left_out) {
            recorded.digital_access.clear();
        }
        recorded
    }

    fn status(&self, person: &Person, mode: usize, rng: &mut Rng) -> usize {
        if rng.chance(self.channels.missed(mode).scaled(person.missed)) {
            MISSED
        } else if rng.chance(self.channels.attended(mode)) {
            ATTENDED
        } else {
            UNKNOWN
        }
    }

    fn attendance(&self, status: usize, rng: &mut Rng) -> &'static str {
        let chances = &self.chances;
        match status {
            ATTENDED if rng.chance(chances.late) => "6",
            ATTENDED => "5",
            MISSED if rng.chance(chances.too_late) => "7",
            MISSED => "3",
            _ if rng.chance(chances.cancelled_by_person) => "2",
            _ if rng.chance(chances.cancelled_by_provider) => "4",
            _ => self.unknown(rng),
        }
    }

    fn channel(&self, person: &Person, mode: usize, rng: &mut Rng) -> &'static str {
        const TELEPHONE: usize = 2;
        const ONLINE: usize = 3;
        let mechanism = self.habits.mechanism;
        match mode {
            TELEPHONE if person.uses_talk_type && rng.chance(self.chances.talk_type) => {
                codes::TALK_TYPE[usize::from(mechanism)]
            }
            ONLINE => {
                let online = if mechanism { &codes::MECHANISM_ONLINE } else { &codes::ONLINE };
                online[self.online.draw(rng)].0
            }
            NO_MODE => self.unknown(rng),
            mode if mechanism => codes::MECHANISM[mode],
            mode => codes::CHANNEL[mode],
        }
    }

    fn lead_time(&self, wait: usize, rng: &mut Rng) -> (Option<i32>, String) {
        match DAYS.get(wait) {
            None => (None, self.unknown(rng).to_owned()),
            Some(_) if self.habits.wait_bands => (None, WAITS[wait].to_owned()),
            Some((first, last)) => {
                let days = first + rng.below(last - first + 1);
                (i32::try_from(days).ok(), String::new())
            }
        }
    }

    /// Offered is what took place, and what a remote contact was chosen over.
    fn offered(&self, person: &Person, mode: usize, rng: &mut Rng) -> &'static str {
        match mode {
            _ if !rng.chance(self.chances.offer_recorded) => "",
            0 | 1 => "Y",
            _ if rng.chance(self.chances.offered[usize::from(person.true_access)]) => "Y",
            _ => "N",
        }
    }

    fn requested(&self, person: &Person, rng: &mut Rng) -> &'static str {
        match rng.chance(self.chances.request_recorded) {
            false => "",
            true if rng.chance(self.chances.requested[usize::from(person.true_access)]) => "Y",
            true => "N",
        }
    }

    fn interpreter(&self, person: &Person, mode: usize, rng: &mut Rng) -> &'static str {
        match person.needs_interpreter {
            false => "",
            true if rng.chance(self.chances.interpreter[mode]) => "Y",
            true => "N",
        }
    }

    fn need_met(&self, person: &Person, rng: &mut Rng) -> &'static str {
        match person.has_need && rng.chance(self.chances.met_recorded) {
            false => "",
            true if rng.chance(self.chances.met) => "Y",
            true => "N",
        }
    }

    /// The source says that it does not know, or nothing.
    fn unknown(&self, rng: &mut Rng) -> &'static str {
        if rng.chance(self.chances.left_empty) { "" } else { "NOT_KNOWN" }
    }
}

impl Chances {
    fn new() -> Self {
        Chances {
            first: Chance::new(assume::FIRST),
            late: Chance::new(assume::LATE),
            too_late: Chance::new(assume::TOO_LATE),
            cancelled_by_person: Chance::new(assume::CANCELLED_BY_PERSON),
            cancelled_by_provider: Chance::new(assume::CANCELLED_BY_PROVIDER),
            talk_type: Chance::new(assume::TALK_TYPE),
            left_empty: Chance::new(assume::LEFT_EMPTY),
            access_left_out: Chance::new(assume::ACCESS_LEFT_OUT),
            offer_recorded: Chance::new(assume::OFFER_RECORDED),
            request_recorded: Chance::new(assume::REQUEST_RECORDED),
            met: Chance::new(assume::NEED_MET),
            met_recorded: Chance::new(assume::NEED_MET_RECORDED),
            offered: assume::OFFERED.map(Chance::new),
            requested: assume::REQUESTED.map(Chance::new),
            interpreter: assume::INTERPRETER_PRESENT.map(Chance::new),
        }
    }
}

/// A letter and a number.
pub(super) fn key(letter: u8, number: u64) -> String {
    let mut digits = [0u8; 21];
    let (mut at, mut left) = (digits.len(), number);
    loop {
        at -= 1;
        digits[at] = b"0123456789"[(left % 10) as usize];
        left /= 10;
        if left == 0 {
            break;
        }
    }
    digits[at - 1] = letter;
    std::str::from_utf8(&digits[at - 1..]).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        assert_eq!(key(b'P', 0), "P0");
        assert_eq!(key(b'R', 1_234_567_890), "R1234567890");
        assert_eq!(key(b'P', u64::MAX), format!("P{}", u64::MAX));
    }
}

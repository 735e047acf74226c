//! One person's digital access in a snapshot, as their organisation records it.
//!
//! The draws of a person are the same in every month, so a person does not change back and forth between snapshots. Enrolment
//! grows because the threshold grows. Digital access, preferred channel, need of an interpreter and accessible-information need
//! are the same as in the person's consultations.

use super::assumptions as assume;
use super::characteristics::characteristics;
use super::codes;
use super::consultation::key;
use super::draw::Rng;
use super::model::Model;
use super::person::Person;
use super::recording_habits::RecordingHabits;
use crate::domain::period::Month;
use crate::proto::v1::AccessRecord;

/// Fields that every snapshot collects, even if the organisation's consultations do not.
const ALWAYS: [&str; 5] = [
    "accessible_need",
    "digital_access",
    "interpreter_needed",
    "preferred_channel",
    "residence_lsoa",
];

/// Places of a person's draws.
#[derive(Clone, Copy)]
#[repr(usize)]
enum Draw {
    Enabled,
    Appointments,
    Prescriptions,
    Record,
    App,
    Active,
    Proxy,
    ProxySaid,
    Mobile,
    MobileSaid,
    Email,
    EmailSaid,
    ReasonSaid,
    /// The first of the draws of reasons, one for each reason.
    Reason,
    Offered = Draw::Reason as usize + codes::REASONS.len() - 1,
    OfferSaid,
    Accepted,
    AcceptanceSaid,
    Last,
}

/// A person's draws, each from 0 to 1.
struct Draws([f64; Draw::Last as usize]);

impl Draws {
    fn below(&self, draw: Draw, share: f64) -> bool {
        self.0[draw as usize] < share
    }

    /// The code of yes, no or a missing state.
    fn said(&self, yes: bool, draw: Draw) -> &'static str {
        let [not_stated, unsure, not_known, empty] = assume::missing::ACCESS_FLAG;
        let at = self.0[draw as usize] * 100.0;
        let missing = [empty, not_known, unsure, not_stated];
        let mut upto = 0.0;
        for (state, share) in missing.into_iter().enumerate() {
            upto += share;
            if at < upto {
                return ["", "X", "U", "Z"][state];
            }
        }
        flag(yes)
    }
}

fn flag(yes: bool) -> &'static str {
    if yes { "Y" } else { "N" }
}

/// What all records of one organisation and month have in common.
pub(super) struct Snapshot<'a> {
    model: &'a Model,
    habits: &'a RecordingHabits,
    month: u16,
    /// Share of future App users who have the App in this month.
    spread: f64,
}

impl<'a> Snapshot<'a> {
    pub(super) fn new(model: &'a Model, habits: &'a RecordingHabits, month: Month) -> Self {
        let since = f64::from(month.number().saturating_sub(assume::APP_START));
        let spread = since / (since + assume::APP_HALF);
        Snapshot { model, habits, month: month.number(), spread }
    }

    /// Fields that it collects besides those of the organisation's consultations.
    pub(super) fn collected(&self) -> impl Iterator<Item = &'static str> + use<'_> {
        ALWAYS.into_iter().chain(self.habits.snapshot.fields())
    }

    /// The record of a person. `rng` is in the same state for the person in every month.
    pub(super) fn record(&self, person: &Person, number: u64, rng: &mut Rng) -> AccessRecord {
        let draws = Draws(std::array::from_fn(|_| rng.unit()));
        let (age, access) = (person.age(self.month), usize::from(person.true_access));
        let (child, collects) = (age < 16, &self.habits.snapshot);
        let enabled = if child { assume::ENABLED_CHILD } else { assume::ENABLED[access] };
        let enabled = draws.below(Draw::Enabled, enabled);
        let service = |draw: Draw, share: f64| match collects.services {
            true => flag(enabled && draws.below(draw, share)).to_owned(),
            false => String::new(),
        };
        let registered = draws.below(Draw::App, assume::APP[access] * self.spread);
        let active = registered && draws.below(Draw::Active, assume::APP_ACTIVE[access]);
        let app = |yes: bool| match (collects.app, age < assume::APP_AGE) {
            (false, _) => String::new(),
            (true, true) => "NOT_APPLICABLE".to_owned(),
            (true, false) => flag(yes).to_owned(),
        };
        let said = |collects: bool, share: f64, draw: Draw, how: Draw| match collects {
            true => draws.said(draws.below(draw, share), how).to_owned(),
            false => String::new(),
        };
        let proxy = if child { assume::PROXY_CHILD } else { assume::PROXY[access] };
        let (support_offered, support_accepted) = self.support(person, &draws);
        let mut recorded = characteristics(self.habits, person, self.month);
        codes::ACCESS.text(person.access).clone_into(&mut recorded.digital_access);
        codes::YES_NO.text(person.interpreter).clone_into(&mut recorded.interpreter_needed);
        codes::YES_NO.text(person.need).clone_into(&mut recorded.accessible_need);
        AccessRecord {
            record_count: self.habits.counts.then_some(1),
            person_key: key(b'P', number),
            residence_lsoa: match person.home_known {
                true => self.model.homes[usize::from(person.home)].code.clone(),
                false => String::new(),
            },
            online_appointments: service(Draw::Appointments, assume::SERVICES[0]),
            online_prescriptions: service(Draw::Prescriptions, assume::SERVICES[1]),
            online_record: service(Draw::Record, assume::SERVICES[2]),
            app_registered: app(registered),
            app_active: app(active),
            proxy_access: said(collects.proxy, proxy, Draw::Proxy, Draw::ProxySaid),
            mobile_recorded: said(
                collects.contact,
                assume::MOBILE[access],
                Draw::Mobile,
                Draw::MobileSaid,
            ),
            email_recorded: said(
                collects.contact,
                assume::EMAIL[access],
                Draw::Email,
                Draw::EmailSaid,
            ),
            exclusion_reason: self.reasons(person, &draws),
            support_offered,
            support_accepted,
            preferred_channel: codes::PREFERRED.text(person.preferred).to_owned(),
            suppressed: false,
            person: Some(recorded),
        }
    }

    /// Why an assessed person cannot use remote care, or only with help. `NONE` if the person can.
    fn reasons(&self, person: &Person, draws: &Draws) -> Vec<String> {
        let said =
            self.habits.snapshot.reasons && draws.below(Draw::ReasonSaid, assume::REASON_RECORDED);
        match person.access {
            0 if said => return vec!["NONE".to_owned()],
            1 | 2 if said => {}
            _ => return Vec::new(),
        }
        let decile =
            usize::from(self.model.homes[usize::from(person.home)].decile.clamp(1, 10)) - 1;
        let poor = assume::UNABLE_BY_DECILE[decile];
        let disabled = person.disability & codes::ANY_DISABILITY != 0;
        let either = |yes: bool, [with, without]: [f64; 2]| if yes { with } else { without };
        let shares = [
            assume::NO_DEVICE * poor,
            assume::NO_CONNECTION * poor,
            either(person.age(self.month) >= 65, assume::SKILLS),
            either(person.needs_interpreter, assume::LANGUAGE_REASON),
            either(disabled, assume::DISABILITY_REASON),
            assume::TRUST,
            assume::NO_PRIVATE_SPACE,
        ];
        let first = Draw::Reason as usize;
        let drawn = shares.iter().zip(&draws.0[first..]).zip(codes::REASONS);
        let reasons: Vec<String> = drawn
            .filter(|((share, draw), _)| draw < share)
            .map(|(_, reason)| reason.to_owned())
            .collect();
        // A person with recorded reasons has at least one.
        if reasons.is_empty() { vec!["SKILLS".to_owned()] } else { reasons }
    }

    /// Whether support was offered and accepted, for people who were assessed as needing support.
    fn support(&self, person: &Person, draws: &Draws) -> (String, String) {
        let needs = matches!(person.access, 1 | 2);
        if !self.habits.snapshot.support || !needs {
            return (String::new(), String::new());
        }
        let offered = draws.below(Draw::Offered, assume::SUPPORT_OFFERED);
        let offer = draws.said(offered, Draw::OfferSaid);
        let accepted = match offer {
            "Y" => {
                let accepted = draws.below(Draw::Accepted, assume::SUPPORT_ACCEPTED);
                draws.said(accepted, Draw::AcceptanceSaid)
            }
            _ => "",
        };
        (offer.to_owned(), accepted.to_owned())
    }
}

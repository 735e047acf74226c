//! The channels of one month: published modes, which differ by age, digital access and need of an interpreter. All people
//! together meet the published totals.

use super::assumptions as assume;
use super::draw::{Chance, Weighted};
use super::fit::{fit, ratio};
use super::person::Person;
use super::published::{MODES, Mix};

/// Kinds of people whose channels differ.
pub(super) const KINDS: usize = 3 * 5 * 2;
const TELEPHONE: usize = 2;
const ONLINE: usize = 3;

/// The kind of a person in a month.
#[inline]
pub(super) fn kind(person: &Person, month: u16) -> usize {
    let age = assume::channel_age(person.age(month));
    (usize::from(person.true_access) * 5 + age) * 2 + usize::from(person.needs_interpreter)
}

/// Modes by kind of person in one month, before the habits of an organisation.
#[derive(Debug)]
pub(super) struct Channels {
    joint: Vec<Vec<f64>>,
    /// For each mode, the chance of missed, and of attended if not missed.
    missed: Vec<Chance>,
    attended: Vec<Chance>,
}

impl Channels {
    /// `kinds`: the share of each kind among contacts. `missed`: the mean factor of missed appointments.
    pub(super) fn new(mix: &Mix, kinds: &[f64], missed: f64) -> Self {
        let tilt = |kind: usize| {
            let (access, age, interpreter) = (kind / 10, kind / 2 % 5, kind % 2);
            let of = |mode: usize| {
                let language =
                    if interpreter == 1 { assume::CHANNEL_WITH_INTERPRETER[mode] } else { 1.0 };
                let by_person =
                    assume::CHANNEL_BY_AGE[age][mode] * assume::CHANNEL_BY_ACCESS[access][mode];
                by_person * language * mix.modes[mode] * kinds[kind]
            };
            (0..MODES.len()).map(of).collect::<Vec<f64>>()
        };
        let guess: Vec<Vec<f64>> = (0..KINDS).map(tilt).collect();
        let status = |[attended, did_not_attend, _]: &[f64; 3]| {
            let did_not_attend = ratio(*did_not_attend, missed);
            (
                Chance::new(did_not_attend),
                Chance::new(ratio(*attended, 1.0 - did_not_attend * missed)),
            )
        };
        let (missed, attended) = mix.statuses.iter().map(status).unzip();
        Channels { joint: fit(&guess, kinds, &mix.modes), missed, attended }
    }

    /// For each kind, the distribution of modes at an organisation with this factor of remote contacts.
    pub(super) fn at(&self, remote: f64) -> Vec<Weighted> {
        let mut weights = [0.0; MODES.len()];
        let of = |row: &Vec<f64>| {
            weights.copy_from_slice(row);
            weights[TELEPHONE] *= remote;
            weights[ONLINE] *= remote;
            Weighted::new(&weights)
        };
        self.joint.iter().map(of).collect()
    }

    /// The mean chance that a contact of this mode is missed.
    #[inline]
    pub(super) fn missed(&self, mode: usize) -> Chance {
        self.missed[mode]
    }

    /// The chance that a contact of this mode is attended if it is not missed.
    #[inline]
    pub(super) fn attended(&self, mode: usize) -> Chance {
        self.attended[mode]
    }
}

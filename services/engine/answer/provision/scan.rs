//! Scans of the consultations: by what is known of their people's needs, and by what each says to questions that several of its fields
//! answer together.

use std::array;
use std::sync::Arc;

use crate::domain::cube::Adds;
use crate::domain::disclosure::TrueCount;
use crate::domain::field::Field;
use crate::domain::measures::{Group, Needs, Provision, Response};
use crate::engine::answer::access::{Access, NEEDS};
use crate::engine::answer::axis_answers::{answers, merge};
use crate::engine::answer::days_waited::days_of;
use crate::engine::answer::derived_column::Meanings;
use crate::engine::answer::outcome_shares::LEAD_TIME;
use crate::engine::answer::plan::{On, Plan, PlanAxis, Together};
use crate::engine::query::{Measure, Query};
use crate::engine::{Engine, QueryError};

/// What is added up in a row: a count of each group.
pub(super) type Groups = [Provision; Group::ALL.len()];

/// What one field of a consultation is asked.
#[derive(Clone, Copy)]
pub(super) enum Ask {
    /// Whether it is a category of a dimension; no: another that is known.
    Is(&'static str, &'static str),
    /// Whether the appointment was at most so many days after it was booked.
    Within(u32),
}

/// The place of what a consultation answers, out of all that it was asked, on the axis that is worked out.
fn place_of<const M: usize>(answers: [Response; M]) -> usize {
    answers.iter().fold(0, |place, answer| place * Response::ALL.len() + *answer as usize)
}

fn answers_at<const M: usize>(mut place: usize) -> [Response; M] {
    let mut answers = [Response::Yes; M];
    for answer in answers.iter_mut().rev() {
        (*answer, place) =
            (Response::ALL[place % Response::ALL.len()], place / Response::ALL.len());
    }
    answers
}

/// The consultations that are scanned, with what snapshots say of their people.
pub(super) struct Scans<'a> {
    pub(super) engine: &'a Engine,
    pub(super) query: &'a Query,
    pub(super) access: &'a Access,
}

/// How a cell of a scan is added to the groups of a row: by its places on the inner axes.
type AddCell<'a> = Box<dyn Fn(&mut Groups, &[usize], TrueCount) + 'a>;

/// A scan of the consultations.
pub(super) struct Scan<'a> {
    pub(super) plan: Plan,
    pub(super) add: AddCell<'a>,
}

impl Scans<'_> {
    /// Plans a scan. `answered` makes the answers of a consultation out of what it says to what it is asked. `add` is told, for each
    /// group, whether the consultations' people are of it, their needs, and the answers.
    pub(super) fn scan<'a, const N: usize, const M: usize>(
        &self,
        asked: [Ask; N],
        answered: impl Fn([Response; N]) -> [Response; M],
        add: impl Fn(&mut Provision, (Group, Response), Needs, [Response; M], TrueCount) + 'a,
    ) -> Result<Scan<'a>, QueryError> {
        let (engine, outer) = (self.engine, self.query.by.len());
        let dimensions = asked.map(|ask| match ask {
            Ask::Is(dimension, _) => dimension,
            Ask::Within(_) => LEAD_TIME,
        });
        let inner = [&NEEDS.map(Field::name)[..], &dimensions].concat();
        let mut plan = engine.consultations(self.query, Measure::Contacts, &inner)?;
        let axes = plan.axes.split_off(outer + NEEDS.len());
        let meanings = axes.iter().zip(asked).map(|(axis, ask)| match ask {
            Ask::Is(_, category) => Meanings::is(axis, category),
            Ask::Within(days) => within(engine, &plan, axis, days),
        });
        let meanings: Vec<_> = meanings.collect();
        self.access.join(&mut plan);
        let places = Response::ALL.len().pow(u32::try_from(M).unwrap_or(0));
        plan.axes.push(PlanAxis::computed(together(&meanings, &answered), places));
        // The axes of the needs stand behind those that make rows, then that of the answers.
        let need = |axis: usize, yes: &str, no: &[&str]| need(&plan.axes[outer + axis], yes, no);
        let unable = need(0, "UNABLE", &["ABLE", "WITH_HELP"]);
        let with_help = need(0, "WITH_HELP", &["ABLE", "UNABLE"]);
        let (interpreter, accessible) = (need(1, "Y", &["N"]), need(2, "Y", &["N"]));
        let both: Vec<_> = unable.iter().zip(&with_help).collect();
        merge(&mut plan.axes[outer], &both);
        merge(&mut plan.axes[outer + 1], &interpreter);
        merge(&mut plan.axes[outer + 2], &accessible);
        // Worked out once for each combination of places, not once for each cell of each row.
        let mut people = Vec::with_capacity(unable.len() * interpreter.len() * accessible.len());
        for (unable, with_help) in unable.iter().copied().zip(with_help) {
            for interpreter in interpreter.iter().copied() {
                for accessible in accessible.iter().copied() {
                    let needs = Needs { unable, with_help, interpreter, accessible };
                    people.push((needs, Group::ALL.map(|group| group.holds(needs))));
                }
            }
        }
        let (second, third) = (interpreter.len(), accessible.len());
        let answers: Vec<_> = (0..places).map(answers_at::<M>).collect();
        let add = move |groups: &mut Groups, at: &[usize], count| {
            let (needs, members) = people[(at[0] * second + at[1]) * third + at[2]];
            for ((group, member), counts) in Group::ALL.into_iter().zip(members).zip(groups) {
                add(counts, (group, member), needs, answers[at[3]], count);
            }
        };
        Ok(Scan { plan, add: Box::new(add) })
    }
}

/// Whether the days that each word means are known to be at most so many. A band that the limit cuts is not known.
fn within(engine: &Engine, plan: &Plan, axis: &PlanAxis, days: u32) -> Meanings<Response> {
    let mut meanings = Meanings::is(axis, "");
    let catalog = engine.store().catalog();
    for (value, says) in catalog.words().of(Field::LeadTime).iter().zip(&mut meanings.of_word) {
        *says = match days_of(&plan.reference, value) {
            Some((_, longest)) if longest <= days => Response::Yes,
            Some((shortest, _)) if shortest > days => Response::No,
            Some(_) => Response::Unknown,
            None => *says,
        };
    }
    meanings
}

/// What each place of a need's axis says: what is neither yes nor no is not known, and what does not apply is no need.
fn need(axis: &PlanAxis, yes: &str, no: &[&str]) -> Vec<Response> {
    let says = answers(axis, &[yes], no).into_iter().enumerate();
    let need = |(place, says)| match says {
        Response::NotApplicable if axis.state(place).is_some() => Response::No,
        Response::NotApplicable => Response::Unknown,
        says @ (Response::Yes | Response::No | Response::Unknown | Response::NotCollected) => says,
    };
    says.map(need).collect()
}

/// Where consultations fall by what their fields say together.
fn together<const N: usize, const M: usize>(
    meanings: &[Meanings<Response>],
    answered: impl Fn([Response; N]) -> [Response; M],
) -> On {
    let all = Response::ALL.len();
    let step = |number: usize| all.pow(u32::try_from(number).unwrap_or(0));
    let adds = |(number, of): (usize, &Meanings<Response>)| {
        let adds =
            of.of_code().map(|says| u32::try_from(says as usize * step(number)).unwrap_or(0));
        Some((of.field?, Adds::new(adds.collect())))
    };
    let places = (0..step(N)).map(|sum| {
        place_of(answered(array::from_fn(|number| match meanings[number].field {
            Some(_) => Response::ALL[sum / step(number) % all],
            None => meanings[number].not_collected,
        })))
    });
    On::Together(Arc::new(Together {
        fields: meanings.iter().enumerate().filter_map(adds).collect(),
        places: places.collect(),
    }))
}

//! One scan of the consultations: by what is known of their people's needs, and by what each says to a question that several of
//! its fields answer together.

use std::array;

use crate::domain::cube::Adds;
use crate::domain::field::Field;
use crate::domain::measures::{Group, Needs, Provision, Response};
use crate::engine::answer::access::Access;
use crate::engine::answer::axis_answers::{answers, merge, of_words, says_at};
use crate::engine::answer::crosstab::Folded;
use crate::engine::answer::days_waited::days_of;
use crate::engine::answer::plan::{On, Plan, PlanAxis, Together};
use crate::engine::query::{Measure, Query};
use crate::engine::{Engine, QueryError};

const NEEDS: [&str; 3] = ["digital_access", "interpreter_needed", "accessible_need"];
const LEAD_TIME: &str = "lead_time";

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

/// What the words of a field say to what it is asked.
struct Said {
    /// None: the submission decides, and a consultation says nothing.
    field: Option<Field>,
    of_word: Vec<Response>,
    not_collected: Response,
}

/// A scan, planned. The axes of the needs stand behind the outer ones, then that of what consultations say.
pub(super) struct NeedsScan {
    plan: Plan,
    outer: usize,
    unable: Vec<Response>,
    with_help: Vec<Response>,
    interpreter: Vec<Response>,
    accessible: Vec<Response>,
}

impl NeedsScan {
    /// Plans a scan. `place` says which of so many places the answers of a consultation are.
    pub(super) fn new<const N: usize>(
        engine: &Engine,
        query: &Query,
        access: &Access,
        asked: [Ask; N],
        places: usize,
        place: impl Fn([Response; N]) -> usize + Sync,
    ) -> Result<Self, QueryError> {
        let dimensions = asked.map(|ask| match ask {
            Ask::Is(dimension, _) => dimension,
            Ask::Within(_) => LEAD_TIME,
        });
        let inner = [&NEEDS[..], &dimensions].concat();
        let mut plan = engine.consultations(query, Measure::Contacts, &inner)?;
        let outer = query.by.len();
        let axes = plan.axes.split_off(outer + NEEDS.len());
        let said = axes.iter().zip(asked).map(|(axis, ask)| match ask {
            Ask::Is(_, category) => said(axis, category),
            Ask::Within(days) => within(engine, &plan, axis, days),
        });
        let said: Vec<_> = said.collect();
        access.join(&mut plan);
        plan.axes.push(PlanAxis::together(answered(&said, &place), places));
        let need = |axis: usize, yes: &str, no: &[&str]| need(&plan.axes[outer + axis], yes, no);
        let unable = need(0, "UNABLE", &["ABLE", "WITH_HELP"]);
        let with_help = need(0, "WITH_HELP", &["ABLE", "UNABLE"]);
        let (interpreter, accessible) = (need(1, "Y", &["N"]), need(2, "Y", &["N"]));
        let both: Vec<_> = unable.iter().zip(&with_help).collect();
        merge(&mut plan.axes[outer], &both);
        merge(&mut plan.axes[outer + 1], &interpreter);
        merge(&mut plan.axes[outer + 2], &accessible);
        Ok(Self { plan, outer, unable, with_help, interpreter, accessible })
    }
}

/// Whether the days that each word means are known to be at most so many. A band that the limit cuts is not known.
fn within(engine: &Engine, plan: &Plan, axis: &PlanAxis, days: u32) -> Said {
    let said = said(axis, "");
    let catalog = engine.store().catalog();
    let words = catalog.words().of(Field::LeadTime).iter().zip(said.of_word);
    let of_word = words.map(|(value, state)| match days_of(&plan.reference, value) {
        Some((_, longest)) if longest <= days => Response::Yes,
        Some((shortest, _)) if shortest > days => Response::No,
        Some(_) => Response::Unknown,
        None => state,
    });
    Said { of_word: of_word.collect(), ..said }
}

/// What the words of a field say to whether they are a category.
fn said(axis: &PlanAxis, category: &str) -> Said {
    let known: Vec<_> = axis.categories.iter().map(|(code, _)| code.as_str()).collect();
    let answers = answers(axis, &[category], &known);
    let not_collected = match &axis.on {
        On::Field(_, places) => says_at(&places.not_collected, &answers),
        On::Submission(_) | On::Derived(_) | On::Together(_) => Response::NotCollected,
    };
    Said { field: axis.field(), of_word: of_words(axis, &answers), not_collected }
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

/// Where consultations fall by what their fields say.
fn answered<const N: usize>(said: &[Said], place: impl Fn([Response; N]) -> usize) -> Together {
    let all = Response::ALL.len();
    let step = |number: usize| all.pow(u32::try_from(number).unwrap_or(0));
    let mut fields = Vec::new();
    for (number, one) in said.iter().enumerate() {
        let of_code = std::iter::once(&one.not_collected).chain(&one.of_word);
        let adds = of_code.map(|says| u32::try_from(*says as usize * step(number)).unwrap_or(0));
        fields.extend(one.field.map(|field| (field, Adds::new(adds.collect()))));
    }
    let places = (0..step(N)).map(|sum| {
        place(array::from_fn(|number| match said[number].field {
            Some(_) => Response::ALL[sum / step(number) % all],
            None => said[number].not_collected,
        }))
    });
    Together { fields, places: places.collect() }
}

impl NeedsScan {
    /// Adds up the scan. `add` is told, for each group, whether the consultations' people are of it, their needs, and the place.
    pub(super) fn fold(
        &self,
        engine: &Engine,
        folded: &mut Folded<Groups>,
        add: impl Fn(&mut Provision, (Group, Response), Needs, usize, u64),
    ) -> Result<(), QueryError> {
        engine.fold(&self.plan, self.outer, folded, |groups: &mut Groups, at, count| {
            let &[access, interpreter, accessible, place] = at else { return };
            let needs = Needs {
                unable: self.unable[access],
                with_help: self.with_help[access],
                interpreter: self.interpreter[interpreter],
                accessible: self.accessible[accessible],
            };
            for (group, counts) in Group::ALL.into_iter().zip(groups) {
                add(counts, (group, group.holds(needs)), needs, place, count);
            }
        })
    }
}

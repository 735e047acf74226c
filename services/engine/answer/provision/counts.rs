//! What each group of people got, by one pass over the consultations for every question.

use super::scan::{Ask, Groups, NeedsScan};
use crate::domain::measures::{Group, Response, provision};
use crate::engine::answer::access::Access;
use crate::engine::answer::crosstab::Folded;
use crate::engine::query::Query;
use crate::engine::{Engine, QueryError};

/// Whether a consultation is in person, and other dimensions that consultations are asked by.
pub(super) const MODE: &str = "channel_mode";

/// Two answers as one place: the first counts the blocks, the second the places in a block.
fn pair(first: Response, second: Response) -> usize {
    first as usize * Response::ALL.len() + second as usize
}

/// The answers of a place that [`pair`] gave.
fn unpair(place: usize) -> (Response, Response) {
    let all = Response::ALL.len();
    (Response::ALL[place / all], Response::ALL[place % all])
}

impl Engine {
    /// What each group of each row got.
    pub(super) fn provided(
        &self,
        query: &Query,
        access: &Access,
        days: u32,
    ) -> Result<Folded<Groups>, QueryError> {
        let mut folded = Folded::default();
        let (one, two) = (Response::ALL.len(), Response::ALL.len() * Response::ALL.len());
        let is = |answer: Response| answer as usize;
        let mode = Ask::Is(MODE, "IN_PERSON");
        let cancelled = Ask::Is("attendance", "CANCELLED_BY_PROVIDER");

        let asked = [mode, cancelled, Ask::Is("face_to_face_offered", "Y")];
        let scan =
            NeedsScan::new(self, query, access, asked, two, |[mode, cancelled, offered]| {
                pair(mode, provision::given(mode, cancelled, offered))
            })?;
        scan.fold(self, &mut folded, |of, (_, member), _, at, count| {
            let (mode, given) = unpair(at);
            of.mode(member, mode, count);
            of.given.count(given.among(member), count);
        })?;
        let requested = Ask::Is("face_to_face_requested", "Y");
        let asked = [mode, cancelled, requested, Ask::Within(days)];
        let scan = NeedsScan::new(
            self,
            query,
            access,
            asked,
            one,
            |[mode, cancelled, requested, soon]| {
                is(provision::met(mode, cancelled, requested, soon))
            },
        )?;
        scan.fold(self, &mut folded, |of, (_, member), _, at, count| {
            of.request_met.count(Response::ALL[at].among(member), count);
        })?;
        let asked = [mode, Ask::Is("preferred_mode", "IN_PERSON")];
        let scan = NeedsScan::new(self, query, access, asked, one, |[mode, preferred]| {
            is(provision::involuntary(mode, preferred))
        })?;
        scan.fold(self, &mut folded, |of, (_, member), _, at, count| {
            of.involuntary.count(Response::ALL[at].among(member), count);
        })?;
        // Whoever has no need is not asked whether one was met.
        let present = [Ask::Is("interpreter_present", "Y")];
        let scan = NeedsScan::new(self, query, access, present, one, |[present]| is(present))?;
        scan.fold(self, &mut folded, |of, (group, member), needs, at, count| {
            let present = Response::ALL[at].given(needs.interpreter);
            let asked = if group == Group::NoNeed { Response::NotApplicable } else { present };
            of.interpreter.count(asked.among(member), count);
        })?;
        let met = [Ask::Is("accessible_need_met", "Y")];
        let scan = NeedsScan::new(self, query, access, met, one, |[met]| is(met))?;
        scan.fold(self, &mut folded, |of, (group, member), needs, at, count| {
            let met = Response::ALL[at].given(needs.accessible);
            let asked = if group == Group::NoNeed { Response::NotApplicable } else { met };
            of.need_met.count(asked.among(member), count);
        })?;
        Ok(folded)
    }
}

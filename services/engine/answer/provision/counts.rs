//! What each group of people got, by a few scans of the consultations for every question.

use super::scan::{Ask, Scan, Scans};
use crate::domain::measures::{Group, Response, provision};
use crate::engine::answer::access::Access;
use crate::engine::query::Query;
use crate::engine::{Engine, QueryError};

/// Whether a consultation is in person.
pub(super) const MODE: &str = "channel_mode";

/// What was done about a need. Whoever has no need is not asked whether one was met.
fn done(group: Group, met: Response, need: Response) -> Response {
    if group == Group::NoNeed { Response::NotApplicable } else { met.given(need) }
}

impl Engine {
    /// Scans for what each group of each row got.
    pub(super) fn scans_of_provision(
        &self,
        query: &Query,
        access: &Access,
        days: u32,
    ) -> Result<[Scan<'static>; 3], QueryError> {
        let scans = Scans { engine: self, query, access };
        let mode = Ask::Is(MODE, "IN_PERSON");
        let cancelled = Ask::Is("attendance", "CANCELLED_BY_PROVIDER");
        let yes = |dimension| Ask::Is(dimension, "Y");

        let given = scans.scan(
            [mode, cancelled, yes("face_to_face_offered")],
            |[mode, cancelled, offered]| {
                let [lowest, highest] = provision::given(mode, cancelled, offered);
                [mode, lowest, highest]
            },
            |of, (_, member), _, [mode, lowest, highest], count| {
                of.mode(member, mode, count);
                of.given[0].count(lowest.given(member), count);
                of.given[1].count(highest.given(member), count);
            },
        )?;
        let preferred = Ask::Is("preferred_mode", "IN_PERSON");
        let asked_for = scans.scan(
            [mode, cancelled, yes("face_to_face_requested"), Ask::Within(days), preferred],
            |[mode, cancelled, requested, soon, preferred]| {
                let met = provision::met(mode, cancelled, requested, soon);
                [met, provision::involuntary(mode, preferred)]
            },
            |of, (_, member), _, [met, involuntary], count| {
                of.request_met.count(met.given(member), count);
                of.involuntary.count(involuntary.given(member), count);
            },
        )?;
        let communication = scans.scan(
            [yes("interpreter_present"), yes("accessible_need_met")],
            |said| said,
            |of, (group, member), needs, [present, met], count| {
                let interpreter = done(group, present, needs.interpreter);
                of.interpreter.count(interpreter.given(member), count);
                of.need_met.count(done(group, met, needs.accessible).given(member), count);
            },
        )?;
        Ok([given, asked_for, communication])
    }
}

//! What each RPC needs of its caller: one table. An RPC that is not in it is refused to everybody who has an identity.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use http::HeaderMap;
use tonic::Status;

use super::caller::Caller;
use super::status::{self, TokenProblem};
use crate::domain::disclosure::ProfileName;
use crate::domain::identity::Identity;
use crate::domain::partner::{Named, Partner, Role};
use crate::engine::Engine;

/// What an RPC needs of its caller. Which organisations, areas, datasets and indicators: that is checked where they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// To be a partner.
    Partner,
    /// To read data in some profile.
    Read,
    /// To send data for some organisation.
    Submit,
    /// A role.
    Role(Role),
}

/// The key of the metadata that says for what a call is made.
const PURPOSE: &str = "purpose-of-use";
/// The code list of purposes.
const PURPOSES: &str = "purpose_of_use";

/// Every RPC of the contract, by `Service/Method` of `equity.v1`.
pub(super) const TABLE: &[(&str, Needs)] = &[
    ("AuditService/ListAuditEntries", Needs::Role(Role::Audit)),
    ("BreakdownService/WatchBreakdown", Needs::Read),
    ("ConsultationChannelService/GetAccessOutcomes", Needs::Read),
    ("ConsultationChannelService/GetChannelBreakdown", Needs::Read),
    ("DataQualityService/GetConsistency", Needs::Read),
    ("DataQualityService/GetRecordingQuality", Needs::Read),
    ("DataQualityService/GetRepresentativeness", Needs::Read),
    ("DataQualityService/GetTimeliness", Needs::Read),
    ("DigitalExclusionService/GetAreaRisk", Needs::Read),
    ("DigitalExclusionService/GetChannelImpact", Needs::Read),
    ("DigitalExclusionService/GetDigitalExclusionBreakdown", Needs::Read),
    ("DigitalExclusionService/GetFaceToFaceProvision", Needs::Read),
    ("DigitalExclusionService/ListChannelAssessments", Needs::Partner),
    ("DigitalExclusionService/ListEstimates", Needs::Partner),
    ("DigitalExclusionService/RecordChannelAssessment", Needs::Submit),
    ("ErasureService/ErasePerson", Needs::Role(Role::Admin)),
    ("ErasureService/EraseSubmission", Needs::Role(Role::Admin)),
    ("ErasureService/ListErasures", Needs::Role(Role::Admin)),
    ("ExportService/ExportBreakdowns", Needs::Read),
    ("IndicatorService/GetIndicatorBreakdown", Needs::Read),
    ("InequalityService/GetGapTrend", Needs::Read),
    ("InequalityService/GetInequalitySummary", Needs::Read),
    ("InequalityService/GetRestoration", Needs::Read),
    ("InequalityService/GetStandardisedRates", Needs::Read),
    ("InequalityService/ListGaps", Needs::Read),
    ("PartnerTelemetryService/GetDeliveryStatus", Needs::Partner),
    ("PartnerTelemetryService/ListDeadLetters", Needs::Partner),
    ("PartnerTelemetryService/ListTelemetryEvents", Needs::Partner),
    ("PartnerTelemetryService/ListTelemetrySubscriptions", Needs::Partner),
    ("PartnerTelemetryService/PauseDelivery", Needs::Partner),
    ("PartnerTelemetryService/PurgeEvents", Needs::Partner),
    ("PartnerTelemetryService/ReplayEvents", Needs::Partner),
    ("PartnerTelemetryService/ResumeDelivery", Needs::Partner),
    ("PublicationService/GetPublishedTable", Needs::Partner),
    ("PublicationService/ListPublishedTables", Needs::Partner),
    ("ReferenceService/ListAreas", Needs::Partner),
    ("ReferenceService/ListAvailability", Needs::Partner),
    ("ReferenceService/ListCodeLists", Needs::Partner),
    ("ReferenceService/ListCollections", Needs::Partner),
    ("ReferenceService/ListDimensions", Needs::Partner),
    ("ReferenceService/ListIndicators", Needs::Partner),
    ("ReferenceService/ListOrganisations", Needs::Partner),
    ("ReferenceService/ListTables", Needs::Partner),
    ("ReleaseService/CreateRelease", Needs::Role(Role::Admin)),
    ("ReleaseService/GetRelease", Needs::Partner),
    ("ReleaseService/ListReleases", Needs::Partner),
    ("ServiceInfoService/GetServiceInfo", Needs::Partner),
    ("SubmissionService/GetSubmission", Needs::Partner),
    ("SubmissionService/ListRowProblems", Needs::Partner),
    ("SubmissionService/ListSubmissions", Needs::Partner),
    ("SubmissionService/SubmitConsultations", Needs::Submit),
    ("SubmissionService/SubmitDigitalAccess", Needs::Submit),
    ("SubmissionService/SubmitEstimates", Needs::Submit),
    ("SubmissionService/SubmitIndicatorCounts", Needs::Submit),
    ("SubmissionService/SubmitPopulations", Needs::Submit),
    ("SubmissionService/WithdrawSubmission", Needs::Submit),
    ("TargetService/GetTargetStatus", Needs::Read),
    ("TargetService/ListTargets", Needs::Partner),
];

/// What the operator asks of every caller.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Whether callers have an identity. Without one, only what they say of the purpose is looked at.
    pub identities: bool,
    /// Whether each call has to say what it is made for.
    pub purpose_required: bool,
    /// Calls of one partner in a second, on average.
    pub requests_per_second: NonZeroU32,
    /// Calls of one partner at once.
    pub burst: NonZeroU32,
}

/// Lets callers in, or refuses them.
#[derive(Clone)]
pub struct Access {
    engine: Arc<Engine>,
    /// The calls of each partner.
    quotas: Arc<DefaultKeyedRateLimiter<String>>,
    rules: Rules,
}

impl Needs {
    /// What an RPC, `equity.v1.Service/Method`, needs; none: it has no row.
    #[must_use]
    pub fn of(method: &str) -> Option<Self> {
        let name = method.strip_prefix("equity.v1.")?;
        TABLE.iter().find(|(known, _)| *known == name).map(|(_, needs)| *needs)
    }

    /// Whether a partner has it.
    #[must_use]
    pub fn has(self, partner: &Partner) -> bool {
        match self {
            Self::Partner => true,
            Self::Read => partner.profile.is_some(),
            Self::Submit => {
                let nobody = Named::none();
                partner.scope.submit_for != nobody || partner.scope.submit_for_areas != nobody
            }
            Self::Role(role) => partner.roles.contains(&role),
        }
    }

    /// The key of `partners.toml` that gives it.
    fn key(self) -> &'static str {
        match self {
            Self::Partner => "partners",
            Self::Read => "read",
            Self::Submit => "submit_for",
            Self::Role(Role::Admin) => "roles = [\"admin\"]",
            Self::Role(Role::Audit) => "roles = [\"audit\"]",
        }
    }
}

impl Access {
    /// The access of the partners that the reference content has at each call.
    #[must_use]
    pub fn new(engine: Arc<Engine>, rules: Rules) -> Self {
        let quota = Quota::per_second(rules.requests_per_second).allow_burst(rules.burst);
        let quotas = Arc::new(DefaultKeyedRateLimiter::keyed(quota));
        Self { engine, quotas, rules }
    }

    /// Whether callers have an identity.
    #[must_use]
    pub fn asks_who_calls(&self) -> bool {
        self.rules.identities
    }

    /// Who makes a call, if it may make one of this kind. `token` is the partner of an accepted bearer token. `found` is told of the partner, its
    /// organisation and its profile, also if it may not make the call; and of the purpose, if it is one of the list.
    ///
    /// # Errors
    /// The certificate names nobody, no partner has it, the token is of another partner, or the partner may not make the call or has made too many.
    pub fn admit(
        &self,
        method: &str,
        (identity, token): (Result<&Identity, &str>, Option<&str>),
        metadata: &HeaderMap,
        found: impl FnOnce((&str, &str), &'static str, &str),
    ) -> Result<Caller, Status> {
        let reference = self.engine.reference();
        let partner = match (identity, token) {
            (Err(why), None) => return Err(status::no_identity(why)),
            (Err(_), Some(id)) => {
                let named = reference.partners().named(id);
                named.ok_or_else(|| status::token_refused(TokenProblem::SubjectUnknown))?
            }
            (Ok(identity), _) => {
                let known = reference.partners().of(identity);
                known.ok_or_else(|| status::no_partner(identity))?
            }
        };
        if token.is_some_and(|id| id != partner.id) {
            return Err(status::token_refused(TokenProblem::PartnerOther));
        }
        let purpose = self.purpose(metadata);
        let of = (&*partner.id, &*partner.organisation);
        found(
            of,
            partner.profile.map_or("", ProfileName::name),
            purpose.as_ref().map_or("", |code| *code),
        );
        self.counts(partner)?;
        let needs = Needs::of(method);
        if !needs.is_some_and(|needs| needs.has(partner)) {
            let key = needs.map_or("no entry", Needs::key);
            return Err(status::out_of_scope(format!(
                "partner {} may not call {method}: it needs `{key}` in partners.toml, which the operator of the service keeps",
                partner.id
            )));
        }
        purpose?;
        Ok(Caller::Partner(Arc::clone(partner)))
    }

    /// What a call is made for: a code of the list; empty if it does not say it, and need not.
    ///
    /// # Errors
    /// The code is not in the list, or there is none and each call has to have one.
    pub fn purpose<'a>(&self, metadata: &'a HeaderMap) -> Result<&'a str, Status> {
        let given = metadata.get(PURPOSE).map(|value| value.to_str().unwrap_or_default());
        let reference = self.engine.reference();
        let list = reference.list(PURPOSES);
        let is_right = given.map_or(!self.rules.purpose_required, |code| {
            list.is_some_and(|list| list.category(code).is_some())
        });
        if is_right {
            return Ok(given.unwrap_or_default());
        }
        let codes = list.into_iter().flat_map(|list| &list.categories);
        let codes: Vec<_> = codes.map(|category| category.code.as_str()).collect();
        Err(status::no_purpose(PURPOSE, given, &codes))
    }

    /// Whether a caller is still what it was when it was let in: the entry of a partner may have been changed.
    #[must_use]
    pub fn is_current(&self, caller: &Caller) -> bool {
        caller.is_current(&self.engine.reference())
    }

    /// Counts a call of a partner.
    fn counts(&self, partner: &Partner) -> Result<(), Status> {
        let Err(later) = self.quotas.check_key(&partner.id) else { return Ok(()) };
        let wait = later.wait_time_from(DefaultClock::default().now());
        let wait = wait.max(Duration::from_millis(1));
        Err(status::quota_exceeded(&partner.id, self.rules.requests_per_second.get(), wait))
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use prost_types::FileDescriptorSet;

    use super::*;

    #[test]
    fn every_rpc_of_the_contract_has_a_row_and_no_other() {
        let set = FileDescriptorSet::decode(crate::proto::FILE_DESCRIPTOR_SET).unwrap();
        let mut rpcs: Vec<_> = set
            .file
            .iter()
            .filter(|file| file.package() == "equity.v1")
            .flat_map(|file| &file.service)
            .flat_map(|of| of.method.iter().map(|rpc| format!("{}/{}", of.name(), rpc.name())))
            .collect();
        rpcs.sort();
        let rows: Vec<_> = TABLE.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(rows, rpcs);
        assert_eq!(Needs::of("equity.v1.SubmissionService/SubmitEverything"), None);
    }
}

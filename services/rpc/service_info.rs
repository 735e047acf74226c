//! `ServiceInfoService`: whom a caller talks to, and what it may do.

use tonic::{Request, Response, Status};

use super::Service;
use super::access::Rules;
use super::caller::Caller;
use super::convert::{int, store_error, submission};
use crate::domain::partner::{Named, Partner, Role};
use crate::engine::Engine;
use crate::proto::server::service_info_service_server::ServiceInfoService;
use crate::proto::v1;

/// Answers `ServiceInfoService`.
pub struct ServiceInfos {
    service: Service,
    instance_id: String,
    rules: Rules,
    home_area: String,
}

/// Id of a deployment, made of its secret: the same for as long as it has this secret.
#[must_use]
pub fn instance_id(secret: &[u8]) -> String {
    let id = blake3::derive_key("equity-indicators 2026-11 instance id", secret);
    id[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

impl ServiceInfos {
    /// The service of a deployment with this secret, which holds its callers to these rules. It is for an area; empty: for none.
    #[must_use]
    pub fn new(service: Service, secret: &[u8; 32], rules: Rules, home_area: String) -> Self {
        Self { service, instance_id: instance_id(secret), rules, home_area }
    }

    fn limits(&self) -> v1::ServiceLimits {
        let (query, submission) = self.service.message_bytes;
        // Only partners have a quota.
        let number = |number: u32| match self.rules.identities {
            true => i32::try_from(number).unwrap_or(i32::MAX),
            false => 0,
        };
        v1::ServiceLimits {
            query_message_bytes: int(query as u64),
            submission_message_bytes: int(submission as u64),
            requests_per_second: number(self.rules.requests_per_second.get()),
            burst_request_count: number(self.rules.burst.get()),
            purpose_required: self.rules.purpose_required,
        }
    }
}

/// What stands in each collection, of what the caller may know: what it reads exactly now; of the rest, what is in the newest release if it reads
/// releases, and nothing before the first.
fn collections(engine: &Engine, caller: &Caller) -> Result<Vec<v1::CollectionContent>, Status> {
    let (reference, reader) = (engine.reference(), caller.reader());
    let mut all = Vec::new();
    for collection in reference.collections().map(|collection| &collection.id) {
        let mut found = Vec::new();
        let listed = caller.listed_position(engine, collection);
        for (position, exactly) in [(Some(engine.position()), true), (listed, false)] {
            let Some(position) = position else { continue };
            let at = engine.availability(collection, &reference.everybody(), None, position);
            found.extend(at.map_err(|error| store_error(&error))?.into_iter().filter(|made| {
                let of = (&**collection, made.slot.dataset);
                let reads = reader.reads(&reference, of, &made.organisation);
                reads == exactly && reader.knows(&reference, of, &made.organisation)
            }));
        }
        let months = || found.iter().map(|made| made.slot.month);
        if let (Some(first), Some(last)) = (months().min(), months().max()) {
            let newest = found.iter().map(|made| made.time_millis).max();
            all.push(v1::CollectionContent {
                collection: collection.clone(),
                submission_count: int(found.len() as u64),
                first_month: first.to_string(),
                last_month: last.to_string(),
                newest_accepted_time: newest.map(submission::timestamp),
            });
        }
    }
    Ok(all)
}

/// A caller and its scopes.
#[must_use]
pub fn caller_info(caller: &Caller) -> v1::CallerInfo {
    let reader = caller.reader();
    let codes = |named: &Named| named.codes().map(str::to_owned).collect::<Vec<_>>();
    let partner: Option<&Partner> = match caller {
        Caller::Anybody(_) => None,
        Caller::Partner(partner) => Some(partner),
    };
    let reads = partner.is_none_or(|partner| partner.profile.is_some());
    let roles = partner.map(|partner| partner.roles.iter().map(|role| role.name().to_owned()));
    let roles = roles.map_or_else(|| vec![Role::Admin.name().to_owned()], Iterator::collect);
    v1::CallerInfo {
        partner: caller.name().to_owned(),
        organisation: reader.organisation.unwrap_or_default(),
        profile: if reads { reader.profile.name().to_owned() } else { String::new() },
        submit_organisations: codes(&reader.scope.submit_for),
        submit_areas: codes(&reader.scope.submit_for_areas),
        read_areas: codes(&reader.scope.areas),
        read_organisations: codes(&reader.scope.organisations),
        read_datasets: reader
            .scope
            .datasets
            .iter()
            .map(|of| submission::dataset(*of).into())
            .collect(),
        read_indicators: codes(&reader.scope.indicators),
        roles,
    }
}

#[tonic::async_trait]
impl ServiceInfoService for ServiceInfos {
    async fn get_service_info(
        &self,
        request: Request<v1::GetServiceInfoRequest>,
    ) -> Result<Response<v1::GetServiceInfoResponse>, Status> {
        let caller = self.service.caller(&request)?;
        let of = caller.clone();
        let work = move |engine: &Engine| (engine.position(), collections(engine, &of));
        let (position, collections) = self.service.work(&caller, work).await?;
        let info = v1::ServiceInfo {
            instance_id: self.instance_id.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            position: int(position),
            collections: collections?,
            caller: Some(caller_info(&caller)),
            limits: Some(self.limits()),
            home_area: self.home_area.clone(),
        };
        Ok(Response::new(v1::GetServiceInfoResponse { info: Some(info) }))
    }
}

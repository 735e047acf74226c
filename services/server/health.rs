//! The health service of gRPC: whether the service runs, and whether it takes changes.
//!
//! tonic's own ends `Watch` of a service that it does not know. The specification wants `SERVICE_UNKNOWN` and an open stream, so that a
//! client that asks before a service is there learns of it later.

use std::pin::Pin;

use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::methods;
use crate::rpc::status;

/// The one service that has nothing to do when no changes are taken.
const CHANGES: &str = "equity.v1.SubmissionService";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    runs: bool,
    takes_changes: bool,
    records: bool,
}

/// Sets what the health service answers.
#[derive(Debug, Clone)]
pub struct Health {
    state: watch::Sender<State>,
}

impl Health {
    /// A service that has not started, and will take changes.
    pub(super) fn new() -> Self {
        Self {
            state: watch::Sender::new(State { runs: false, takes_changes: true, records: true }),
        }
    }

    /// The service takes calls.
    pub(super) fn serving(&self) {
        self.state.send_modify(|state| state.runs = true);
    }

    /// The service stops: callers should use another replica.
    pub(super) fn not_serving(&self) {
        self.state.send_modify(|state| state.runs = false);
    }

    /// Whether changes are taken. If not, only `SubmissionService` does not serve.
    pub fn takes_changes(&self, takes: bool) {
        self.state
            .send_if_modified(|state| std::mem::replace(&mut state.takes_changes, takes) != takes);
    }

    /// Whether calls can be recorded in the audit log. If not, all are refused, and no service serves.
    pub fn records(&self, records: bool) {
        self.state
            .send_if_modified(|state| std::mem::replace(&mut state.records, records) != records);
    }

    /// What answers the calls.
    pub(super) fn answers(&self) -> Answers {
        let mut services = methods::services();
        services.push(String::new());
        Answers { state: self.state.subscribe(), services }
    }
}

/// Answers the calls of the health service.
#[derive(Debug)]
pub(super) struct Answers {
    state: watch::Receiver<State>,
    /// Services of the contract, and the empty name for all of them.
    services: Vec<String>,
}

impl Answers {
    fn knows(&self, service: &str) -> bool {
        self.services.iter().any(|known| known == service)
    }
}

fn answer(service: &str, state: State) -> ServingStatus {
    let serves = state.runs && state.records && (state.takes_changes || service != CHANGES);
    if serves { ServingStatus::Serving } else { ServingStatus::NotServing }
}

fn message(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

#[tonic::async_trait]
impl health_server::Health for Answers {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let service = request.into_inner().service;
        if !self.knows(&service) {
            return Err(status::no_service(&service, self.services.iter().map(String::as_str)));
        }
        Ok(Response::new(message(answer(&service, *self.state.borrow()))))
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let service = request.into_inner().service;
        if !self.knows(&service) {
            let unknown = tokio_stream::once(Ok(message(ServingStatus::ServiceUnknown)));
            return Ok(Response::new(Box::pin(unknown.chain(tokio_stream::pending()))));
        }
        let mut last = None;
        let answers =
            WatchStream::new(self.state.clone()).map(move |state| answer(&service, state));
        let news = answers.filter(move |answer| last.replace(*answer) != Some(*answer));
        Ok(Response::new(Box::pin(news.map(|answer| Ok(message(answer))))))
    }
}

//! The connection to a running service.

use std::time::Duration;

use bytes::Bytes;
use tonic::client::Grpc;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

use super::encoded::Encoded;
use super::exit::Failure;
use super::raw::Raw;
use super::show::errors;
use super::trust::{Says, Trust};
use crate::proto::v1::audit_service_client::AuditServiceClient;
use crate::proto::v1::breakdown_service_client::BreakdownServiceClient;
use crate::proto::v1::consultation_channel_service_client::ConsultationChannelServiceClient;
use crate::proto::v1::data_quality_service_client::DataQualityServiceClient;
use crate::proto::v1::digital_exclusion_service_client::DigitalExclusionServiceClient;
use crate::proto::v1::erasure_service_client::ErasureServiceClient;
use crate::proto::v1::export_service_client::ExportServiceClient;
use crate::proto::v1::indicator_service_client::IndicatorServiceClient;
use crate::proto::v1::inequality_service_client::InequalityServiceClient;
use crate::proto::v1::partner_telemetry_service_client::PartnerTelemetryServiceClient;
use crate::proto::v1::publication_service_client::PublicationServiceClient;
use crate::proto::v1::reference_service_client::ReferenceServiceClient;
use crate::proto::v1::release_service_client::ReleaseServiceClient;
use crate::proto::v1::service_info_service_client::ServiceInfoServiceClient;
use crate::proto::v1::submission_service_client::SubmissionServiceClient;
use crate::proto::v1::target_service_client::TargetServiceClient;

/// Default address of a service.
pub const DEFAULT_SERVICE: &str = "http://127.0.0.1:7443";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Deadline of a request.
const ASK_TIMEOUT: Duration = Duration::from_secs(60);
/// Wait after a broken connection.
const MOMENT: Duration = Duration::from_millis(500);
/// Longest single wait. A service that asks for more (its disk is full) needs its operator first.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Time between two pings on a silent connection, and longest time for an answer to a ping.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Largest accepted answer, in bytes. The largest answer is a page of code lists with their crosswalks.
const ANSWER_BYTES: usize = 64 << 20;

/// A connection, and what each call says besides its message.
type Wire = InterceptedService<Channel, Says>;

/// A service that has answered.
#[derive(Debug, Clone)]
pub struct Service {
    channel: Wire,
    address: String,
    /// How long a call waits, all its waits together.
    patience: Duration,
}

impl Service {
    /// Connects to `127.0.0.1:7443`, `http://127.0.0.1:7443`, `unix:/run/equity.sock` or, with an authority, `https://127.0.0.1:7443`.
    ///
    /// # Errors
    /// The address is malformed, or no service answers there within five seconds.
    pub async fn connect(address: &str, trust: &Trust) -> Result<Self, Failure> {
        let tls = trust.tls()?;
        trust.check_token(address)?;
        let address = url(address, tls.is_some())?;
        let endpoint = Endpoint::from_shared(address.clone())
            .map_err(|error| Failure::Usage(format!("{address} is not an address: {error}")))?
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE);
        let endpoint = match tls {
            None => endpoint,
            Some(tls) => endpoint.tls_config(tls).map_err(|error| {
                Failure::Usage(format!("the certificates cannot be used: {}", deepest(&error)))
            })?,
        };
        match endpoint.connect().await {
            Ok(channel) => {
                let channel = InterceptedService::new(channel, trust.says());
                Ok(Self { channel, address, patience: Duration::from_secs(60) })
            }
            Err(error) => Err(Failure::Unreachable { address, cause: deepest(&error) }),
        }
    }

    /// The same service, waited for so long where it stops, is at its limit, or breaks the connection.
    pub fn waiting(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// How long a call waits, all its waits together.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// Calls, and calls again as long as waiting may help.
    ///
    /// # Errors
    /// The service refuses, or is not there for longer than this waits.
    pub(super) async fn patiently<T, F>(&self, mut call: impl FnMut() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Status>>,
    {
        let mut left = self.patience;
        loop {
            let failure = match call().await {
                Ok(answer) => return Ok(answer),
                Err(status) => self.failure(status),
            };
            let Some(wait) = pause(&failure).filter(|wait| *wait <= left) else {
                return Err(failure);
            };
            left -= wait;
            tokio::time::sleep(wait).await;
        }
    }

    /// Client of `SubmissionService`.
    pub fn submissions(&self) -> SubmissionServiceClient<Wire> {
        SubmissionServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES)
    }

    /// Client of `InequalityService`.
    pub fn inequality(&self) -> InequalityServiceClient<Wire> {
        InequalityServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES)
    }

    /// Client of `IndicatorService`.
    pub fn indicators(&self) -> IndicatorServiceClient<Wire> {
        IndicatorServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES)
    }

    /// Client of `TargetService`.
    pub fn targets(&self) -> TargetServiceClient<Wire> {
        TargetServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES)
    }

    /// Client of `DataQualityService`.
    pub fn quality(&self) -> DataQualityServiceClient<Wire> {
        DataQualityServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES)
    }

    /// Client of `BreakdownService`, which follows tables.
    pub fn breakdowns(&self) -> BreakdownServiceClient<Wire> {
        BreakdownServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES)
    }

    /// Client of `ConsultationChannelService`.
    pub fn channels(&self) -> ConsultationChannelServiceClient<Wire> {
        ConsultationChannelServiceClient::new(self.channel.clone())
            .max_decoding_message_size(ANSWER_BYTES)
    }

    /// Client of `DigitalExclusionService`.
    pub fn exclusion(&self) -> DigitalExclusionServiceClient<Wire> {
        DigitalExclusionServiceClient::new(self.channel.clone())
            .max_decoding_message_size(ANSWER_BYTES)
    }

    /// Client of `ErasureService`.
    pub fn erasures(&self) -> ErasureServiceClient<Wire> {
        ErasureServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES)
    }

    /// Client of `ExportService`.
    pub fn export(&self) -> ExportServiceClient<Wire> {
        ExportServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES)
    }

    /// Client of `ReferenceService`.
    pub fn reference(&self) -> ReferenceServiceClient<Wire> {
        ReferenceServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES)
    }

    /// Client of `PublicationService`.
    pub fn publications(&self) -> PublicationServiceClient<Wire> {
        PublicationServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES)
    }

    /// Client of `PartnerTelemetryService`.
    pub fn telemetry(&self) -> PartnerTelemetryServiceClient<Wire> {
        PartnerTelemetryServiceClient::new(self.channel.clone())
            .max_decoding_message_size(ANSWER_BYTES)
    }

    /// Client of `ServiceInfoService`.
    pub fn info(&self) -> ServiceInfoServiceClient<Wire> {
        ServiceInfoServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES)
    }

    /// Client of the health service.
    pub fn health(&self) -> HealthClient<Wire> {
        HealthClient::new(self.channel.clone())
    }

    /// Client of `AuditService`.
    pub fn audit(&self) -> AuditServiceClient<Wire> {
        AuditServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES)
    }

    /// Client of `ReleaseService`.
    pub fn releases(&self) -> ReleaseServiceClient<Wire> {
        ReleaseServiceClient::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES)
    }

    /// Sends a submission whose messages are encoded already, and returns the encoded response.
    ///
    /// # Errors
    /// The service refuses it, or the connection is lost.
    pub(super) async fn submit(&self, submission: &Encoded) -> Result<Bytes, Failure> {
        let mut client = Grpc::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES);
        client.ready().await.map_err(|error| Failure::Unreachable {
            address: self.address.clone(),
            cause: error.to_string(),
        })?;
        let messages = Request::new(tokio_stream::iter(submission.messages.clone()));
        let answer = client.client_streaming(messages, submission.path.clone(), Raw).await;
        Ok(answer.map_err(|status| self.failure(status))?.into_inner())
    }

    /// The failure for a status: a refusal by the service, or a lost connection.
    pub fn failure(&self, status: Status) -> Failure {
        match errors::connection_lost(&status) {
            Some(cause) => Failure::Unreachable { address: self.address.clone(), cause },
            None => Failure::Refused(Box::new(status)),
        }
    }
}

/// How long to wait before the next try, if waiting may help: as long as the service says, or a moment if the connection broke.
pub(super) fn pause(failure: &Failure) -> Option<Duration> {
    match failure {
        Failure::Unreachable { .. } => Some(MOMENT),
        Failure::Refused(status) => {
            let full = matches!(status.code(), Code::Unavailable | Code::ResourceExhausted);
            let asked = status.get_details_retry_info().filter(|_| full)?.retry_delay?;
            (asked <= LONGEST_WAIT).then(|| asked.max(Duration::from_millis(10)))
        }
        Failure::RowsRefused(..)
        | Failure::SomeRefused { .. }
        | Failure::Data { .. }
        | Failure::Usage(_)
        | Failure::Differences(_)
        | Failure::NotServing
        | Failure::NoChanges
        | Failure::TooOld(_)
        | Failure::Output(_)
        | Failure::Other(_) => None,
    }
}

/// A request with a deadline of one minute.
pub fn ask<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(ASK_TIMEOUT);
    request
}

/// One call that may be repeated, with the client that makes it: `call!(service, submissions, get_submission, request)`. It has a minute,
/// or what makes its request says.
macro_rules! call {
    ($service:expr, $client:ident, $method:ident, $request:expr) => {
        $crate::cli::client::call!($service, $client, $method, $request, $crate::cli::client::ask)
    };
    ($service:expr, $client:ident, $method:ident, $request:expr, $ask:path) => {{
        let (client, request) = ($service.$client(), $request);
        let call = || {
            let (mut client, asked) = (client.clone(), $ask(request.clone()));
            async move { client.$method(asked).await }
        };
        $service.patiently(call).await?.into_inner()
    }};
}
pub(super) use call;

/// Every page of a list, at most `$most` items: `pages!(service, reference, list_areas, request, areas, most)`.
macro_rules! pages {
    ($service:expr, $client:ident, $method:ident, $request:expr, $items:ident, $most:expr) => {{
        let most: usize = $most;
        let mut request = $request;
        request.page_size = i32::try_from(most.min(500)).unwrap_or(500);
        let mut all = Vec::new();
        loop {
            let page = $crate::cli::client::call!($service, $client, $method, request.clone());
            all.extend(page.$items);
            // A token that does not change would lead round in a circle.
            let last =
                page.next_page_token.is_empty() || page.next_page_token == request.page_token;
            if last || all.len() >= most {
                all.truncate(most);
                break all;
            }
            request.page_token = page.next_page_token;
        }
    }};
}
pub(super) use pages;

/// The address with its scheme, which has to fit the certificates.
fn url(address: &str, tls: bool) -> Result<String, Failure> {
    if address.starts_with("unix:") {
        let why = "a Unix socket has no TLS: leave --ca, --cert and --key out";
        return if tls {
            Err(Failure::Usage(format!("{address}: {why}")))
        } else {
            Ok(address.to_owned())
        };
    }
    match (address.split_once("://"), tls) {
        (None, false) => Ok(format!("http://{address}")),
        (None, true) => Ok(format!("https://{address}")),
        (Some(("https", _)), false) => Err(Failure::Usage(format!(
            "{address}: name the authority of the service with --ca, and your certificate with --cert and --key"
        ))),
        (Some(("http", rest)), true) => Err(Failure::Usage(format!(
            "{address}: with --ca the connection is encrypted: write https://{rest}, or leave --ca out"
        ))),
        (Some(_), _) => Ok(address.to_owned()),
    }
}

/// The first cause of an error.
fn deepest(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;

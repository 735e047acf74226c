//! Serves until told to stop, and stops within a bound.
//!
//! The order of stopping: health says `NOT_SERVING`, no connection is accepted any more, watches and exports end with UNAVAILABLE.
//! Questions have half of `drain` to end, and all other calls nearly all of it; then they too end with UNAVAILABLE, so that callers
//! know what to do. At last every connection is cut. tonic alone would wait for ever for one client that never answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;

use super::error::ServerError;
use super::health::Health;
use super::layers::{
    Admission, Around, AtOnce, Audited, CatchPanic, Deadlines, Identified, Idle, Known, OnlyGrpc,
    Stop, Trace, Unreadable,
};
use super::listen::Incoming;
use super::listener::Listener;
use super::renewal;
use super::settings::ServerSettings;
use super::tls::Tls;
use super::tokens::Tokens;
use super::unread_budget::UnreadBudget;
use crate::rpc::access::Access;
use crate::rpc::audit::Audit;
use crate::telemetry::metrics;

/// Largest header list of a request, in bytes: what gRPC clients allow too.
const HEADER_BYTES: u32 = 8 << 10;
/// Streams that a client may reset before their calls have begun, and streams that the service resets because of faults of the client.
/// More end the connection.
const RESETS: usize = 20;
const FAULTS: usize = 128;
/// Bytes that may be under way to us on one call, and on one connection.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
/// Longest wait for connections to notice that they were cut.
const CUT: Duration = Duration::from_secs(1);

/// Who may connect, and who may call.
#[derive(Default)]
pub struct Callers {
    /// None: whoever connects, in plain text.
    pub tls: Option<Tls>,
    /// None: everybody.
    pub access: Option<Access>,
    /// None: no bearer token is looked at.
    pub tokens: Option<Tokens>,
    /// Where calls are recorded, and the disclosure profile of callers without an identity. None: they are not.
    pub audit: Option<(Arc<Audit>, &'static str)>,
}

/// Serves `routes` on `listener` to those callers until `shutdown` is cancelled; returns when every connection is closed, at the latest about
/// a second after `settings.drain`.
///
/// # Errors
/// The server ends by itself.
pub async fn run(
    listener: impl Into<Listener>,
    routes: Routes,
    settings: &ServerSettings,
    health: Health,
    callers: Callers,
    shutdown: CancellationToken,
) -> Result<(), ServerError> {
    let (stop, cut) = (Stop::default(), CancellationToken::new());
    let unread = UnreadBudget::new(settings);
    let Callers { tls, access, tokens, audit } = callers;
    let (audit, profile) = audit.unzip();
    let profile = profile.unwrap_or_default();
    let tokens = tokens.map(Arc::new);
    if let Some(tokens) = &tokens {
        tokio::spawn(renewal::look_for_keys(Arc::downgrade(tokens), settings.renewal));
    }
    let tls = tls.map(Arc::new);
    metrics::certificate_left(tls.as_ref().map_or(0, |tls| tls.seconds_left()));
    if let Some(tls) = &tls {
        let clients = Arc::downgrade(&unread);
        tokio::spawn(renewal::look(Arc::downgrade(tls), clients, settings.renewal));
    }
    let serving = Server::builder()
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(settings.max_concurrent_streams)
        .http2_keepalive_interval(Some(settings.keepalive_interval))
        .http2_keepalive_timeout(Some(settings.keepalive_timeout))
        .http2_max_header_list_size(HEADER_BYTES)
        .http2_max_pending_accept_reset_streams(Some(RESETS))
        .http2_max_local_error_reset_streams(Some(FAULTS))
        // This lets running calls end. With tonic's grace setting too, calls would be killed at that age.
        .max_connection_age(settings.max_connection_age)
        .layer(AtOnce)
        .layer(Around(Trace { slow: settings.slow_call }))
        .layer(Audited::new(audit, profile, settings.request_deadline))
        .layer(Around(CatchPanic))
        .layer(OnlyGrpc)
        .layer(Around(Known))
        .layer(Around(Identified { access, tokens }))
        .layer(Around(Idle { longest: settings.stream_idle }))
        .layer(Around(Admission::new(settings, stop.begins.clone())))
        .layer(Around(Deadlines::new(settings, stop.clone(), Arc::clone(&unread))))
        .layer(Around(Unreadable))
        .add_routes(routes.prepare())
        .serve_with_incoming_shutdown(
            Incoming::new(listener.into(), settings, unread, cut.clone(), tls),
            stop.begins.clone().cancelled_owned(),
        );
    let mut serving = std::pin::pin!(serving);
    health.serving();
    metrics::serves();

    tokio::select! {
        ended = &mut serving => return ended.map_err(ServerError::from).and(Err(ServerError::Ended)),
        () = shutdown.cancelled() => {}
    }
    let (begun, running) = (Instant::now(), metrics::running());
    health.not_serving();
    stop.begins.cancel();
    // Calls that are ended because their time is over, and calls whose connection is cut.
    let mut ended = 0;
    let report = |ended: u64, cut_off: u64| {
        let seconds = begun.elapsed().as_secs_f64();
        tracing::info!(seconds, running, ended, cut_off, "no call is served any more");
    };
    // The last tenth is for sending what the calls end with.
    type Ends<'a> = Option<(&'a CancellationToken, fn() -> u64)>;
    let ends: [(u32, Ends<'_>); 3] = [
        (5, Some((&stop.questions, metrics::running_questions))),
        (4, Some((&stop.calls, metrics::running))),
        (1, None),
    ];
    for (part, next) in ends {
        let drained = tokio::time::timeout(settings.drain * part / 10, &mut serving).await;
        if let Ok(served) = drained {
            report(ended, 0);
            return Ok(served?);
        }
        if let Some((calls, running)) = next {
            ended += running();
            calls.cancel();
        }
    }
    let cut_off = metrics::running();
    tracing::warn!(drain = ?settings.drain, "calls are still running after the drain time, cutting connections");
    cut.cancel();
    let served = tokio::time::timeout(CUT, &mut serving).await;
    report(ended, cut_off);
    match served {
        Ok(ended) => Ok(ended?),
        Err(_) => Ok(()),
    }
}

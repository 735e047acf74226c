//! Serves until told to stop, and stops within a bound.
//!
//! The order of stopping: health says `NOT_SERVING`, no connection is accepted any more, watch streams end with UNAVAILABLE,
//! running calls have `drain` to end, then every connection is cut. tonic alone would wait for ever for one client that never
//! answers.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;

use super::error::ServerError;
use super::layers::{Admission, Around, CatchPanic, Deadlines, Idle, Known, Trace, Unreadable};
use super::listen::Incoming;
use super::settings::ServerSettings;
use super::standard::Health;

/// Largest header list of a request, in bytes.
const HEADER_BYTES: u32 = 16 << 10;
/// Bytes that may be under way to us on one call, and on one connection.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
/// Longest wait for connections to notice that they were cut.
const CUT: Duration = Duration::from_secs(1);

/// Serves `routes` on `listener` until `shutdown` is cancelled; returns when every connection is closed, at the latest about
/// a second after `settings.drain`.
///
/// # Errors
/// The server ends by itself.
pub async fn run(
    listener: TcpListener,
    routes: Routes,
    settings: &ServerSettings,
    health: Health,
    shutdown: CancellationToken,
) -> Result<(), ServerError> {
    let (stop, cut) = (CancellationToken::new(), CancellationToken::new());
    let serving = Server::builder()
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(settings.max_concurrent_streams)
        .http2_keepalive_interval(Some(settings.keepalive_interval))
        .http2_keepalive_timeout(Some(settings.keepalive_timeout))
        .http2_max_header_list_size(HEADER_BYTES)
        // This lets running calls end. With tonic's grace setting too, calls would be killed at that age.
        .max_connection_age(settings.max_connection_age)
        .layer(Around(Trace))
        .layer(Around(CatchPanic))
        .layer(Around(Known))
        .layer(Around(Admission::new(settings.max_in_flight, settings.max_watches)))
        .layer(Around(Deadlines::new(settings, stop.clone())))
        .layer(Around(Idle { longest: settings.stream_idle }))
        .layer(Around(Unreadable))
        .add_routes(routes.prepare())
        .serve_with_incoming_shutdown(
            Incoming::new(listener, settings, cut.clone()),
            stop.clone().cancelled_owned(),
        );
    let mut serving = std::pin::pin!(serving);
    health.serving().await;

    tokio::select! {
        ended = &mut serving => return ended.map_err(ServerError::from).and(Err(ServerError::Ended)),
        () = shutdown.cancelled() => {}
    }
    health.not_serving().await;
    stop.cancel();
    if let Ok(ended) = tokio::time::timeout(settings.drain, &mut serving).await {
        return Ok(ended?);
    }
    tracing::warn!(drain = ?settings.drain, "calls are still running after the drain time, cutting connections");
    cut.cancel();
    match tokio::time::timeout(CUT, &mut serving).await {
        Ok(ended) => Ok(ended?),
        Err(_) => Ok(()),
    }
}

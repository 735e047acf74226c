//! Telemetry of partners in a running service: changes are made into events, and events are sent, until the service stops.

use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::engine::Engine;
use crate::engine::delivery::{Delivery, scope_key};
use crate::engine::outbox::{Keep, Outbox};
use crate::rpc;
use crate::telemetry::partner::{Identity, Workers, encode, show};

/// Longest time between two looks at the log, at the file of partners, and at what has to be written of the outbox.
const LOOK: Duration = Duration::from_secs(1);
/// Pause after a failure.
const FAILED: Duration = Duration::from_secs(5);
/// Longest time for the questions of one release.
const RELEASE: Duration = Duration::from_secs(60 * 60);
/// Between two looks at what is kept for too long.
const EXPIRE: Duration = Duration::from_secs(60 * 60);
const DAY_MILLIS: u64 = 24 * 60 * 60 * 1_000;

/// Makes events and sends them. `begun` is told when the outbox is open, or could not be opened at first: a refusal before that would be told to
/// no partner.
pub(super) async fn deliver(
    engine: Weak<Engine>,
    config: Config,
    instance: String,
    (shutdown, begun): (CancellationToken, oneshot::Sender<()>),
) {
    let (mut workers, mut begun) = (None, Some(begun));
    let Some(mut head) = engine.upgrade().map(|engine| engine.head()) else { return };
    let (mut expired, keep) = (None, keep(&config));
    loop {
        let Some(engine) = engine.upgrade() else { break };
        head.borrow_and_update();
        let opened = match &workers {
            None if is_wanted(&engine, &config.data_folder) => {
                open(&engine, &config, &instance).await.map(|opened| workers = Some(opened))
            }
            None | Some(_) => Ok(()),
        };
        if let Some(begun) = begun.take() {
            // Whoever waited may have stopped.
            let _gone = begun.send(());
        }
        let worked = match (opened, workers.as_mut()) {
            (Ok(()), Some(workers)) => {
                let expires = expired.is_none_or(|at: Instant| at.elapsed() > EXPIRE);
                let stopped = shutdown.cancelled();
                tokio::select! {
                    worked = work_on(&engine, workers, expires.then_some(keep)) => {
                        if expires && worked.is_ok() {
                            expired = Some(Instant::now());
                        }
                        worked
                    }
                    () = stopped => break,
                }
            }
            (opened, _) => opened,
        };
        drop(engine);
        let pause = match worked {
            Ok(()) => LOOK,
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "partners are not told of changes for now; it is tried again, and no change of the log is lost"
                );
                FAILED
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            changed = head.changed(), if pause == LOOK => if changed.is_err() { break },
            () = shutdown.cancelled() => break,
        }
    }
    if let Some(workers) = workers {
        workers.stop().await;
    }
}

fn keep(config: &Config) -> Keep {
    let millis = u64::from(config.delivery.keep_days) * DAY_MILLIS;
    Keep { millis, bytes: config.delivery.keep_bytes }
}

/// Whether there is a partner to send to, or something was sent before.
fn is_wanted(engine: &Engine, data_folder: &Path) -> bool {
    engine.reference().partners().iter().any(|partner| partner.telemetry.is_some())
        || Outbox::is_in(data_folder)
}

async fn open(engine: &Arc<Engine>, config: &Config, instance: &str) -> anyhow::Result<Workers> {
    let (opening, folder) = (Arc::clone(engine), config.data_folder.clone());
    let opened = tokio::task::spawn_blocking(move || {
        let now = opening.store().now();
        Outbox::open(&folder, opening.told(), now).map(Arc::new)
    });
    let outbox = opened.await??;
    engine.deliver_with(Delivery { outbox: Arc::clone(&outbox), encode, show });
    let of = Arc::downgrade(engine);
    let scope_of = move |partner: &str| {
        let reference = of.upgrade()?.reference();
        reference.partners().named(partner).map(|partner| scope_key(partner))
    };
    Ok(Workers::new(outbox, Identity { instance: instance.to_owned() }, Arc::new(scope_of)))
}

/// Works, and keeps the workers to the partners that there are: a release takes long, and a partner may change meanwhile.
async fn work_on(
    engine: &Arc<Engine>,
    workers: &mut Workers,
    keep: Option<Keep>,
) -> anyhow::Result<()> {
    let mut head = engine.head();
    let mut reference = engine.reference();
    workers.keep_to(&reference);
    let mut worked = Box::pin(work(Arc::clone(engine), keep));
    loop {
        tokio::select! {
            worked = &mut worked => return worked,
            // The engine that changes the number is there for as long as this one.
            Ok(()) = head.changed() => {
                let now = engine.reference();
                if !Arc::ptr_eq(&now, &reference) {
                    workers.keep_to(&now);
                    reference = now;
                }
            }
        }
    }
}

/// Reads the log as far as it goes, and sees to the outbox.
async fn work(engine: Arc<Engine>, keep: Option<Keep>) -> anyhow::Result<()> {
    let until = engine.until(Instant::now() + RELEASE);
    // When this is dropped, the questions under way end, and their events are made by the next start.
    let _waiting = until.waiting();
    let worked = tokio::task::spawn_blocking(move || -> anyhow::Result<()> {
        let Some(delivery) = engine.delivery() else { return Ok(()) };
        let (outbox, projector) = (&delivery.outbox, rpc::telemetry::projector(delivery));
        loop {
            let _still = until.store().hold();
            if !projector.step(&until, outbox)? {
                break;
            }
        }
        if let Some(keep) = keep {
            projector.expire(&engine, outbox, keep)?;
        }
        Ok(outbox.keep_safe()?)
    });
    worked.await?
}

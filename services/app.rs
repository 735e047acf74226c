//! Wiring: settings to a running service, and back to a stopped one.

pub mod attack;
mod audit;
pub mod authority;
mod check;
mod content;
mod delivery;
pub mod folder;
pub mod partners;
pub mod reference_build;
mod releases;
mod retention;
mod secret;
mod spare_threads;
pub mod statistics;
mod streams;
mod watching;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Instant;

use anyhow::Context as _;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tonic::service::Routes;

use crate::config::Config;
use crate::domain::codes::Content;
use crate::domain::disclosure::ProfileName;
pub use crate::domain::disclosure::ptable;
use crate::domain::submission::Keyer;
use crate::engine::{Engine, Followers, Settings};
use crate::proto::server::audit_service_server::AuditServiceServer;
use crate::proto::server::breakdown_service_server::BreakdownServiceServer;
use crate::proto::server::consultation_channel_service_server::ConsultationChannelServiceServer;
use crate::proto::server::data_quality_service_server::DataQualityServiceServer;
use crate::proto::server::digital_exclusion_service_server::DigitalExclusionServiceServer;
use crate::proto::server::erasure_service_server::ErasureServiceServer;
use crate::proto::server::export_service_server::ExportServiceServer;
use crate::proto::server::indicator_service_server::IndicatorServiceServer;
use crate::proto::server::inequality_service_server::InequalityServiceServer;
use crate::proto::server::partner_telemetry_service_server::PartnerTelemetryServiceServer;
use crate::proto::server::publication_service_server::PublicationServiceServer;
use crate::proto::server::reference_service_server::ReferenceServiceServer;
use crate::proto::server::release_service_server::ReleaseServiceServer;
use crate::proto::server::service_info_service_server::ServiceInfoServiceServer;
use crate::proto::server::submission_service_server::SubmissionServiceServer;
use crate::proto::server::target_service_server::TargetServiceServer;
use crate::rpc::access::{Access, Rules};
use crate::rpc::audit::{Audit, Audits};
use crate::rpc::breakdowns::Breakdowns;
use crate::rpc::channels::Channels;
use crate::rpc::erasures::Erasures;
use crate::rpc::exclusion::Exclusion;
use crate::rpc::export::Export;
use crate::rpc::indicators::Indicators;
use crate::rpc::inequality::Inequality;
use crate::rpc::publications::Publications;
use crate::rpc::quality::DataQuality;
use crate::rpc::releases::Releases;
use crate::rpc::service_info::ServiceInfos;
use crate::rpc::single_flight::SingleFlight;
use crate::rpc::submissions::Submissions;
use crate::rpc::targets::Targets;
use crate::rpc::telemetry::PartnerTelemetry;
use crate::rpc::{self, SENT_BYTES};
use crate::server::{self, Address, Callers, Listener, ServerError, Tls, Tokens};
pub use crate::store::Report as VerifyReport;
pub use crate::store::audit::AuditReport;
use crate::store::audit::AuditSettings;
pub use crate::store::snapshot::{Manifest, restore as restore_snapshot, take as take_snapshot};
use crate::store::{self, Store};
use crate::telemetry;
pub use check::check;
use content::{home_area, reference_content};
use watching::{LOOK, Told, watch_over};

/// A running service.
pub struct Service {
    address: Address,
    shutdown: CancellationToken,
    serving: JoinHandle<Result<(), ServerError>>,
    watching: JoinHandle<Told>,
    delivering: JoinHandle<()>,
    engine: Arc<Engine>,
    audit: Arc<Audit>,
    _spare_threads: AbortOnDropHandle<()>,
}

impl Service {
    /// Checks everything, opens the store, binds, and serves.
    ///
    /// # Errors
    /// The settings, the reference content, the data folder or the address cannot be used.
    pub async fn start(config: &Config) -> anyhow::Result<Self> {
        Self::start_with(config, reference_content(config)?).await
    }

    /// The same with this reference content.
    async fn start_with(config: &Config, content: Content) -> anyhow::Result<Self> {
        let started = Instant::now();
        server::enough_descriptors()?;
        let home_area = home_area(config, &content)?;
        let spare_threads = AbortOnDropHandle::new(tokio::spawn(spare_threads::keep()));
        let tls = config.tls_files().as_ref().map(Tls::load).transpose()?;
        let tokens = Tokens::load(&config.tokens)?;
        let listener = Listener::bind(&config.address);
        let listener = listener.await.with_context(|| cannot_listen(&config.address))?;
        let address = listener.address()?;
        let (opening, opened) = (config.clone(), content.clone());
        let (engine, audit, secret) = apart("open", move || open(&opening, opened)).await??;
        let service = rpc::Service {
            engine: Arc::clone(&engine),
            single_flight: Arc::new(SingleFlight::new(AT_ONCE)),
            profile_without_identity: config
                .lets_anybody_in()
                .then(|| config.profile_without_identity()),
            page_key: blake3::derive_key("equity-indicators 2026-11 page tokens", &secret),
            message_bytes: (
                config.limits.query_message_bytes,
                config.limits.submission_message_bytes,
            ),
        };
        let rules = rules(config);
        let infos = ServiceInfos::new(service.clone(), &secret, rules, home_area);
        let infos = ServiceInfoServiceServer::new(infos);
        let (routes, health) = server::standard_services(
            routes(&service, &audit)
                .add_service(infos.max_decoding_message_size(config.limits.query_message_bytes)),
            config.reflection(),
        )?;
        let changes = engine.writing_stopped().is_none() && audit.trouble().is_none();
        health.takes_changes(changes);
        health.records(audit.broken().is_none());
        let shutdown = CancellationToken::new();
        let over =
            (Arc::downgrade(&engine), Arc::clone(&audit), Arc::clone(&service.single_flight));
        let watching = watch_over(over, health.clone(), shutdown.clone());
        let watching = tokio::spawn(watching);
        let making = (Arc::downgrade(&engine), config.clone(), LOOK, shutdown.clone());
        tokio::spawn(releases::make(making.0, making.1, making.2, making.3));
        let erasing = (Arc::downgrade(&engine), config.clone(), shutdown.clone());
        tokio::spawn(retention::erase(erasing.0, erasing.1, erasing.2));
        let removing = (Arc::downgrade(&engine), Arc::clone(&audit));
        tokio::spawn(audit::remove(removing, config.audit.keep_days, shutdown.clone()));
        let partners = partners::look(Arc::downgrade(&engine), config.clone(), content);
        tokio::spawn(shutdown.clone().run_until_cancelled_owned(partners));
        let instance = config.telemetry.service_instance_id.clone();
        let instance = instance.unwrap_or_else(|| rpc::service_info::instance_id(&secret));
        let (begun, opened) = tokio::sync::oneshot::channel();
        let sending = (Arc::downgrade(&engine), config.clone(), (shutdown.clone(), begun));
        let delivering = delivery::deliver(sending.0, sending.1, instance, sending.2);
        let delivering = tokio::spawn(delivering);
        // It ends without a word only if the service is gone.
        let _gone = opened.await;
        let (settings, stop) = (config.server_settings(), shutdown.clone());
        let access = Some(Access::new(Arc::clone(&engine), rules));
        let profile = service.profile_without_identity.map_or("", ProfileName::name);
        let recorded = Some((Arc::clone(&audit), profile));
        let callers = Callers { tls, access, tokens, audit: recorded };
        let serving = tokio::spawn(async move {
            server::run(listener, routes, &settings, health, callers, stop).await
        });
        let (version, position) = (env!("CARGO_PKG_VERSION"), engine.position());
        let seconds = started.elapsed().as_secs_f64();
        tracing::info!(version, position, seconds, %address, "the service has started");
        Ok(Self {
            address,
            shutdown,
            serving,
            watching,
            delivering,
            engine,
            audit,
            _spare_threads: spare_threads,
        })
    }

    /// The address that the service listens on; the system has chosen the port if the settings said 0.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Releases the newest state under a name, if no release has been made.
    ///
    /// # Errors
    /// There is no data, or the release was not written.
    pub async fn release_if_none(&self, id: &str) -> anyhow::Result<()> {
        if self.engine.newest_release().is_some() {
            return Ok(());
        }
        let wanted = releases::by_operator(&self.engine, id);
        let made = self.engine.make_release(&wanted, "service", &format!("release {id}")).await;
        made.map(drop).map_err(|refused| anyhow::anyhow!("{refused}"))
    }

    /// Why the store accepts no changes; none: it accepts changes.
    #[must_use]
    pub fn writing_stopped(&self) -> Option<&str> {
        self.engine.writing_stopped()
    }

    /// Stops: running calls may end within the drain time, then every change is handed to the disk.
    ///
    /// # Errors
    /// The server had failed.
    pub async fn stop(self) -> anyhow::Result<()> {
        let begun = Instant::now();
        self.shutdown.cancel();
        let served = self.serving.await?;
        self.delivering.await?;
        let (engine, audit) = (self.engine, self.audit);
        // What the last calls did is told, too.
        self.watching.await?.report(&engine, 0);
        let position = engine.position();
        // Closing waits for the disk. The audit log is in the folder that the store has locked.
        apart("close", move || {
            audit.close();
            drop(engine);
        })
        .await?;
        let seconds = begun.elapsed().as_secs_f64();
        tracing::info!(position, seconds, "the service has stopped");
        Ok(served?)
    }
}

/// Does long work on a thread of its own. The runtime would keep it for ever if the system started no thread for it.
async fn apart<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> anyhow::Result<T> {
    let (done, worked) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name(name.to_owned())
        // Nobody waits any more only when the process is ending.
        .spawn(move || drop(done.send(work())))
        .map_err(|error| store::StoreError::NoThread(error.to_string()))?;
    worked.await.with_context(|| format!("the thread that was to {name} the store failed"))
}

fn cannot_listen(address: &Address) -> String {
    let instead = match address {
        Address::Port(_) => "choose another `address`, or port 0 for any free port",
        Address::Socket(_) => {
            "stop the service that listens there, or name a new file in a folder that the service may write"
        }
    };
    format!("cannot listen on {address}: {instead}")
}

fn rules(config: &Config) -> Rules {
    Rules {
        identities: !config.lets_anybody_in(),
        purpose_required: config.purpose_required,
        requests_per_second: config.quotas.requests_per_second,
        burst: config.quotas.burst,
    }
}

fn threads() -> usize {
    available_parallelism().map_or(2, std::num::NonZero::get)
}

/// Questions that are worked on at once. Large ones take turns in the engine; those that wait for a turn cost a thread that sleeps.
/// A small question waits only where so many others are being worked on.
const AT_ONCE: usize = 64;

/// Bytes of published estimates that are kept in memory.
const ESTIMATE_BYTES: u64 = 16 << 20;

/// What a service has open, and its secret.
type Open = (Arc<Engine>, Arc<Audit>, [u8; 32]);

fn open(config: &Config, content: Content) -> anyhow::Result<Open> {
    // Before a secret is made for it.
    Store::is_restored(&config.data_folder)?;
    let secret = secret::load(&config.secret_file(), &config.data_folder)?;
    let settings = Settings {
        memory_bytes: config.cache.memory_bytes,
        question_bytes: config.limits.question_memory_bytes,
        max_rows: config.limits.max_submission_rows,
        threads: threads(),
        releases: releases::settings(config),
    };
    let followers = Arc::new(Followers::new(&settings));
    let told = Arc::clone(&followers);
    let store = Store::open(store::Settings {
        folder: &config.data_folder,
        secret: &secret,
        content: Some(content),
        sled_bytes: config.cache.sled_bytes,
        estimate_bytes: ESTIMATE_BYTES,
        min_free_bytes: config.limits.min_free_disk_bytes,
        witness: Some(&config.witness_file()),
        accept_loss: config.accept_loss,
        segment_bytes: config.segment_bytes,
        observer: Arc::new(move |slot, position| told.changed(slot, position)),
    })?;
    let audit = store.audit(AuditSettings {
        witness: Some(&config.witness_file()),
        render: rpc::audit::render,
        segment_bytes: None,
    })?;
    let engine = Engine::new(Arc::new(store), Keyer::new(&secret), &settings, &followers);
    Ok((Arc::new(engine), Arc::new(audit), secret))
}

fn routes(service: &rpc::Service, audit: &Arc<Audit>) -> Routes {
    let (query, submission) = service.message_bytes;
    Routes::new(
        SubmissionServiceServer::new(Submissions(service.clone()))
            .max_decoding_message_size(submission)
            .max_encoding_message_size(SENT_BYTES),
    )
    .add_service(
        AuditServiceServer::new(Audits::new(service.clone(), Arc::clone(audit)))
            .max_decoding_message_size(query)
            .max_encoding_message_size(SENT_BYTES),
    )
    .add_service(
        BreakdownServiceServer::new(Breakdowns(service.clone()))
            .max_decoding_message_size(query)
            .max_encoding_message_size(SENT_BYTES),
    )
    .add_service(
        ConsultationChannelServiceServer::new(Channels(service.clone()))
            .max_decoding_message_size(query)
            .max_encoding_message_size(SENT_BYTES),
    )
    .add_service(
        DigitalExclusionServiceServer::new(Exclusion(service.clone()))
            .max_decoding_message_size(query)
            .max_encoding_message_size(SENT_BYTES),
    )
    .add_service(
        IndicatorServiceServer::new(Indicators(service.clone()))
            .max_decoding_message_size(query)
            .max_encoding_message_size(SENT_BYTES),
    )
    .add_service(
        DataQualityServiceServer::new(DataQuality(service.clone()))
            .max_decoding_message_size(query)
            .max_encoding_message_size(SENT_BYTES),
    )
    .add_service(
        InequalityServiceServer::new(Inequality(service.clone()))
            .max_decoding_message_size(query)
            .max_encoding_message_size(SENT_BYTES),
    )
    .add_service(
        TargetServiceServer::new(Targets(service.clone()))
            .max_decoding_message_size(query)
            .max_encoding_message_size(SENT_BYTES),
    )
    .add_service(
        ExportServiceServer::new(Export(service.clone()))
            .max_decoding_message_size(query)
            .max_encoding_message_size(SENT_BYTES),
    )
    .add_service(
        ReferenceServiceServer::new(rpc::reference::Reference(service.clone()))
            .max_decoding_message_size(query)
            .max_encoding_message_size(SENT_BYTES),
    )
    .add_service(
        ErasureServiceServer::new(Erasures(service.clone()))
            .max_decoding_message_size(query)
            .max_encoding_message_size(SENT_BYTES),
    )
    .add_service(
        ReleaseServiceServer::new(Releases(service.clone()))
            .max_decoding_message_size(query)
            .max_encoding_message_size(SENT_BYTES),
    )
    .add_service(
        PublicationServiceServer::new(Publications::new(service.clone()))
            .max_decoding_message_size(query)
            .max_encoding_message_size(SENT_BYTES),
    )
    .add_service(
        PartnerTelemetryServiceServer::new(PartnerTelemetry(service.clone()))
            .max_decoding_message_size(query)
            .max_encoding_message_size(SENT_BYTES),
    )
}

/// Starts logs, traces and metrics. Call it once in a process, inside the runtime, and shut the guard down last.
///
/// # Errors
/// The exporter cannot be made.
pub fn observe(config: &Config) -> anyhow::Result<telemetry::Guard> {
    Ok(telemetry::init(&config.telemetry)?)
}

/// Builds the state again from the log in `work_folder`, and compares every row. The service must be stopped. `witness` is where it
/// keeps the witness of the log; none: beside the secret in the data folder, if it is there.
///
/// # Errors
/// `data_folder` is no data folder or is in use, or the work folder cannot be written.
pub fn verify(
    data_folder: &Path,
    work_folder: Option<&Path>,
    witness: Option<&Path>,
    progress: &mut dyn FnMut(u64, u64),
) -> anyhow::Result<VerifyReport> {
    is_data_folder(data_folder)?;
    let witness = witness_of(data_folder, witness);
    Ok(store::verify(data_folder, work_folder, Some(&witness), progress)?)
}

/// Reads the whole audit log of a data folder. The service must be stopped. `witness` is where it keeps the witness of the log of changes; none:
/// beside the secret in the data folder, if it is there. `kept`: a position and its hash that were kept elsewhere.
///
/// # Errors
/// `data_folder` is no data folder, is in use, or cannot be read.
pub fn verify_audit(
    data_folder: &Path,
    witness: Option<&Path>,
    kept: Option<(u64, [u8; 32])>,
) -> anyhow::Result<AuditReport> {
    is_data_folder(data_folder)?;
    let witness = witness_of(data_folder, witness);
    Ok(store::audit::verify(data_folder, &witness, kept)?)
}

fn witness_of(data_folder: &Path, witness: Option<&Path>) -> PathBuf {
    let of_default = || Config { data_folder: data_folder.to_owned(), ..Config::default() };
    witness.map_or_else(|| of_default().witness_file(), Path::to_owned)
}

/// Deletes sled and rebuilds it from the log. The service must be stopped.
///
/// # Errors
/// The folder is no data folder, is in use, or cannot be written.
pub fn rebuild(
    data_folder: &Path,
    witness: Option<&Path>,
    progress: &mut dyn FnMut(u64, u64),
) -> anyhow::Result<VerifyReport> {
    is_data_folder(data_folder)?;
    let witness = witness_of(data_folder, witness);
    Ok(store::rebuild(data_folder, Some(&witness), progress)?)
}

fn is_data_folder(folder: &Path) -> anyhow::Result<()> {
    let has_log = folder.join("log").try_exists().unwrap_or(false);
    anyhow::ensure!(
        has_log,
        "{} has no `log` folder, so it is no data folder: name the `data_folder` of a service",
        folder.display()
    );
    Ok(())
}

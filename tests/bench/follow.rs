//! P11: how soon a watcher has the new table after a change, and a partner's collector the new figures after a release.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use equity_indicators::ingest::SubmissionFile;
use equity_indicators::proto::v1::breakdown_question::Table;
use equity_indicators::proto::v1::breakdown_service_client::BreakdownServiceClient;
use equity_indicators::proto::v1::release_service_client::ReleaseServiceClient;
use equity_indicators::proto::v1::{
    BreakdownQuery, BreakdownQuestion, CreateReleaseRequest, GetChannelBreakdownRequest,
    PeriodRange, WatchBreakdownRequest,
};
use opentelemetry_proto::tonic::collector::logs::v1 as logs;
use opentelemetry_proto::tonic::collector::metrics::v1 as metrics;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use tokio::sync::watch;
use tonic::{Request, Response, Status};

use crate::MONTH;
use crate::support::{Outcome, Running, connect, histogram, ms, raw, record, rows, verdict};

/// Changes that are watched, and releases.
const CHANGES: usize = 200;
const RELEASES: usize = 30;
/// Organisations whose data change, in turn.
const IN_TURN: usize = 20;
/// So long after the last figure of a release nothing more of it comes.
const QUIET: Duration = Duration::from_millis(400);
const LONGEST: Duration = Duration::from_secs(30);

/// Measures both.
pub async fn follow(parcels: &[SubmissionFile]) -> Outcome {
    let collector = Collector::default();
    let endpoint = collector.serve().await?;
    let folder = tempfile::tempdir()?;
    let partners = folder.path().join("partners.toml");
    std::fs::write(&partners, subscription(&endpoint))?;
    let service =
        Running::start_with(false, |config| config.partners_file = Some(partners)).await?;
    let (uri, all): (_, Vec<_>) = (service.uri(), parcels.iter().map(rows::encode).collect());
    rows::submit_all(&uri, &all).await?;
    watched(&uri, parcels).await?;
    released(&uri, parcels, &collector).await?;
    service.stop().await
}

/// The next version of one of the organisations: one row less each time. Its log position.
async fn change(uri: &str, parcels: &[SubmissionFile], round: usize) -> Outcome<i64> {
    let parcel = rows::first_rows(&parcels[round % IN_TURN], 1_000 - round);
    let receipt = raw::submit(connect(uri).await?, rows::encode(&parcel).messages).await?;
    Ok(receipt.submission.ok_or("no submission")?.position)
}

async fn watched(uri: &str, parcels: &[SubmissionFile]) -> Outcome {
    let query = BreakdownQuery {
        collection: parcels[0].collection.clone(),
        area: "QK1".to_owned(),
        period: Some(PeriodRange { first: MONTH.to_owned(), last: String::new() }),
        by: vec!["sex".to_owned()],
        ..BreakdownQuery::default()
    };
    let asked = GetChannelBreakdownRequest { query: Some(query), ..Default::default() };
    let question = Some(BreakdownQuestion { table: Some(Table::Channels(asked)) });
    let request = WatchBreakdownRequest { question, after_position: 0 };
    let mut client = BreakdownServiceClient::new(connect(uri).await?);
    let mut tables = client.watch_breakdown(request).await?.into_inner();
    let (tell, mut told) = watch::channel((0, Instant::now()));
    let watcher = tokio::spawn(async move {
        while let Ok(Some(table)) = tables.message().await {
            if tell.send((table.position, Instant::now())).is_err() {
                break;
            }
        }
    });
    let mut times = histogram();
    for round in 0..CHANGES {
        let position = change(uri, parcels, round).await?;
        let acknowledged = Instant::now();
        let came = told.wait_for(|(seen, _)| *seen >= position);
        let (_, at) = *tokio::time::timeout(LONGEST, came).await??;
        record(&mut times, at.saturating_duration_since(acknowledged));
    }
    watcher.abort();
    let p99 = ms(&times, 0.99);
    println!("P11 a watcher has the new table: median {:.1} ms, p99 {p99:.1} ms", ms(&times, 0.5));
    verdict("P11 change acknowledged to a watcher, p99 in ms", p99, 100.0, 20.0);
    Ok(())
}

async fn released(uri: &str, parcels: &[SubmissionFile], collector: &Collector) -> Outcome {
    let mut client = ReleaseServiceClient::new(connect(uri).await?);
    let (mut first, mut all, mut figures) = (histogram(), histogram(), 0);
    for round in 0..RELEASES {
        change(uri, parcels, CHANGES + round).await?;
        let (release_id, request_id) = (format!("r{round}"), uuid::Uuid::new_v4().to_string());
        let request = CreateReleaseRequest {
            release_id: release_id.clone(),
            request_id,
            validate_only: false,
        };
        client.create_release(request).await?;
        let made = Instant::now();
        let came = collector.all_of(&release_id).await?;
        figures += came.len();
        let after =
            |at: Option<&Instant>| at.map_or(LONGEST, |at| at.saturating_duration_since(made));
        record(&mut first, after(came.first()));
        record(&mut all, after(came.last()));
    }
    let [first, all] = [first, all].map(|times| (ms(&times, 0.5), ms(&times, 0.99)));
    println!(
        "P11 a partner's collector has {} figures of a release: the first after {:.0} ms (p99 {:.0}), all after {:.0} ms (p99 {:.0})",
        figures / RELEASES,
        first.0,
        first.1,
        all.0,
        all.1
    );
    verdict("P11 release made to all of it in a collector, p99 in ms", all.1, 1_000.0, 200.0);
    Ok(())
}

fn subscription(endpoint: &str) -> String {
    format!(
        "trust_domain = \"equity.example\"\n[partners.alpha]\norganisation = \"C82001\"\nsystems = [\"emis\"]\nsubmit_for = [\"C82001\"]\n\
         read = {{ profile = \"PARTNER\", areas = [\"QK1\"], datasets = [\"*\"], indicators = [\"*\"] }}\n\
         [partners.alpha.telemetry]\nendpoint = \"{endpoint}\"\nprotocol = \"grpc\"\nallow_addresses = [\"127.0.0.0/8\"]\n\
         areas = [\"QK1\"]\ncharacteristics = [\"sex\", \"age_band\"]\n"
    )
}

/// A collector that notes when the figures of each release came.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<(String, Instant)>>>);

impl Collector {
    async fn serve(&self) -> Outcome<String> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let gzip = tonic::codec::CompressionEncoding::Gzip;
        let records = logs::logs_service_server::LogsServiceServer::new(self.clone());
        let points = metrics::metrics_service_server::MetricsServiceServer::new(self.clone());
        let server = tonic::transport::Server::builder()
            .add_service(records.accept_compressed(gzip))
            .add_service(points.accept_compressed(gzip));
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        tokio::spawn(server.serve_with_incoming(incoming));
        Ok(endpoint)
    }

    /// When the figures of a release came, once no more of them come.
    async fn all_of(&self, release: &str) -> Outcome<Vec<Instant>> {
        let begin = Instant::now();
        while begin.elapsed() < LONGEST {
            tokio::time::sleep(QUIET / 8).await;
            let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let of = all.iter().filter(|(of, _)| of == release).map(|(_, at)| *at);
            let of: Vec<_> = of.collect();
            if of.last().is_some_and(|last| last.elapsed() > QUIET) {
                return Ok(of);
            }
        }
        Err(format!("no figure of release {release} came").into())
    }
}

/// The release of a figure.
fn release(record: &LogRecord) -> Option<String> {
    let named = record.attributes.iter().find(|of| of.key == "nhs.equity.release")?;
    let Some(Value::StringValue(release)) = named.value.clone()?.value else { return None };
    Some(release)
}

#[tonic::async_trait]
impl logs::logs_service_server::LogsService for Collector {
    async fn export(
        &self,
        request: Request<logs::ExportLogsServiceRequest>,
    ) -> Result<Response<logs::ExportLogsServiceResponse>, Status> {
        let at = Instant::now();
        let scopes = request.into_inner().resource_logs.into_iter().flat_map(|of| of.scope_logs);
        let releases = scopes.flat_map(|of| of.log_records).filter_map(|of| release(&of));
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(releases.map(|release| (release, at)));
        Ok(Response::new(logs::ExportLogsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl metrics::metrics_service_server::MetricsService for Collector {
    async fn export(
        &self,
        _: Request<metrics::ExportMetricsServiceRequest>,
    ) -> Result<Response<metrics::ExportMetricsServiceResponse>, Status> {
        Ok(Response::new(metrics::ExportMetricsServiceResponse::default()))
    }
}

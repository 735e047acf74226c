//! What tests of the running service share: a real service on a free port, the generated clients, and messages as JSON.

mod answers;
pub(crate) mod certificates;
mod collector;
pub(crate) mod hostile;
mod messages;
pub(crate) mod tokens;

pub(crate) use answers::{
    Refusal, cell, cells, cells_of, column, count, counts, dimensions, four, ids, key, keys,
    parameter, row, totals, unknown_and_base, value, why,
};
pub(crate) use collector::Collector;
pub(crate) use messages::{POOL, consultations, header, message, records};

use std::path::Path;
use std::sync::Arc;

use equity_indicators::app::Service;
use equity_indicators::config::Config;
use equity_indicators::ingest::{self, Defaults, Records, SubmissionFile};
use equity_indicators::proto::v1::breakdown_question::Table;
use equity_indicators::proto::v1::breakdown_service_client::BreakdownServiceClient;
use equity_indicators::proto::v1::consultation_channel_service_client::ConsultationChannelServiceClient;
use equity_indicators::proto::v1::data_quality_service_client::DataQualityServiceClient;
use equity_indicators::proto::v1::digital_exclusion_service_client::DigitalExclusionServiceClient;
use equity_indicators::proto::v1::indicator_service_client::IndicatorServiceClient;
use equity_indicators::proto::v1::inequality_service_client::InequalityServiceClient;
use equity_indicators::proto::v1::reference_service_client::ReferenceServiceClient;
use equity_indicators::proto::v1::release_service_client::ReleaseServiceClient;
use equity_indicators::proto::v1::submission_service_client::SubmissionServiceClient;
use equity_indicators::proto::v1::target_service_client::TargetServiceClient;
use equity_indicators::proto::v1::{
    AccessBatch, Breakdown, BreakdownQuestion, ConsultationRecord, CreateReleaseRequest,
    EstimateBatch, EstimateSource, EstimatesHeader, GetChannelBreakdownRequest,
    GetChannelBreakdownResponse, IndicatorCountBatch, PopulationBatch, Receipt, SubmissionHeader,
    SubmitDigitalAccessRequest, SubmitEstimatesRequest, SubmitIndicatorCountsRequest,
    SubmitPopulationsRequest, WatchBreakdownRequest, WatchBreakdownResponse,
    submit_digital_access_request, submit_estimates_request, submit_indicator_counts_request,
    submit_populations_request,
};
use serde_json::Value;
use tempfile::TempDir;
use tonic::transport::Channel;
use tonic::{Status, Streaming};

/// Rows of a batch unless a test says otherwise.
const BATCH: usize = 1_000;

/// A service on a data folder of its own, and a connection to it.
pub(crate) struct TestServer {
    service: Service,
    channel: Channel,
    config: Config,
    folder: Arc<TempDir>,
}

impl TestServer {
    /// A service with the usual settings.
    pub(crate) async fn start() -> Self {
        Self::with(|_| ()).await
    }

    /// A service with other settings; address and data folder are set already.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let mut config = Config {
            address: "127.0.0.1:0".parse().unwrap(),
            data_folder: folder.path().join("data"),
            ..Config::default()
        };
        change(&mut config);
        Self::open(folder, config).await
    }

    async fn open(folder: Arc<TempDir>, config: Config) -> Self {
        let service = Service::start(&config).await.unwrap();
        let address = format!("http://{}", service.address());
        let channel = Channel::from_shared(address).unwrap().connect().await.unwrap();
        Self { service, channel, config, folder }
    }

    /// A service with the usual settings on a data folder that is there.
    pub(crate) async fn on(folder: Arc<TempDir>, data_folder: &Path) -> Self {
        let config = Config {
            address: "127.0.0.1:0".parse().unwrap(),
            data_folder: data_folder.to_owned(),
            ..Config::default()
        };
        Self::open(folder, config).await
    }

    /// A service with these settings, on what they name.
    pub(crate) async fn on_settings(folder: Arc<TempDir>, config: Config) -> Self {
        Self::open(folder, config).await
    }

    /// The folder of the data.
    pub(crate) fn data_folder(&self) -> std::path::PathBuf {
        self.config.data_folder.clone()
    }

    /// The settings, to start another.
    pub(crate) fn config(&self) -> Config {
        self.config.clone()
    }

    /// Stops the service and starts another on the same folder.
    pub(crate) async fn reopen(self) -> Self {
        self.reopen_with(|_| ()).await
    }

    /// The same with other settings.
    pub(crate) async fn reopen_with(self, change: impl FnOnce(&mut Config)) -> Self {
        let (mut config, folder) = (self.config.clone(), self.stop().await);
        change(&mut config);
        Self::open(folder, config).await
    }

    /// Stops the service; the folder lives for as long as what is returned.
    pub(crate) async fn stop(self) -> Arc<TempDir> {
        drop(self.channel);
        self.service.stop().await.unwrap();
        self.folder
    }

    /// Makes a release of what is there.
    pub(crate) async fn release(&self, id: &str) {
        let request = CreateReleaseRequest {
            release_id: id.to_owned(),
            request_id: uuid::Uuid::new_v4().to_string(),
            validate_only: false,
        };
        ReleaseServiceClient::new(self.channel()).create_release(request).await.unwrap();
    }

    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.service.address().port().unwrap()
    }

    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    pub(crate) fn submissions(&self) -> SubmissionServiceClient<Channel> {
        SubmissionServiceClient::new(self.channel())
    }

    pub(crate) fn channels(&self) -> ConsultationChannelServiceClient<Channel> {
        ConsultationChannelServiceClient::new(self.channel())
    }

    pub(crate) fn exclusion(&self) -> DigitalExclusionServiceClient<Channel> {
        DigitalExclusionServiceClient::new(self.channel())
    }

    pub(crate) fn reference(&self) -> ReferenceServiceClient<Channel> {
        ReferenceServiceClient::new(self.channel())
    }

    pub(crate) fn targets(&self) -> TargetServiceClient<Channel> {
        TargetServiceClient::new(self.channel())
    }

    /// Submits consultations in batches of the usual size.
    pub(crate) async fn submit(
        &self,
        header: SubmissionHeader,
        rows: Vec<ConsultationRecord>,
    ) -> Result<Receipt, Status> {
        self.submit_batches(header, rows.chunks(BATCH).map(<[_]>::to_vec).collect()).await
    }

    /// Submits consultations in these batches.
    pub(crate) async fn submit_batches(
        &self,
        header: SubmissionHeader,
        batches: Vec<Vec<ConsultationRecord>>,
    ) -> Result<Receipt, Status> {
        let messages = tokio_stream::iter(consultations(header, batches));
        let answer = self.submissions().submit_consultations(messages).await?;
        Ok(answer.into_inner().receipt.unwrap())
    }

    /// Submits people.
    pub(crate) async fn submit_people(
        &self,
        header: SubmissionHeader,
        rows: Vec<equity_indicators::proto::v1::PopulationRecord>,
    ) -> Result<Receipt, Status> {
        use submit_populations_request::Part;
        let mut parts = vec![Part::Header(header)];
        parts.push(Part::Batch(PopulationBatch { records: rows }));
        let messages = parts.into_iter().map(|part| SubmitPopulationsRequest { part: Some(part) });
        let answer = self.submissions().submit_populations(tokio_stream::iter(messages)).await?;
        Ok(answer.into_inner().receipt.unwrap())
    }

    /// Submits access records.
    pub(crate) async fn submit_access(
        &self,
        header: SubmissionHeader,
        rows: Vec<equity_indicators::proto::v1::AccessRecord>,
    ) -> Result<Receipt, Status> {
        use submit_digital_access_request::Part;
        let batches = rows.chunks(BATCH).map(|rows| AccessBatch { records: rows.to_vec() });
        let mut parts = vec![Part::Header(header)];
        parts.extend(batches.map(Part::Batch));
        let messages =
            parts.into_iter().map(|part| SubmitDigitalAccessRequest { part: Some(part) });
        let messages = tokio_stream::iter(messages);
        let answer = self.submissions().submit_digital_access(messages).await?;
        Ok(answer.into_inner().receipt.unwrap())
    }

    /// Submits counts of indicators.
    pub(crate) async fn submit_counts(
        &self,
        header: SubmissionHeader,
        rows: Vec<equity_indicators::proto::v1::IndicatorCountRecord>,
    ) -> Result<Receipt, Status> {
        use submit_indicator_counts_request::Part;
        let batches = rows.chunks(BATCH).map(|rows| IndicatorCountBatch { records: rows.to_vec() });
        let parts = std::iter::once(Part::Header(header)).chain(batches.map(Part::Batch));
        let messages = parts.map(|part| SubmitIndicatorCountsRequest { part: Some(part) });
        let messages = tokio_stream::iter(messages.collect::<Vec<_>>());
        let answer = self.submissions().submit_indicator_counts(messages).await?;
        Ok(answer.into_inner().receipt.unwrap())
    }

    /// Submits estimates with their source.
    pub(crate) async fn submit_estimates(
        &self,
        submission: SubmissionHeader,
        source: EstimateSource,
        rows: Vec<equity_indicators::proto::v1::EstimateRecord>,
    ) -> Result<Receipt, Status> {
        use submit_estimates_request::Part;
        let header = EstimatesHeader { submission: Some(submission), source: Some(source) };
        let parts = [Part::Header(header), Part::Batch(EstimateBatch { records: rows })];
        let messages = parts.into_iter().map(|part| SubmitEstimatesRequest { part: Some(part) });
        let answer = self.submissions().submit_estimates(tokio_stream::iter(messages)).await?;
        Ok(answer.into_inner().receipt.unwrap())
    }

    /// Submits a file as the command line does; returns how many submissions and rows it made.
    pub(crate) async fn submit_file(&self, path: &Path) -> (usize, usize) {
        let (mut submissions, mut rows) = (0, 0);
        for parcel in ingest::read(path, &Defaults::default()).unwrap() {
            (submissions, rows) =
                (submissions + 1, rows + self.submit_parcel(parcel.unwrap()).await);
        }
        (submissions, rows)
    }

    /// Submits what one submission of a file or of the generator holds; returns how many rows it has.
    pub(crate) async fn submit_parcel(&self, parcel: SubmissionFile) -> usize {
        let header = parcel.header(&uuid::Uuid::new_v4().to_string());
        let count = parcel.rows.len();
        match parcel.rows {
            Records::Consultations(rows) => self.submit(header, rows).await.unwrap(),
            Records::Populations(rows) => self.submit_people(header, rows).await.unwrap(),
            Records::Access(rows) => self.submit_access(header, rows).await.unwrap(),
            Records::IndicatorCounts(rows) => self.submit_counts(header, rows).await.unwrap(),
            Records::Estimates(source, rows) => {
                self.submit_estimates(header, source, rows).await.unwrap()
            }
        };
        count
    }

    /// Asks for channels; the question is a `GetChannelBreakdownRequest` as JSON.
    pub(crate) async fn ask(&self, question: Value) -> Result<Breakdown, Status> {
        self.table("channels", question).await
    }

    /// Asks for a table, named as in `BreakdownQuestion`; the question is its request as JSON.
    pub(crate) async fn table(&self, name: &str, question: Value) -> Result<Breakdown, Status> {
        Ok(self.table_whole(name, question).await?.0)
    }

    /// The same with the position.
    pub(crate) async fn table_whole(
        &self,
        name: &str,
        question: Value,
    ) -> Result<(Breakdown, i64), Status> {
        let (mut channels, mut exclusion) = (self.channels(), self.exclusion());
        let mut inequality = InequalityServiceClient::new(self.channel());
        let mut quality = DataQualityServiceClient::new(self.channel());
        let named: BreakdownQuestion = message(serde_json::json!({name: question}));
        macro_rules! answer {
            ($client:ident, $call:ident, $asked:expr) => {{
                let answer = $client.$call($asked).await?.into_inner();
                (answer.breakdown.unwrap(), answer.position)
            }};
        }
        Ok(match named.table.unwrap() {
            Table::Channels(asked) => answer!(channels, get_channel_breakdown, asked),
            Table::Outcomes(asked) => answer!(channels, get_access_outcomes, asked),
            Table::Exclusion(asked) => answer!(exclusion, get_digital_exclusion_breakdown, asked),
            Table::Provision(asked) => answer!(exclusion, get_face_to_face_provision, asked),
            Table::Impact(asked) => answer!(exclusion, get_channel_impact, asked),
            Table::Risk(asked) => answer!(exclusion, get_area_risk, asked),
            Table::Inequality(asked) => answer!(inequality, get_inequality_summary, asked),
            Table::GapTrend(asked) => answer!(inequality, get_gap_trend, asked),
            Table::Gaps(asked) => answer!(inequality, list_gaps, asked),
            Table::TargetStatus(asked) => {
                let mut targets = self.targets();
                answer!(targets, get_target_status, asked)
            }
            Table::Indicators(asked) => {
                let mut indicators = IndicatorServiceClient::new(self.channel());
                answer!(indicators, get_indicator_breakdown, asked)
            }
            Table::Timeliness(asked) => answer!(quality, get_timeliness, asked),
            Table::Restoration(asked) => answer!(inequality, get_restoration, asked),
            Table::StandardisedRates(asked) => {
                answer!(inequality, get_standardised_rates, asked)
            }
            Table::Consistency(asked) => answer!(quality, get_consistency, asked),
            Table::Representativeness(asked) => {
                answer!(quality, get_representativeness, asked)
            }
            Table::Recording(asked) => answer!(quality, get_recording_quality, asked),
        })
    }

    /// Follows a table; the request is a `WatchBreakdownRequest` as JSON.
    pub(crate) async fn watch(
        &self,
        request: Value,
    ) -> Result<Streaming<WatchBreakdownResponse>, Status> {
        let request: WatchBreakdownRequest = message(request);
        let mut client = BreakdownServiceClient::new(self.channel());
        Ok(client.watch_breakdown(request).await?.into_inner())
    }

    /// The answer to a question about channels with its position.
    pub(crate) async fn ask_whole(
        &self,
        question: Value,
    ) -> Result<GetChannelBreakdownResponse, Status> {
        let request: GetChannelBreakdownRequest = message(question);
        Ok(self.channels().get_channel_breakdown(request).await?.into_inner())
    }

    /// The newest position.
    pub(crate) async fn position(&self) -> i64 {
        let question = serde_json::json!({
            "query": {"organisations": ["03W"], "period": {"first": "1999-01"}}
        });
        self.ask_whole(question).await.unwrap().position
    }
}

/// What a followed table sends next; it has to come soon.
pub(crate) async fn next(stream: &mut Streaming<WatchBreakdownResponse>) -> WatchBreakdownResponse {
    let soon = std::time::Duration::from_secs(10);
    tokio::time::timeout(soon, stream.message()).await.unwrap().unwrap().unwrap()
}

//! Stand-in: a service that keeps submissions in memory and counts channels by month and ethnic category.
#![allow(missing_docs, clippy::all, clippy::wildcard_enum_match_arm, clippy::unwrap_used)]
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tonic::{Request, Response, Status, Streaming};

use crate::config::Config;
use crate::proto::server::consultation_channel_service_server::*;
use crate::proto::server::submission_service_server::*;
use crate::proto::v1::*;

pub struct Service {
    address: SocketAddr,
    stop: tokio::sync::oneshot::Sender<()>,
    task: tokio::task::JoinHandle<Result<(), tonic::transport::Error>>,
}

impl Service {
    pub async fn start(config: &Config) -> anyhow::Result<Service> {
        std::fs::create_dir_all(&config.data_folder)?;
        let listener = tokio::net::TcpListener::bind(config.address).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let fake = Fake::default();
        let router = tonic::transport::Server::builder()
            .add_service(SubmissionServiceServer::new(fake.clone()))
            .add_service(ConsultationChannelServiceServer::new(fake));
        let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
        let task = tokio::spawn(async move {
            router.serve_with_incoming_shutdown(incoming, async { drop(stopped.await) }).await
        });
        Ok(Service { address, stop, task })
    }
    pub fn address(&self) -> SocketAddr {
        self.address
    }
    pub async fn stop(self) -> anyhow::Result<()> {
        let _ = self.stop.send(());
        Ok(self.task.await??)
    }
}

#[derive(Debug)]
pub struct VerifyReport {
    pub entries: u64,
    pub submissions: u64,
    pub rows: u64,
    pub differences: Vec<String>,
}
pub fn verify(folder: &Path, _: &mut dyn FnMut(u64, u64)) -> anyhow::Result<VerifyReport> {
    anyhow::ensure!(folder.is_dir(), "no data folder");
    Ok(VerifyReport { entries: 0, submissions: 0, rows: 0, differences: vec![] })
}
pub fn rebuild(folder: &Path, progress: &mut dyn FnMut(u64, u64)) -> anyhow::Result<VerifyReport> {
    verify(folder, progress)
}

#[derive(Clone, Default)]
struct Fake(Arc<Mutex<State>>);
#[derive(Default)]
struct State {
    submissions: Vec<Submission>,
    // collection, month, ethnic, channel
    counts: BTreeMap<(String, String, String, String), i64>,
}

impl Fake {
    fn store(&self, header: SubmissionHeader, dataset: Dataset, rows: i64, total: i64) -> Receipt {
        let mut state = self.0.lock().unwrap();
        let position = state.submissions.len() as i64 + 1;
        let submission = Submission {
            name: format!(
                "collections/{}/organisations/{}/x/{position}",
                header.collection, header.organisation
            ),
            organisation: header.organisation,
            collection: header.collection,
            dataset: dataset.into(),
            month: header.month,
            version: 1,
            position,
            accepted_count: rows,
            total_count: total,
            state: 1,
            request_id: header.request_id,
            ..Default::default()
        };
        state.submissions.push(submission.clone());
        Receipt { submission: Some(submission), ..Default::default() }
    }
}

#[tonic::async_trait]
impl SubmissionService for Fake {
    async fn submit_consultations(
        &self,
        request: Request<Streaming<SubmitConsultationsRequest>>,
    ) -> Result<Response<SubmitConsultationsResponse>, Status> {
        let mut stream = request.into_inner();
        let (mut header, mut rows, mut total) = (None, 0, 0);
        while let Some(message) = stream.message().await? {
            match message.part {
                Some(submit_consultations_request::Part::Header(h)) => header = Some(h),
                Some(submit_consultations_request::Part::Batch(batch)) => {
                    let header = header.clone().unwrap();
                    for r in batch.records {
                        rows += 1;
                        let count = r.record_count.unwrap_or(1);
                        total += count;
                        let channel = match r.channel.as_str() {
                            "Face-to-Face" => "FACE_TO_FACE",
                            "Home Visit" => "HOME_VISIT",
                            "Telephone" => "TELEPHONE",
                            "Video/Online" => "ONLINE_UNSPECIFIED",
                            "Unknown" => "NOT_KNOWN",
                            other => other,
                        };
                        let key = (
                            header.collection.clone(),
                            header.month.clone(),
                            r.person.unwrap_or_default().ethnic_category,
                            channel.to_owned(),
                        );
                        *self.0.lock().unwrap().counts.entry(key).or_default() += count;
                    }
                }
                None => {}
            }
        }
        let header = header.ok_or_else(|| Status::invalid_argument("no header"))?;
        let receipt = self.store(header, Dataset::Consultations, rows, total);
        Ok(Response::new(SubmitConsultationsResponse { receipt: Some(receipt) }))
    }
    async fn submit_populations(
        &self,
        request: Request<Streaming<SubmitPopulationsRequest>>,
    ) -> Result<Response<SubmitPopulationsResponse>, Status> {
        let mut stream = request.into_inner();
        let mut header = SubmissionHeader::default();
        let mut rows = 0;
        while let Some(message) = stream.message().await? {
            match message.part {
                Some(submit_populations_request::Part::Header(h)) => header = h,
                Some(submit_populations_request::Part::Batch(batch)) => {
                    rows += batch.records.len() as i64
                }
                None => {}
            }
        }
        let receipt = self.store(header, Dataset::Populations, rows, rows);
        Ok(Response::new(SubmitPopulationsResponse { receipt: Some(receipt) }))
    }
    async fn get_submission(
        &self,
        r: Request<GetSubmissionRequest>,
    ) -> Result<Response<GetSubmissionResponse>, Status> {
        let name = r.into_inner().name;
        let found = self.0.lock().unwrap().submissions.iter().find(|s| s.name == name).cloned();
        let submission = Some(found.ok_or_else(|| Status::not_found("no such submission"))?);
        Ok(Response::new(GetSubmissionResponse { submission }))
    }
    async fn list_submissions(
        &self,
        r: Request<ListSubmissionsRequest>,
    ) -> Result<Response<ListSubmissionsResponse>, Status> {
        let r = r.into_inner();
        let start: usize = r.page_token.parse().unwrap_or(0);
        let all = self.0.lock().unwrap().submissions.clone();
        let submissions: Vec<_> =
            all.iter().skip(start).take(r.page_size as usize).cloned().collect();
        let next = start + submissions.len();
        let next_page_token = if next < all.len() { next.to_string() } else { String::new() };
        Ok(Response::new(ListSubmissionsResponse { submissions, next_page_token }))
    }
    async fn list_row_problems(
        &self,
        _: Request<ListRowProblemsRequest>,
    ) -> Result<Response<ListRowProblemsResponse>, Status> {
        Ok(Response::new(ListRowProblemsResponse::default()))
    }
    async fn withdraw_submission(
        &self,
        _: Request<WithdrawSubmissionRequest>,
    ) -> Result<Response<WithdrawSubmissionResponse>, Status> {
        Err(Status::unimplemented(""))
    }
}

fn row(
    keys: Vec<CategoryKey>,
    counts: &BTreeMap<String, i64>,
    order: &[String],
    all: bool,
) -> ChannelRow {
    let total: i64 = counts.values().sum();
    let unknown = counts.get("NOT_KNOWN").copied().unwrap_or(0);
    let base = if all { total } else { total - unknown };
    let channels = order
        .iter()
        .map(|channel| {
            let count = counts.get(channel).copied().unwrap_or(0);
            let known = channel != "NOT_KNOWN";
            let value = count as f64 / base as f64;
            let share = (known || all).then_some(Interval {
                value,
                lower: Some(value * 0.99),
                upper: Some(value * 1.01),
            });
            ChannelCell {
                channel: channel.clone(),
                state: if known { 1 } else { 7 },
                value: Some(channel_cell::Value::Estimate(ChannelEstimate {
                    count,
                    share,
                    rate: None,
                })),
            }
        })
        .collect();
    ChannelRow {
        keys,
        total_count: total,
        base_count: base,
        unknown_channel_count: unknown,
        channels,
        ..Default::default()
    }
}

#[tonic::async_trait]
impl ConsultationChannelService for Fake {
    type WatchChannelBreakdownStream =
        tokio_stream::Once<Result<WatchChannelBreakdownResponse, Status>>;
    async fn get_channel_breakdown(
        &self,
        r: Request<GetChannelBreakdownRequest>,
    ) -> Result<Response<GetChannelBreakdownResponse>, Status> {
        let r = r.into_inner();
        let q = r.query.unwrap();
        let collection =
            if q.collection.is_empty() { "gpad-regional".into() } else { q.collection };
        let period = q.period.unwrap();
        let last = if period.last.is_empty() { period.first.clone() } else { period.last };
        let by = q.by.first().cloned();
        let mut rows: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
        let mut total: BTreeMap<String, i64> = BTreeMap::new();
        let state = self.0.lock().unwrap();
        for ((c, month, ethnic, channel), count) in &state.counts {
            if *c == collection && *month >= period.first && *month <= last {
                *total.entry(channel.clone()).or_default() += count;
                let key = if by.as_deref() == Some("month") { month } else { ethnic };
                *rows.entry(key.clone()).or_default().entry(channel.clone()).or_default() += count;
            }
        }
        let list = ["FACE_TO_FACE", "HOME_VISIT", "TELEPHONE", "ONLINE_UNSPECIFIED", "NOT_KNOWN"];
        let order: Vec<_> =
            list.iter().filter(|c| total.contains_key(**c)).map(|c| (*c).to_owned()).collect();
        let all = r.denominator == 2;
        let mut table = Vec::new();
        if !total.is_empty() {
            table.push(row(vec![], &total, &order, all));
            if let Some(by) = &by {
                for (key, counts) in &rows {
                    let key = CategoryKey { dimension: by.clone(), code: key.clone(), state: 1 };
                    table.push(row(vec![key], counts, &order, all));
                }
            }
        }
        let empty = total
            .is_empty()
            .then(|| Absence { reason: 1, detail: "nobody has submitted that".into() });
        let context = BreakdownContext {
            data_class: if collection.starts_with("syn") { 2 } else { 1 },
            collection,
            openness: 2,
            area: q.area,
            area_name: "NHS Leicester, Leicestershire and Rutland".into(),
            area_basis: 1,
            first_month: period.first,
            last_month: last,
            measure: 1,
            denominator: r.denominator,
            confidence_level: 0.95,
            limits_unit: "consultations".into(),
            empty,
            ..Default::default()
        };
        let _: HashMap<(), ()> = HashMap::new();
        let breakdown = ChannelBreakdown { context: Some(context), dimensions: q.by, rows: table };
        Ok(Response::new(GetChannelBreakdownResponse {
            breakdown: Some(breakdown),
            position: state.submissions.len() as i64,
        }))
    }
    async fn get_access_outcomes(
        &self,
        _: Request<GetAccessOutcomesRequest>,
    ) -> Result<Response<GetAccessOutcomesResponse>, Status> {
        Err(Status::unimplemented(""))
    }
    async fn watch_channel_breakdown(
        &self,
        r: Request<WatchChannelBreakdownRequest>,
    ) -> Result<Response<Self::WatchChannelBreakdownStream>, Status> {
        let answer = self
            .get_channel_breakdown(Request::new(r.into_inner().request.unwrap()))
            .await?
            .into_inner();
        let answer = WatchChannelBreakdownResponse {
            breakdown: answer.breakdown,
            position: answer.position,
        };
        Ok(Response::new(tokio_stream::once(Ok(answer))))
    }
}

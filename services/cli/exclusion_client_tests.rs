//! The four tables against a service that is made for it: every format, following, refusals.

use std::pin::Pin;

use tokio_stream::Stream;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

use super::*;
use crate::cli::args::{Cli, Command};
use crate::cli::show::captured;
use crate::cli::show::{Format, sample_exclusion};
use crate::proto::server::digital_exclusion_service_server::{
    DigitalExclusionService, DigitalExclusionServiceServer,
};
use crate::proto::server::reference_service_server::{ReferenceService, ReferenceServiceServer};
use crate::proto::v1::*;
use crate::rpc::encoded::Encoded;

type Told<T> = Result<Response<T>, Status>;
type Watched = Pin<Box<dyn Stream<Item = Result<Encoded, Status>> + Send>>;

/// Answers with the samples; of the area `NO` it knows nothing.
struct Fake;

fn encoded(response: &impl prost::Message) -> Encoded {
    Encoded { body: response.encode_to_vec().into(), position: 71 }
}

fn known(area: &str) -> Result<(), Status> {
    if area == "NO" { Err(Status::not_found("no area `NO`")) } else { Ok(()) }
}

fn asked(query: Option<BreakdownQuery>) -> Result<(), Status> {
    known(&query.unwrap_or_default().area)
}

/// The table twice, then the end.
fn twice(table: Encoded) -> Told<Watched> {
    Ok(Response::new(Box::pin(tokio_stream::iter([Ok(table.clone()), Ok(table)]))))
}

fn exclusion_table() -> Encoded {
    let breakdown = Some(sample_exclusion::exclusion_by_sex());
    encoded(&GetDigitalExclusionBreakdownResponse { breakdown, position: 0 })
}

#[tonic::async_trait]
impl DigitalExclusionService for Fake {
    type WatchDigitalExclusionBreakdownStream = Watched;
    type WatchFaceToFaceProvisionStream = Watched;
    type WatchChannelImpactStream = Watched;
    type WatchAreaRiskStream = Watched;

    async fn get_digital_exclusion_breakdown(
        &self,
        request: Request<GetDigitalExclusionBreakdownRequest>,
    ) -> Told<Encoded> {
        asked(request.into_inner().query)?;
        Ok(Response::new(exclusion_table()))
    }

    async fn get_face_to_face_provision(
        &self,
        request: Request<GetFaceToFaceProvisionRequest>,
    ) -> Told<Encoded> {
        asked(request.into_inner().query)?;
        let provision = Some(sample_exclusion::provision());
        Ok(Response::new(encoded(&GetFaceToFaceProvisionResponse { provision, position: 0 })))
    }

    async fn get_channel_impact(&self, request: Request<GetChannelImpactRequest>) -> Told<Encoded> {
        asked(request.into_inner().query)?;
        let impact = Some(sample_exclusion::impact());
        Ok(Response::new(encoded(&GetChannelImpactResponse { impact, position: 0 })))
    }

    async fn get_area_risk(&self, request: Request<GetAreaRiskRequest>) -> Told<Encoded> {
        known(&request.into_inner().area)?;
        let risk = Some(sample_exclusion::risk());
        Ok(Response::new(encoded(&GetAreaRiskResponse { risk, position: 0 })))
    }

    async fn record_channel_assessment(
        &self,
        _: Request<RecordChannelAssessmentRequest>,
    ) -> Told<RecordChannelAssessmentResponse> {
        Err(Status::unimplemented(""))
    }

    async fn list_channel_assessments(
        &self,
        _: Request<ListChannelAssessmentsRequest>,
    ) -> Told<ListChannelAssessmentsResponse> {
        Err(Status::unimplemented(""))
    }

    /// The same figure for ever, of the indicator that is asked for.
    async fn list_estimates(
        &self,
        request: Request<ListEstimatesRequest>,
    ) -> Told<ListEstimatesResponse> {
        let request = request.into_inner();
        let record = EstimateRecord {
            indicator: request.indicator,
            area: request.area,
            period: request.period,
            base: request.collection,
            ..Default::default()
        };
        let estimates = vec![PublishedEstimate { record: Some(record), ..Default::default() }; 3];
        let next_page_token = format!("{}+", request.page_token);
        Ok(Response::new(ListEstimatesResponse { estimates, next_page_token }))
    }

    async fn watch_digital_exclusion_breakdown(
        &self,
        _: Request<WatchDigitalExclusionBreakdownRequest>,
    ) -> Told<Watched> {
        twice(exclusion_table())
    }

    async fn watch_face_to_face_provision(
        &self,
        _: Request<WatchFaceToFaceProvisionRequest>,
    ) -> Told<Watched> {
        let provision = Some(sample_exclusion::provision());
        twice(encoded(&GetFaceToFaceProvisionResponse { provision, position: 0 }))
    }

    async fn watch_channel_impact(&self, _: Request<WatchChannelImpactRequest>) -> Told<Watched> {
        let impact = Some(sample_exclusion::impact());
        twice(encoded(&GetChannelImpactResponse { impact, position: 0 }))
    }

    async fn watch_area_risk(&self, _: Request<WatchAreaRiskRequest>) -> Told<Watched> {
        let risk = Some(sample_exclusion::risk());
        twice(encoded(&GetAreaRiskResponse { risk, position: 0 }))
    }
}

#[tonic::async_trait]
impl ReferenceService for Fake {
    async fn list_indicators(
        &self,
        request: Request<ListIndicatorsRequest>,
    ) -> Told<ListIndicatorsResponse> {
        let mut indicators = sample_exclusion::indicators().all;
        if request.into_inner().tag == "NONE" {
            indicators.clear();
        }
        Ok(Response::new(ListIndicatorsResponse { indicators, ..Default::default() }))
    }

    async fn list_code_lists(
        &self,
        _: Request<ListCodeListsRequest>,
    ) -> Told<ListCodeListsResponse> {
        Err(Status::unimplemented(""))
    }

    async fn list_dimensions(
        &self,
        _: Request<ListDimensionsRequest>,
    ) -> Told<ListDimensionsResponse> {
        let dimensions = sample_exclusion::indicators().dimensions;
        Ok(Response::new(ListDimensionsResponse { dimensions, ..Default::default() }))
    }

    async fn list_collections(
        &self,
        _: Request<ListCollectionsRequest>,
    ) -> Told<ListCollectionsResponse> {
        Err(Status::unimplemented(""))
    }

    async fn list_organisations(
        &self,
        _: Request<ListOrganisationsRequest>,
    ) -> Told<ListOrganisationsResponse> {
        Err(Status::unimplemented(""))
    }

    async fn list_areas(&self, _: Request<ListAreasRequest>) -> Told<ListAreasResponse> {
        Err(Status::unimplemented(""))
    }

    async fn list_availability(
        &self,
        _: Request<ListAvailabilityRequest>,
    ) -> Told<ListAvailabilityResponse> {
        Err(Status::unimplemented(""))
    }
}

async fn serve() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let router = tonic::transport::Server::builder()
        .add_service(DigitalExclusionServiceServer::new(Fake))
        .add_service(ReferenceServiceServer::new(Fake));
    tokio::spawn(router.serve_with_incoming(TcpListenerStream::new(listener)));
    address
}

/// What a command line answers.
async fn told(line: &str, format: Format) -> Result<String, Failure> {
    use clap::Parser as _;
    let address = serve().await;
    let (mut out, answers, _) = captured::out(format);
    let cli = Cli::try_parse_from(line.split_whitespace()).unwrap();
    match cli.command {
        Command::Breakdown(args) => {
            crate::cli::breakdown::run(args.what, &address, &mut out).await?;
        }
        Command::Reference(args) => {
            crate::cli::reference::run(args.what, &address, &mut out).await?;
        }
        other => panic!("{other:?}"),
    }
    Ok(answers.text())
}

const TABLES: [(&str, &str, &str); 4] = [
    ("exclusion --from 2020-06", "Digital exclusion, ", "breakdown"),
    ("provision --from 2020-06", "Face-to-face provision, ", "provision"),
    ("impact --from 2020-06", "Channel impact, ", "impact"),
    ("risk", "Area risk, DX-10 Digital Exclusion Risk Index, ", "risk"),
];

#[tokio::test]
async fn every_table_in_every_format() {
    for (command, title, field) in TABLES {
        let line = format!("equity breakdown {command} --area QK1");
        let text = told(&format!("{line} --chart"), Format::Table).await.unwrap();
        assert!(text.contains(title) && text.contains("position  71"), "{text}");
        assert!(text.contains("####"), "no chart:\n{text}");
        assert!(!told(&line, Format::Table).await.unwrap().contains("####"));
        let json: serde_json::Value =
            serde_json::from_str(&told(&line, Format::Json).await.unwrap()).unwrap();
        assert_eq!(json["position"], 71);
        assert!(json[field]["rows"].as_array().is_some_and(|rows| rows.len() > 1), "{json}");
        let csv = told(&line, Format::Csv).await.unwrap();
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        assert!(reader.headers().unwrap().iter().any(|name| name == "unit"));
        assert!(reader.records().map(Result::unwrap).count() > 5);
    }
}

#[tokio::test]
async fn a_table_that_is_followed_has_one_header_and_one_line_of_json_each() {
    for (command, title, _) in TABLES {
        let line = format!("equity breakdown {command} --area QK1 --watch");
        assert_eq!(told(&line, Format::Table).await.unwrap().matches(title).count(), 2);
        assert_eq!(told(&line, Format::Json).await.unwrap().lines().count(), 2);
        let csv = told(&line, Format::Csv).await.unwrap();
        assert_eq!(csv.matches("collection,data_class").count(), 1, "{csv}");
        let lines = csv::Reader::from_reader(csv.as_bytes()).records().map(Result::unwrap).count();
        assert!(lines > 10 && lines % 2 == 0, "{lines}");
    }
}

#[tokio::test]
async fn what_the_service_refuses_ends_with_one() {
    for (command, _, _) in TABLES {
        let line = format!("equity breakdown {command} --area NO");
        let failure = told(&line, Format::Table).await.unwrap_err();
        assert!(
            matches!(&failure, Failure::Refused(status) if status.code() == tonic::Code::NotFound)
        );
        assert_eq!(failure.code(), 1);
    }
    let line = "equity breakdown exclusion --area QK1 --from 2020-06 --estimates none,gpps";
    assert_eq!(told(line, Format::Table).await.unwrap_err().code(), 2);
}

#[tokio::test]
async fn indicators_are_listed() {
    let line = "equity reference indicators --tag NHS-2122-P2";
    let text = told(line, Format::Table).await.unwrap();
    assert!(text.contains("DX-06") && text.contains("People who have it"), "{text}");
    assert!(!text.contains("polarity"), "{text}");
    let csv = told(line, Format::Csv).await.unwrap();
    assert!(
        csv.starts_with("indicator,label,unit,numerator,denominator,not_for_targets,unavailable"),
        "{csv}"
    );
    let json = told(line, Format::Json).await.unwrap();
    assert!(json.contains("\"unit\": \"DIFFERENCE\""), "{json}");
    let none = told("equity reference indicators --tag NONE", Format::Table).await.unwrap();
    assert_eq!(none, "nothing to list\n");
}

#[tokio::test]
async fn published_figures_are_listed_page_by_page() {
    let line = "equity reference estimates --indicator DX-12-USED --area QK1 --period 2018 --collection gpps --limit 7";
    let csv = told(line, Format::Csv).await.unwrap();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let lines: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(lines.len(), 7);
    let of: Vec<_> = [0, 1, 3, 6].iter().map(|column| &lines[6][*column]).collect();
    assert_eq!(of, ["DX-12-USED", "QK1", "2018", "gpps"]);
    let json = told(line, Format::Json).await.unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["estimates"].as_array().map(Vec::len), Some(7));
}

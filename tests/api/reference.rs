//! What the service says of itself: every code can be submitted, every dimension asked, every list paged; health and reflection.

use std::collections::BTreeSet;

use equity_indicators::proto::v1::{
    AccessRecord, CategoryState, CodeList, CodeMapping, ConsultationRecord, Dimension,
    ListAreasRequest, ListAvailabilityRequest, ListCodeListsRequest, ListCollectionsRequest,
    ListDimensionsRequest, ListOrganisationsRequest, SubmissionHeader,
};
use serde_json::{Value, json};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::support::{Refusal, TestServer, header, message, totals};

const SYNTHETIC: &str = "synthetic-llr";
/// Fields of access records alone. `online_any` is derived from three of them.
const ACCESS: [&str; 12] = [
    "online_any",
    "online_appointments",
    "online_prescriptions",
    "online_record",
    "app_registered",
    "app_active",
    "proxy_access",
    "mobile_recorded",
    "email_recorded",
    "exclusion_reason",
    "support_offered",
    "support_accepted",
];

async fn code_lists(server: &TestServer) -> Vec<CodeList> {
    let all = ListCodeListsRequest { page_size: 1_000, ..Default::default() };
    server.reference().list_code_lists(all).await.unwrap().into_inner().code_lists
}

async fn dimensions(server: &TestServer) -> Vec<Dimension> {
    let all = ListDimensionsRequest { page_size: 1_000, ..Default::default() };
    server.reference().list_dimensions(all).await.unwrap().into_inner().dimensions
}

/// A record with one coded field, by the field's name.
fn record(field: &str, code: &str) -> Option<ConsultationRecord> {
    let json = match field {
        "lead_time_band" => json!({"lead_time_band": code}),
        "age_band" => json!({"person": {"age_band": code}}),
        "disability" | "inclusion_group" | "local_group" => json!({"person": {field: [code]}}),
        "care_setting"
        | "channel"
        | "channel_provenance"
        | "attendance"
        | "staff_type"
        | "first_or_follow_up"
        | "residence_lsoa"
        | "face_to_face_offered"
        | "face_to_face_requested"
        | "interpreter_present"
        | "accessible_need_met"
        | "preferred_channel"
        | "national_category" => json!({field: code}),
        "date" => return None,
        _ => json!({"person": {field: code}}),
    };
    Some(message(json))
}

/// Fields that have dimensions, and the dimensions of each.
fn fields(dimensions: &[Dimension]) -> BTreeSet<(&str, &str)> {
    dimensions
        .iter()
        .filter(|dimension| !dimension.code_list.is_empty())
        .map(|dimension| (dimension.field.as_str(), dimension.code_list.as_str()))
        .collect()
}

/// Whether a category of the list is this one or lies within it, by parents.
fn within(list: &CodeList, inner: &str, outer: &str) -> bool {
    let mut at = inner.to_owned();
    loop {
        if at == outer {
            return true;
        }
        match list.categories.iter().find(|category| category.code == at) {
            Some(category) if !category.parent.is_empty() => at.clone_from(&category.parent),
            _ => return false,
        }
    }
}

#[tokio::test]
async fn every_code_of_every_system_comes_back_where_it_belongs() {
    let server = TestServer::start().await;
    let (lists, dimensions) = (code_lists(&server).await, dimensions(&server).await);
    let (mut systems, mut codes) = (0, 0);
    for (field, list) in fields(&dimensions).into_iter().filter(|(f, _)| !ACCESS.contains(f)) {
        let list = lists.iter().find(|one| one.id == list).unwrap();
        // The view of the same name, or the one with the most categories.
        let own = dimensions.iter().find(|dimension| dimension.id == field);
        let finest =
            dimensions.iter().filter(|d| d.field == field).max_by_key(|d| d.categories.len());
        let dimension = own.or(finest).unwrap();
        for system in &list.code_systems {
            systems += 1;
            // Small areas are many: enough of them.
            let step = if system.mappings.len() > 400 { 50 } else { 1 };
            let mappings: Vec<_> = system.mappings.iter().step_by(step).collect();
            codes += mappings.len();
            let rows: Vec<_> = mappings
                .iter()
                .enumerate()
                .map(|(number, mapping)| ConsultationRecord {
                    record_count: Some(1 << (number % 20)),
                    ..record(field, &mapping.source_code).unwrap()
                })
                .collect();
            let is_person = rows[0].person.is_some();
            let collected: &[&str] = if is_person { &[field] } else { &[] };
            let header = SubmissionHeader {
                code_systems: [(field.to_owned(), system.id.clone())].into(),
                ..header("04C", SYNTHETIC, "2020-04", collected)
            };
            let about = format!("{field} by {}", system.id);
            let total: i64 = rows.iter().map(|row| row.record_count.unwrap()).sum();
            if let Err(status) = server.submit(header, rows.clone()).await {
                panic!("{about}: {:?}", Refusal::of(&status));
            }
            if field == "channel" {
                continue; // Asked below, as columns.
            }
            let answer = server.ask(by(&dimension.id)).await.unwrap();
            let found = totals(&answer);
            assert_eq!(found[""], total, "{about}");
            for state in ["NOT_STATED", "ASKED_UNSURE", "NOT_KNOWN", "NOT_APPLICABLE", "NONE"] {
                let of_state = |mapping: &&equity_indicators::proto::v1::CodeMapping| {
                    mapping.state().as_str_name() == format!("CATEGORY_STATE_{state}")
                };
                let expected: i64 = mappings
                    .iter()
                    .zip(&rows)
                    .filter(|(mapping, _)| of_state(mapping))
                    .map(|(_, row)| row.record_count.unwrap())
                    .sum();
                assert_eq!(found.get(state).copied().unwrap_or(0), expected, "{about} {state}");
            }
            // Codes of the dimension's own categories, with nothing else in them, come back exactly.
            for category in &dimension.categories {
                let inside: i64 = mappings
                    .iter()
                    .zip(&rows)
                    .filter(|(mapping, _)| {
                        mapping.state() == CategoryState::Known
                            && within(list, &mapping.code, &category.code)
                    })
                    .map(|(_, row)| row.record_count.unwrap())
                    .sum();
                let of_category = found.get(&category.code).copied().unwrap_or(0);
                assert!(
                    of_category >= inside,
                    "{about} {}: {of_category} of {inside}",
                    category.code
                );
            }
            let answered: i64 = found
                .iter()
                .filter(|(key, _)| !matches!(key.as_str(), "" | "ANY"))
                .map(|(_, n)| n)
                .sum();
            assert_eq!(answered, total, "{about}: each code falls into one row");
        }
    }
    assert!(systems >= 30 && codes >= 500, "{systems} systems, {codes} codes");
}

#[tokio::test]
async fn every_code_of_access_records_comes_back_where_it_belongs() {
    let server = TestServer::start().await;
    let lists = code_lists(&server).await;
    let mut codes = 0;
    for field in ACCESS.into_iter().filter(|field| *field != "online_any") {
        let list = if field == "exclusion_reason" { field } else { "yes_no" };
        let list = lists.iter().find(|one| one.id == list).unwrap();
        for system in &list.code_systems {
            codes += system.mappings.len();
            let record = |(number, mapping): (usize, &CodeMapping)| -> AccessRecord {
                let code = &mapping.source_code;
                let value = if field == "exclusion_reason" { json!([code]) } else { json!(code) };
                message(json!({"record_count": 1 << number, field: value}))
            };
            let rows: Vec<_> = system.mappings.iter().enumerate().map(record).collect();
            let header = SubmissionHeader {
                code_systems: [(field.to_owned(), system.id.clone())].into(),
                ..header("04C", SYNTHETIC, "2020-04", &[])
            };
            server.submit_access(header, rows).await.unwrap();
            let found = totals(&server.table("exclusion", by(field)).await.unwrap());
            let mut expected = std::collections::BTreeMap::new();
            for (number, mapping) in system.mappings.iter().enumerate() {
                let state = mapping.state().as_str_name().trim_start_matches("CATEGORY_STATE_");
                let known = mapping.state() == CategoryState::Known;
                let keys = [if known { mapping.code.as_str() } else { state }, ""];
                let any = (known && field == "exclusion_reason").then_some("ANY");
                for key in keys.into_iter().chain(any) {
                    *expected.entry(key.to_owned()).or_insert(0) += 1_i64 << number;
                }
            }
            assert_eq!(found, expected, "{field} by {}", system.id);
        }
    }
    assert!(codes > 150, "{codes} codes");
}

fn by(dimension: &str) -> Value {
    json!({"query": {
        "collection": SYNTHETIC, "area": "QK1", "period": {"first": "2020-04"}, "by": [dimension]
    }})
}

#[tokio::test]
async fn every_dimension_can_be_asked() {
    let server = TestServer::start().await;
    let rows = vec![ConsultationRecord { channel: "VIDEO".into(), ..Default::default() }];
    server.submit(header("04C", SYNTHETIC, "2020-04", &[]), rows).await.unwrap();
    for dimension in dimensions(&server).await {
        if dimension.id == "channel" {
            continue;
        }
        let answer = server.ask(by(&dimension.id)).await.unwrap();
        assert_eq!(totals(&answer)[""], 1, "{}", dimension.id);
        assert!(answer.rows.len() >= 2, "{}: {answer:?}", dimension.id);
        let legend = &answer.dimensions[0];
        assert_eq!((&legend.dimension, &legend.label), (&dimension.id, &dimension.label));
        assert_eq!(legend.overlapping, dimension.overlapping);
        assert!(dimension.direction.is_empty() != dimension.ordered, "{}", dimension.id);
        let codes: BTreeSet<_> = dimension.categories.iter().map(|c| &c.code).collect();
        assert_eq!(codes.len(), dimension.categories.len(), "{}", dimension.id);
        for category in dimension.categories.iter().take(20) {
            let mut question = by(&dimension.id);
            question["query"]["by"] = json!([]);
            question["query"]["where"] =
                json!([{"dimension": dimension.id, "codes": [category.code]}]);
            let answer = server.ask(question).await.unwrap();
            let is_it = totals(&answer)[""] == 1;
            assert!(!is_it || dimension.id == "channel_mode", "{} {}", dimension.id, category.code);
        }
    }
}

/// Every page of a list, with this page size.
macro_rules! pages {
    ($server:expr, $method:ident, $request:expr, $field:ident, $size:expr) => {{
        let (mut found, mut token) = (Vec::new(), String::new());
        loop {
            let mut request = $request.clone();
            (request.page_size, request.page_token) = ($size, token);
            let page = $server.reference().$method(request).await.unwrap().into_inner();
            assert!(page.$field.len() <= $size as usize);
            found.extend(page.$field);
            token = page.next_page_token;
            if token.is_empty() {
                break found;
            }
        }
    }};
}

#[tokio::test]
async fn lists_agree_with_one_another_and_page() {
    let server = TestServer::start().await;
    for month in ["2020-04", "2020-05", "2020-06"] {
        let rows = vec![ConsultationRecord { record_count: Some(1), ..Default::default() }; 3];
        server.submit(header("04C", SYNTHETIC, month, &["sex"]), rows.clone()).await.unwrap();
        server.submit(header("04V", SYNTHETIC, month, &[]), rows).await.unwrap();
    }
    macro_rules! paged {
        ($method:ident, $request:expr, $field:ident) => {{
            let whole = pages!(server, $method, $request, $field, 1_000);
            for size in [1, 2, 7] {
                assert_eq!(pages!(server, $method, $request, $field, size), whole);
            }
            assert!(!whole.is_empty());
            whole
        }};
    }
    let lists = paged!(list_code_lists, ListCodeListsRequest::default(), code_lists);
    let dimensions = paged!(list_dimensions, ListDimensionsRequest::default(), dimensions);
    let collections = paged!(list_collections, ListCollectionsRequest::default(), collections);
    let areas = paged!(list_areas, ListAreasRequest::default(), areas);
    let all = ListOrganisationsRequest { area: "QK1".into(), ..Default::default() };
    let organisations = paged!(list_organisations, all, organisations);
    let there = ListAvailabilityRequest { collection: SYNTHETIC.into(), ..Default::default() };
    let availability = paged!(list_availability, there, availability);
    assert_eq!(availability.len(), 6);
    assert!(
        availability
            .iter()
            .all(|one| one.total_count == 3 && !one.total_withheld && one.version == 1)
    );
    let of_leicester = availability.iter().filter(|one| one.organisation == "04C");
    assert!(of_leicester.clone().all(|one| one.collected_fields.contains(&"sex".to_owned())));

    for dimension in &dimensions {
        let known = lists.iter().any(|list| list.id == dimension.code_list);
        assert!(known || dimension.code_list.is_empty(), "{dimension:?}");
    }
    for collection in &collections {
        let people = &collection.population_collection;
        assert!(people.is_empty() || collections.iter().any(|one| one.id == *people));
        let settings = lists.iter().find(|list| list.id == "care_setting").unwrap();
        for setting in &collection.care_settings {
            assert!(settings.categories.iter().any(|category| category.code == *setting));
        }
        assert!(!collection.provenance.is_empty());
    }
    let codes: BTreeSet<_> = areas.iter().map(|area| area.code.as_str()).collect();
    assert_eq!(codes.len(), areas.len());
    for area in &areas {
        assert!(area.parents.iter().all(|parent| codes.contains(parent.as_str())), "{area:?}");
        // No organisation belongs to a district: people live there. What is wider than all that is known here has only what
        // others published of it.
        let basis = if area.r#type == "district" { "RESIDENCE" } else { "PROVIDER" };
        let basis = format!("AREA_BASIS_{basis}");
        let query = json!({"area": area.code, "areaBasis": basis, "period": {"first": "2020-04"}});
        let is_wider = ["region", "country"].contains(&area.r#type.as_str());
        assert_eq!(server.ask(json!({"query": query})).await.is_err(), is_wider, "{area:?}");
    }
    for organisation in &organisations {
        assert!(organisation.areas.iter().all(|area| codes.contains(area.as_str())));
        assert!(organisation.areas.contains(&"QK1".to_owned()));
    }
    for list in &lists {
        let one = ListCodeListsRequest { code_list: list.id.clone(), ..Default::default() };
        let one = server.reference().list_code_lists(one).await.unwrap().into_inner();
        assert_eq!(one.code_lists, [list.clone()]);
        for system in &list.code_systems {
            for mapping in &system.mappings {
                let known = list.categories.iter().any(|category| category.code == mapping.code);
                assert!(known == (mapping.state() == CategoryState::Known), "{mapping:?}");
            }
        }
    }

    // Refusals.
    let mut client = server.reference();
    let token = client
        .list_areas(ListAreasRequest { page_size: 1, ..Default::default() })
        .await
        .unwrap()
        .into_inner()
        .next_page_token;
    let areas = |change: ListAreasRequest| {
        let mut client = client.clone();
        async move { client.list_areas(change).await.map(|_| ()) }
    };
    for (sent, reason) in [
        (
            areas(ListAreasRequest { r#type: "moon".into(), ..Default::default() }).await,
            "FIELD_INVALID",
        ),
        (areas(ListAreasRequest { page_size: -1, ..Default::default() }).await, "FIELD_INVALID"),
        (
            areas(ListAreasRequest {
                r#type: "pcn".into(),
                page_token: token.clone(),
                ..Default::default()
            })
            .await,
            "PAGE_TOKEN_INVALID",
        ),
        (
            client
                .list_dimensions(ListDimensionsRequest { page_token: token, ..Default::default() })
                .await
                .map(|_| ()),
            "PAGE_TOKEN_INVALID",
        ),
        (
            client
                .list_organisations(ListOrganisationsRequest {
                    area: "X".into(),
                    ..Default::default()
                })
                .await
                .map(|_| ()),
            "AREA_NOT_FOUND",
        ),
        (
            client.list_availability(ListAvailabilityRequest::default()).await.map(|_| ()),
            "COLLECTION_NOT_FOUND",
        ),
        (
            client
                .list_availability(ListAvailabilityRequest {
                    collection: SYNTHETIC.into(),
                    dataset: 9,
                    ..Default::default()
                })
                .await
                .map(|_| ()),
            "FIELD_INVALID",
        ),
    ] {
        assert_eq!(Refusal::of(&sent.unwrap_err()).reason, reason);
    }
}

#[tokio::test]
async fn health_and_both_reflections_answer() {
    let server = TestServer::start().await;
    let mut health = HealthClient::new(server.channel());
    let services = [
        "equity.v1.SubmissionService",
        "equity.v1.ConsultationChannelService",
        "equity.v1.ReferenceService",
    ];
    for service in services.into_iter().chain([""]) {
        let check = HealthCheckRequest { service: service.into() };
        let status = health.check(check).await.unwrap().into_inner().status();
        assert_eq!(status, ServingStatus::Serving, "{service}");
    }
    let nobody = HealthCheckRequest { service: "equity.v1.Nobody".into() };
    assert_eq!(health.check(nobody).await.unwrap_err().code(), tonic::Code::NotFound);

    macro_rules! reflected {
        ($version:ident) => {{
            use pb::server_reflection_request::MessageRequest;
            use pb::server_reflection_response::MessageResponse;
            use tonic_reflection::pb::$version as pb;
            let ask = |what: MessageRequest| pb::ServerReflectionRequest {
                host: String::new(),
                message_request: Some(what),
            };
            let mut client =
                pb::server_reflection_client::ServerReflectionClient::new(server.channel());
            let questions = tokio_stream::iter([
                ask(MessageRequest::ListServices(String::new())),
                ask(MessageRequest::FileContainingSymbol(services[0].into())),
            ]);
            let mut answers = client.server_reflection_info(questions).await.unwrap().into_inner();
            let mut next = async || answers.message().await.unwrap().unwrap().message_response;
            let Some(MessageResponse::ListServicesResponse(list)) = next().await else {
                panic!("no list")
            };
            let names: BTreeSet<_> = list.service.iter().map(|one| one.name.as_str()).collect();
            assert!(services.iter().all(|service| names.contains(service)), "{names:?}");
            let Some(MessageResponse::FileDescriptorResponse(file)) = next().await else {
                panic!("no file")
            };
            assert!(!file.file_descriptor_proto.is_empty());
        }};
    }
    reflected!(v1);
    reflected!(v1alpha);
}

//! Every text and list of every request at its largest, and far above it, beside a client that asks every 100 ms. What is above the
//! limit is refused by name, and so is a character that no text may have; nothing else goes wrong, and the others go on.

use bytes::Bytes;
use equity_indicators::cli::raw::Raw;
use equity_indicators::proto::v1::GetChannelBreakdownRequest;
use equity_indicators::proto::v1::consultation_channel_service_client::ConsultationChannelServiceClient;
use http::uri::PathAndQuery;
use prost_reflect::prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value,
};
use serde_json::json;
use tonic::transport::Channel;
use tonic::{Code, Status};

use super::good::goes_on_beside;
use super::support::soon;
use crate::support::{Refusal, TestServer};

/// Bytes of a request that is far too large for its fields, and not for a message.
const LARGE: usize = 900_000;

/// The way to a field, from the request on.
type Way = Vec<FieldDescriptor>;

fn option(field: &FieldDescriptor, name: &str) -> Option<i32> {
    let pool = field.parent_pool();
    let option = pool.get_extension_by_name(&format!("equity.v1.{name}")).unwrap();
    let options = field.options();
    options.has_extension(&option).then(|| options.get_extension(&option).as_i32())?
}

fn holds_rows(field: &FieldDescriptor) -> bool {
    let option = field.parent_pool().get_extension_by_name("equity.v1.holds_rows").unwrap();
    field.options().get_extension(&option).as_bool() == Some(true)
}

fn most_bytes(field: &FieldDescriptor) -> usize {
    option(field, "max_bytes").unwrap_or(256) as usize
}

fn most_entries(field: &FieldDescriptor) -> usize {
    option(field, "max_entries").unwrap_or(100) as usize
}

/// The ways to all texts and lists of a message.
fn ways(message: &MessageDescriptor, to: &Way, found: &mut Vec<Way>) {
    for field in message.fields().filter(|field| !holds_rows(field)) {
        let way: Way = to.iter().cloned().chain([field.clone()]).collect();
        let is_text = matches!(field.kind(), Kind::String);
        if is_text || field.is_list() || field.is_map() {
            found.push(way.clone());
        }
        if let Some(inner) = field.kind().as_message().filter(|_| !field.is_map()) {
            ways(inner, &way, found);
        }
    }
}

/// A message with what it takes for its other fields to be looked at.
fn begun(message: &MessageDescriptor) -> DynamicMessage {
    let fields = match message.name() {
        "BreakdownQuery" => json!({"area": "QK1", "period": {"first": "2020-04"}}),
        "Filter" => json!({"dimension": "residence_lsoa", "codes": ["E01013600"]}),
        "SubmissionHeader" => json!({
            "organisation": "04C", "collection": "synthetic-llr", "month": "2020-04",
            "requestId": "0b6e3c0e-9d7c-4a53-8f0e-2b1f6d1c7a55"
        }),
        _ => json!({}),
    };
    DynamicMessage::deserialize(message.clone(), fields).unwrap()
}

/// A value of a field: `entries` of a list, texts of `bytes`.
fn value(field: &FieldDescriptor, bytes: usize, entries: usize) -> Value {
    let one = |n: usize| match field.kind() {
        Kind::Message(inner) => Value::Message(begun(&inner)),
        // Different texts: equal ones are refused as such.
        _ => Value::String(
            format!("{n:0>width$}", width = bytes.min(8)).replace('0', "x")
                + &"x".repeat(bytes.saturating_sub(8)),
        ),
    };
    if field.is_map() {
        let text = |n: usize| MapKey::String(format!("{n:x>width$}", width = bytes.min(8)));
        return Value::Map((0..entries).map(|n| (text(n), Value::String("x".into()))).collect());
    }
    if field.is_list() { Value::List((0..entries).map(one).collect()) } else { one(0) }
}

/// Puts a value at the end of a way.
fn put(message: &mut DynamicMessage, way: &[FieldDescriptor], value: Value) {
    let [field, rest @ ..] = way else { return };
    if rest.is_empty() {
        return message.set_field(field, value);
    }
    let kind = field.kind();
    let mut inner = begun(kind.as_message().unwrap());
    put(&mut inner, rest, value);
    let inner = Value::Message(inner);
    message.set_field(field, if field.is_list() { Value::List(vec![inner]) } else { inner });
}

/// How a refusal names the field: with the number of the entry if an entry is wrong.
fn name(way: &Way, entry: bool) -> String {
    let step = |(n, field): (usize, &FieldDescriptor)| {
        let numbered = field.is_list() && (entry || n + 1 < way.len());
        format!("{}{}", field.name(), if numbered { "[0]" } else { "" })
    };
    way.iter().enumerate().map(step).collect::<Vec<_>>().join(".")
}

/// Where the service is that is held against it: one of another build, if the environment names its address, or one of this build.
struct Target {
    address: String,
    _server: Option<TestServer>,
}

impl Target {
    async fn new() -> Self {
        if let Ok(address) = std::env::var("EQUITY_LIMITS_SERVICE") {
            return Self { address, _server: None };
        }
        let server = TestServer::start().await;
        let address = format!("http://{}", server.address());
        Self { address, _server: Some(server) }
    }

    /// A connection of its own.
    async fn channel(&self) -> Channel {
        Channel::from_shared(self.address.clone()).unwrap().connect().await.unwrap()
    }
}

/// Sends a request to a method; whatever the kind of its answer, the first message of it.
async fn send(channel: &Channel, path: &str, request: &DynamicMessage) -> Result<(), Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let request = tokio_stream::once(Bytes::from(request.encode_to_vec()));
    let path = PathAndQuery::try_from(path).unwrap();
    let answer = grpc.streaming(tonic::Request::new(request), path, Raw).await?;
    answer.into_inner().message().await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn largest_fields_of_every_request_hold_nobody_up() {
    let target = Target::new().await;
    let pool = DescriptorPool::decode(equity_indicators::proto::FILE_DESCRIPTOR_SET).unwrap();
    let channels = ConsultationChannelServiceClient::new(target.channel().await);
    let asked: GetChannelBreakdownRequest =
        crate::support::message(json!({"query": {"area": "QK1", "period": {"first": "2020-04"}}}));
    let ask = move || {
        let (mut channels, asked) = (channels.clone(), asked.clone());
        async move { channels.get_channel_breakdown(asked).await.map(drop) }
    };
    let channel = target.channel().await;
    let send_all = async || {
        let tried = every_field_at_its_largest(&pool, &channel).await;
        assert!(tried > 300, "{tried}");
    };
    goes_on_beside("requests with a field at its largest, or larger", ask, send_all).await;
}

/// Sends every field of every request at its largest, and larger; how many requests these are.
async fn every_field_at_its_largest(pool: &DescriptorPool, channel: &Channel) -> usize {
    let mut tried = 0;
    for method in pool.services().flat_map(|service| service.methods().collect::<Vec<_>>()) {
        let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
        let mut found = Vec::new();
        ways(&method.input(), &Vec::new(), &mut found);
        for way in found {
            let field = way.last().unwrap();
            let (bytes, entries) = (most_bytes(field), most_entries(field));
            let is_text = matches!(field.kind(), Kind::String) && !field.is_map();
            let many = LARGE / if is_text { 14 } else { 80 };
            if is_text {
                let mut request = begun(&method.input());
                let text = Value::String("a\u{202e}b".into());
                put(
                    &mut request,
                    &way,
                    if field.is_list() { Value::List(vec![text]) } else { text },
                );
                let answer = soon(send(channel, &path, &request)).await;
                let name = name(&way, true);
                let refusal = Refusal::of(&answer.expect_err(&name));
                assert_eq!(refusal.short(), ("FIELD_INVALID", &*name), "{path}: U+202E");
            }
            // (bytes of a text, entries of a list, the field that is refused)
            let mut sizes = vec![(bytes, entries, None)];
            if is_text {
                sizes.push((LARGE, 1, Some(name(&way, true))));
            }
            if field.is_list() || field.is_map() {
                sizes.push((8, many, Some(name(&way, false))));
            }
            for (bytes, entries, refused) in sizes {
                let mut request = begun(&method.input());
                // Not more than a message may have.
                let entries = entries.min((LARGE / bytes).max(1));
                put(&mut request, &way, value(field, bytes, entries));
                let case = format!("{path} {} {bytes} bytes, {entries} entries", name(&way, false));
                let answer = soon(send(channel, &path, &request)).await;
                tried += 1;
                let Some(refused) = refused else {
                    let code = answer.map_or_else(|status| status.code(), |()| Code::Ok);
                    let ours =
                        [Code::Internal, Code::Unavailable, Code::DeadlineExceeded, Code::Unknown];
                    assert!(!ours.contains(&code), "{case}: {code:?}");
                    continue;
                };
                let refusal = Refusal::of(&answer.expect_err(&case));
                assert_eq!(refusal.short(), ("FIELD_INVALID", &*refused), "{case}");
            }
        }
    }
    tried
}

//! Every text, list and map of every request at its largest, and far above it, beside a client that asks every 100 ms. What is above the
//! limit is refused by name, and so is a character that no text may have; nothing else goes wrong, and the others go on. The fields are
//! found by reflection, those of rows too: a new field is tried, and one that has to be there and has no example fails the test.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use equity_indicators::cli::raw::Raw;
use equity_indicators::domain::text::EXPECTED;
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

/// Whether a field has to be there for a request to be looked at.
fn is_required(field: &FieldDescriptor) -> bool {
    let pool = field.parent_pool();
    let behaviour = pool.get_extension_by_name("google.api.field_behavior").unwrap();
    let options = field.options();
    let all = options.get_extension(&behaviour);
    // REQUIRED.
    all.as_list().unwrap().iter().any(|one| one.as_enum_number() == Some(2))
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

/// Whether a field is tried.
fn is_tried(field: &FieldDescriptor) -> bool {
    matches!(field.kind(), Kind::String | Kind::Bytes) || field.is_list() || field.is_map()
}

/// The ways to all texts, lists and maps of a message.
fn ways(message: &MessageDescriptor, to: &Way, found: &mut Vec<Way>) {
    for field in message.fields() {
        let way: Way = to.iter().cloned().chain([field.clone()]).collect();
        if is_tried(&field) {
            found.push(way.clone());
        }
        if let Some(inner) = field.kind().as_message().filter(|_| !field.is_map()) {
            ways(inner, &way, found);
        }
    }
}

/// Full names of the fields of a message that have to be tried. Counted apart from [`ways`], to find what these leave out.
fn fields_of(message: &MessageDescriptor, seen: &mut BTreeSet<String>, all: &mut BTreeSet<String>) {
    if message.is_map_entry() || !seen.insert(message.full_name().to_owned()) {
        return;
    }
    for field in message.fields() {
        if is_tried(&field) {
            all.insert(field.full_name().to_owned());
        }
        if let Some(inner) = field.kind().as_message() {
            fields_of(inner, seen, all);
        }
    }
}

/// A text that a field takes, as far as the field can be looked at alone.
fn example(field: &FieldDescriptor) -> &'static str {
    let of = field.parent_message().name().to_owned();
    match (&*of, field.name()) {
        ("GetReleaseRequest", "name") => "releases/2026-11",
        ("ListAvailabilityRequest" | "SubmissionHeader", "collection") => "synthetic-llr",
        ("ListChannelAssessmentsRequest", "parent") => "organisations/04C",
        ("ListSubmissionsRequest", "parent") => "collections/-",
        ("EstimateKey", "code") => "1",
        ("EstimateRecord", "area") => "QK1",
        (_, "name" | "parent") => "collections/synthetic-llr/submissions/04C-2020-04-1",
        (_, "organisation") => "04C",
        (_, "month" | "first_month" | "first" | "period") => "2020-04",
        (_, "assess_date") => "2024-05-06",
        (_, "dimension") => "residence_lsoa",
        (_, "codes") => "E01013600",
        (_, "indicator") => "DX-12",
        (_, "column") => "CH-01/TELEPHONE",
        (_, "target") => "C20-MAT-CORE20",
        (_, "table_id") => "channels",
        (_, "release_id") => "2026-11",
        (_, "person_key") => "somebody",
        (_, "person_key_scheme") => "test",
        (_, "uri") => "https://example.org",
        (_, "event_ids") => "0b6e3c0e-9d7c-4a53-8f0e-2b1f6d1c7a55",
        (_, "text" | "owner_role" | "reason" | "publisher" | "title" | "edition" | "licence") => {
            "Fine."
        }
        _ => panic!("{} has to be there, and has no example here", field.full_name()),
    }
}

/// What a field holds that has to be there.
fn required(field: &FieldDescriptor) -> Value {
    let one = match field.kind() {
        Kind::Message(inner) => Value::Message(begun(&inner)),
        Kind::String if field.name() == "request_id" => {
            Value::String(uuid::Uuid::new_v4().to_string())
        }
        Kind::String => Value::String(example(field).to_owned()),
        Kind::Int64 => Value::I64(1),
        Kind::Double => Value::F64(0.5),
        Kind::Enum(_) => Value::EnumNumber(1),
        other => panic!("{}: {other:?}", field.full_name()),
    };
    if field.is_list() { Value::List(vec![one]) } else { one }
}

/// A message with what it takes for its other fields to be looked at.
fn begun(message: &MessageDescriptor) -> DynamicMessage {
    let fields = match message.name() {
        "BreakdownQuery" => json!({"area": "QK1", "period": {"first": "2020-04"}}),
        "BreakdownQuestion" | "ShareQuestion" => {
            json!({"channels": {"query": {"area": "QK1", "period": {"first": "2020-04"}}}})
        }
        "SubmissionHeader" => json!({"allowShrinking": true}),
        "EstimatesHeader" => json!({"submission": {
            "organisation": "ONS", "collection": "ons-internet-users", "month": "2020-04",
            "requestId": uuid::Uuid::new_v4().to_string(), "allowShrinking": true
        }}),
        "EstimateSource" => json!({"series": "labour-force-survey"}),
        _ => json!({}),
    };
    let mut begun = DynamicMessage::deserialize(message.clone(), fields).unwrap();
    for field in message.fields().filter(is_required) {
        if begun.has_field(&field) {
            continue;
        }
        begun.set_field(&field, required(&field));
    }
    begun
}

/// A value of a field: `entries` of a list or map, texts of `bytes`.
fn value(field: &FieldDescriptor, bytes: usize, entries: usize) -> Value {
    // Different texts: equal ones are refused as such.
    let text = |n: usize| {
        let number = format!("{n:0>width$}", width = bytes.min(8)).replace('0', "x");
        number + &"x".repeat(bytes.saturating_sub(8))
    };
    let one = |n: usize| match field.kind() {
        Kind::Message(inner) => Value::Message(begun(&inner)),
        Kind::Enum(_) => Value::EnumNumber(1),
        _ => Value::String(text(n)),
    };
    if field.is_map() {
        let entry = |n: usize| (MapKey::String(text(n)), Value::String(text(0)));
        return Value::Map((0..entries).map(entry).collect());
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

/// Whether a way leads into rows, which are read one by one.
fn leads_into_rows(way: &Way) -> bool {
    way.iter().any(holds_rows)
}

/// The messages of a call: rows come behind a header.
fn messages(input: &MessageDescriptor, way: &Way, value: Value) -> Vec<DynamicMessage> {
    let mut last = begun(input);
    put(&mut last, way, value);
    if leads_into_rows(way) { vec![begun(input), last] } else { vec![last] }
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

/// Sends the messages of a request to a method; whatever the kind of its answer, the first message of it.
async fn send(channel: &Channel, path: &str, messages: &[DynamicMessage]) -> Result<(), Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let messages = messages.iter().map(|message| Bytes::from(message.encode_to_vec()));
    let request = tokio_stream::iter(messages.collect::<Vec<_>>());
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
        let (mut seen, mut all) = (BTreeSet::new(), BTreeSet::new());
        for method in pool.services().flat_map(|service| service.methods().collect::<Vec<_>>()) {
            fields_of(&method.input(), &mut seen, &mut all);
        }
        let names: BTreeSet<_> = tried.keys().cloned().collect();
        assert_eq!(names, all, "fields that are tried, and fields that there are");
        // What is refused at its largest is wrong for what it says: there is no such code, or no such form. Any words will do in these.
        for (field, why) in tried.iter().filter_map(|(field, why)| Some((field, why.as_ref()?))) {
            let (_, name) = field.rsplit_once('.').unwrap();
            assert!(!FREE_TEXT.contains(&name), "{field} is refused at its largest: {why}");
        }
        for name in FREE_TEXT {
            assert!(names.iter().any(|field| field.ends_with(&format!(".{name}"))), "{name}");
        }
        assert!(all.len() > 150, "{}", all.len());
    };
    goes_on_beside("requests with a field at its largest, or larger", ask, send_all).await;
}

/// Full names of the fields that were tried, and why the service refuses one at its largest, if it does.
type Tried = BTreeMap<String, Option<String>>;

/// Sends every field of every request at its largest, and larger.
async fn every_field_at_its_largest(pool: &DescriptorPool, channel: &Channel) -> Tried {
    let mut tried = Tried::new();
    for method in pool.services().flat_map(|service| service.methods().collect::<Vec<_>>()) {
        let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
        let mut found = Vec::new();
        ways(&method.input(), &Vec::new(), &mut found);
        for way in &found {
            let why = one_field(channel, &path, &method.input(), way).await;
            let before = tried.entry(way.last().unwrap().full_name().to_owned()).or_default();
            *before = before.take().or(why);
        }
        if found.iter().any(leads_into_rows) {
            let large = rows_at_their_largest(&method.input());
            let answer = soon(send(channel, &path, &large)).await;
            let refusal = Refusal::of(&answer.expect_err(&path));
            assert_eq!(refusal.reason, "ROWS_INVALID", "{path}: whole rows at their largest");
        }
    }
    tried
}

/// Texts in which any words are taken.
const FREE_TEXT: [&str; 8] =
    ["text", "owner_role", "reason", "publisher", "title", "edition", "licence", "base"];
/// Most bytes of a text of a row.
const ROW_BYTES: usize = 128;
/// Most bytes of all texts of a field of a row.
const ROW_BYTES_TOGETHER: usize = 2_048;

/// Characters that no text has: the end of a text in C, the begin of a command to a terminal, an override of the writing direction.
const FORBIDDEN: [char; 3] = ['\0', '\u{1b}', '\u{202e}'];

/// What a refusal says of a field of this name, which a row may call by the end of it: a sentence for each problem.
fn said_of(refusal: &Refusal, name: &str) -> Option<String> {
    // A row does not number the entries of its lists of codes.
    let list = name.strip_suffix("[0]").unwrap_or(name);
    let is_named =
        |of: &str| [name, list].iter().any(|name| *name == of || name.ends_with(&format!(".{of}")));
    let said = refusal.fields.iter().filter(|(of, _)| is_named(of)).map(|(_, what)| &**what);
    let said: Vec<_> = said.collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// One field with characters that no text has, at its largest, and larger. Why it is refused at its largest, if it is.
async fn one_field(
    channel: &Channel,
    path: &str,
    input: &MessageDescriptor,
    way: &Way,
) -> Option<String> {
    let field = way.last().unwrap();
    let rows = leads_into_rows(way);
    let bytes = if rows { ROW_BYTES } else { most_bytes(field) };
    // The codes of one field of a row have a limit together, and what separates them counts.
    let entries = if rows { ROW_BYTES_TOGETHER / (ROW_BYTES + 1) } else { most_entries(field) };
    let is_text = matches!(field.kind(), Kind::String) && !field.is_map();
    let many = LARGE / if is_text { 14 } else { 80 };
    // Rows are at their largest together, too.
    let large = if rows { LARGE / 10 } else { LARGE };
    let refused = async |value: Value, name: &str, what: &str| {
        let answer = soon(send(channel, path, &messages(input, way, value))).await;
        let case = format!("{path} {name}: {what}");
        let refusal = Refusal::of(&answer.expect_err(&case));
        let reason = if rows { "ROWS_INVALID" } else { "FIELD_INVALID" };
        assert_eq!(refusal.reason, reason, "{case}");
        said_of(&refusal, name).unwrap_or_else(|| panic!("{case}: {refusal:?}"))
    };
    // (bytes of a text, entries of a list)
    let taken = async |bytes: usize, entries: usize| {
        // Not more than a message may have.
        let entries = entries.min((LARGE / bytes).max(1));
        let request = messages(input, way, value(field, bytes, entries));
        let answer = soon(send(channel, path, &request)).await;
        let Err(status) = answer else { return None };
        let ours = [Code::Internal, Code::Unavailable, Code::DeadlineExceeded, Code::Unknown];
        let case = format!("{path} {} {bytes} bytes, {entries} entries", name(way, false));
        assert!(!ours.contains(&status.code()), "{case}: {status:?}");
        let refusal = Refusal::of(&status);
        let said = [true, false].map(|entry| said_of(&refusal, &name(way, entry)));
        let said = said.into_iter().flatten().next()?;
        // It may be wrong for what it says, and not for how long it is.
        let is_too_long = said.contains("are allowed") || said.contains("at most 128 bytes");
        assert!(!is_too_long, "{case}: {said}");
        Some(said)
    };
    let why = taken(bytes, entries).await;
    if is_text {
        for forbidden in FORBIDDEN {
            let text = Value::String(format!("a{forbidden}b"));
            let text = if field.is_list() { Value::List(vec![text]) } else { text };
            let what = format!("U+{:04X}", u32::from(forbidden));
            let said = refused(text, &name(way, true), &what).await;
            // One rule, and one sentence for it.
            assert!(said.contains(EXPECTED), "{path} {} {what}: {said}", name(way, true));
        }
        refused(value(field, large, 1), &name(way, true), "a large text").await;
    }
    if field.is_map() {
        let entry = |key: String, value: String| {
            Value::Map([(MapKey::String(key), Value::String(value))].into())
        };
        let (large, of) = ("x".repeat(LARGE), name(way, false));
        refused(entry(large.clone(), "x".into()), &format!("{of}[0].key"), "a large key").await;
        refused(entry("x".into(), large), &format!("{of}[0].value"), "a large value").await;
    }
    if !rows && (field.is_list() || field.is_map()) {
        refused(value(field, 8, many), &name(way, false), "a long list").await;
    }
    why
}

/// A header, and as many rows as a message has room for: every text and list of each at its largest.
fn rows_at_their_largest(input: &MessageDescriptor) -> Vec<DynamicMessage> {
    let mut batches = input.fields().filter(holds_rows);
    let batch = batches.next().unwrap();
    let kind = batch.kind();
    let records = kind.as_message().unwrap().get_field_by_name("records").unwrap();
    let kind = records.kind();
    let row = |number| full(kind.as_message().unwrap(), number);
    let count = (LARGE / row(0).encoded_len()).max(2);
    let rows = Value::List((0..count).map(|number| Value::Message(row(number))).collect());
    messages(input, &vec![batch, records], rows)
}

/// A row whose texts and lists are all at their largest, and other ones than in rows with other numbers: each is looked for.
fn full(message: &MessageDescriptor, number: usize) -> DynamicMessage {
    let mut full = begun(message);
    let entries = ROW_BYTES_TOGETHER / (ROW_BYTES + 1);
    let text =
        |entry: usize| Value::String(format!("{:x<ROW_BYTES$}", format!("{number}-{entry}-")));
    for field in message.fields() {
        match field.kind() {
            Kind::Message(inner) if !field.is_list() && !field.is_map() => {
                full.set_field(&field, Value::Message(self::full(&inner, number)));
            }
            Kind::String if field.is_list() => {
                full.set_field(&field, Value::List((0..entries).map(text).collect()));
            }
            Kind::String => full.set_field(&field, text(0)),
            _ if is_tried(&field) => {
                full.set_field(&field, value(&field, ROW_BYTES, entries));
            }
            _ => {}
        }
    }
    full
}

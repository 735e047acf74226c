//! What a caller has to give, what a call does when repeated, and which numbers are allowed.

use std::collections::BTreeMap;

use prost_reflect::prost_types::method_options::IdempotencyLevel;
use prost_reflect::{DescriptorPool, FieldDescriptor, Kind, MessageDescriptor, Value};

use super::{assert_caught, assert_none, contract, messages, ours, trial};

/// Names of the `google.api.field_behavior` of a field.
pub(super) fn field_behaviours(pool: &DescriptorPool, field: &FieldDescriptor) -> Vec<String> {
    let extension = pool.get_extension_by_name("google.api.field_behavior").unwrap();
    let kind = pool.get_enum_by_name("google.api.FieldBehavior").unwrap();
    let options = field.options();
    let value = options.get_extension(&extension);
    let numbers = value.as_list().unwrap_or_default().iter().filter_map(Value::as_enum_number);
    numbers
        .map(|n| kind.get_value(n).map_or_else(|| n.to_string(), |v| v.name().to_owned()))
        .collect()
}

/// Every message of ours that a caller can send.
fn sent_by_callers(pool: &DescriptorPool) -> BTreeMap<String, MessageDescriptor> {
    let services = ours(pool).flat_map(|f| f.services().collect::<Vec<_>>());
    let mut open: Vec<_> =
        services.flat_map(|s| s.methods().map(|rpc| rpc.input()).collect::<Vec<_>>()).collect();
    let mut found = BTreeMap::new();
    while let Some(message) = open.pop() {
        let is_new = !found.contains_key(message.full_name());
        if !is_new || !message.package_name().starts_with("equity.") {
            continue;
        }
        open.extend(message.fields().filter_map(|f| f.kind().as_message().cloned()));
        found.insert(message.full_name().to_owned(), message);
    }
    found.retain(|_, message| !message.is_map_entry());
    found
}

/// Every field that a caller can send says whether it has to be there, or that the service fills it in.
fn required_or_optional(pool: &DescriptorPool) -> Vec<String> {
    let mut problems = Vec::new();
    for field in sent_by_callers(pool).values().flat_map(MessageDescriptor::fields) {
        let said = field_behaviours(pool, &field);
        if !["REQUIRED", "OPTIONAL", "OUTPUT_ONLY"].iter().any(|one| said == [*one]) {
            problems.push(format!("{}: field_behavior {said:?}", field.full_name()));
        }
    }
    problems
}

/// Every RPC says what repeating it does.
fn idempotency(pool: &DescriptorPool) -> Vec<String> {
    let mut problems = Vec::new();
    for service in ours(pool).flat_map(|f| f.services().collect::<Vec<_>>()) {
        for rpc in service.methods() {
            let level = rpc.method_descriptor_proto().options.clone().unwrap_or_default();
            if level.idempotency_level() == IdempotencyLevel::IdempotencyUnknown {
                problems.push(format!("{}: no idempotency_level", rpc.full_name()));
            }
        }
    }
    problems
}

/// No unsigned numbers: many languages have none.
fn unsigned(pool: &DescriptorPool) -> Vec<String> {
    let is_unsigned = |f: &FieldDescriptor| {
        matches!(f.kind(), Kind::Uint32 | Kind::Uint64 | Kind::Fixed32 | Kind::Fixed64)
    };
    let all = ours(pool).flat_map(|f| messages(&f)).flat_map(|m| m.fields().collect::<Vec<_>>());
    all.filter(is_unsigned).map(|f| format!("{}: unsigned", f.full_name())).collect()
}

#[test]
fn calls_and_fields_say_how_they_behave() {
    let pool = contract();
    assert_none(&required_or_optional(&pool));
    assert_none(&idempotency(&pool));
    assert_none(&unsigned(&pool));
}

#[test]
fn the_messages_of_callers_are_all_found() {
    let found = sent_by_callers(&contract());
    for name in ["SubmissionHeader", "PersonCharacteristics", "BreakdownQuery", "Filter", "AsOf"] {
        assert!(found.contains_key(&format!("equity.v1.{name}")), "{name} in {:?}", found.keys());
    }
    assert!(!found.contains_key("equity.v1.Receipt"));
}

#[test]
fn offenders_are_caught() {
    let pool = trial(
        "message GetThingRequest {
           Inner inner = 1 [(google.api.field_behavior) = REQUIRED];
           uint64 size = 2 [(google.api.field_behavior) = OPTIONAL];
         }
         message Inner { string silent = 1; string set = 2 [(google.api.field_behavior) = IMMUTABLE];
           string filled = 3 [(google.api.field_behavior) = OUTPUT_ONLY]; }
         message GetThingResponse { fixed32 small = 1; }
         service ThingService { rpc GetThing(GetThingRequest) returns (GetThingResponse); }",
    );
    assert_caught(&required_or_optional(&pool), "Inner.silent: field_behavior []");
    assert_caught(&required_or_optional(&pool), "Inner.set: field_behavior [\"IMMUTABLE\"]");
    assert_eq!(required_or_optional(&pool).len(), 2);
    assert_caught(&idempotency(&pool), "GetThing: no idempotency_level");
    assert_caught(&unsigned(&pool), "GetThingRequest.size: unsigned");
    assert_caught(&unsigned(&pool), "GetThingResponse.small: unsigned");
}

//! A comment on every element, in whole sentences, that says more than the element's name: the contract is the documentation that
//! partners get.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{DescriptorPool, FileDescriptor};

use super::{assert_caught, assert_none, contract, enums, messages, ours, trial};

/// Where descriptor.proto keeps `syntax`: the comment above it is the file's.
const SYNTAX: &[i32] = &[12];

/// Path of an element in the file → the comment before it.
pub(super) fn by_path(file: &FileDescriptor) -> BTreeMap<Vec<i32>, String> {
    let info = file.file_descriptor_proto().source_code_info.clone().unwrap_or_default();
    let comment = |at: prost_reflect::prost_types::source_code_info::Location| {
        Some((at.path, at.leading_comments?))
    };
    info.location.into_iter().filter_map(comment).collect()
}

/// Every element that has to be explained: its name and its path.
fn elements(file: &FileDescriptor) -> Vec<(String, Vec<i32>)> {
    let mut all = vec![(file.name().to_owned(), SYNTAX.to_vec())];
    for message in messages(file) {
        all.push((message.full_name().to_owned(), message.path().to_vec()));
        for field in message.fields() {
            all.push((field.full_name().to_owned(), field.path().to_vec()));
        }
        for oneof in message.oneofs().filter(|o| !o.is_synthetic()) {
            all.push((oneof.full_name().to_owned(), oneof.path().to_vec()));
        }
    }
    for kind in enums(file) {
        all.push((kind.full_name().to_owned(), kind.path().to_vec()));
        for value in kind.values() {
            all.push((value.full_name().to_owned(), value.path().to_vec()));
        }
    }
    for service in file.services() {
        all.push((service.full_name().to_owned(), service.path().to_vec()));
        for rpc in service.methods() {
            all.push((rpc.full_name().to_owned(), rpc.path().to_vec()));
        }
    }
    all
}

fn is_sentence(paragraph: &str) -> bool {
    let text = paragraph.trim();
    text.starts_with("grpcurl ") // a command to paste, not a sentence
        || (text.ends_with(['.', '?', '!', '…']) && text.chars().filter(|c| c.is_alphabetic()).count() > 3)
}

/// Words that say nothing by themselves.
const EMPTY_WORDS: [&str; 24] = [
    "a", "an", "and", "are", "as", "at", "be", "by", "for", "in", "is", "it", "its", "of", "on",
    "or", "that", "the", "these", "this", "those", "to", "was", "with",
];

/// Words of a text or of a name, `snake_case` or `CamelCase`, without plurals.
fn words(text: &str) -> BTreeSet<String> {
    let mut spaced = String::new();
    let mut before = ' ';
    for letter in text.chars() {
        if before.is_lowercase() && letter.is_uppercase() {
            spaced.push(' ');
        }
        spaced.push(if letter.is_alphanumeric() { letter } else { ' ' });
        before = letter;
    }
    let spaced = spaced.to_lowercase();
    let stem = |word: &str| match word.strip_suffix('s') {
        Some(stem) if word.len() > 3 => stem.to_owned(),
        _ => word.to_owned(),
    };
    spaced.split_whitespace().map(stem).collect()
}

/// Whether a comment has no word that the name has not.
fn repeats_the_name(name: &str, comment: &str) -> bool {
    let name = words(name.rsplit('.').next().unwrap_or(name));
    let empty: BTreeSet<String> = EMPTY_WORDS.iter().flat_map(|word| words(word)).collect();
    words(comment).iter().all(|word| name.contains(word) || empty.contains(word))
}

fn comments(pool: &DescriptorPool) -> Vec<String> {
    let mut problems = Vec::new();
    for file in ours(pool) {
        let there = by_path(&file);
        for (name, path) in elements(&file) {
            let Some(comment) = there.get(&path).filter(|c| !c.trim().is_empty()) else {
                problems.push(format!("{name}: no comment"));
                continue;
            };
            for paragraph in comment.split("\n\n").filter(|p| !is_sentence(p)) {
                problems.push(format!("{name}: not a sentence: {:?}", paragraph.trim()));
            }
            if path != SYNTAX && repeats_the_name(&name, comment) {
                problems.push(format!("{name}: says no more than the name: {:?}", comment.trim()));
            }
        }
    }
    problems
}

#[test]
fn every_element_is_explained() {
    assert_none(&comments(&contract()));
}

#[test]
fn every_kind_of_element_is_looked_at() {
    let pool = trial(
        "message Thing {
           message Inner { string deep = 1; }
           enum Kind { KIND_UNSPECIFIED = 0; }
           oneof part { string left = 1; }
           map<string, string> labels = 2;
           optional string own = 3;
         }
         enum Colour { COLOUR_UNSPECIFIED = 0; }
         service ThingService { rpc GetThing(Thing) returns (Thing); }",
    );
    let problems = comments(&pool);
    let expected = [
        "Thing",
        "Thing.Inner",
        "Thing.Inner.deep",
        "Thing.Kind",
        "Thing.KIND_UNSPECIFIED",
        "Thing.part",
        "Thing.left",
        "Thing.labels",
        "Thing.own",
        "Colour",
        "COLOUR_UNSPECIFIED",
        "ThingService",
        "ThingService.GetThing",
    ];
    for name in expected {
        assert_caught(&problems, &format!("equity.v1.{name}: no comment"));
    }
    assert_eq!(problems.len(), expected.len(), "{problems:#?}");
}

#[test]
fn offenders_are_caught() {
    let pool = trial("// A thing without an end\nmessage Thing {}\n// ...\nmessage Dots {}");
    assert_caught(&comments(&pool), "Thing: not a sentence: \"A thing without an end\"");
    assert_caught(&comments(&pool), "Dots: not a sentence");
}

#[test]
fn comments_that_repeat_the_name_are_caught() {
    let pool = trial(
        "// The things of a list.
         message ListThings {
           // Name of the area.
           string area_name = 1;
           // Words for `area`.
           string area_words = 2;
           // Lower limit of the areas that are listed.
           double lower = 3;
         }
         // A unit.
         enum Unit {
           // Unit: days.
           UNIT_DAYS = 0;
         }
         // Lists things, by id.
         service ThingService {
           // Gets the thing.
           rpc GetThing(ListThings) returns (ListThings);
         }",
    );
    let problems = comments(&pool);
    let expected =
        ["ListThings", "ListThings.area_name", "ListThings.area_words", "Unit", "UNIT_DAYS"];
    for name in expected {
        assert_caught(&problems, &format!("equity.v1.{name}: says no more than the name"));
    }
    assert_caught(&problems, "equity.v1.ThingService.GetThing: says no more than the name");
    assert_eq!(problems.len(), expected.len() + 1, "{problems:#?}");
}

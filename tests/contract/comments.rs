//! A comment on every element, in whole sentences: the contract is the documentation that partners get.

use std::collections::BTreeMap;

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
const EMPTY: &[&str] = &[
    "a", "an", "and", "as", "at", "by", "each", "every", "for", "from", "in", "is", "it", "its",
    "of", "on", "one", "or", "that", "the", "their", "this", "to", "what", "which", "with",
];

/// The words of a text, in small letters and without the `s` of plurals: `TableColumn`, `table_columns` and `columns of the table`
/// have the same.
fn words(text: &str) -> std::collections::BTreeSet<String> {
    let mut spaced = String::new();
    let mut before_is_small = false;
    for letter in text.chars() {
        if letter.is_uppercase() && before_is_small {
            spaced.push(' ');
        }
        before_is_small = letter.is_lowercase();
        spaced.push(letter);
    }
    let words = spaced.split(|letter: char| !letter.is_alphanumeric()).map(str::to_lowercase);
    let words = words.map(|word| word.trim_end_matches('s').to_owned());
    words.filter(|word| !word.is_empty() && !EMPTY.contains(&word.as_str())).collect()
}

/// Whether a comment says more than the name and the names around it.
fn adds(name: &str, comment: &str) -> bool {
    let known = words(&name.replace("equity.v1", ""));
    words(comment).iter().any(|word| !known.contains(word) && !EMPTY.contains(&word.as_str()))
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
            if !adds(&name, comment) {
                problems.push(format!("{name}: says no more than the name: {:?}", comment.trim()));
            }
            for paragraph in comment.split("\n\n").filter(|p| !is_sentence(p)) {
                problems.push(format!("{name}: not a sentence: {:?}", paragraph.trim()));
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
    let pool = trial(
        "// The table's columns.\nmessage TableColumns {\n// Columns of the table.\nstring column = 1; }",
    );
    assert_caught(&comments(&pool), "TableColumns: says no more than the name");
    assert_caught(&comments(&pool), "TableColumns.column: says no more than the name");
}

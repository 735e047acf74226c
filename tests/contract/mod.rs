//! Holds `proto/` to the rules of the contract. Each rule is a function from descriptors to problems, and each is
//! shown a contract that breaks it.

mod behaviour;
mod clients;
mod comments;
mod names;
mod reasons;
mod snapshot;

use prost_reflect::{DescriptorPool, EnumDescriptor, FileDescriptor, MessageDescriptor};

/// The contract as it is served.
fn contract() -> DescriptorPool {
    DescriptorPool::decode(equity_indicators::proto::FILE_DESCRIPTOR_SET).unwrap()
}

/// A contract of one file, `equity/v1/trial.proto`: what comes after `package equity.v1;`.
fn trial(body: &str) -> DescriptorPool {
    let text = format!(
        "// A contract that was made for one test.\nsyntax = \"proto3\";\npackage equity.v1;\n\
         import \"google/api/field_behavior.proto\";\n{body}"
    );
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("equity/v1")).unwrap();
    std::fs::write(folder.path().join("equity/v1/trial.proto"), text).unwrap();
    let vendored = concat!(env!("CARGO_MANIFEST_DIR"), "/proto");
    let mut compiler =
        protox::Compiler::new([folder.path(), std::path::Path::new(vendored)]).unwrap();
    compiler.include_source_info(true).include_imports(true);
    compiler.open_file("equity/v1/trial.proto").unwrap();
    compiler.descriptor_pool()
}

/// The files that are ours, not those that we import.
fn ours(pool: &DescriptorPool) -> impl Iterator<Item = FileDescriptor> + '_ {
    pool.files().filter(|file| file.package_name().starts_with("equity."))
}

/// Every message of a file, nested ones included, without the entries of maps.
fn messages(file: &FileDescriptor) -> Vec<MessageDescriptor> {
    let mut found: Vec<_> = file.messages().collect();
    let mut next = 0;
    while let Some(message) = found.get(next).cloned() {
        found.extend(message.child_messages().filter(|child| !child.is_map_entry()));
        next += 1;
    }
    found
}

/// Every enum of a file, nested ones included.
fn enums(file: &FileDescriptor) -> Vec<EnumDescriptor> {
    let nested = messages(file).into_iter().flat_map(|m| m.child_enums().collect::<Vec<_>>());
    file.enums().chain(nested).collect()
}

/// Fails with every problem at once.
#[track_caller]
fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "{} problems:\n  {}", problems.len(), problems.join("\n  "));
}

/// Fails unless one of the problems says this: the rule would catch an offender.
#[track_caller]
fn assert_caught(problems: &[String], expected: &str) {
    assert!(problems.iter().any(|p| p.contains(expected)), "no {expected:?} in {problems:#?}");
}

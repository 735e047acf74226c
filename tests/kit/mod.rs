//! The kit to run the service: `equity status`, completions and pages of the manual, and the files and the runbook of `deploy/`. What reads YAML is in
//! `tests/python/test_kit.py`.

mod errors;
mod files;
mod manual;
mod runbook;
mod signals;
mod status;
mod unit;

use std::path::PathBuf;

/// A file of `deploy/`.
fn deploy(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(deploy(name)).unwrap()
}

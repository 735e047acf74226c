//! What is left after processes were killed and power was cut.

#![expect(clippy::print_stdout, reason = "a child process tells its parent how far it is")]

mod audited;
mod clock;
mod content;
mod damage;
mod damages;
mod descriptors;
mod erased;
mod faults;
mod feed;
mod folder;
mod full;
mod held;
mod kill;
mod load;
mod log;
mod lost;
mod meddled;
mod memory;
mod power;
mod released;
mod running;
mod segments;
mod shim;
mod sled;
mod snapshot;
mod stopping;
mod writer;

use std::process::Command;

/// A process of its own that runs one test of this binary, named by its full path.
fn child(test: &str) -> Command {
    let (_, name) = test.split_once("::").unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "--nocapture", name]);
    command
}

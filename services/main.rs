//! The `equity` command.

use std::env::{args_os, current_exe, var_os};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

/// Gives back to the system what large questions leave. glibc's allocator keeps it, whatever bounds the caches have: see
/// `tests/bench/README.md`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many milliseconds the allocator waits before it gives memory back. It reads this once, before `main`.
const PURGE_DELAY: &str = "MIMALLOC_PURGE_DELAY";

fn main() -> ExitCode {
    let serves = args_os().nth(1).is_some_and(|command| command == "serve");
    if serves && var_os(PURGE_DELAY).is_none() {
        give_back_at_once();
    }
    equity_indicators::cli::main()
}

/// The same program in the place of this one, with an allocator that waits for nothing: what it keeps a while is as large as a cache.
/// If the system refuses, this one goes on.
fn give_back_at_once() {
    let mut arguments = args_os();
    if let (Ok(program), Some(name)) = (current_exe(), arguments.next()) {
        let mut same = Command::new(program);
        let _refused = same.arg0(name).args(arguments).env(PURGE_DELAY, "0").exec();
    }
}

//! The `equity` command.

use std::env::{args_os, current_exe, var_os};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

/// Gives back to the system what large questions leave. glibc's allocator keeps it, whatever bounds the caches have: see
/// `tests/bench/README.md`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Whether the allocator takes memory in pages of two megabytes. It reads this once, before `main`.
const HUGE_PAGES: &str = "MIMALLOC_ALLOW_THP";
/// How many milliseconds it waits before it gives memory back; 0: it gives it back at once.
const PURGE_DELAY: &str = "MIMALLOC_PURGE_DELAY";

fn main() -> ExitCode {
    let serves = args_os().nth(1).is_some_and(|command| command == "serve");
    if serves && var_os(HUGE_PAGES).is_none() {
        without_huge_pages();
    }
    equity_indicators::cli::main()
}

/// The same program in the place of this one, without huge pages: the system clears each before its first byte is used, which costs
/// more than the work of a question, and keeps all of it for its last. And memory goes back at once: the allocator looks only when the same thread
/// frees more, so that after a pause, as by default, much of what large questions leave stays. If the system refuses, this one goes on.
fn without_huge_pages() {
    let mut arguments = args_os();
    if let (Ok(program), Some(name)) = (current_exe(), arguments.next()) {
        let mut same = Command::new(program);
        let delay = var_os(PURGE_DELAY).unwrap_or_else(|| "0".into());
        same.arg0(name).args(arguments).env(HUGE_PAGES, "0").env(PURGE_DELAY, delay);
        let _refused = same.exec();
    }
}

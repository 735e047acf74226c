//! The `equity` command.

use std::process::ExitCode;

/// Gives back to the system what large questions leave. glibc's allocator keeps it, whatever bounds the caches have: see
/// `tests/bench/README.md`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    equity_indicators::cli::main()
}

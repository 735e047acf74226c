//! The `equity` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    equity_indicators::cli::main()
}

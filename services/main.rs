//! The `equity` command.
fn main() {}

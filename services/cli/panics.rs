//! What is said of a panic: one line in the log, as of every other fault.

use std::io::Write as _;
use std::panic::{PanicHookInfo, set_hook};

/// How tokio's panic begins when the system starts no thread for it.
const NO_THREAD: &str = "OS can't spawn worker thread";

/// Tells panics in the log. What the threads that open sled do there is told by whoever opens it.
pub(super) fn tell() {
    set_hook(Box::new(|panic| {
        if !std::thread::current().name().is_some_and(|name| name.starts_with("sled-")) {
            say(&what(panic), panic.location().map(ToString::to_string).unwrap_or_default());
        }
    }));
}

fn what(panic: &PanicHookInfo<'_>) -> String {
    panic.payload_as_str().unwrap_or("no text").to_owned()
}

fn say(what: &str, place: String) {
    let text = if what.starts_with(NO_THREAD) {
        format!("the system did not start a thread: {what}")
    } else {
        format!("a part of the program failed, which is a fault of the program: {what}")
    };
    if tracing::dispatcher::has_been_set() {
        tracing::error!(place, "{text}");
    } else {
        // Nothing is left to say it to when even this cannot be written.
        let _ = writeln!(std::io::stderr(), "{text} ({place})");
    }
}

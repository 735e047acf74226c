//! What is said of a panic: one line, as of every other fault.

use std::io::Write as _;
use std::panic::set_hook;

/// How tokio's panic begins when the system starts no thread for a runtime that has none.
const NO_THREAD: &str = "OS can't spawn worker thread";

/// What the system says when the process may have no more files open.
const NO_FILE: &str = "Too many open files";

/// Tells panics in one line. What the threads that open sled do there is told by whoever opens it.
pub(super) fn tell() {
    set_hook(Box::new(|panic| {
        if std::thread::current().name().is_some_and(|name| name.starts_with("sled-")) {
            return;
        }
        let payload = panic.payload();
        let what = payload.downcast_ref::<&str>().copied();
        let what = what.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let what = what.unwrap_or("no text");
        if what.starts_with(NO_THREAD) {
            // The runtime would wait for ever for the threads that it has.
            say(&format!(
                "the system did not start a thread ({what}): raise the limit of threads (`ulimit -u`), then start again"
            ));
            std::process::exit(1);
        }
        if what.contains(NO_FILE) && !tracing::dispatcher::has_been_set() {
            // The runtime itself could not begin.
            say(&format!(
                "the process may have too few files open ({what}): raise `ulimit -n`, then start again"
            ));
            std::process::exit(1);
        }
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let text = format!("a part of the program failed, which is a fault of the program: {what}");
        if tracing::dispatcher::has_been_set() {
            tracing::error!(place, "{text}");
        } else {
            say(&format!("{text} ({place})"));
        }
    }));
}

fn say(text: &str) {
    // Nothing is left to say it to when even this cannot be written.
    let _ = writeln!(std::io::stderr(), "{text}");
}

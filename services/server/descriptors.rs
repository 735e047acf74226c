//! File descriptors: each connection uses one, and so do the files of the store. Without a bound, connections would take those that
//! the store needs to write.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::error::ServerError;

/// Descriptors for everything that is not a connection: log, sled, backups of settings, exporters.
const OTHERS: u64 = 256;

/// Descriptors without which nothing is served: as many for connections as for the service itself, which has about 17 open when it does
/// nothing.
const LEAST: u64 = 64;

/// Whether the process may have enough files open to serve anybody.
///
/// # Errors
/// It may not.
pub fn enough_descriptors() -> Result<(), ServerError> {
    match allowed(LEAST) {
        LEAST.. => Ok(()),
        allowed => Err(ServerError::Descriptors { allowed, least: LEAST }),
    }
}

/// How many connections of `wanted` the process has descriptors for, after it has raised its own limit as far as it may.
pub(super) fn connections(wanted: usize) -> usize {
    let allowed = allowed(wanted as u64 + OTHERS);
    let room =
        usize::try_from(allowed.saturating_sub(OTHERS.min(allowed / 2))).unwrap_or(usize::MAX);
    if room < wanted {
        tracing::warn!(
            "the process may have {allowed} files open, so it accepts {room} connections at once instead of {wanted}: raise \
             LimitNOFILE of the unit, or `ulimit -n`, above limits.max_connections and {OTHERS} more"
        );
    }
    room.clamp(1, wanted.max(1))
}

/// How many files the process may have open, after it has raised its own limit to `needed` as far as it may.
fn allowed(needed: u64) -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let (now, most) = (limit.current.unwrap_or(u64::MAX), limit.maximum.unwrap_or(u64::MAX));
    if now >= needed.min(most) {
        return now;
    }
    let raised = needed.min(most);
    match setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum: limit.maximum }) {
        Ok(()) => raised,
        Err(error) => {
            tracing::debug!(%error, "cannot raise the limit of file descriptors");
            now
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_connections_than_descriptors() {
        assert_eq!(connections(1), 1);
        let most = connections(usize::try_from(u32::MAX).unwrap());
        let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        assert!((most as u64) < limit, "{most} of {limit}");
    }
}

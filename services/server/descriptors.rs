//! File descriptors: each connection uses one, and so do the files of the store. Without a bound, connections would take those that
//! the store needs to write.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors for everything that is not a connection: log, sled, backups of settings, exporters.
const OTHERS: u64 = 256;

/// How many connections of `wanted` the process has descriptors for, after it has raised its own limit as far as it may.
pub(super) fn connections(wanted: usize) -> usize {
    let needed = wanted as u64 + OTHERS;
    let limit = getrlimit(Resource::Nofile);
    let (now, most) = (limit.current.unwrap_or(u64::MAX), limit.maximum.unwrap_or(u64::MAX));
    let mut allowed = now;
    if now < needed && now < most {
        let raised = needed.min(most);
        match setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum: limit.maximum })
        {
            Ok(()) => allowed = raised,
            Err(error) => tracing::debug!(%error, "cannot raise the limit of file descriptors"),
        }
    }
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

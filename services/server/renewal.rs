//! Looks for new files of TLS and new keys of issuers of tokens, and ends the connections of clients whose certificates are not accepted any more.

use std::sync::Weak;
use std::time::{Duration, SystemTime};

use super::certificate::day;
use super::tls::Tls;
use super::tokens::Tokens;
use super::unread_budget::UnreadBudget;
use crate::telemetry::metrics;

/// After so many looks the certificates of all clients are checked again: one may have expired.
const LOOKS: u32 = 6;
/// How many days before its end the certificate of the service is spoken of.
const WARNED: [u64; 3] = [1, 7, 30];
const DAY: u64 = 24 * 3600;

/// Looks again and again, until the server has ended.
pub(super) async fn look(tls: Weak<Tls>, clients: Weak<UnreadBudget>, pause: Duration) {
    let (mut failed, mut warned, mut missed) = (None, u64::MAX, None);
    for number in 1u32.. {
        tokio::time::sleep(pause).await;
        let (Some(tls), Some(clients)) = (tls.upgrade(), clients.upgrade()) else { return };
        let looked = tokio::task::spawn_blocking(move || {
            let renewed = renew(&tls, &mut failed);
            warn(&tls, &mut warned);
            warn_of_lists(tls.now().lists_until, &mut missed);
            if renewed || number.is_multiple_of(LOOKS) {
                let now = tls.now();
                clients.cut_where(|chain| now.refuses(chain).map(|error| error.to_string()));
            }
            (failed, warned, missed)
        });
        match looked.await {
            Ok(after) => (failed, warned, missed) = after,
            Err(error) => not_looked(&error),
        }
    }
}

/// A look has panicked. The next one is due all the same: without it, what is revoked would stay accepted.
fn not_looked(error: &tokio::task::JoinError) {
    tracing::error!(%error, "the files of TLS, or the keys of issuers of tokens, could not be looked at; it is tried again");
}

/// Reads the files if they have changed. Whether they were put in use. Files that cannot be used are spoken of once.
fn renew(tls: &Tls, failed: &mut Option<Option<blake3::Hash>>) -> bool {
    let on_disk = tls.on_disk();
    if tls.has(on_disk) {
        *failed = None;
        metrics::tls_files_unusable(false);
        return false;
    }
    if *failed == Some(on_disk) {
        // Told at every look, as what is right is: in one process another server may look, too.
        metrics::tls_files_unusable(true);
        return false;
    }
    match tls.reload() {
        Ok(()) => {
            tracing::info!(
                valid_until = day(tls.now().valid_until),
                "new connections use the new files of TLS"
            );
            *failed = None;
            metrics::tls_files_unusable(false);
            true
        }
        Err(error) => {
            tracing::error!(%error, "the files of TLS have changed and cannot be used: the service goes on with those that it has");
            *failed = Some(on_disk);
            metrics::tls_files_unusable(true);
            false
        }
    }
}

/// The same for the keys of issuers of tokens: a look, a change, and an ERROR line once for keys that cannot be used.
pub(super) async fn look_for_keys(tokens: Weak<Tokens>, pause: Duration) {
    let mut failed = None;
    loop {
        tokio::time::sleep(pause).await;
        let Some(tokens) = tokens.upgrade() else { return };
        let looked = tokio::task::spawn_blocking(move || {
            renew_keys(&tokens, &mut failed);
            failed
        });
        match looked.await {
            Ok(after) => failed = after,
            Err(error) => not_looked(&error),
        }
    }
}

fn renew_keys(tokens: &Tokens, failed: &mut Option<Option<blake3::Hash>>) {
    let on_disk = tokens.on_disk();
    if *failed == Some(on_disk) {
        return;
    }
    *failed = None;
    if !tokens.has(on_disk) {
        match tokens.reload() {
            Ok(()) => {
                tracing::info!("bearer tokens are checked with the new keys of their issuers");
            }
            Err(error) => {
                tracing::error!(%error, "the keys of an issuer of tokens have changed and cannot be used: the service goes on with those that it has");
                *failed = Some(on_disk);
            }
        }
    }
    metrics::token_keys_unusable(failed.is_some());
}

/// Says once of each list of revoked certificates that the next one has not come in time. It still holds: refusing everybody would help nobody.
fn warn_of_lists(until: Option<SystemTime>, missed: &mut Option<SystemTime>) {
    let overdue = until.filter(|until| *until < SystemTime::now());
    metrics::revocations_overdue(overdue.is_some());
    if let Some(until) = overdue.filter(|_| overdue != *missed) {
        tracing::warn!(
            until = day(until),
            "a list in tls.revocations_file had to be replaced by then: certificates that were revoked since are still accepted; put \
             the new list of its authority into place, the service reads it by itself"
        );
    }
    *missed = overdue;
}

/// Says once for each number of days that the certificate of the service ends soon.
fn warn(tls: &Tls, warned: &mut u64) {
    let left = tls.seconds_left();
    metrics::certificate_left(left);
    let due = WARNED.into_iter().find(|days| left < days * DAY).unwrap_or(u64::MAX);
    if due < *warned {
        tracing::warn!(
            valid_until = day(tls.now().valid_until),
            "the certificate of the service ends in less than {due} days: put a new pair into place, the service reads it by itself"
        );
    }
    *warned = due;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overdue_list_is_told_until_the_next_one_is_there() {
        let (past, future) = (
            SystemTime::now() - Duration::from_secs(60),
            SystemTime::now() + Duration::from_secs(60),
        );
        let mut missed = None;
        for (until, told) in
            [(None, None), (Some(past), Some(past)), (Some(past), Some(past)), (Some(future), None)]
        {
            warn_of_lists(until, &mut missed);
            assert_eq!(missed, told);
            assert_eq!(metrics::has_overdue_revocations(), told.is_some());
        }
    }
}

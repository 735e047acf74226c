//! Spares a log, on standard error or at the collector: of the warnings of one kind and one peer, the first of each second is written,
//! and then how many were left out. Without it, one client could fill the disk with lines about itself.

use std::cell::Cell;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustc_hash::FxHashMap;
use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Filter};

const SECOND: Duration = Duration::from_secs(1);
/// The field that names the peer.
const PEER: &str = "peer";
/// Kinds and peers of one second. Warnings of further ones are left out too, and counted together.
const MOST: usize = 1_000;

thread_local! {
    /// Of which log counts are being written on this thread: those of one log are not for the others.
    static COUNTED: Cell<Option<*const Mutex<Kinds>>> = const { Cell::new(None) };
}

/// Lets one warning of a kind and a peer through in each second.
#[derive(Clone, Default)]
pub(super) struct Sparing(Arc<Mutex<Kinds>>);

/// The warnings of the present second.
#[derive(Default)]
struct Kinds {
    seen: FxHashMap<(Identifier, Option<String>), Kind>,
    /// Of kinds and peers that there was no room for.
    others: u64,
}

struct Kind {
    metadata: &'static Metadata<'static>,
    left_out: u64,
}

impl Sparing {
    /// Begins a second after the other, for the life of the process.
    pub(super) fn start() -> Self {
        let sparing = Self::default();
        let seconds = sparing.clone();
        let started = std::thread::Builder::new().name("log".to_owned()).spawn(move || {
            loop {
                std::thread::sleep(SECOND);
                seconds.next_second();
            }
        });
        if let Err(error) = started {
            // Each kind is then written once; the service itself will hardly start.
            tracing::error!(%error, "cannot start the thread that counts warnings");
        }
        sparing
    }

    fn lock(&self) -> MutexGuard<'_, Kinds> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this warning is written.
    fn lets_through(&self, metadata: &'static Metadata<'static>, peer: Option<String>) -> bool {
        let mut kinds = self.lock();
        let is_full = kinds.seen.len() >= MOST;
        let Kinds { seen, others } = &mut *kinds;
        let key = (metadata.callsite(), peer);
        if let Some(kind) = seen.get_mut(&key) {
            kind.left_out += 1;
            return false;
        }
        if is_full {
            *others += 1;
            return false;
        }
        seen.insert(key, Kind { metadata, left_out: 0 });
        true
    }

    /// Writes how many were left out, and lets each kind through again.
    fn next_second(&self) {
        let Kinds { seen, others } = std::mem::take(&mut *self.lock());
        COUNTED.set(Some(Arc::as_ptr(&self.0)));
        for ((_, peer), Kind { metadata, left_out }) in seen {
            if left_out > 0 {
                let (kind, peer) = (metadata.target(), peer.unwrap_or_default());
                let line = metadata.line().unwrap_or(0);
                tracing::warn!(
                    left_out,
                    kind,
                    line,
                    peer,
                    "further warnings of one kind were left out"
                );
            }
        }
        if others > 0 {
            tracing::warn!(left_out = others, "warnings of many kinds or peers were left out");
        }
        COUNTED.set(None);
    }
}

impl<S: Subscriber> Filter<S> for Sparing {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if let Some(of) = COUNTED.get() {
            return std::ptr::eq(of, Arc::as_ptr(&self.0));
        }
        if *metadata.level() != Level::WARN {
            return true;
        }
        let mut peer = Peer(None);
        event.record(&mut peer);
        self.lets_through(metadata, peer.0)
    }

    /// It lets every level through. Without this, the filter that it goes with would be asked about each span and event.
    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }
}

/// Reads the peer of an event.
struct Peer(Option<String>);

impl Visit for Peer {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == PEER {
            self.0 = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == PEER {
            self.0 = Some(format!("{value:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use tracing_subscriber::filter::{EnvFilter, FilterExt as _};
    use tracing_subscriber::layer::{Layer, SubscriberExt as _};
    use tracing_subscriber::{Registry, fmt};

    use super::*;

    /// A log in memory.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn flood(peer: &str) {
        for _ in 0..1_000 {
            tracing::warn!(peer, "a flood");
        }
    }

    /// The layer of a log that is spared.
    fn spared(log: &Log, filter: &str) -> (Sparing, Box<dyn Layer<Registry> + Send + Sync>) {
        let (sparing, writer) = (Sparing::default(), log.clone());
        let filter = EnvFilter::new(filter).and(sparing.clone());
        let layer = fmt::layer().with_ansi(false).with_writer(move || writer.clone());
        (sparing, layer.with_filter(filter).boxed())
    }

    /// The lines that were written since they were last asked for.
    fn lines(log: &Log) -> Vec<String> {
        let text = String::from_utf8(std::mem::take(&mut *log.0.lock().unwrap())).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn one_warning_of_a_kind_and_a_peer_is_written_in_a_second_and_the_others_are_counted() {
        let log = Log::default();
        let (sparing, layer) = spared(&log, "info");
        tracing::subscriber::with_default(Registry::default().with(layer), || {
            flood("10.0.0.1");
            flood("10.0.0.2");
            for _ in 0..3 {
                tracing::error!("each error is written");
            }
            let first = lines(&log);
            assert_eq!(first.len(), 5, "{first:#?}");
            sparing.next_second();
            let counts = lines(&log);
            assert!(
                counts.len() == 2 && counts.iter().all(|l| l.contains("left_out=999")),
                "{counts:#?}"
            );
            assert!(counts.iter().any(|line| line.contains("10.0.0.2")));
            sparing.next_second();
            assert_eq!(lines(&log), Vec::<String>::new());
            flood("10.0.0.1");
            assert_eq!(lines(&log).len(), 1);
            (0..2_000).for_each(|n| flood(&n.to_string()));
            assert!(lines(&log).len() < MOST);
        });
    }

    /// Standard error and the collector may get different lines. Each log has the counts of its own, once.
    #[test]
    fn each_log_is_spared_by_itself() {
        let (here, there) = (Log::default(), Log::default());
        let ((own, shown), (other, sent)) = (spared(&here, "info"), spared(&there, "error"));
        let sent_all = Log::default();
        let (all, sent_too) = spared(&sent_all, "warn");
        let subscriber = Registry::default().with(vec![shown, sent, sent_too]);
        tracing::subscriber::with_default(subscriber, || {
            flood("10.0.0.1");
            assert_eq!(
                [lines(&here).len(), lines(&there).len(), lines(&sent_all).len()],
                [1, 0, 1]
            );
            own.next_second();
            assert_eq!(
                [lines(&here).len(), lines(&there).len(), lines(&sent_all).len()],
                [1, 0, 0]
            );
            other.next_second();
            all.next_second();
            assert_eq!(
                [lines(&here).len(), lines(&there).len(), lines(&sent_all).len()],
                [0, 0, 1]
            );
        });
    }
}

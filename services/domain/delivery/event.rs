//! Events: what a partner is told. Each has an id that is the same however often the event is made or sent.

use std::fmt;

/// Which stream of a partner. Each has its own sequence, its own position and its own faults. The number is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Signal {
    /// Log records: everything that happened, once each.
    Logs = 1,
    /// Metric points: figures and counts as they are now, made from the same events.
    Metrics = 2,
}

impl Signal {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Logs, Self::Metrics];

    /// Its name in commands and documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::Metrics => "metrics",
        }
    }

    /// The signal of a number on disk.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|signal| *signal as u8 == number)
    }
}

/// What happened. The number is on disk and the name is what partners program against: neither ever changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum EventKind {
    /// A submission was stored.
    SubmissionAccepted = 1,
    /// A submission was refused because of its content.
    SubmissionRejected = 2,
    /// A release has another figure than the release before, or the first one.
    IndicatorRevised = 3,
    /// Something about the quality of a stored submission.
    DataQualityFinding = 4,
    /// A release shows a significant gap that the release before did not show.
    GapAlert = 5,
    /// How an indicator compares with its target in a release.
    TargetStatus = 6,
    /// Events that the partner will not get.
    DeliveryGap = 7,
}

impl EventKind {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::SubmissionAccepted,
        Self::SubmissionRejected,
        Self::IndicatorRevised,
        Self::DataQualityFinding,
        Self::GapAlert,
        Self::TargetStatus,
        Self::DeliveryGap,
    ];

    /// Its name in `partners.toml`; with `nhs.equity.` before it, the name of the log record.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SubmissionAccepted => "submission.accepted",
            Self::SubmissionRejected => "submission.rejected",
            Self::IndicatorRevised => "indicator.revised",
            Self::DataQualityFinding => "data_quality.finding",
            Self::GapAlert => "gap.alert",
            Self::TargetStatus => "target.status",
            Self::DeliveryGap => "delivery.gap",
        }
    }

    /// The kind of a number on disk.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }

    /// Whether it was computed from submitted data. Such an event goes when the data is erased or the partner may read less.
    #[must_use]
    pub fn has_figures(self) -> bool {
        match self {
            Self::IndicatorRevised
            | Self::DataQualityFinding
            | Self::GapAlert
            | Self::TargetStatus => true,
            Self::SubmissionAccepted | Self::SubmissionRejected | Self::DeliveryGap => false,
        }
    }

    /// Whether a person should look at it.
    #[must_use]
    pub fn is_warning(self) -> bool {
        match self {
            Self::SubmissionRejected
            | Self::DataQualityFinding
            | Self::GapAlert
            | Self::DeliveryGap => true,
            Self::SubmissionAccepted | Self::IndicatorRevised | Self::TargetStatus => false,
        }
    }
}

/// Where an event comes from: with partner, kind and index it makes the id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A log entry. Its position alone does not name it: once the end of the log was lost, or an older copy restored, another entry gets the position.
    Entry {
        /// Its position.
        position: u64,
        /// When it was appended, milliseconds since 1970.
        time_millis: u64,
        /// Hash of what it says.
        says: [u8; 32],
    },
    /// A call that stored nothing, by its request id and time.
    Call(String),
    /// Sequence numbers of a signal that will not be sent.
    Missing {
        /// The signal.
        signal: Signal,
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
        /// When the outbox began, milliseconds since 1970: another outbox may give the numbers again.
        since_millis: u64,
    },
}

/// The id of an event: 16 bytes that two different events never share and that one event always has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub [u8; 16]);

impl EventId {
    /// The id: BLAKE3 of partner, kind, source and index, in the form of a UUID of version 8 (RFC 9562).
    #[must_use]
    pub fn of(partner: &str, kind: EventKind, source: &Source, index: u32) -> Self {
        let mut hash =
            blake3::Hasher::new_derive_key("equity-indicators 2026-11 telemetry event ids");
        hash.update(partner.as_bytes()).update(&[0, kind as u8]);
        match source {
            Source::Entry { position, time_millis, says } => hash
                .update(&[1])
                .update(&position.to_be_bytes())
                .update(&time_millis.to_be_bytes())
                .update(says),
            Source::Call(call) => hash.update(&[2]).update(call.as_bytes()),
            Source::Missing { signal, first, last, since_millis } => hash
                .update(&[3, *signal as u8])
                .update(&first.to_be_bytes())
                .update(&last.to_be_bytes())
                .update(&since_millis.to_be_bytes()),
        };
        hash.update(&index.to_be_bytes());
        let mut id = [0; 16];
        hash.finalize_xof().fill(&mut id);
        id[6] = id[6] & 0x0f | 0x80;
        id[8] = id[8] & 0x3f | 0x80;
        Self(id)
    }

    /// The id that a text says; none: it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
        if digits.len() != 32 || text.len() != 36 {
            return None;
        }
        let mut id = [0; 16];
        for (byte, pair) in id.iter_mut().zip(digits.chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(id)).filter(|id| id.to_string() == text.to_ascii_lowercase())
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, byte) in self.0.iter().enumerate() {
            if [4, 6, 8, 10].contains(&place) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// A value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A number.
    Number(f64),
    /// Several texts.
    List(Vec<String>),
}

/// An attribute: its name without `nhs.equity.`, and its value.
pub type Attribute = (&'static str, Value);

/// A metric point: an event's figure as a number that can be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Name of the metric without `nhs.equity.`.
    pub name: String,
    /// What it is, in a sentence.
    pub description: String,
    /// UCUM code of its unit: `1`, `d`, `{submission}`.
    pub unit: &'static str,
    /// The value now; none: there was one, and there is none any more.
    pub value: Option<f64>,
    /// Of a cumulative sum, since when it counts, milliseconds since 1970; none: it is a gauge.
    pub since_millis: Option<u64>,
    /// What tells it from the other points of the metric.
    pub attributes: Vec<Attribute>,
}

/// What happened, for one partner.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// Where it comes from.
    pub source: Source,
    /// Number among the events of its kind and source.
    pub index: u32,
    /// When it happened, milliseconds since 1970.
    pub time_millis: u64,
    /// What happened, in a sentence for a person.
    pub body: String,
    /// The facts.
    pub attributes: Vec<Attribute>,
    /// The figure for charts, if it has one.
    pub point: Option<Point>,
}

impl Event {
    /// The id of this event for a partner.
    #[must_use]
    pub fn id(&self, partner: &str) -> EventId {
        EventId::of(partner, self.kind, &self.source, self.index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_same_for_the_same_event_and_no_other() {
        let kind = EventKind::IndicatorRevised;
        let of = |partner, kind, source: &Source, index| EventId::of(partner, kind, source, index);
        let entry =
            |position, time_millis, says| Source::Entry { position, time_millis, says: [says; 32] };
        let missing =
            |signal, since_millis| Source::Missing { signal, first: 0, last: 7, since_millis };
        let seven = || entry(7, 1, 1);
        let one = of("a", kind, &seven(), 0);
        assert_eq!(one, of("a", kind, &seven(), 0));
        let others = [
            of("b", kind, &seven(), 0),
            of("a", EventKind::GapAlert, &seven(), 0),
            of("a", kind, &entry(8, 1, 1), 0),
            // Another entry at the same position: the log lost its end, or an older copy was restored.
            of("a", kind, &entry(7, 2, 1), 0),
            of("a", kind, &entry(7, 1, 2), 0),
            of("a", kind, &seven(), 1),
            of("a", kind, &Source::Call("7".into()), 0),
            of("a", kind, &missing(Signal::Logs, 1), 0),
        ];
        let gaps = [(Signal::Logs, 1), (Signal::Metrics, 1), (Signal::Logs, 2)];
        let gaps = gaps.map(|(signal, since)| of("a", kind, &missing(signal, since), 0));
        assert!(gaps[0] != gaps[1] && gaps[0] != gaps[2] && gaps[1] != gaps[2]);
        assert!(others.iter().all(|other| *other != one), "{others:?}");
    }

    #[test]
    fn an_id_is_written_as_a_uuid_of_version_8_and_read_again() {
        let id = EventId::of("a", EventKind::DeliveryGap, &Source::Call("1".into()), 0);
        let text = id.to_string();
        let uuid: uuid::Uuid = text.parse().unwrap();
        assert_eq!((uuid.get_version_num(), uuid.as_bytes()), (8, &id.0));
        assert_eq!(EventId::parse(&text), Some(id));
        assert_eq!(EventId::parse(&text.to_uppercase()), Some(id));
        for bad in ["", "x", &text[1..], &text.replace('-', ""), &text.replace('-', "+")] {
            assert_eq!(EventId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn kinds_and_signals_keep_their_numbers_and_names() {
        let names = EventKind::ALL.map(|kind| (kind as u8, kind.name()));
        assert_eq!(
            names,
            [
                (1, "submission.accepted"),
                (2, "submission.rejected"),
                (3, "indicator.revised"),
                (4, "data_quality.finding"),
                (5, "gap.alert"),
                (6, "target.status"),
                (7, "delivery.gap"),
            ]
        );
        assert!(EventKind::ALL.iter().all(|of| EventKind::from_number(*of as u8) == Some(*of)));
        assert_eq!(Signal::ALL.map(|signal| signal as u8), [1, 2]);
        assert_eq!((EventKind::from_number(0), Signal::from_number(3)), (None, None));
    }
}

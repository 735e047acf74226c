//! A search of everything that is sent to a partner, and of everything that is kept to be sent, for counts that it may not see.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use super::telemetry::{PRACTICES, of_kind, partner, started};
use crate::delivery::plane::until;
use crate::delivery::receiver::Received;
use crate::support::{header, records};

/// The forms that a number can have in what is sent and stored: text, the value of an attribute that is an integer, a double. The value has its
/// tags and its length before it: fewer bytes occur by chance in the files of sled.
fn forms(number: i64) -> [Vec<u8>; 4] {
    let mut varint = vec![0x12, 0, 0x18];
    let mut rest = u64::try_from(number).unwrap();
    while rest >= 0x80 {
        varint.push(u8::try_from(rest & 0x7f).unwrap() | 0x80);
        rest >>= 7;
    }
    varint.push(u8::try_from(rest).unwrap());
    varint[1] = u8::try_from(varint.len() - 2).unwrap();
    #[allow(clippy::cast_precision_loss)] // small
    let double = (number as f64).to_le_bytes().to_vec();
    let (text, grouped) = (number.to_string(), format!("{},{:03}", number / 1_000, number % 1_000));
    [text.into_bytes(), grouped.into_bytes(), varint, double]
}

/// Whether bytes have a form of a number. A text has to be a word of its own: ids have digits, too.
fn has(bytes: &[u8], form: &[u8]) -> bool {
    let is_text = form.iter().all(u8::is_ascii_graphic);
    bytes.windows(form.len()).enumerate().any(|(place, part)| {
        let before = place.checked_sub(1).and_then(|before| bytes.get(before));
        let around = [before, bytes.get(place + form.len())];
        part == form && !(is_text && around.into_iter().flatten().any(u8::is_ascii_alphanumeric))
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_count_that_a_partner_may_not_see_is_sent_or_stored() {
    // So many consultations of one person: however many they are, a partner may not see them.
    const WITHHELD: i64 = 20_011;
    // What perturbing can make of it, and more.
    const NEAR: i64 = 8;
    const SEEN: i64 = 400;
    let of_one_person = |practice: &str| {
        let row = json!([{"channel": "VIDEO", "personKey": format!("{practice}-one"), "person": {"sex": "2"}, "attendance": "5"}]);
        let count = usize::try_from(WITHHELD).unwrap();
        std::iter::repeat_n(records(&row).remove(0), count)
    };
    let seen = |practice: &str| {
        let rows: Vec<_> = (0..SEEN)
            .map(|number| json!({"channel": "VIDEO", "personKey": format!("{practice}-{number}"), "person": {"sex": "1"}, "attendance": "5"}))
            .collect();
        records(&json!(rows))
    };
    let (received, endpoint) = Received::start(Vec::new()).await;
    let (inside, inside_at) = Received::start(Vec::new()).await;
    let entries = partner("alpha", &endpoint, "PARTNER", "").replace("C82007", "C82030")
        + &partner("inside", &inside_at, "INTERNAL", "").replace("C82007", "C82030");
    let (server, _folder) = started(&entries).await;
    for practice in PRACTICES {
        let mut head = header(practice, "practice-feed", "2020-04", &["sex"]);
        head.person_key_scheme = "s".to_owned();
        let mut rows = seen(practice);
        if practice == PRACTICES[0] {
            rows.extend(of_one_person(practice));
        }
        server.submit(head, rows).await.unwrap();
    }
    server.release("first").await;
    until("figures", || of_kind(&received, "indicator.revised").len() > 10).await;
    until("figures inside", || of_kind(&inside, "indicator.revised").len() > 10).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let find = |all: &[Vec<u8>]| {
        let near = (WITHHELD - NEAR..=WITHHELD + NEAR).flat_map(forms);
        let found = near.filter(|form| all.iter().any(|bytes| has(bytes, form)));
        found.count()
    };
    // Who may see everything gets it: so the search can find it.
    assert!(find(&inside.bytes()) > 0, "the search finds nothing anywhere");
    assert_eq!(find(&received.bytes()), 0);
    let states: BTreeSet<_> =
        of_kind(&received, "indicator.revised").iter().map(|got| got.text("state")).collect();
    assert!(states.contains("WITHHELD") && states.contains("PUBLISHED"), "{states:?}");
    // The outbox of a service that has only this partner.
    let (only, only_at) = Received::start(Vec::new()).await;
    let (other, _other) =
        started(&partner("alpha", &only_at, "PARTNER", "").replace("C82007", "C82030")).await;
    for practice in PRACTICES {
        let mut head = header(practice, "practice-feed", "2020-04", &["sex"]);
        head.person_key_scheme = "s".to_owned();
        let mut rows = seen(practice);
        if practice == PRACTICES[0] {
            rows.extend(of_one_person(practice));
        }
        other.submit(head, rows).await.unwrap();
    }
    other.release("first").await;
    let states = |wanted: &str| {
        let all = of_kind(&only, "indicator.revised").into_iter();
        all.filter(|got| got.text("state") == wanted).collect::<Vec<_>>()
    };
    until("withheld figures", || !states("WITHHELD").is_empty()).await;
    let shown = || states("PUBLISHED").iter().filter_map(|got| got.whole("denominator")).max();
    until("published figures", || shown().is_some_and(|count| count > SEEN)).await;
    let shown = shown().unwrap();
    let outbox = other.data_folder().join("outbox");
    let _folder = other.stop().await;
    let stored: Vec<_> = std::fs::read_dir(outbox)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.is_file())
        .map(|path| std::fs::read(path).unwrap())
        .collect();
    let kept = |form: &Vec<u8>| stored.iter().any(|bytes| has(bytes, form));
    // What may be seen is there in a form that the search knows: so it would find what may not.
    assert!(forms(shown).iter().any(kept), "{shown} is not found in the outbox");
    let near = (WITHHELD - NEAR..=WITHHELD + NEAR).flat_map(forms);
    let kept: Vec<_> = near.filter(kept).collect();
    assert!(kept.is_empty(), "{kept:?}");
    assert_eq!(find(&only.bytes()), 0);
}

//! Very many inputs that are nearly right, for every decoder that sees bytes of others. A target is a test whose name begins with
//! `fuzz_`, next to its decoder: it gives some good inputs and says what has to hold for any bytes. A panic fails it too, and the
//! shortest list of changes that still fails is printed. Add bytes that were found to the good inputs of their target.
//!
//! Each target runs for a second, or for `EQUITY_FUZZ_SECONDS`.

mod changes;

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// Inputs between two looks at the clock.
const AT_ONCE: u32 = 64;

/// Gives bytes to a target until the time is over.
#[expect(clippy::print_stdout, reason = "the number is for whoever asks for it")]
pub(crate) fn fuzz(name: &str, good: &[Vec<u8>], target: impl Fn(&[u8])) {
    let given = Cell::new(0_u64);
    let target = |bytes: &[u8]| {
        given.set(given.get() + 1);
        target(bytes);
    };
    good.iter().for_each(|bytes| target(bytes));
    let seconds = std::env::var("EQUITY_FUZZ_SECONDS").map_or(1, |text| {
        text.parse().expect("EQUITY_FUZZ_SECONDS has to be a whole number of seconds")
    });
    let until = Instant::now() + Duration::from_secs(seconds);
    let config = Config { cases: AT_ONCE, failure_persistence: None, ..Config::default() };
    let inputs = changes::changed(good);
    while Instant::now() < until {
        // A runner that has had its cases gives no more.
        let run = TestRunner::new(config.clone()).run(&inputs, |bytes| {
            target(&bytes);
            Ok(())
        });
        run.unwrap_or_else(|failed| panic!("{name}, at input {}: {failed}", given.get()));
    }
    println!("fuzz {name}: {} inputs in {seconds} s", given.get());
}

/// The same for text: what is no UTF-8 after the changes is passed over.
pub(crate) fn fuzz_text(name: &str, good: &[&str], target: impl Fn(&str)) {
    let good: Vec<_> = good.iter().map(|text| text.as_bytes().to_vec()).collect();
    fuzz(name, &good, |bytes| {
        if let Ok(text) = std::str::from_utf8(bytes) {
            target(text);
        }
    });
}

/// The harness itself: its inputs are many and differ, and it finds a bad one among them.
#[test]
fn fuzz_finds_what_is_wrong() {
    let found = std::panic::catch_unwind(|| {
        fuzz("the harness", &[b"good bytes".to_vec()], |bytes| assert!(!bytes.contains(&0xff)));
    });
    assert!(found.is_err(), "no change made a byte of ones");
    let seen = RefCell::new(HashSet::new());
    fuzz("many", &[vec![7; 99]], |bytes| {
        seen.borrow_mut().insert(bytes.to_vec());
    });
    assert!(seen.borrow().len() > 5 * AT_ONCE as usize, "{} inputs", seen.borrow().len());
    proptest!(ProptestConfig::with_cases(64), |(bytes in changes::changed(&[vec![7; 9]]))| {
        prop_assert!(bytes.len() <= changes::LONGEST);
    });
}

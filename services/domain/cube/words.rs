//! The words of a column on disk, in order: each as what it shares with the one before, and what follows that.
//!
//! Words are sorted, and many begin alike (small areas, sets of categories): a third of the bytes, and nothing to take apart
//! until somebody asks for the words.

use super::varint::{put, take};

/// Words to bytes.
#[must_use]
pub fn encode_words(words: &[String]) -> Vec<u8> {
    let (mut bytes, mut before) = (Vec::new(), "");
    for word in words {
        let alike = before.bytes().zip(word.bytes()).take_while(|(a, b)| a == b).count();
        put(&mut bytes, alike as u64);
        put(&mut bytes, (word.len() - alike) as u64);
        bytes.extend_from_slice(&word.as_bytes()[alike..]);
        before = word;
    }
    bytes
}

/// Bytes to words; `None` if they are none.
#[must_use]
pub fn decode_words(mut bytes: &[u8]) -> Option<Vec<String>> {
    let (mut words, mut word) = (Vec::new(), Vec::new());
    while !bytes.is_empty() {
        let alike = usize::try_from(take(&mut bytes)?).ok()?;
        let length = usize::try_from(take(&mut bytes)?).ok()?;
        let (rest, after) = bytes.split_at_checked(length)?;
        if alike > word.len() {
            return None;
        }
        word.truncate(alike);
        word.extend_from_slice(rest);
        words.push(String::from_utf8(word.clone()).ok()?);
        bytes = after;
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_come_back(words in proptest::collection::btree_set("[a-cé]{0,5}", 0..200)) {
            let words: Vec<String> = words.into_iter().collect();
            prop_assert_eq!(decode_words(&encode_words(&words)), Some(words));
        }

        #[test]
        fn hostile_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = decode_words(&bytes);
        }
    }

    #[test]
    fn words_that_begin_alike_are_small() {
        let words: Vec<String> = (0..100).map(|n| format!("E010136{n:02}")).collect();
        assert!(encode_words(&words).len() < 400);
    }
}

//! The distinct values of a column on disk, sorted. Each is stored as the length of the prefix that it shares with the value
//! before, and the rest.
//!
//! Many values begin alike (small areas, sets of categories), so this takes a third of the bytes.

use super::varint::{put, take};

/// Encodes sorted values.
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

/// Decodes what [`encode_words`] encoded; `None` if the bytes are invalid.
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

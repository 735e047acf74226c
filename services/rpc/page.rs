//! Page tokens: opaque to callers, and bound to one query. The token of a list that changes also holds the log position that the
//! first page was read at.

use tonic::Status;

use super::status;

/// Rows of a page if the request gives no number, and at most.
const DEFAULT: usize = 100;
const MOST: usize = 1000;
const SIGNATURE: usize = 8;

/// Size and start of a requested page, and the key of its tokens.
pub(super) struct Page {
    /// Most rows of the page.
    pub(super) size: usize,
    /// Where the page starts, from the token of the page before; 0 on the first page.
    pub(super) cursor: u64,
    /// Log position that a list which changes is read at: that of the first page. 0 until the first page sets it.
    pub(super) position: u64,
    signed: [u8; 32],
}

/// Most rows of a page of the requested size.
pub(super) fn size(asked: i32) -> Result<usize, Status> {
    match usize::try_from(asked) {
        Err(_) => Err(status::field_invalid("page_size", "must be from 0 to 1000; 0 means 100")),
        Ok(0) => Ok(DEFAULT),
        Ok(size) => Ok(size.min(MOST)),
    }
}

impl Page {
    /// Checks size and token. `query` is every other field of the request.
    pub(super) fn new(
        key: &[u8; 32],
        query: &[&str],
        size: i32,
        token: &str,
    ) -> Result<Self, Status> {
        let size = self::size(size)?;
        let mut hasher = blake3::Hasher::new_keyed(key);
        for part in query {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let signed = *hasher.finalize().as_bytes();
        let mut page = Self { size, cursor: 0, position: 0, signed };
        if !token.is_empty() {
            let (cursor, position) = places(token).ok_or_else(status::page_token_invalid)?;
            (page.cursor, page.position) = (cursor, position);
            if page.token(page.cursor) != token {
                return Err(status::page_token_invalid());
            }
        }
        Ok(page)
    }

    /// The token of the page that starts at a cursor.
    pub(super) fn token(&self, cursor: u64) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.signed);
        hasher.update(&cursor.to_le_bytes());
        hasher.update(&self.position.to_le_bytes());
        let signature = hasher.finalize();
        let hex: String =
            signature.as_bytes()[..SIGNATURE].iter().map(|b| format!("{b:02x}")).collect();
        format!("{hex}{cursor:016x}{:016x}", self.position)
    }

    /// This page of a whole list, and the token of the next page. The list does not change, or is read at [`Page::position`].
    pub(super) fn of<T>(&self, list: Vec<T>) -> (Vec<T>, String) {
        let start = usize::try_from(self.cursor).unwrap_or(usize::MAX);
        let more = list.len() > start.saturating_add(self.size);
        let next = if more { self.token((start + self.size) as u64) } else { String::new() };
        (list.into_iter().skip(start).take(self.size).collect(), next)
    }
}

/// The cursor and the position that a token holds.
fn places(token: &str) -> Option<(u64, u64)> {
    let (cursor, position) = token.get(SIGNATURE * 2..)?.split_at_checked(16)?;
    let number = |hex| u64::from_str_radix(hex, 16).ok();
    number(cursor).zip(number(position))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_together_are_the_list() {
        let (mut all, mut token) = (Vec::new(), String::new());
        loop {
            let page = Page::new(&[1; 32], &["q"], 7, &token).unwrap();
            let (rows, next) = page.of((0..50).collect::<Vec<_>>());
            all.extend(rows);
            token = next;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(all, (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn a_token_is_good_for_its_query_alone() {
        let token = Page::new(&[1; 32], &["q"], 7, "").unwrap().token(7);
        assert!(Page::new(&[1; 32], &["q"], 9, &token).is_ok());
        assert!(Page::new(&[1; 32], &["r"], 7, &token).is_err());
        assert!(Page::new(&[2; 32], &["q"], 7, &token).is_err());
        for bad in [
            "x",
            "é",
            &token[1..],
            &format!("{token}0"),
            &token.replace("07", "08"),
            &token.replacen("0000000000000000", "0000000000000001", 1),
            "00000000000000000",
        ] {
            assert!(Page::new(&[1; 32], &["q"], 7, bad).is_err(), "{bad}");
        }
        assert!(Page::new(&[1; 32], &["q"], -1, "").is_err());
    }

    #[test]
    fn fuzz_page_tokens() {
        let page = |token: &str| Page::new(&[1; 32], &["q"], 7, token);
        let made = [0, 7, u64::MAX].map(|cursor| page("").unwrap().token(cursor));
        crate::fuzz::fuzz_text("page tokens", &made.each_ref().map(String::as_str), |token| {
            if let Ok(read) = page(token) {
                assert!(token.is_empty() || made.iter().any(|made| made == token), "{token}");
                assert!(read.of(vec![0; 50]).0.len() <= 7);
            }
        });
    }
}

//! Where a broken export continues: table, row and position, sealed with the whole request, so that a cursor is valid only for its own
//! export.

use tonic::Status;

use crate::rpc::status;

/// Bytes of the seal.
const SEAL: usize = 16;

/// A place in an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Log position of the export.
    pub(super) position: u64,
    /// Number of the table that is being sent, or comes next.
    pub(super) table: usize,
    /// Number of its rows already sent.
    pub(super) row: usize,
}

/// Seals the cursors of one export.
pub(super) struct Seal([u8; 32]);

impl Seal {
    /// `asked` is everything in which two exports can differ.
    pub(super) fn new<'a>(key: &[u8; 32], asked: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(key);
        hasher.update(b"export");
        for part in asked {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(*hasher.finalize().as_bytes())
    }

    /// The cursor of a place.
    pub(super) fn cursor(&self, place: &Place) -> String {
        let place = format!("{:016x}{:016x}{:016x}", place.position, place.table, place.row);
        let seal = blake3::keyed_hash(&self.0, place.as_bytes());
        let seal: String = seal.as_bytes()[..SEAL].iter().map(|b| format!("{b:02x}")).collect();
        seal + &place
    }

    /// The place of a cursor; an error if this seal has not made it.
    pub(super) fn place(&self, cursor: &str) -> Result<Place, Status> {
        let number = |at: usize| {
            let start = SEAL * 2 + at * 16;
            u64::from_str_radix(cursor.get(start..start + 16)?, 16).ok()
        };
        let read = || {
            let (table, row) =
                (usize::try_from(number(1)?).ok()?, usize::try_from(number(2)?).ok()?);
            Some(Place { position: number(0)?, table, row })
        };
        let made = read().filter(|place| self.cursor(place) == cursor);
        made.ok_or_else(status::cursor_invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(key: u8, asked: &[&str]) -> Seal {
        Seal::new(&[key; 32], asked.iter().map(|part| part.as_bytes()))
    }

    #[test]
    fn places_come_back() {
        let sealed = seal(1, &["q", "QK1"]);
        for place in [
            Place::default(),
            Place { position: 71, table: 3, row: 2_000 },
            Place { position: u64::MAX, table: usize::MAX, row: usize::MAX },
        ] {
            let cursor = sealed.cursor(&place);
            assert_eq!(sealed.place(&cursor).unwrap(), place);
        }
    }

    #[test]
    fn a_cursor_is_good_for_its_export_alone() {
        let place = Place { position: 71, table: 3, row: 2_000 };
        let cursor = seal(1, &["q", "QK1"]).cursor(&place);
        for other in [seal(2, &["q", "QK1"]), seal(1, &["q"]), seal(1, &["qQ", "K1"])] {
            assert!(other.place(&cursor).is_err());
        }
    }

    #[test]
    fn no_letter_can_be_changed() {
        let sealed = seal(1, &["q"]);
        let cursor = sealed.cursor(&Place { position: 71, table: 3, row: 2_000 });
        for at in 0..cursor.len() {
            let mut letters: Vec<char> = cursor.chars().collect();
            letters[at] = if letters[at] == '0' { '1' } else { '0' };
            let tampered: String = letters.into_iter().collect();
            assert!(sealed.place(&tampered).is_err(), "{tampered}");
        }
        let upper = cursor.to_uppercase();
        let nonsense = ["", "x", &cursor[1..], &format!("{cursor}0"), &"é".repeat(40), &upper];
        assert!(nonsense.iter().all(|bad| sealed.place(bad).is_err()));
    }

    #[test]
    fn fuzz_cursors() {
        let sealed = seal(1, &["q"]);
        let places = [Place::default(), Place { position: 71, table: 3, row: 2_000 }];
        let made = places.map(|place| sealed.cursor(&place));
        crate::fuzz::fuzz_text("cursors", &made.each_ref().map(String::as_str), |cursor| {
            let is_made = made.iter().any(|made| made == cursor);
            assert_eq!(sealed.place(cursor).is_ok(), is_made, "{cursor}");
        });
    }
}

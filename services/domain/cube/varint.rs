//! Integers of variable length: seven bits a byte.

/// Appends a number: seven bits a byte, the low ones first.
pub fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).expect("what is left is less than 128"));
}

/// Reads a number that [`put`] wrote; `None` if the bytes are no number.
#[must_use]
pub fn take(rest: &mut &[u8]) -> Option<u64> {
    let (mut value, mut shift) = (0u64, 0);
    loop {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= u64::from(byte & 0x7F).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(value);
        }
        shift += 7;
    }
}

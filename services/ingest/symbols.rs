//! Symbols in the place of a number that its publisher does not give.
//!
//! Official statistics have them in brackets: `[c]` confidential, `[low]` not 0 and rounded to it, `[u]` not reliable, `[x]` not
//! available. Older tables have `*` for small numbers, `..` and `:` for what is not available, and `-`, which is nil to some publishers
//! and a small number to others. So no symbol is read as 0, and none as a number of at least 1: the number is not known. `[z]` and
//! `<1` are none of these: there is no such number, or nobody.

/// The symbols that are taken, in words.
pub(super) const TAKEN: &str =
    "`*`, `[c]`, `[low]`, `[u]`, `[x]`, `-`, `..`, `:` or a limit such as `<5`";

/// The symbol of a cell; `None` if it holds none.
pub(super) fn symbol(cell: &str) -> Option<&str> {
    let text = cell.trim();
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let inside = text.trim_matches(['[', ']', '(', ')']);
    let is_letter = inside.len() < text.len()
        && ["c", "low", "u", "x"].iter().any(|known| known.eq_ignore_ascii_case(inside));
    let is_sign = ["*", "-", "–", "—", "..", ":"].contains(&inside);
    (is_letter || is_sign || is_limit(text)).then_some(text)
}

/// Whether a number lies below a limit, and more than one number does.
fn is_limit(text: &str) -> bool {
    let at_most = ["<=", "≤"].iter().find_map(|sign| text.strip_prefix(sign));
    let (limit, least) = match at_most {
        Some(limit) => (limit, 1),
        None => (text.strip_prefix('<').unwrap_or_default(), 2),
    };
    let limit = limit.trim();
    let digits = !limit.is_empty() && limit.bytes().all(|byte| byte.is_ascii_digit());
    digits && limit.parse::<u64>().is_ok_and(|limit| limit >= least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_stand_for_numbers_that_are_not_known() {
        for text in [
            "*", "[c]", "[C]", "(c)", "[*]", "[low]", "[u]", "[x]", "-", "–", "..", ":", "<5",
            "< 5", "<2", "≤7", "<=7", "≤ 1",
        ] {
            assert_eq!(symbol(text), Some(text));
            assert_eq!(symbol(&format!(" {text} ")), Some(text));
        }
        for text in [
            "", "0", "5", "-5", "<", "<x", "1.0", "n/a", "x", "c", "[z]", "[", "[]", "[e]", "<1",
            "<0", "≤0", "<-5", "<5.5", "5<", "**", ".",
        ] {
            assert_eq!(symbol(text), None, "{text}");
        }
    }
}

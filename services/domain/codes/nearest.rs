//! The nearest valid name, which a refusal of an unknown name suggests. A wrong suggestion is worse than none: somebody follows it,
//! and a person is counted in another category.

use std::borrow::Cow;

use super::folded::{folded, is_missing};

/// Longest name that is compared, in characters. A longer one is near to nothing.
const LONGEST: usize = 100;
/// Words that turn a name into its opposite.
const NEGATIONS: [&str; 6] = ["no", "non", "not", "never", "none", "without"];
/// Beginnings of a word that do the same.
const OPPOSITES: [&str; 5] = ["un", "non", "not", "dis", "in"];
/// Words that only join others.
const JOINTS: [&str; 7] = ["a", "an", "and", "of", "or", "the", "to"];

/// How near a name is: the last is the nearest.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Near {
    /// All words are in another part than the last, which names a group: `White` of `White - British`. Never the answer, and it makes
    /// [`Near::Words`] doubtful.
    Group,
    /// The one is a part of a word of the other: `phone`, `telephone`.
    Within,
    /// All words of the one are words of the other, or of its last part: `consultation date`, `date`. A word of many in a label says
    /// little: `seen` is not near to `arrived late, after the professional was ready, and was seen`.
    Words,
    /// Almost the same letters; how many of all are the same, of 1.
    Spelling(f64),
    /// The last part of a label: `Indian` of `Asian or Asian British - Indian`.
    Part,
    /// The same but for zeros that begin a number, or the letter O for a zero: `1`, `01`; `DX-1O`, `DX-10`.
    Digits,
    /// The same but for case, blanks and punctuation.
    Same,
}

/// The code with a name near to `given`. `names` has codes and their names: a code may have several, and be one of them. None if no
/// name is near, or if names of several codes are equally near.
#[must_use]
pub fn nearest<'code, 'name>(
    given: &str,
    names: impl Iterator<Item = (&'code str, &'name str)>,
) -> Option<&'code str> {
    if given.chars().nth(LONGEST).is_some() {
        return None;
    }
    let given = folded(given);
    if is_missing(&given) {
        return None;
    }
    let mut best: Option<(Near, &str)> = None;
    let (mut several, mut of_group) = (false, false);
    for (code, name) in names {
        let Some(near) = near(&given, name) else { continue };
        of_group |= near == Near::Group;
        match best {
            Some((other, _)) if near < other => {}
            Some((other, found)) if near == other => several |= code != found,
            _ => (best, several) = (Some((near, code)), false),
        }
    }
    let doubtful = |near| several || (of_group && near <= Near::Words);
    best.filter(|(near, _)| !doubtful(*near)).map(|(_, code)| code)
}

/// [`nearest`] where codes have no other names.
#[must_use]
pub fn nearest_code<'a>(given: &str, codes: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    nearest(given, codes.map(|code| (code, code)))
}

/// How near a name is to folded words.
fn near(given: &str, name: &str) -> Option<Near> {
    let whole = folded(name);
    if given.is_empty() || whole.is_empty() {
        return None;
    } else if given == whole {
        return Some(Near::Same);
    } else if as_read(given).eq(as_read(&whole)) {
        return Some(Near::Digits);
    } else if is_short(given) || is_short(&whole) {
        return None;
    }
    let part = name.rsplit([':', '/']).next().and_then(|part| part.rsplit(" - ").next());
    let part = part.map(folded).filter(|part| *part != whole && !is_short(part));
    if part.as_deref() == Some(given) {
        return Some(Near::Part);
    }
    if is_opposite(given, &whole) {
        return None;
    }
    let spelling = part.iter().chain([&whole]).filter_map(|name| spelling(given, name));
    let spelling = spelling.max_by(f64::total_cmp).map(Near::Spelling);
    let own = part.as_ref().unwrap_or(&whole);
    let shares = is_most_of(given, own) || has_words(given, &whole);
    let group = has_words(&whole, given).then_some(Near::Group);
    spelling.or(shares.then_some(Near::Words)).or(group).or_else(|| is_within(given, &whole))
}

/// Too few characters to say that another name is near.
fn is_short(name: &str) -> bool {
    name.chars().nth(2).is_none()
}

/// The words: `o` next to digits is a zero, and numbers have no zeros at their beginning.
fn as_read(name: &str) -> impl Iterator<Item = Cow<'_, str>> {
    name.split(' ').map(|word| {
        if !word.bytes().any(|byte| byte.is_ascii_digit()) {
            return Cow::Borrowed(word);
        }
        let digits = word.replace('o', "0");
        let number = digits.parse::<u32>().map(|number| number.to_string());
        Cow::Owned(number.unwrap_or(digits))
    })
}

/// Whether the one says that it is not the other.
fn is_opposite(one: &str, other: &str) -> bool {
    let negations = |name: &str| name.split(' ').filter(|word| NEGATIONS.contains(word)).count();
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    let before = long.strip_suffix(short).unwrap_or_default();
    negations(one) != negations(other) || OPPOSITES.contains(&before)
}

/// The share of letters that are the same, if almost all are. Another digit is another code, so digits may be left out or
/// exchanged in a long name, and differ in no other way.
fn spelling(one: &str, other: &str) -> Option<f64> {
    let (first, second) = (one.chars().count(), other.chars().count());
    let longest = first.max(second);
    let most = longest / 4;
    if first.abs_diff(second) > most {
        return None;
    }
    let distance = strsim::osa_distance(one, other);
    let digits = |name: &str| name.chars().filter(char::is_ascii_digit).collect::<Vec<_>>();
    let (mut ours, mut theirs) = (digits(one), digits(other));
    if ours != theirs {
        ours.sort_unstable();
        theirs.sort_unstable();
        let is_slip = first != second || ours == theirs;
        if distance != 1 || first.min(second) < 5 || !is_slip {
            return None;
        }
    }
    #[allow(clippy::cast_precision_loss)] // lengths of at most 100
    (distance <= most).then(|| 1.0 - distance as f64 / longest as f64)
}

/// Whether words are at least half of the words of a name that say something.
fn is_most_of(words: &str, name: &str) -> bool {
    let count = |name: &str| name.split(' ').filter(|word| !JOINTS.contains(word)).count();
    has_words(name, words) && 2 * count(words) >= count(name)
}

/// Whether a name has all words of another.
fn has_words(name: &str, words: &str) -> bool {
    words.split(' ').all(|word| name.split(' ').any(|other| other == word))
}

fn is_within(given: &str, name: &str) -> Option<Near> {
    let is_word = |name: &str| !name.contains(' ');
    let long_enough = 2 * given.len() >= name.len() && given.len() >= 4;
    (is_word(name) && long_enough && name.contains(given)).then_some(Near::Within)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANNELS: [&str; 4] = ["FACE_TO_FACE", "HOME_VISIT", "TELEPHONE", "VIDEO"];

    #[test]
    fn a_slip_or_a_part_of_a_word_is_near() {
        for (given, code) in [
            ("phone", Some("TELEPHONE")),
            ("VIDO", Some("VIDEO")),
            ("face to face", Some("FACE_TO_FACE")),
            ("Face-2-face", None),
            ("xyz", None),
            ("", None),
            ("-", None),
        ] {
            assert_eq!(nearest_code(given, CHANNELS.into_iter()), code, "{given}");
        }
    }

    #[test]
    fn labels_are_nearer_than_codes_and_short_codes_are_never_guessed() {
        let names = [
            ("A", "White - British"),
            ("B", "White - Irish"),
            ("H", "Asian or Asian British - Indian"),
            ("N", "Black or Black British - African"),
            ("E", "Mixed - White and Black African"),
            ("R", "Other Ethnic Groups - Chinese"),
            ("Z", "Not stated"),
        ];
        let names = || names.into_iter().flat_map(|(code, label)| [(code, code), (code, label)]);
        for (given, code) in [
            ("Indian", Some("H")),
            ("african", Some("N")),
            ("Chinese", Some("R")),
            ("White British", Some("A")),
            ("White", None),
            ("Asian", None),
            ("stated", None),
            ("AA", None),
            ("q", None),
            ("a", Some("A")),
        ] {
            assert_eq!(nearest(given, names()), code, "{given}");
        }
    }

    #[test]
    fn one_word_of_a_long_label_is_not_near() {
        let names = [
            ("6", "Arrived late, after the professional was ready, and was seen"),
            ("ARRIVED_TOO_LATE", "Arrived too late"),
            ("2", "Gay or Lesbian"),
        ];
        for (given, code) in [("Seen", None), ("arrived", None), ("Gay", Some("2"))] {
            assert_eq!(nearest(given, names.into_iter()), code, "{given}");
        }
    }

    #[test]
    fn another_number_is_another_code() {
        let codes = ["01", "5", "85", "85+", "0-4", "E06000016", "C82001", "Y00344", "DX-01"];
        for (given, code) in [
            ("1", Some("01")),
            ("DX-1", Some("DX-01")),
            ("DX-O1", Some("DX-01")),
            ("05-Sep", None),
            ("86", None),
            ("00L", None),
            ("E06000015", None),
            ("E0600016", Some("E06000016")),
            ("C82010", Some("C82001")),
            ("C82002", None),
            ("c82001", Some("C82001")),
        ] {
            assert_eq!(nearest_code(given, codes.into_iter()), code, "{given}");
        }
    }

    #[test]
    fn an_opposite_is_not_near() {
        let names = ["Attended", "Registered", "Enabled for repeat prescriptions"];
        for given in
            ["Unattended", "not registered", "non-attended", "Not enabled for repeat prescriptions"]
        {
            assert_eq!(nearest_code(given, names.into_iter()), None, "{given}");
        }
    }

    #[test]
    fn a_long_name_is_near_to_nothing_and_costs_nothing() {
        let long = "TELEPHONE".repeat(120_000);
        assert_eq!(nearest_code(&long, CHANNELS.into_iter()), None);
    }
}

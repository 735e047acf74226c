//! Names as publishers write them, in capitals, and as people read them.

/// Words that stay as they are in capitals.
const INITIALS: [&str; 17] = [
    "NHS", "PCN", "GP", "UK", "ICB", "HMP", "SAS", "LLR", "APMS", "UHL", "CIC", "II", "III", "IV",
    "H&W", "A&E", "YHP",
];
/// Words that are small within a name.
const SMALL: [&str; 13] =
    ["and", "of", "the", "in", "at", "for", "on", "upon", "by", "with", "to", "le", "de"];
/// Short forms without a vowel that are no initials.
const SHORT: [&str; 8] = ["Dr", "Drs", "Mr", "Mrs", "St", "Sts", "Ltd", "Rd"];

/// Words that publishers cut off, and the whole words.
const CUT_OFF: [(&str, &str); 20] = [
    ("BLVD", "BOULEVARD"),
    ("CNT", "CENTRE"),
    ("CNTR", "CENTRE"),
    ("COMM", "COMMUNITY"),
    ("CTR", "CENTRE"),
    ("CTRE", "CENTRE"),
    ("CTRS", "CENTRES"),
    ("GRP", "GROUP"),
    ("HLTH", "HEALTH"),
    ("HTH", "HEALTH"),
    ("MED", "MEDICAL"),
    ("PRAC", "PRACTICE"),
    ("PRACT", "PRACTICE"),
    ("PRACTI", "PRACTICE"),
    ("PTNR", "PARTNER"),
    ("PTNRS", "PARTNERS"),
    ("RD", "ROAD"),
    ("SURG", "SURGERY"),
    ("SVS", "SERVICES"),
    ("UNIV", "UNIVERSITY"),
];

/// A name in capitals with its words whole.
fn whole(name: &str) -> String {
    let mut made = String::with_capacity(name.len() + 8);
    let mut rest = name;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let known = CUT_OFF.iter().find(|(short, _)| *short == word);
        made.push_str(known.map_or(word, |(_, whole)| whole));
        let mut after = after.chars();
        match after.next() {
            // The dot of a short form is no part of the whole word.
            Some('.') if known.is_some() => {
                let joins = after.as_str().starts_with(char::is_alphanumeric);
                made.extend(joins.then_some(' '));
            }
            Some(c) => made.push(c),
            None => {}
        }
        rest = after.as_str();
    }
    made
}

/// A name in capitals as people read it: `THE DENSHAM SURGERY` becomes `The Densham Surgery`. A name that has small letters stays.
pub(super) fn read(name: &str) -> String {
    if name.chars().any(char::is_lowercase) {
        return name.to_owned();
    }
    let name = whole(name);
    let mut before = "";
    let words = name.split(' ').filter(|word| !word.is_empty());
    let words = words.map(|of| word(of, std::mem::replace(&mut before, of)));
    words.collect::<Vec<_>>().join(" ")
}

/// A word, behind another one; none: it is the first.
fn word(word: &str, before: &str) -> String {
    let core = word.trim_matches(|c: char| !c.is_alphanumeric());
    let small = core.to_lowercase();
    if INITIALS.contains(&core) || core.chars().any(|c| c.is_ascii_digit()) {
        return word.to_owned();
    }
    // `DR AP KUMAR`, `(JA WOOD)`: one or two letters are initials there.
    if core.chars().count() <= 2 && (before == "DR" || word.starts_with('(')) {
        return word.to_owned();
    }
    if !before.is_empty() && SMALL.contains(&small.as_str()) {
        return word.to_lowercase();
    }
    let is_short = SHORT.iter().any(|short| short.eq_ignore_ascii_case(core));
    let has_vowel = core.chars().any(|c| "AEIOUY".contains(c));
    if !has_vowel && !is_short && core.chars().count() > 1 {
        return word.to_owned();
    }
    let parts = word.split('-').enumerate().map(|(place, part)| {
        let is_small = place > 0 && SMALL.contains(&part.to_lowercase().as_str());
        if is_small { part.to_lowercase() } else { capitalised(part) }
    });
    parts.collect::<Vec<_>>().join("-")
}

/// The first letter of each part between dots, slashes and brackets is large. After an apostrophe only if more than one letter
/// follows: `Men's`, `O'Brien`.
fn capitalised(word: &str) -> String {
    let mut made = String::with_capacity(word.len());
    let mut begins = true;
    for (place, c) in word.char_indices() {
        if begins {
            made.push(c);
        } else {
            made.extend(c.to_lowercase());
        }
        let rest = word[place + c.len_utf8()..].chars().take_while(|c| c.is_alphabetic()).count();
        begins = match c {
            '\'' | '’' => rest > 1,
            c => !c.is_alphanumeric(),
        };
    }
    made
}

/// The short name of a system: `NHS Leicester … Integrated Care Board` without what all of them have.
pub(super) fn system(name: &str) -> String {
    let short = name.strip_prefix("NHS ").unwrap_or(name);
    let ends = [" Integrated Care Board", " ICB"];
    let short = ends.iter().find_map(|end| short.strip_suffix(end)).unwrap_or(short);
    short.to_owned()
}

/// Whether two names differ in no letter or digit. `&` is `and`, short forms are their words, and `the` and `PCN` do not count.
pub(super) fn same(one: &str, other: &str) -> bool {
    let plain = |name: &str| {
        let name = whole(&name.to_uppercase().replace('&', " AND "));
        let words = name.split(|c: char| c.is_whitespace() || c == '(' || c == '-');
        let words = words.map(|word| word.chars().filter(|c| c.is_alphanumeric()).collect());
        let words = words.map(|word: String| if word == "STREET" { "ST".to_owned() } else { word });
        words.filter(|word| !["", "THE", "PCN"].contains(&word.as_str())).collect::<String>()
    };
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_capitals_are_written_as_people_read_them() {
        for (published, read_as) in [
            ("THE DENSHAM SURGERY", "The Densham Surgery"),
            ("SURGERY OF ST. MARY'S, NHS CENTRE", "Surgery of St. Mary's, NHS Centre"),
            ("DR O'BRIEN & PARTNERS", "Dr O'Brien & Partners"),
            ("STOCKTON-ON-TEES (2) PCN", "Stockton-on-Tees (2) PCN"),
            ("HMP LEICESTER", "HMP Leicester"),
            ("DR AP KUMAR (JA WOOD)", "Dr AP Kumar (JA Wood)"),
            (
                "EAST MED.GROUP PRACT. & UNIV HLTH CTR",
                "East Medical Group Practice & University Health Centre",
            ),
            ("Already Mixed PCN", "Already Mixed PCN"),
        ] {
            assert_eq!(read(published), read_as);
        }
    }

    #[test]
    fn a_name_is_another_only_if_its_letters_are() {
        assert!(same("The Hedges & Co. Surgery", "HEDGES AND CO SURGERY"));
        assert!(same("East Medical Practice (S Longworth)", "EAST MED PRACT(S LONGWORTH)"));
        assert!(!same("Dr B Modi", "DR B MODHA"));
        assert_eq!(system("NHS Thames Valley Integrated Care Board"), "Thames Valley");
    }
}

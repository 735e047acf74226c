use super::*;
use crate::domain::reference::Reference;

fn with(file: &str, text: String) -> Result<Reference, ContentError> {
    Reference::new(&Content::with([(file.to_owned(), text)]))
}

fn text() -> String {
    Content::embedded().file(FILE).unwrap().to_owned()
}

#[test]
fn the_built_in_profiles_are_what_the_rules_say() {
    let reference = Reference::new(&Content::embedded()).unwrap();
    let [internal, partner, public] = ProfileName::ALL.map(|name| reference.profile(name));
    assert!(internal.protection.is_exact() && internal.asks == Asks::Everything);
    assert!(!internal.reads_releases && partner.reads_releases && public.reads_releases);
    let Protection::Perturbed(rules) = &partner.protection else { panic!("{partner:?}") };
    assert_eq!((rules.threshold, partner.least_organisations), (10, 3));
    assert!(matches!(partner.asks, Asks::Within(_)));
    assert_eq!((&public.protection, &public.asks), (&Protection::Rounded, &Asks::Nothing));
}

/// The content with another table, under this name.
fn with_table(csv: String, name: &str) -> Result<Reference, ContentError> {
    let named = text().replace(PTable::generate(Noise::default()).version(), name);
    Reference::new(&Content::with([(TABLE.to_owned(), csv), (FILE.to_owned(), named)]))
}

#[test]
fn a_table_is_read_under_its_own_name_only() {
    let table = PTable::generate(Noise::new(3, 2.0).unwrap());
    assert!(with_table(table.to_csv(), table.version()).is_ok());
    let refused = with(TABLE, table.to_csv()).unwrap_err().to_string();
    assert!(refused.contains(&format!("write `{}`", table.version())), "{refused}");
    let refused = with(FILE, text().replace("ptable = \"d5", "ptable = \"d6")).unwrap_err();
    assert!(refused.to_string().contains("built in"), "{refused}");
}

#[test]
fn the_worked_example_of_the_guide_is_true() {
    let table = PTable::generate(Noise::default());
    let seen = [(316, 30), (96, 245), (412, 30 + 245 - 256), (8, 140), (9, 88)];
    let seen = seen.map(|(count, key)| table.perturbed(count, u8::try_from(key).unwrap()));
    assert_eq!(seen, [313, 95, 413, 5, 10], "deploy/guides/protection.md");
}

#[test]
fn a_version_changes_with_the_rules_and_with_the_table() {
    let version = |reference: &Reference| reference.profile(ProfileName::Partner).version.clone();
    let other = PTable::generate(Noise::new(3, 2.0).unwrap());
    let versions = [
        version(&Reference::new(&Content::embedded()).unwrap()),
        version(&with(FILE, text().replace("threshold = 10", "threshold = 12")).unwrap()),
        version(&with_table(other.to_csv(), other.version()).unwrap()),
    ];
    assert!(versions.iter().all(|version| version.starts_with("1-")), "{versions:?}");
    assert!(versions[0] != versions[1] && versions[0] != versions[2], "{versions:?}");
}

#[test]
fn no_content_weakens_the_rules_or_says_what_nobody_understands() {
    for (from, to, says) in [
        ("threshold = 10", "threshold = 9", "a threshold of 10 or more"),
        ("threshold = 10\n", "", "a threshold of 10 or more"),
        ("counts = \"PERTURBED\"", "counts = \"EXACT\"", "PERTURBED, and LATTICE"),
        ("asks = \"LATTICE\"", "asks = \"EVERYTHING\"", "PERTURBED, and LATTICE"),
        ("counts = \"ROUNDED\"", "counts = \"EXACT\"", "ROUNDED, and PUBLISHED_TABLES"),
        ("asks = \"PUBLISHED_TABLES\"", "asks = \"EVERYTHING\"", "ROUNDED, and PUBLISHED_TABLES"),
        ("reads_releases = true", "reads_releases = false", "reads_releases has to be true"),
        ("least_organisations = 3", "least_organisations = 2", "least_organisations has to be 3"),
        ("most_of_system = 3", "most_of_system = 4", "at most 3"),
        ("most_below = 2", "most_below = 3", "at most 2"),
        ("\"channel_mode\"", "\"sex\"", "`sex` has to count"),
        ("\"channel_mode\"", "\"chanel_mode\"", "no dimension `chanel_mode`"),
        ("dimension = \"pcn\"", "dimension = \"sub_icb\"", "does not tell `pcn` apart"),
        (
            "area_type = \"pcn\", dimension = \"pcn\"",
            "area_type = \"system\", dimension = \"\"",
            "twice",
        ),
        ("\"SEX_WORKERS\"", "\"SEX_WORKER\"", "no category `SEX_WORKER`"),
        ("least_area_type = \"system\"", "least_area_type = \"town\"", "`town` is no level"),
        ("name = \"PUBLIC\"", "name = \"PUBLI\"", "PUBLI"),
        ("name = \"INTERNAL\"", "name = \"INTERN\"", "INTERN"),
    ] {
        let changed = text().replacen(from, to, 1);
        assert_ne!(changed, text(), "{from}");
        let refused = with(FILE, changed).unwrap_err().to_string();
        assert!(refused.contains(says) && refused.contains(FILE), "{from} -> {to}: {refused}");
    }
    let (before, public) = text()
        .split_once("[[profile]]\nname = \"PUBLIC\"")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let without = format!("{before}{}", &public[public.find("\n# What LATTICE").unwrap()..]);
    let refused = with(FILE, without).unwrap_err().to_string();
    assert!(refused.contains("profile PUBLIC is missing"), "{refused}");
    let (before, internal) = before.split_once("[[profile]]").unwrap();
    let end = internal.find("[[profile]]").unwrap();
    let (internal, rest) = internal.split_at(end);
    let twice = format!(
        "{before}[[profile]]{internal}[[profile]]{internal}{rest}[[profile]]\nname = \"PUBLIC\"{public}"
    );
    let refused = with(FILE, twice).unwrap_err().to_string();
    assert!(refused.contains("profile INTERNAL is defined twice"), "{refused}");
    let levels = text();
    let (before, after) = levels.split_once("  { area_type = \"sub_icb\"").unwrap();
    let (line, rest) = after.split_once('\n').unwrap();
    let (pcn, rest) = rest.split_once('\n').unwrap();
    let swapped = format!("{before}{pcn}\n  {{ area_type = \"sub_icb\"{line}\n{rest}");
    let refused = with(FILE, swapped).unwrap_err().to_string();
    assert!(refused.contains("has to be a level before `pcn`"), "{refused}");
}

#[test]
fn a_table_that_breaks_a_rule_is_refused() {
    let table = PTable::generate(Noise::default()).to_csv();
    let biased = table.replace("\n700,0,", "\n700,0,1");
    for (text, says) in [("pcv,ckey,pvalue\n", "missing"), (biased.as_str(), "bias")] {
        let refused = with(TABLE, text.to_owned()).unwrap_err().to_string();
        assert!(refused.contains(says) && refused.contains(TABLE), "{refused}");
    }
}

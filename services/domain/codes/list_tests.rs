use super::*;

const LIST: &str = r#"
    id = "attendance"
    label = "Attendance"
    version = "1"
    source = "test"
    categories = [
      { code = "ATTENDED", label = "Attended" },
      { code = "ON_TIME", label = "On time", parent = "ATTENDED" },
    ]
    [[system]]
    id = "nhs"
    label = "NHS"
    codes = [["5", "Attended on time", "ON_TIME"], ["0", "Future", "!NOT_APPLICABLE"]]
"#;

#[test]
fn codes_map_and_categories_hold() {
    let list = CodeList::from_toml(LIST).unwrap();
    assert_eq!(list.map(0, "5"), Mapped::Value(Value::Codes(vec!["ON_TIME".into()])));
    assert_eq!(list.map(0, "0"), Mapped::Value(Value::State(State::NotApplicable)));
    assert_eq!(list.map(0, "NOT_KNOWN"), Mapped::Value(Value::State(State::NotKnown)));
    let Mapped::Unknown { expected, .. } = list.map(0, "05") else { panic!("05 is no code") };
    assert!(expected.contains("`nhs`: 5, 0"), "{expected}");
    assert!(list.holds("ATTENDED", "ON_TIME"));
    assert!(!list.holds("ON_TIME", "ATTENDED"));
    for state in ["NOT_COLLECTED", "ANY", "NONE", "COARSER"] {
        assert!(matches!(list.map(0, state), Mapped::Unknown { .. }), "{state} is no code");
    }
}

#[test]
fn a_label_is_taken_where_it_has_one_meaning() {
    let text = LIST.replace(
        "[\"0\", \"Future\", \"!NOT_APPLICABLE\"]",
        "[\"0\", \"Future\", \"!NOT_APPLICABLE\"], [\"6\", \"On  time\", \"ON_TIME\"], [\"7\", \"on time\", \"ATTENDED\"], \
         [\"8\", \"None\", \"ATTENDED\"], [\"LATE\", \"Late\", \"ATTENDED\"]",
    );
    let list = CodeList::from_toml(&text).unwrap();
    let code = |code: &str| Some(Value::Codes(vec![code.into()]));
    for (given, value) in [
        (" attended ON-TIME", code("ON_TIME")),
        ("future", Some(Value::State(State::NotApplicable))),
        ("Late", code("ATTENDED")),
        ("on time", None),
        ("None", None),
        ("Attended", None),
        ("", None),
    ] {
        assert_eq!(list.value(0, given), value, "{given:?}");
    }
}

#[test]
fn the_nearest_category_that_holds_all_is_found_by_parents_and_by_ranges() {
    let category = |code: &str, parent: Option<&str>, range| Category {
        code: code.into(),
        label: String::new(),
        parent: parent.map(Into::into),
        range,
        is_other: false,
    };
    let codes = Vec::new();
    let system = CodeSystem {
        id: "s".into(),
        label: String::new(),
        local_second: false,
        codes,
        edition: None,
    };
    let list = CodeList::new(
        "l".into(),
        String::new(),
        vec![
            category("all", None, None),
            category("some", Some("all"), None),
            category("a", Some("some"), None),
            category("b", Some("some"), None),
            category("c", Some("all"), None),
            category("alone", None, None),
            category("0-2", None, Some((0, 2))),
            category("3-4", None, Some((3, 4))),
            category("5-9", None, Some((5, 9))),
            category("0-15", None, Some((0, 15))),
            category("0-9", None, Some((0, 9))),
            category("3-15", None, Some((3, 15))),
        ],
        vec![system],
    )
    .unwrap();
    let of = |codes: &[&str]| {
        let codes: Vec<_> = codes.iter().map(|code| (*code).to_owned()).collect();
        list.holding(&codes).map(|category| category.code.as_str())
    };
    assert_eq!(of(&["a", "b"]), Some("some"));
    assert_eq!(of(&["a", "c"]), Some("all"));
    assert_eq!(of(&["a", "some"]), Some("all"), "a category does not hold itself");
    assert_eq!(of(&["a", "alone"]), None);
    assert_eq!(of(&["a", "NOT_STATED"]), None);
    assert_eq!(of(&["0-2", "3-4"]), Some("0-9"));
    assert_eq!(of(&["3-4", "5-9"]), None, "0-9 and 3-15 both hold them, and neither the other");
}

#[test]
fn contradictions_are_refused() {
    for (from, to) in [
        ("parent = \"ATTENDED\"", "parent = \"NOWHERE\""),
        ("parent = \"ATTENDED\"", "parent = \"ON_TIME\""),
        ("\"ON_TIME\"]", "\"NOWHERE\"]"),
        ("\"!NOT_APPLICABLE\"", "\"!NOWHERE\""),
        ("[\"0\"", "[\"5\""),
        ("code = \"ON_TIME\"", "code = \"ATTENDED\""),
    ] {
        assert!(LIST.contains(from));
        assert!(CodeList::from_toml(&LIST.replace(from, to)).is_err(), "{from} -> {to}");
    }
}

//! `equity attack`: what is found out, and how it ends.

use super::run::run;

#[test]
fn without_changes_every_small_group_is_found_out_and_the_exit_code_says_so() {
    let line = ["attack", "--characteristics", "1", "--without", "changes", "--format", "json"];
    let ended = run(&line);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let found: serde_json::Value = serde_json::from_str(&ended.answer).unwrap();
    let groups = found["found_out"].as_array().unwrap();
    assert_eq!(found["small_groups"], groups.len());
    assert!(!groups.is_empty() && found["not_decided"] == 0, "{found}");
    assert!(groups.iter().all(|group| group["possible"] == serde_json::json!([group["count"]])));
    assert!(ended.remarks.contains("small groups were found out"), "{}", ended.remarks);
}

#[test]
fn options_out_of_range_are_refused() {
    for line in ["--months 1", "--characteristics 5", "--submitters 12", "--without all"] {
        let line: Vec<_> = std::iter::once("attack").chain(line.split(' ')).collect();
        assert_eq!(run(&line).code, Some(2), "{line:?}");
    }
}

//! What lies where, and what may not be written anywhere.

use std::collections::BTreeSet;

use super::{assert_none, root, tracked};

/// What the top level holds, besides dot files.
const TOP: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "NOTICE",
    "README.md",
    "build.rs",
    "deploy",
    "proto",
    "services",
    "tests",
];

fn top_level<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<String> {
    let there: BTreeSet<&str> = paths.map(|p| p.split('/').next().unwrap_or_default()).collect();
    let strange = there.iter().filter(|n| !n.starts_with('.') && !TOP.contains(n));
    let missing = TOP.iter().filter(|n| !there.contains(*n));
    strange
        .map(|n| format!("{n}: not a room of this house"))
        .chain(missing.map(|n| format!("{n}: missing")))
        .collect()
}

/// The relative targets of `[words](target)` and `![words](target)`, outside code.
fn links(markdown: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_code = false;
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for part in line.split("](").skip(1) {
            let target = part.split([')', ' ', '#']).next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:") {
                found.push(target.to_owned());
            }
        }
    }
    found
}

/// Texts that belong to somebody's machine, or to the way it reaches its registries.
fn machine_texts() -> Vec<String> {
    // In two halves, so that this file does not hold them.
    [
        ["/wo", "rk/"],
        ["/ro", "ot/"],
        ["/Use", "rs/"],
        ["/tmp/ba", "sh_jobs"],
        ["index.crat", "es.io"],
        ["static.crat", "es.io"],
        ["pythonhost", "ed.org"],
        ["pyp", "i.org"],
        ["registry.npm", "js.org"],
        ["deb.debi", "an.org"],
        ["index-", "url"],
        ["replace-", "with"],
    ]
    .map(|halves| halves.concat())
    .into()
}

fn machine(path: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for (line, content) in text.lines().enumerate() {
        for found in machine_texts().iter().filter(|t| content.contains(t.as_str())) {
            problems.push(format!("{path}:{}: {found}", line + 1));
        }
    }
    problems
}

#[test]
fn the_top_level_is_the_house() {
    let files = tracked();
    assert_none(&top_level(files.iter().filter_map(|f| f.to_str())));
    assert!(root().join("proto/buf.yaml").is_file(), "proto/buf.yaml: missing");
}

#[test]
fn links_lead_somewhere() {
    let mut problems = Vec::new();
    let mut seen = 0;
    for file in tracked().iter().filter(|f| f.extension() == Some("md".as_ref())) {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        for target in links(&text) {
            seen += 1;
            let folder = root().join(file.parent().unwrap());
            if !folder.join(&target).try_exists().unwrap() {
                problems.push(format!("{}: {target}", file.display()));
            }
        }
    }
    assert_none(&problems);
    assert!(seen > 0, "no links found at all");
}

#[test]
fn nothing_of_a_machine_is_written_down() {
    let mut problems = Vec::new();
    // Cargo writes its registry's address into its lock itself.
    for file in tracked().iter().filter(|f| f.as_os_str() != "Cargo.lock") {
        if let Ok(text) = std::fs::read_to_string(root().join(file)) {
            problems.extend(machine(&file.to_string_lossy(), &text));
        }
    }
    assert_none(&problems);
}

#[test]
fn readme_is_one_screen_that_says_how_to_begin() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let count = readme.lines().count();
    assert!(count <= 120, "README.md: {count} lines; what is longer is a guide");
    let first_screen: String = readme.lines().take(40).collect::<Vec<_>>().join("\n");
    for command in ["cargo run --release -- demo", "tests/run"] {
        assert!(first_screen.contains(command), "README.md: no {command:?} on the first screen");
    }
    assert!(root().join("services/README.md").is_file(), "services/README.md: missing");
}

#[test]
fn guides_can_be_found_and_show_tested_code() {
    let read = |file: &str| std::fs::read_to_string(root().join(file)).unwrap();
    let list: BTreeSet<String> = links(&read("deploy/README.md")).into_iter().collect();
    let mut seen = 0;
    for file in tracked() {
        let Some(guide) = file.to_str().and_then(|f| f.strip_prefix("deploy/guides/")) else {
            continue;
        };
        seen += 1;
        assert!(
            list.contains(&format!("guides/{guide}")),
            "deploy/README.md does not list {guide}"
        );
        let begin: String =
            read(file.to_str().unwrap()).lines().take(8).collect::<Vec<_>>().join(" ");
        assert!(
            begin.contains("After this page you can") && begin.contains("It is for"),
            "{guide} does not begin with what its reader can do, and for whom it is"
        );
    }
    assert!(seen > 0, "no guides found at all");
    let code = read("tests/python/ten_lines.py");
    let block = format!("```python\n{code}```");
    assert!(
        read("deploy/guides/integrate.md").contains(&block),
        "deploy/guides/integrate.md does not show the tested example:\n{code}"
    );
}

#[test]
fn offenders_are_caught() {
    let whole: Vec<String> = TOP.iter().map(|n| format!("{n}/x")).collect();
    let whole = || whole.iter().map(String::as_str);
    assert_none(&top_level(whole().chain([".ci/run", ".gitignore"])));
    assert_eq!(top_level(whole().chain(["scripts/a"])), ["scripts: not a room of this house"]);
    assert_eq!(top_level(whole().skip(1)), ["Cargo.lock: missing"]);

    let text =
        "[a](b.md#c) ![p](d/e.png) [w](https://x.y/z) [s](#here)\n```\n[no](n)\n```\n[q](r \"t\")";
    assert_eq!(links(text), ["b.md", "d/e.png", "r"]);

    for text in machine_texts() {
        assert_eq!(machine("a", &format!("x\nsee {text}here")), [format!("a:2: {text}")]);
    }
}

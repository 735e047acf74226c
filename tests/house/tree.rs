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

/// The relative targets of `[words](target)` and `![words](target)`, outside code: the file, empty for the same one, and the heading.
fn links(markdown: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for line in prose(markdown) {
        for part in line.split("](").skip(1) {
            let target = part.split([')', ' ']).next().unwrap_or_default();
            if !target.contains("://") && !target.starts_with("mailto:") {
                let (file, heading) = target.split_once('#').unwrap_or((target, ""));
                found.push((file.to_owned(), heading.to_owned()));
            }
        }
    }
    found
}

/// The headings of a document, as links name them.
fn headings(markdown: &str) -> BTreeSet<String> {
    let titles = prose(markdown).into_iter().filter(|line| line.starts_with('#'));
    let name = |title: &str| {
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' '));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    };
    titles.map(|title| name(title.trim_start_matches('#').trim())).collect()
}

/// The lines outside code.
fn prose(markdown: &str) -> Vec<&str> {
    let mut in_code = false;
    let mut found = Vec::new();
    for line in markdown.lines() {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        if !in_code && !fence {
            found.push(line);
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
        for (target, heading) in links(&text) {
            seen += 1;
            let folder = root().join(file.parent().unwrap());
            let place = if target.is_empty() { root().join(file) } else { folder.join(&target) };
            let there = place.try_exists().unwrap();
            let is_document = there && place.extension() == Some("md".as_ref());
            let has_heading = heading.is_empty()
                || !is_document
                || headings(&std::fs::read_to_string(place).unwrap()).contains(&heading);
            if !there || !has_heading {
                problems.push(format!("{}: {target}#{heading}", file.display()));
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
    let list: BTreeSet<String> =
        links(&read("deploy/README.md")).into_iter().map(|link| link.0).collect();
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

    let text = "# Q & A\n[a](b.md#c) ![p](d/e.png) [w](https://x.y/z) [s](#here)\n```\n[no](n)\n```\n[q](r \"t\")";
    let found = links(text);
    let found: Vec<_> =
        found.iter().map(|(file, heading)| (file.as_str(), heading.as_str())).collect();
    assert_eq!(found, [("b.md", "c"), ("d/e.png", ""), ("", "here"), ("r", "")]);
    assert_eq!(headings(text).into_iter().collect::<Vec<_>>(), ["q--a"]);

    for text in machine_texts() {
        assert_eq!(machine("a", &format!("x\nsee {text}here")), [format!("a:2: {text}")]);
    }
}

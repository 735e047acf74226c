//! Every ERROR that the service can log has a row in the runbook, and every such row an ERROR.

use std::path::{Path, PathBuf};

use super::text;

const MACRO: &str = "tracing::error!(";

/// The files of the code.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|of| of == "rs") {
            found.push(path);
        }
    }
}

/// The literals up to the end of the macro whose arguments begin here.
fn literals(code: &str) -> Vec<String> {
    let (mut found, mut depth, mut at) = (Vec::new(), 1, 0);
    let bytes = code.as_bytes();
    while depth > 0 {
        match bytes[at] {
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'"' => {
                let mut end = at + 1;
                while bytes[end] != b'"' {
                    end += if bytes[end] == b'\\' { 2 } else { 1 };
                }
                found.push(code[at + 1..end].to_owned());
                at = end;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// What the service can log at this level, as far as the code says it: a literal that is continued on the next line is put together.
fn errors() -> Vec<(String, String)> {
    let (mut paths, mut found) = (Vec::new(), Vec::new());
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("services"), &mut paths);
    for path in paths {
        let code = std::fs::read_to_string(&path).unwrap();
        let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for (place, _) in code.match_indices(MACRO) {
            let literals = literals(&code[place + MACRO.len()..]);
            let mut text = literals.last().unwrap().clone();
            if text.starts_with('{') {
                // The text was made in the statement before.
                let before = code[..place].rsplit("format!(\"").next().unwrap();
                text = before.split('"').next().unwrap().to_owned();
            }
            let lines: Vec<_> = text.split("\\\n").map(str::trim_start).collect();
            found.push((path.display().to_string(), lines.concat()));
        }
    }
    found
}

/// How the lines begin that the runbook has rows for.
fn rows() -> Vec<String> {
    let runbook = text("runbook.md");
    let rows = runbook.lines().filter_map(|line| line.strip_prefix("| ERROR `"));
    rows.map(|row| row.split('`').next().unwrap().to_owned()).collect()
}

#[test]
fn each_error_of_the_log_is_in_the_runbook() {
    let (errors, rows) = (errors(), rows());
    assert!(errors.len() > 30 && rows.len() > 30, "{errors:#?} {rows:#?}");
    let missing: Vec<_> = errors
        .iter()
        .filter(|(_, text)| !rows.iter().any(|row| text.starts_with(row.as_str())))
        .collect();
    assert!(missing.is_empty(), "no row for {missing:#?}");
    let unknown: Vec<_> = rows
        .iter()
        .filter(|row| !errors.iter().any(|(_, text)| text.starts_with(row.as_str())))
        .collect();
    assert!(unknown.is_empty(), "no line of the log begins so: {unknown:#?}");
}

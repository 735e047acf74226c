//! Every example of a help text shows figures on the demo's data: what a stranger copies has to work.

use std::path::Path;

use super::run::{Served, equity, run};

/// Fills a folder with the data of the demo, the synthetic set made small, and returns what the demo prints.
pub(super) fn fill_with_demo(folder: &Path) -> String {
    let mut demo = equity();
    demo.args(["demo", "--once", "--rows", "3000", "--data-folder"]).arg(folder);
    let ended = demo.env("LC_ALL", "C.UTF-8").output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    String::from_utf8(ended.stdout).unwrap()
}

/// Whether a table that was printed has figures. Published estimates count: some areas have no other figures.
pub(super) fn shows_figures(printed: &str) -> bool {
    let published = printed.contains("Published estimates");
    (published || !printed.contains("no figures")) && printed.lines().count() > 3
}

/// The lines of a help text that can be typed, put together where they were wrapped.
fn examples(command: &[&str]) -> Vec<String> {
    let help = run(&[command, &["--help"]].concat()).well();
    let mut lines: Vec<String> = Vec::new();
    let mut open = false;
    for line in help.lines() {
        if line.starts_with("  equity ") {
            lines.push(line.trim().to_owned());
            open = true;
        } else if open && line.starts_with("  ") && !line.starts_with("   ") {
            let last = lines.last_mut().unwrap();
            *last = format!("{last} {}", line.trim());
        } else {
            open = false;
        }
    }
    lines
}

#[test]
fn examples_of_breakdowns_show_figures() {
    let folder = tempfile::tempdir().unwrap();
    fill_with_demo(folder.path());
    let served = Served::start(folder.path());
    let mut tried = 0;
    for table in ["channels", "outcomes", "exclusion", "provision", "impact", "risk"] {
        for line in examples(&["breakdown", table]) {
            // A table that is followed does not end.
            if line.contains("--watch") {
                continue;
            }
            let arguments: Vec<&str> = line.split_whitespace().skip(1).collect();
            let ended = served.ask(&arguments);
            assert_eq!(ended.code, Some(0), "{line}: {ended:?}");
            assert!(shows_figures(&ended.answer), "{line}:\n{}", ended.answer);
            tried += 1;
        }
    }
    assert!(tried >= 14, "{tried} examples");
}

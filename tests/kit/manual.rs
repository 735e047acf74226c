//! Completions of shells, and pages of the manual: every command is in them, and a shell takes its completions.

use std::process::Command;

use clap::CommandFactory as _;
use equity_indicators::cli::args::Cli;

use crate::cli::run::run;

#[test]
fn every_shell_has_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = run(&["completions", shell]).well();
        for command in Cli::command().get_subcommands() {
            assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
        }
        assert!(script.contains("max-age"), "{shell}: options");
    }
    assert_eq!(run(&["completions", "tcsh"]).code, Some(2));
}

/// bash itself reads them and completes a command and an option.
#[test]
fn bash_completes_commands_and_options() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("equity.bash");
    std::fs::write(&script, run(&["completions", "bash"]).well()).unwrap();
    let complete = |words: &str, number: usize| {
        let line = format!(
            "source {}; COMP_WORDS=({words}); COMP_CWORD={number}; \
             _equity equity \"${{COMP_WORDS[{number}]}}\" \"${{COMP_WORDS[{number}-1]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            script.display()
        );
        let output = Command::new("bash").args(["-c", &line]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(complete("equity snap", 1).trim(), "snapshot");
    assert_eq!(complete("equity status --max", 2).trim(), "--max-age");
}

#[test]
fn every_command_has_a_page_with_its_examples() {
    fn look(command: &clap::Command, name: &str, pages: &mut Vec<String>) {
        pages.push(format!("{name}.1"));
        for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
            look(inner, &format!("{name}-{}", inner.get_name()), pages);
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("share/man1");
    run(&["man", pages.to_str().unwrap()]).well();
    // A second time, over the first.
    run(&["man", pages.to_str().unwrap()]).well();
    let mut expected = Vec::new();
    look(&Cli::command(), "equity", &mut expected);
    expected.sort();
    let written = std::fs::read_dir(&pages).unwrap();
    let mut written: Vec<_> =
        written.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    written.sort();
    assert_eq!(written, expected);
    let page = std::fs::read_to_string(pages.join("equity-snapshot.1")).unwrap();
    for words in [".TH ", "Examples:", "data\\-folder"] {
        assert!(page.contains(words), "{words} is missing:\n{page}");
    }
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert_eq!(run(&["man", file.to_str().unwrap()]).code, Some(1));
}

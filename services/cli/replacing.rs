//! The question whether submissions may replace months and lose most of them.

use std::io::{BufRead, IsTerminal as _, stderr, stdin};

use super::exit::Failure;
use super::sent::Sent;
use super::show::{Out, sent};

/// Whether somebody can be asked.
pub(super) fn is_interactive() -> bool {
    stdin().is_terminal() && stderr().is_terminal()
}

/// Shows what would be lost, and asks. Everything but a yes is a no.
///
/// # Errors
/// The question cannot be written.
pub(super) async fn ask(all: &Sent, out: &mut Out) -> Result<bool, Failure> {
    let shrinking = all.shrinking();
    for (number, refusal) in all.numbered_refusals() {
        if shrinking.contains(&number) {
            out.remark(&sent::refused(&[refusal.slot], "", &sent::reason(&refusal)))?;
        }
    }
    is_yes("Replace what is stored? Type yes to replace it, anything else to keep it.", out).await
}

/// Asks. Everything but a yes is a no.
///
/// # Errors
/// The question cannot be written.
pub(super) async fn is_yes(question: &str, out: &mut Out) -> Result<bool, Failure> {
    out.remark(question)?;
    let (tell, told) = tokio::sync::oneshot::channel();
    // A thread of its own: it may wait for the line for ever, and must not keep the command from ending.
    std::thread::spawn(move || tell.send(says_yes(&mut stdin().lock())));
    tokio::select! {
        yes = told => Ok(yes.unwrap_or(false)),
        _ = tokio::signal::ctrl_c() => Ok(false),
    }
}

fn says_yes(answers: &mut impl BufRead) -> bool {
    let mut line = String::new();
    let read = answers.read_line(&mut line);
    read.is_ok() && ["y", "yes"].contains(&line.trim().to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        for (answer, yes) in
            [("yes\n", true), ("Y\r\n", true), ("no\n", false), ("\n", false), ("", false)]
        {
            assert_eq!(says_yes(&mut answer.as_bytes()), yes, "{answer:?}");
        }
    }
}

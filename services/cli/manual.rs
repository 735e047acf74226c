//! `equity completions` and `equity man`: files that shells and the manual read, out of the same definition as the help.

use std::path::PathBuf;

use clap::{Args, Command};
use clap_complete::Shell;

use super::exit::Failure;
use super::show::Out;

const COMPLETIONS: &str = "\
Examples:
  equity completions bash > /usr/share/bash-completion/completions/equity
  equity completions fish > ~/.config/fish/completions/equity.fish

For zsh, write it to a file `_equity` in a folder of $fpath. For PowerShell, add it to the file that $PROFILE names.";

const MAN: &str = "\
Examples:
  equity man /usr/local/share/man/man1
  equity man ./man

Writes one page for each command: `man equity-serve` shows that of `equity serve`. Files of the same name are replaced.";

/// `equity completions`.
#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: Shell,
}

/// `equity man`.
#[derive(Debug, Args)]
#[command(after_help = MAN)]
pub struct ManArgs {
    /// Folder of the pages. It is made if it does not exist.
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
}

/// Prints the completions of a shell for `equity`, whose definition is given.
///
/// # Errors
/// They cannot be written.
pub fn completions(args: &CompletionsArgs, mut of: Command, out: &mut Out) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut of, "equity", &mut script);
    Ok(out.answer(String::from_utf8_lossy(&script).trim_end())?)
}

/// Writes the pages of the manual of `equity`, whose definition is given.
///
/// # Errors
/// The folder cannot be written.
pub fn man(args: &ManArgs, of: Command, out: &mut Out) -> Result<(), Failure> {
    let refused = |error| Failure::data(&args.folder, anyhow::Error::from(error));
    std::fs::create_dir_all(&args.folder).map_err(refused)?;
    clap_mangen::generate_to(of, &args.folder).map_err(refused)?;
    out.remark(&format!("the pages are in {}: man -l {0}/equity.1", args.folder.display()))?;
    Ok(())
}

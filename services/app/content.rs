//! The reference content of the settings: built in, or of a folder; with the partners of a file.

use std::path::Path;

use anyhow::Context as _;

use crate::config::Config;
use crate::domain::codes::Content;
use crate::domain::reference::{PARTNERS, Reference};
use crate::engine::content;

/// The reference content of the settings.
///
/// # Errors
/// A file cannot be read, or names what is not there.
pub(super) fn reference_content(config: &Config) -> anyhow::Result<Content> {
    let mut content = Content::embedded();
    if let Some(folder) = &config.reference_folder {
        content = content::of_folder(folder)?;
        Reference::new(&content)
            .with_context(|| format!("the reference folder {} cannot be used", folder.display()))?;
    }
    match &config.partners_file {
        Some(file) => with_partners(config, content, file),
        None => Ok(content),
    }
}

/// Reference content with the partners of a file.
///
/// # Errors
/// The file cannot be read, or names what is not there, or has no partner that the settings of tokens name.
pub(super) fn with_partners(
    config: &Config,
    content: Content,
    file: &Path,
) -> anyhow::Result<Content> {
    let wrong = || format!("the partners in {} cannot be used", file.display());
    let text = std::fs::read_to_string(file).with_context(wrong)?;
    let content = content.and(PARTNERS, text);
    let reference = Reference::new(&content).with_context(wrong)?;
    let named = config.tokens.issuers.iter().flat_map(|issuer| issuer.partners.values());
    for partner in named {
        anyhow::ensure!(
            reference.partners().named(partner).is_some(),
            "tokens.issuers: partners: {} has no partner `{partner}`",
            file.display()
        );
    }
    Ok(content)
}

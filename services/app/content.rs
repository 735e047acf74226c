//! The reference content of the settings: built in, or of a folder; with the partners of a file.

use std::path::Path;

use anyhow::Context as _;

use crate::config::Config;
use crate::domain::codes::Content;
use crate::domain::reference::{Found, PARTNERS, Reference};
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

/// The code of the area that the service is for; empty: of none.
///
/// # Errors
/// The reference content has no such area, or several of this name.
pub(super) fn home_area(config: &Config, content: &Content) -> anyhow::Result<String> {
    let Some(given) = &config.home_area else { return Ok(String::new()) };
    let reference = Reference::new(content)?;
    match reference.find_area(given) {
        Found::One(area) => Ok(area.code.clone()),
        Found::None => {
            let near = reference.nearest_area(given);
            let near = near.map_or(String::new(), |code| format!("; did you mean {code}?"));
            anyhow::bail!(
                "home_area: there is no area `{given}`{near}; `equity reference areas` lists them"
            )
        }
        Found::Several(areas) => {
            let areas: Vec<_> =
                areas.iter().map(|of| format!("`{}` ({})", of.code, of.kind)).collect();
            anyhow::bail!("home_area: several areas are called `{given}`: {}", areas.join(", "))
        }
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

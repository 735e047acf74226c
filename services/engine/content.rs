//! Reference content: from a folder of the operator, and put in use while the service runs.

use super::Engine;
use crate::domain::codes::{Content, ContentError, nearest_code};
use crate::domain::reference::Reference;
use crate::store::WriteError;

/// Why reference content was not put in use.
#[derive(Debug, thiserror::Error)]
pub enum NotConfigured {
    /// It cannot be used.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// It was not written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Engine {
    /// Puts reference content in use for everybody who asks from now on. Returns the position of its entry.
    ///
    /// # Errors
    /// It cannot be used, or was not written.
    pub async fn configure(&self, content: Content) -> Result<u64, NotConfigured> {
        let checked =
            tokio::task::spawn_blocking(move || Reference::new(&content).map(|_| content));
        let stopped = |_| WriteError::Stopped("the service is stopping".into());
        let content = checked.await.map_err(stopped)??;
        Ok(self.store.configure(&content).await?.position)
    }
}

/// The reference content of a folder: each of its files replaces the built-in file of its name, or adds a code list.
///
/// # Errors
/// The folder or a file in it cannot be read.
pub fn of_folder(folder: &std::path::Path) -> Result<Content, ContentError> {
    let wrong = |path: &std::path::Path, error: std::io::Error| ContentError {
        file: path.display().to_string(),
        what: error.to_string(),
    };
    let (mut files, built_in) = (Vec::new(), Content::embedded());
    for (sub, prefix) in [(folder.to_owned(), ""), (folder.join("codes"), "codes/")] {
        let entries = match std::fs::read_dir(&sub) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !prefix.is_empty() => {
                continue;
            }
            Err(error) => return Err(wrong(&sub, error)),
        };
        for entry in entries {
            let path = entry.map_err(|error| wrong(&sub, error))?.path();
            let known = path.extension().is_some_and(|e| e == "toml" || e == "csv");
            if let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|_| known) {
                // Code lists may be added. Any other name must be a misspelt one of the files that are read.
                let is_read = built_in.file(name).is_ok() || Content::OPTIONAL.contains(&name);
                if prefix.is_empty() && !is_read {
                    let names = built_in.files().map(|(name, _)| name);
                    let near = nearest_code(name, names.filter(|name| !name.contains('/')));
                    let hint =
                        near.map_or(String::new(), |near| format!("; the nearest is `{near}`"));
                    return Err(ContentError {
                        file: path.display().to_string(),
                        what: format!("the service reads no file of this name{hint}"),
                    });
                }
                let text = std::fs::read_to_string(&path).map_err(|error| wrong(&path, error))?;
                files.push((format!("{prefix}{name}"), text));
            }
        }
    }
    Ok(Content::with(files))
}

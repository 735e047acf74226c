//! From the environment and a file to settings: every key is looked up in the table of keys.

use std::path::Path;

use toml::{Table, Value};

use super::values::note;
use super::{Config, ConfigError, keys, otel, values};

impl Config {
    /// Reads the variables of OpenTelemetry, then a TOML file (none: the defaults), then `EQUITY_…`, and checks everything.
    ///
    /// # Errors
    /// The file cannot be read, or settings are wrong: all problems at once.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigError> {
        let text = match path {
            None => String::new(),
            Some(path) => std::fs::read_to_string(path)
                .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?,
        };
        Self::parse(&text, |name| std::env::var(name).ok())
    }

    /// The same from a text and any environment: what tests use.
    ///
    /// # Errors
    /// Settings are wrong: all problems at once.
    pub fn parse(
        text: &str,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let table: Table = text
            .parse()
            .map_err(|error: toml::de::Error| ConfigError::Invalid(vec![error.to_string()]))?;
        let mut config = Self::default();
        let mut problems = Vec::new();
        otel::read(&mut config.telemetry, &environment, &mut problems);
        for (name, value) in flatten(&table) {
            match keys::find(&name) {
                Some(key) => note(&mut problems, &name, (key.set)(&mut config, &value)),
                None => problems.push(keys::unknown(&name)),
            }
        }
        for key in keys::KEYS {
            let variable = keys::variable(key.name);
            if let Some(text) = environment(&variable) {
                let value = values::from_environment(&text);
                let mut set = (key.set)(&mut config, &value);
                if set.is_err() && !value.is_str() {
                    set = (key.set)(&mut config, &Value::String(text));
                }
                note(&mut problems, &variable, set);
            }
        }
        config.check(&mut problems);
        if problems.is_empty() { Ok(config) } else { Err(ConfigError::Invalid(problems)) }
    }
}

/// Every value that is not a table, with its dotted name.
pub(super) fn flatten(table: &Table) -> Vec<(String, Value)> {
    let mut flat = Vec::new();
    for (name, value) in table {
        if let Some(inner) = value.as_table() {
            let nested = flatten(inner).into_iter();
            flat.extend(nested.map(|(key, value)| (format!("{name}.{key}"), value)));
        } else {
            flat.push((name.clone(), value.clone()));
        }
    }
    flat
}

//! What a caller says of a file that does not say it itself.

use std::collections::BTreeMap;

/// What holds where a file does not say it itself. Publications say organisation and month in every row.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    /// Code of the organisation.
    pub organisation: Option<String>,
    /// Calendar month, `2020-04`.
    pub month: Option<String>,
    /// Id of the collection.
    pub collection: Option<String>,
    /// Field name to code system, where it is not the default of the field.
    pub code_systems: BTreeMap<String, String>,
    /// Names of the characteristics that the source collects. Nothing: those that have a column.
    pub collected: Option<Vec<String>>,
    /// How the person keys were made.
    pub person_key_scheme: Option<String>,
}

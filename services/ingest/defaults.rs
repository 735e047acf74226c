//! Values for a file that lacks them.

use std::collections::BTreeMap;

/// Values that hold if a file does not have them. Published files have organisation and month in every row.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    /// Code of the organisation.
    pub organisation: Option<String>,
    /// Calendar month, `2020-04`.
    pub month: Option<String>,
    /// Id of the collection.
    pub collection: Option<String>,
    /// Field name to code system, for fields that do not use their default code system.
    pub code_systems: BTreeMap<String, String>,
    /// Names of the fields that the source collects. `None`: the fields that have a column.
    pub collected: Option<Vec<String>>,
    /// Name of the method that made the person keys.
    pub person_key_scheme: Option<String>,
}

//! `manifest.json`: what a published folder has.

use serde_json::{Value, json};

use super::files::{Written, state};
use crate::proto::v1;

pub(super) const FILE: &str = "manifest.json";

/// The manifest. Nothing in it depends on when or where it is written.
pub(super) fn text(of: &v1::Publication, written: &[Written]) -> String {
    let manifest = json!({
        "release": of.release,
        "profile": "PUBLIC",
        "profile_version": of.profile_version,
        "tables_version": of.tables_version,
        "method": of.method,
        "certificate": {
            "holds": true,
            "statement": of.certificate,
            "least_values": of.least_value_count,
        },
        "tables": written.iter().map(table).collect::<Vec<_>>(),
    });
    format!("{manifest:#}\n")
}

fn table(of: &Written) -> Value {
    let table = &of.table;
    let coarser = of.rows.iter().filter(|row| {
        let states = [v1::PublishedState::Coarsened, v1::PublishedState::Merged];
        states.map(i32::from).contains(&row.state)
    });
    let files = of.files.iter().map(|(name, bytes)| {
        json!({ "name": name, "bytes": bytes.len(), "blake3": blake3::hash(bytes).to_hex().as_str() })
    });
    json!({
        "table": table.table_id,
        "title": table.title,
        "collection": table.collection,
        "area": table.area,
        "area_name": table.area_name,
        "dimensions": table.dimensions,
        "numbers": table.row_count,
        "withheld_few": table.few_count,
        "withheld_coarsened": table.coarsened_count,
        "merged": table.merged_count,
        "coarsened": coarser.map(coarsened).collect::<Vec<_>>(),
        "content_hash": table.content_hash,
        "notes": table.notes,
        "files": files.collect::<Vec<_>>(),
    })
}

/// A number that became coarser.
fn coarsened(row: &v1::PublishedRow) -> Value {
    let keys = row.keys.iter().map(|key| (key.dimension.clone(), json!(key.code)));
    json!({
        "period": row.period,
        "keys": Value::Object(keys.collect()),
        "state": state(row),
        "merged_into": row.merged_into,
    })
}

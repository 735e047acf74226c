//! Publications: the engine's to the contract's messages.

use prost::Message;

use super::breakdown::keys;
use super::{int, release};
use crate::domain::disclosure::Protection;
use crate::domain::disclosure::publication::LEAST_VALUES;
use crate::engine::publishing::{Publication, PublishedRow, RowShown, TableOf};
use crate::proto::v1;

/// What was proven, in a sentence.
const CERTIFICATE: &str = "All tables of this release were attacked together, by linear programming in whole numbers, with the exact \
                           consultations of each organisation in each month known to the attacker. Every cell of 1 to 9 keeps at least 5 \
                           possible values, each with a witness, or as many as the known totals alone leave.";

/// A publication, without its list of tables.
pub(in crate::rpc) fn about(of: &Publication) -> v1::Publication {
    v1::Publication {
        release: release::name(&of.release.id),
        profile_version: of.profile_version.clone(),
        tables_version: of.tables_version.clone(),
        method: Protection::Rounded.note().unwrap_or_default(),
        certificate: CERTIFICATE.to_owned(),
        least_value_count: i32::try_from(LEAST_VALUES).unwrap_or(i32::MAX),
        tables: Vec::new(),
    }
}

/// The rows of a table.
pub(in crate::rpc) fn rows(of: &TableOf) -> Vec<v1::PublishedRow> {
    of.rows.iter().map(row).collect()
}

/// A table, and the hash of its rows.
pub(in crate::rpc) fn table(of: &TableOf, rows: &[v1::PublishedRow]) -> v1::PublishedTable {
    let mut hash = blake3::Hasher::new();
    rows.iter().for_each(|row| _ = hash.update(&row.encode_length_delimited_to_vec()));
    let count = |wanted: fn(&RowShown) -> bool| {
        let found = of.rows.iter().filter(|row| wanted(&row.shown)).count();
        i32::try_from(found).unwrap_or(i32::MAX)
    };
    let definition = of.definition.clone();
    v1::PublishedTable {
        table_id: definition.id,
        title: definition.title,
        collection: definition.collection,
        area: definition.area,
        area_name: of.area_name.clone(),
        dimensions: definition.dimensions,
        row_count: count(|_| true),
        few_count: count(|shown| matches!(shown, RowShown::Few | RowShown::NotShown)),
        coarsened_count: count(|shown| *shown == RowShown::Coarsened),
        merged_count: count(|shown| matches!(shown, RowShown::Merged(_))),
        content_hash: hash.finalize().to_hex().to_string(),
        notes: of.notes.clone(),
    }
}

fn row(of: &PublishedRow) -> v1::PublishedRow {
    let (count, merged_into) = match &of.shown {
        RowShown::Count(count) => (Some(int(*count)), String::new()),
        RowShown::Merged(code) => (None, code.clone()),
        RowShown::Few | RowShown::Coarsened | RowShown::NotShown => (None, String::new()),
    };
    let state = match of.shown {
        RowShown::Count(_) => v1::PublishedState::Shown,
        RowShown::Few => v1::PublishedState::Few,
        RowShown::Coarsened => v1::PublishedState::Coarsened,
        RowShown::Merged(_) => v1::PublishedState::Merged,
        RowShown::NotShown => v1::PublishedState::FewOrganisations,
    };
    v1::PublishedRow {
        period: of.period.clone(),
        first_month: of.months.0.to_string(),
        last_month: of.months.1.to_string(),
        keys: keys(&of.keys),
        key_labels: of.keys.iter().map(|key| key.label.clone()).collect(),
        state: state.into(),
        count,
        whole_count: of.whole.map(int),
        percentage: of.percentage(),
        merged_into,
    }
}

//! The columns of the service's CSV. A column is called what the contract calls its field.

use crate::domain::collection::Dataset;
use crate::domain::record::{CONSULTATION, Holds, PERSON, RecordType, SUPPRESSED};

/// Code of the organisation: with [`MONTH`], it says which submission a row belongs to.
pub(super) const ORGANISATION: &str = "organisation";
/// Calendar month, `2020-04`.
pub(super) const MONTH: &str = "month";
/// Day or month of the record.
pub(super) const DATE: &str = "date";
/// Number of people of a row. A file with this column holds populations.
pub(super) const PERSON_COUNT: &str = "person_count";
/// People in the denominator of an indicator. A file with this column holds counts of indicators.
pub(super) const DENOMINATOR_COUNT: &str = "denominator_count";
/// Id of an indicator. A file with this column, and without the one before, holds estimates.
pub(super) const INDICATOR: &str = "indicator";

/// A column and the field of a record behind it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// Name in the header and in the contract.
    pub(super) name: &'static str,
    /// Number of the field in the contract.
    pub(super) number: u8,
    pub(super) kind: CellKind,
}

/// What a cell holds, with the protobuf type of the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CellKind {
    /// `string`: a code or another text.
    Text,
    /// `repeated string`: codes joined with `;`.
    Codes,
    /// `optional int32`: a whole number.
    Int32,
    /// `optional int64`: a whole number.
    Int64,
    /// `optional int64`: how many the row stands for, or a symbol that says that the publisher suppressed it.
    RecordCount,
    /// `int64`: the same from 0, in every row.
    Count,
    /// `optional double`: the value of an estimate, or a symbol as before.
    Figure,
    /// `optional double`: a finite number.
    Double,
    /// `bool`: `Y` or `N`; empty is no.
    Flag,
    /// `repeated EstimateKey`: pairs `dimension=code`, joined with `;`.
    Keys,
}

const fn column(number: u8, name: &'static str, kind: CellKind) -> Column {
    Column { name, number, kind }
}

/// The fields of `EstimateRecord`.
const ESTIMATE: [Column; 11] = [
    column(1, INDICATOR, CellKind::Text),
    column(2, "area", CellKind::Text),
    column(3, "period", CellKind::Text),
    column(4, "keys", CellKind::Keys),
    column(5, "value", CellKind::Figure),
    column(6, "lower", CellKind::Double),
    column(7, "upper", CellKind::Double),
    column(8, "base_count", CellKind::Int64),
    column(9, "weight", CellKind::Double),
    column(10, "base", CellKind::Text),
    column(11, SUPPRESSED, CellKind::Flag),
];

/// The columns of the records of one dataset, in the order in which they are written.
pub(super) struct Columns {
    /// Of the record itself.
    pub(super) own: Vec<Column>,
    /// Of the person whom the record is about.
    pub(super) person: Vec<Column>,
    /// Number of the record's field that holds the person.
    pub(super) person_number: u8,
    /// Number of the record's field that says that a count or a figure is suppressed.
    pub(super) suppressed_number: u8,
}

impl Columns {
    pub(super) fn of(dataset: Dataset) -> Self {
        let Some(record) = RecordType::of(dataset) else {
            let (own, person) = (ESTIMATE.to_vec(), Vec::new());
            return Columns { own, person, person_number: 0, suppressed_number: 11 };
        };
        let number = |holds: Holds| {
            let found = record.fields.iter().find(|field| field.holds == holds);
            found.map_or(0, |field| field.number)
        };
        let mut own: Vec<Column> = columns(record).collect();
        if dataset == Dataset::DigitalAccess {
            own.sort_by_key(|column| !is_of_consultations(column));
        }
        Columns {
            own,
            person: columns(&PERSON).collect(),
            person_number: number(Holds::Person),
            suppressed_number: number(Holds::Suppressed),
        }
    }

    /// The columns of the record itself that are written. A suppressed count is written as a symbol in its own column.
    pub(super) fn written(&self) -> impl Iterator<Item = &Column> {
        let has_value = self.own.iter().any(|column| column.kind == CellKind::Figure);
        self.own.iter().filter(move |column| has_value || column.name != SUPPRESSED)
    }

    /// Every column.
    pub(super) fn all(&self) -> impl Iterator<Item = &Column> {
        self.own.iter().chain(&self.person)
    }
}

/// The columns that only access records have: any of them makes a file access records.
pub(super) fn only_of_access_records() -> impl Iterator<Item = Column> {
    Columns::of(Dataset::DigitalAccess)
        .own
        .into_iter()
        .filter(|column| !is_of_consultations(column))
}

/// Whether a cell of a column may hold several codes, joined with `;`.
pub(in crate::ingest) fn holds_several(name: &str) -> bool {
    let all = Dataset::ALL.into_iter().map(Columns::of);
    all.flat_map(|columns| columns.all().copied().collect::<Vec<_>>())
        .any(|column| column.name == name && column.kind == CellKind::Codes)
}

fn is_of_consultations(column: &Column) -> bool {
    CONSULTATION.fields.iter().any(|field| field.name == column.name)
}

fn columns(record: &RecordType) -> impl Iterator<Item = Column> {
    record.fields.iter().filter_map(|field| {
        let kind = match field.holds {
            Holds::Code(_) | Holds::Date | Holds::PersonKey | Holds::SourceRecordId => {
                CellKind::Text
            }
            Holds::Codes(_) => CellKind::Codes,
            Holds::Number(_) => CellKind::Int32,
            Holds::RecordCount => CellKind::RecordCount,
            Holds::PersonCount | Holds::Numerator | Holds::Denominator => CellKind::Count,
            Holds::Suppressed => CellKind::Flag,
            Holds::Person => return None,
        };
        Some(column(field.number, field.name, kind))
    })
}

#[cfg(test)]
mod tests {
    use prost_reflect::{DescriptorPool, FieldDescriptor};

    use super::*;
    use crate::domain::record::{ACCESS, INDICATOR_COUNT, POPULATION};

    /// Number, name and type of each field that the compiled contract has.
    fn contract(message: &str) -> Vec<(u32, String, String)> {
        let pool = DescriptorPool::decode(crate::proto::FILE_DESCRIPTOR_SET).unwrap();
        let message = pool.get_message_by_name(&format!("equity.v1.{message}")).unwrap();
        let kind = |field: &FieldDescriptor| {
            let message = field.kind().as_message().map(|message| message.name().to_owned());
            let optional = field.supports_presence() && message.is_none();
            let kind = message.unwrap_or_else(|| format!("{:?}", field.kind()).to_lowercase());
            match (field.is_list(), optional) {
                (true, _) => format!("repeated {kind}"),
                (false, true) => format!("optional {kind}"),
                (false, false) => kind,
            }
        };
        let field =
            |field: FieldDescriptor| (field.number(), field.name().to_owned(), kind(&field));
        message.fields().map(field).collect()
    }

    fn typed(column: &Column) -> (u32, String, String) {
        let kind = match column.kind {
            CellKind::Text => "string",
            CellKind::Codes => "repeated string",
            CellKind::Int32 => "optional int32",
            CellKind::Int64 | CellKind::RecordCount => "optional int64",
            CellKind::Count => "int64",
            CellKind::Figure | CellKind::Double => "optional double",
            CellKind::Flag => "bool",
            CellKind::Keys => "repeated EstimateKey",
        };
        (column.number.into(), column.name.to_owned(), kind.to_owned())
    }

    #[test]
    fn the_tables_are_the_messages_of_the_contract() {
        for (message, record) in [
            ("ConsultationRecord", &CONSULTATION),
            ("PopulationRecord", &POPULATION),
            ("AccessRecord", &ACCESS),
            ("IndicatorCountRecord", &INDICATOR_COUNT),
            ("PersonCharacteristics", &PERSON),
        ] {
            let mut table: Vec<_> = columns(record).map(|column| typed(&column)).collect();
            let people = record.fields.iter().filter(|field| field.holds == Holds::Person);
            let person = "PersonCharacteristics".to_owned();
            table.extend(
                people.map(|field| (field.number.into(), field.name.to_owned(), person.clone())),
            );
            table.sort();
            assert_eq!(table, contract(message), "{message}");
        }
        let estimate: Vec<_> = ESTIMATE.iter().map(typed).collect();
        assert_eq!(estimate, contract("EstimateRecord"));
    }
}

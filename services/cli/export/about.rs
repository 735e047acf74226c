//! What holds for a whole file and not for one line: the question, the log position, the meaning of columns and indicators, and the
//! sentences that have to appear with the figures. Parquet keeps it in its metadata, Excel in a sheet, lean CSV in a file beside it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::columns::FileColumn;
use super::take::Taken;
use crate::cli::answer;
use crate::cli::client::Service;
use crate::cli::exit::Failure;
use crate::cli::show::json as shown;
use crate::proto::v1;

/// What holds for a whole file.
#[derive(Debug, Default)]
pub(super) struct About {
    /// The request, as JSON.
    pub(super) asked: Value,
    pub(super) position: i64,
    pub(super) columns: Vec<FileColumn>,
    /// The indicators that the rows have.
    pub(super) indicators: Vec<v1::Indicator>,
    pub(super) provenances: BTreeSet<String>,
    pub(super) statements: BTreeSet<String>,
    pub(super) notes: BTreeSet<String>,
}

impl About {
    /// What is known once all rows have arrived.
    pub(super) async fn of(
        service: &Service,
        request: &v1::ExportBreakdownsRequest,
        columns: Vec<FileColumn>,
        taken: &Taken,
    ) -> Result<Self, Failure> {
        let mut indicators = answer::indicators(service, "").await?;
        indicators.retain(|one| taken.indicators.contains(&one.id));
        Ok(Self {
            asked: shown::of("equity.v1.ExportBreakdownsRequest", request)?,
            position: taken.position,
            columns,
            indicators,
            provenances: taken.provenances.clone(),
            statements: taken.statements.clone(),
            notes: taken.notes.clone(),
        })
    }

    /// Each part by its name.
    fn parts(&self) -> anyhow::Result<[(&'static str, Value); 7]> {
        let definitions = self.indicators.iter().map(|of| shown::of("equity.v1.Indicator", of));
        Ok([
            ("request", self.asked.clone()),
            ("position", self.position.into()),
            ("columns", words(&self.columns)),
            ("indicators", definitions.collect::<anyhow::Result<Value>>()?),
            ("provenance", json!(self.provenances)),
            ("statements", json!(self.statements)),
            ("notes", json!(self.notes)),
        ])
    }

    /// The parts as the metadata of a Parquet file has them: JSON in text.
    #[cfg(feature = "parquet")]
    pub(super) fn metadata(&self) -> anyhow::Result<Vec<(String, String)>> {
        let text = |(name, value): (&str, Value)| (format!("equity.{name}"), value.to_string());
        Ok(self.parts()?.map(text).into())
    }

    /// The parts as a JSON file.
    pub(super) fn file(&self) -> anyhow::Result<String> {
        let parts = self.parts()?.map(|(name, value)| (name.to_owned(), value));
        Ok(shown::text(&Value::Object(parts.into_iter().collect()), false))
    }
}

/// The columns, each with its type and meaning.
pub(super) fn words(columns: &[FileColumn]) -> Value {
    let column = |column: &FileColumn| json!({"name": column.name, "type": column.kind_name(), "about": column.about});
    columns.iter().map(column).collect()
}

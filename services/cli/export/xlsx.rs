//! An Excel workbook: a sheet of figures with real numbers, dates and text, and a sheet of what was asked and how to read it.

use rust_xlsxwriter::{ExcelDateTime, Format, Workbook as Book, Worksheet};
use serde_json::Value;

use super::about::About;
use super::columns::{FileColumn, Kind};
use crate::cli::show::words;
use crate::proto::v1::{ExportRow, Unit};

/// Most rows of a sheet, without its header.
pub(super) const MOST: usize = 1_048_575;
/// Most characters of a cell.
const LONGEST: usize = 32_767;

/// How to read the figures, for a reader who has nothing else.
const READING: [&str; 6] = [
    "One line is one figure. Choose by `column` or `unit` before you add up: counts, shares and rates are in one column `value`.",
    "Shares (unit RATIO) are from 0 to 1 and shown as percentages. Limits are confidence limits.",
    "An empty cell is not 0. `absence_reason` says why there is no value.",
    "A line without keys is the total of its table.",
    "Lines of the table ESTIMATES are published figures about other people and other questions. Never add them up.",
    "Columns that are empty in every line are left out. The sheet has the same columns as the CSV file of the same export.",
];

/// A workbook that is being written.
pub(super) struct Workbook {
    book: Book,
    /// The row of the figures that comes next.
    next: u32,
    percent: Format,
    day: Format,
}

impl Workbook {
    pub(super) fn new(columns: &[FileColumn]) -> anyhow::Result<Self> {
        let mut book = Book::new();
        let head = Format::new().set_bold();
        // Its cells go to disk line by line; only distinct texts stay in memory.
        let sheet = book.add_worksheet_with_low_memory()?.set_name("Figures")?;
        sheet.set_freeze_panes(1, 0)?;
        for (at, column) in columns.iter().enumerate() {
            let at = u16::try_from(at)?;
            sheet.set_column_width(at, width(column))?;
            sheet.write_string_with_format(0, at, column.name, &head)?;
        }
        let (percent, day) = ("0.0%", "yyyy-mm-dd");
        let format = |code: &str| Format::new().set_num_format(code);
        Ok(Self { book, next: 1, percent: format(percent), day: format(day) })
    }

    pub(super) fn write(&mut self, columns: &[FileColumn], row: &ExportRow) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.next as usize <= MOST,
            "a sheet of Excel holds {MOST} rows: export to .csv.gz or .parquet, or ask for less"
        );
        let sheet = self.book.worksheet_from_index(0)?;
        for (at, column) in columns.iter().enumerate() {
            let at = u16::try_from(at)?;
            cell(sheet, (self.next, at), column, row, &self.percent, &self.day)?;
        }
        self.next += 1;
        Ok(())
    }

    pub(super) fn finish(
        mut self,
        columns: &[FileColumn],
        about: &About,
    ) -> anyhow::Result<Vec<u8>> {
        let last = u16::try_from(columns.len().saturating_sub(1))?;
        self.book.worksheet_from_index(0)?.autofilter(0, 0, self.next - 1, last)?;
        let sheet = self.book.add_worksheet().set_name("About")?;
        sheet.set_column_width(0, 28)?.set_column_width(1, 110)?;
        let (bold, wrapped) = (Format::new().set_bold(), Format::new().set_text_wrap());
        for (at, (what, text)) in lines(about).into_iter().enumerate() {
            let at = u32::try_from(at)?;
            sheet.write_string_with_format(at, 0, what, &bold)?;
            sheet.write_string_with_format(at, 1, short(&text), &wrapped)?;
        }
        Ok(self.book.save_to_buffer()?)
    }
}

fn cell(
    sheet: &mut Worksheet,
    (line, at): (u32, u16),
    column: &FileColumn,
    row: &ExportRow,
    percent: &Format,
    day: &Format,
) -> anyhow::Result<()> {
    match column.kind {
        Kind::Text(read) => {
            let text = read(row);
            if !text.is_empty() {
                sheet.write_string(line, at, short(&text))?;
            }
        }
        Kind::Count(read) => {
            if let Some(count) = read(row) {
                sheet.write_number(line, at, count as f64)?;
            }
        }
        Kind::Real(read) => match read(row) {
            Some(value) if is_percentage(column, row) => {
                sheet.write_number_with_format(line, at, value, percent)?;
            }
            Some(value) => {
                sheet.write_number(line, at, value)?;
            }
            None => {}
        },
        Kind::Day(read) => {
            if let Some(date) = read(row) {
                let (year, month, of_month) = (date.year(), date.month(), date.day());
                let date = ExcelDateTime::from_ymd(
                    u16::try_from(year)?,
                    u8::try_from(month)?,
                    u8::try_from(of_month)?,
                )?;
                sheet.write_datetime_with_format(line, at, &date, day)?;
            }
        }
        Kind::Flag(read) => {
            sheet.write_boolean(line, at, read(row))?;
        }
    }
    Ok(())
}

/// Whether the number is a share, or a difference of two.
fn is_percentage(column: &FileColumn, row: &ExportRow) -> bool {
    let figure = ["value", "lower", "upper"].contains(&column.name);
    (figure && matches!(row.unit(), Unit::Ratio | Unit::Difference))
        || column.name.ends_with("_ratio")
}

/// The width of a column, in characters.
fn width(column: &FileColumn) -> f64 {
    if column.name.ends_with("_label") || column.name.ends_with("_name") { 28.0 } else { 14.0 }
}

/// What a cell can hold of a text.
fn short(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// The lines of the sheet about the figures.
fn lines(about: &About) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    leaves("asked", &about.asked, &mut lines);
    lines.push(("read at log position".into(), about.position.to_string()));
    for (what, texts) in
        [("source", &about.provenances), ("statement", &about.statements), ("note", &about.notes)]
    {
        lines.extend(texts.iter().map(|text| (what.to_owned(), text.clone())));
    }
    lines.extend(READING.map(|text| ("how to read".to_owned(), text.to_owned())));
    lines.extend(about.columns.iter().map(|of| (format!("column {}", of.name), of.about.into())));
    lines.extend(about.indicators.iter().map(|of| {
        let share = words::joined([&of.numerator, &of.denominator], ", of: ");
        (format!("indicator {}", of.id), words::joined([&of.label, &share], ": "))
    }));
    lines
}

/// The values of a message, each with the name of its field.
fn leaves(name: &str, value: &Value, lines: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| leaves(name, value, lines));
        }
        Value::Array(values) => values.iter().for_each(|value| leaves(name, value, lines)),
        Value::Null => {}
        Value::String(text) => lines.push((format!("asked: {name}"), text.clone())),
        Value::Bool(_) | Value::Number(_) => {
            lines.push((format!("asked: {name}"), value.to_string()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns::named;
    use super::*;

    /// The text of a part of the workbook.
    fn part(book: &[u8], name: &str) -> String {
        let at = book.windows(name.len()).position(|bytes| bytes == name.as_bytes()).unwrap();
        // A local header of ZIP: 30 bytes, the name, the extra field, then the packed bytes.
        let header = &book[at - 30..at];
        let number = |at: usize| usize::from(u16::from_le_bytes([header[at], header[at + 1]]));
        let packed = &book[at + number(26) + number(28)..];
        let mut text = String::new();
        let mut reader = flate2::read::DeflateDecoder::new(packed);
        std::io::Read::read_to_string(&mut reader, &mut text).unwrap();
        text
    }

    #[test]
    fn numbers_days_and_codes_keep_their_types_and_the_second_sheet_says_what_they_are() {
        let row = ExportRow {
            area: "05-10".into(),
            first_month: "2020-04".into(),
            unit: Unit::Ratio.into(),
            value: Some(0.615_6),
            numerator_count: Some(212_251),
            ..Default::default()
        };
        let names = ["area", "period_start", "value", "numerator_count", "ecological", "lower"];
        let columns = named(&names.map(str::to_owned));
        let mut book = Workbook::new(&columns).unwrap();
        book.write(&columns, &row).unwrap();
        let about = About {
            asked: serde_json::json!({"question": {"channels": {"query": {"area": "QK1"}}}}),
            position: 71,
            columns: columns.clone(),
            provenances: ["NHS England".to_owned()].into(),
            ..About::default()
        };
        let book = book.finish(&columns, &about).unwrap();
        let figures = part(&book, "xl/worksheets/sheet1.xml");
        // The first day of April 2020, as Excel counts days; text is a number of the shared texts.
        for cell in
            ["<v>43922</v>", "<v>0.6156</v>", "<v>212251</v>", "t=\"b\"", "r=\"A2\" t=\"s\""]
        {
            assert!(figures.contains(cell), "{cell}\n{figures}");
        }
        assert!(!figures.contains("r=\"F2\""), "an absent value has no cell: {figures}");
        let texts = part(&book, "xl/sharedStrings.xml");
        for text in ["05-10", "asked: area", "QK1", "NHS England", "column period_start", "71"] {
            assert!(texts.contains(&format!(">{text}</t>")), "{text}\n{texts}");
        }
    }
}

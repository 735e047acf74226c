//! GP Patient Survey: weighted percentage and weighted number of each answer to each question (England).
//!
//! The file has no year: unless the caller gives a month, it is the survey of 2026, published in July. It names questions by
//! number. The service knows what the numbers of 2026 mean; the answers of another year stay answers to a numbered question, in a
//! series of that year. Percentages are whole numbers; the weighted number goes into `weight`. Some questions allow several
//! answers: their shares do not add up to 1, and `base` states this.

use std::borrow::Cow;

use super::cells::{Cell, UniqueRows, not_shares};
use super::defaults::Defaults;
use super::gpps_charts::{COLLECTION, ENGLAND, ORGANISATION, key};
use super::grouping::{FileFormat, OrganisationMonth};
use super::header::{columns, each, has_all};
use super::published::{Published, Source, figure};
use super::{IngestError, SubmissionFile};
use crate::proto::v1::EstimateRecord;

/// The year whose questions are known.
const KNOWN: &str = "2026";
/// The month in which that survey is published.
const MONTH: &str = "2026-07";

const URI: &str = "https://github.com/amcunningham/gp-oc-dashboard/blob/49999c1b543bbef22f3f2348c2ed60b53e212dd0/research/data/gpps_national_2026.csv";

const COLUMNS: [&str; 4] = ["question", "response", "national_pct", "national_n"];
/// Questions that allow several answers: their percentages add up to more than 100.
const SEVERAL: [&str; 11] =
    ["Q5", "Q14", "Q15", "Q18", "Q19", "Q30", "Q34", "Q39", "Q47", "Q60", "Q72"];
/// Questions on how easy it is to reach the practice, one for each way.
const EASE: [&str; 3] = ["Q1", "Q2", "Q3"];
const CONTACT: &str = "Q10";
const APPOINTMENT: &str = "Q22";

/// The format of the file.
pub(super) struct Answers {
    file: Published,
    month: String,
    places: [usize; 4],
    unique: UniqueRows,
}

impl Answers {
    pub(super) fn recognises(header: &csv::StringRecord) -> bool {
        has_all(header, &["national_pct"])
    }

    pub(super) fn new(
        header: &csv::StringRecord,
        defaults: &Defaults,
    ) -> Result<Self, IngestError> {
        let taken = "taken are the national answers and the charts of 2018 to 2021";
        let publication = ("national answers of the GP Patient Survey", taken);
        Ok(Answers {
            file: Published::new(header, defaults, COLLECTION),
            month: defaults.month_or(MONTH)?,
            places: columns(header, each(&COLUMNS), |_| false, publication)?,
            unique: UniqueRows::default(),
        })
    }

    fn cells<'a>(&'a self, row: &'a csv::StringRecord) -> [Cell<'a>; 4] {
        self.places.map(|place| self.file.cell(row, place))
    }

    fn year(&self) -> &str {
        self.month.split('-').next().unwrap_or_default()
    }
}

/// `Q` and a number.
fn question<'a>(cell: &Cell<'a>) -> Result<&'a str, IngestError> {
    let number = cell.text.strip_prefix('Q').filter(|digits| (1..=3).contains(&digits.len()));
    match number.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit())) {
        true => Ok(cell.text),
        false => Err(cell.wrong("the number of a question, for example Q10")),
    }
}

impl FileFormat for Answers {
    fn group<'a>(
        &'a self,
        _row: &'a csv::StringRecord,
    ) -> Result<OrganisationMonth<'a>, IngestError> {
        Ok((ORGANISATION, Cow::Borrowed(&self.month)))
    }

    fn start(&self, submission: &mut SubmissionFile) {
        let source = Source {
            publisher: "NHS England and Ipsos",
            title: "GP Patient Survey, national results",
            edition: self.year(),
            licence: "The publisher's terms",
            uri: if self.year() == KNOWN { URI } else { "" },
            series: &format!("gpps: {}", self.year()),
        };
        self.file.start_figures(submission, source.into());
    }

    fn figures(&self) -> Vec<usize> {
        self.places[2..].to_vec()
    }

    fn add(
        &mut self,
        submission: &mut SubmissionFile,
        row: &csv::StringRecord,
    ) -> Result<(), IngestError> {
        let [number, response, percentage, weighted] = self.cells(row);
        let number = question(&number)?;
        let answer = response.filled("the text of an answer")?;
        let (asked, answered) = (("publisher:question", number), ("publisher:answer", answer));
        let (year, known) = (self.year(), self.year() == KNOWN);
        let (indicator, keys) = match (number, answer) {
            _ if !known => ("SURVEY-ANSWER", vec![key(asked), key(answered)]),
            (APPOINTMENT, "Remote appointment") => ("CH-04-LAST", Vec::new()),
            (CONTACT, _) => ("DX-16", vec![key(asked), key(answered)]),
            (_, "Easy") if EASE.contains(&number) => ("DX-15-EASY", vec![key(asked)]),
            _ => ("SURVEY-ANSWER", vec![key(asked), key(answered)]),
        };
        let several = match SEVERAL.contains(&number) {
            _ if !known => "; several answers may be allowed",
            true => "; several answers allowed, shares do not add up to 1",
            false => "",
        };
        let record = EstimateRecord {
            indicator: indicator.to_owned(),
            area: ENGLAND.to_owned(),
            period: year.to_owned(),
            keys,
            weight: weighted.unless_suppressed(|cell| cell.number(0.0, 1e9))?,
            base: format!(
                "{number} of {year}: respondents to the question, weighted; whole percentages{several}"
            ),
            ..figure(&percentage, Cell::percentage)?
        };
        let says = [0, 1].map(|column| &row[self.places[column]]);
        self.unique.take(row, &says, "question and response")?;
        submission.rows.add_figure(record);
        Ok(())
    }

    fn complete(&mut self, submission: &mut SubmissionFile) -> Result<(), IngestError> {
        not_shares(submission, COLUMNS[2])
    }
}

//! GP Patient Survey, 2018 to 2021: the figures inside published charts on digital access (England), one row a bar.
//!
//! Charts have different bases: `online_activities` and `online_activities_age` are about users of any online service,
//! `online_activities_all` about all patients; `online_activities_25`, `_75`, `_ltc` are published percentages. `base` starts with
//! the name of the chart, so figures of two charts are never compared. Charts without a year are from 2021. `Aged 16-25` is no
//! category of this service and stays as published. Each survey becomes one submission, for March of its year.

use std::borrow::Cow;

use super::cells::{Cell, UniqueRows};
use super::defaults::Defaults;
use super::grouping::{FileFormat, OrganisationMonth};
use super::header::{columns, each, has_all};
use super::published::{Published, Source, figure};
use super::{IngestError, SubmissionFile};
use crate::proto::v1::{EstimateKey, EstimateRecord};

/// Collection, unless the caller names another.
pub const COLLECTION: &str = "gpps";
/// The publisher.
pub const ORGANISATION: &str = "IPSOS";
pub(super) const ENGLAND: &str = "E92000001";
/// The year of charts without a year.
const LATEST: &str = "2021";

const COLUMNS: [&str; 4] = ["chart", "series", "category", "proportion"];
const YEARS: [(&str, &str); 4] =
    [("Q1 2018", "2018"), ("Q1 2019", "2019"), ("Q1 2020", "2020"), ("Q1 2021", "2021")];

/// The content of a chart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shows {
    /// Remote and face-to-face appointments, by year.
    Appointments,
    /// Online services used, by group of people.
    Services,
    /// Website not easy to use, by year.
    Ease,
    /// Ways of booking.
    Booking,
}

#[derive(Clone, Copy)]
struct Chart {
    shows: Shows,
    base: &'static str,
}

const fn chart(shows: Shows, base: &'static str) -> Chart {
    Chart { shows, base }
}

const CHARTS: [(&str, Chart); 9] = [
    (
        "remote_appts",
        chart(
            Shows::Appointments,
            "last appointment remote or face to face; patients whose last appointment was either",
        ),
    ),
    (
        "online_activities_all",
        chart(
            Shows::Services,
            "used the service online in the last 12 months; all patients; several answers allowed",
        ),
    ),
    (
        "online_activities",
        chart(
            Shows::Services,
            "used the service online in the last 12 months; users of any online service; several answers allowed",
        ),
    ),
    (
        "online_activities_age",
        chart(
            Shows::Services,
            "used the service online in the last 12 months, by age; users of any online service; several answers allowed",
        ),
    ),
    (
        "online_activities_25",
        chart(
            Shows::Services,
            "used the service online in the last 12 months, young against all; published whole percentages; several answers \
             allowed",
        ),
    ),
    (
        "online_activities_75",
        chart(
            Shows::Services,
            "used the service online in the last 12 months, old against all; published whole percentages; several answers \
             allowed",
        ),
    ),
    (
        "online_activities_ltc",
        chart(
            Shows::Services,
            "used the service online in the last 12 months, by long-term condition; several answers allowed",
        ),
    ),
    ("ease_of_use", chart(Shows::Ease, "practice website not easy to use; patients who tried it")),
    (
        "booking_type",
        chart(Shows::Booking, "how the appointment was booked; patients who said how"),
    ),
];

/// The people of a bar, as dimension and code; `None` is everybody.
type Category = Option<(&'static str, &'static str)>;

const CATEGORIES: [(&str, Category); 9] = [
    ("All Patients", None),
    ("All ages", None),
    ("All respondents", None),
    ("Aged 75+", Some(("age_band", "75+"))),
    ("Age 75+", Some(("age_band", "75+"))),
    ("Aged 16-24", Some(("age_band", "16-24"))),
    ("Aged 16-25", Some(("publisher:age_group", "Aged 16-25"))),
    ("Long-term condition", Some(("publisher:long_term_condition", "Long-term condition"))),
    ("No long-term condition", Some(("publisher:long_term_condition", "No long-term condition"))),
];
const SERVICES: [(&str, ()); 4] = [
    ("Accessing my medical records online", ()),
    ("Booking appointments online", ()),
    ("Had an online consultation or appointment", ()),
    ("Ordering repeat prescriptions online", ()),
];
const BOOKINGS: [(&str, ()); 3] = [("In person", ()), ("Online", ()), ("Telephone", ())];
/// Labels of bars, and whether the bar is the remote share.
const MODES: [(&str, bool); 2] = [("Remote", true), ("Face-to-face", false)];

/// The format of the file.
pub(super) struct Charts {
    file: Published,
    places: [usize; 4],
    unique: UniqueRows,
}

impl Charts {
    pub(super) fn recognises(header: &csv::StringRecord) -> bool {
        has_all(header, &["chart", "proportion"])
    }

    pub(super) fn new(
        header: &csv::StringRecord,
        defaults: &Defaults,
    ) -> Result<Self, IngestError> {
        let taken = "taken are the charts of 2018 to 2021 and national answers";
        let publication = ("charts of the GP Patient Survey", taken);
        Ok(Charts {
            file: Published::new(header, defaults, COLLECTION),
            places: columns(header, each(&COLUMNS), |_| false, publication)?,
            unique: UniqueRows::default(),
        })
    }

    fn cells<'a>(&'a self, row: &'a csv::StringRecord) -> [Cell<'a>; 4] {
        self.places.map(|place| self.file.cell(row, place))
    }

    /// The year of the survey.
    fn year(&self, row: &csv::StringRecord) -> Result<&'static str, IngestError> {
        let [chart, _, category, _] = self.cells(row);
        match chart.label(&CHARTS)?.shows {
            Shows::Appointments | Shows::Ease => category.label(&YEARS),
            Shows::Services | Shows::Booking => Ok(LATEST),
        }
    }
}

impl FileFormat for Charts {
    fn group<'a>(
        &'a self,
        row: &'a csv::StringRecord,
    ) -> Result<OrganisationMonth<'a>, IngestError> {
        Ok((ORGANISATION, Cow::Owned(format!("{}-03", self.year(row)?))))
    }

    fn start(&self, submission: &mut SubmissionFile) {
        let year = submission.month.split('-').next().unwrap_or_default();
        let source = Source {
            publisher: "NHS England and Ipsos",
            title: "GP Patient Survey, charts on digital access before their publication by NHSX",
            edition: year,
            licence: "The publisher's terms; the charts' repository is under the MIT licence",
            uri: "https://github.com/nhsx/digital-health-insights/tree/d41bb6165c338c01c6455fd386c5e6a806e76bfb/_includes",
            series: "gpps: 2018 to 2021",
        };
        let source = source.into();
        self.file.start_figures(submission, source);
    }

    fn figures(&self) -> Vec<usize> {
        vec![self.places[3]]
    }

    fn add(
        &mut self,
        submission: &mut SubmissionFile,
        row: &csv::StringRecord,
    ) -> Result<(), IngestError> {
        let year = self.year(row)?;
        let [name, series, category, proportion] = self.cells(row);
        let chart = name.label(&CHARTS)?;
        let question = || Some(("publisher:question", name.text));
        let answer = |text| Some(("publisher:answer", text));
        let (indicator, keys) = match chart.shows {
            Shows::Appointments if series.label(&MODES)? => ("CH-04-LAST", [None, None, None]),
            Shows::Appointments => ("SURVEY-ANSWER", [question(), answer(series.text), None]),
            Shows::Services => {
                category.label(&SERVICES)?;
                ("DX-05-USED", [answer(category.text), series.label(&CATEGORIES)?, None])
            }
            Shows::Ease => ("DX-15-NOT-EASY", [series.label(&CATEGORIES)?, None, None]),
            Shows::Booking => {
                category.label(&BOOKINGS)?;
                ("SURVEY-ANSWER", [question(), answer(category.text), series.label(&CATEGORIES)?])
            }
        };
        let record = EstimateRecord {
            indicator: indicator.to_owned(),
            area: ENGLAND.to_owned(),
            period: format!("{year}-Q1"),
            keys: keys.into_iter().flatten().map(key).collect(),
            base: format!("{}: {}", name.text, chart.base),
            ..figure(&proportion, |share| share.number(0.0, 1.0))?
        };
        let says = [0, 1, 2].map(|column| &row[self.places[column]]);
        self.unique.take(row, &says, "chart, series and category")?;
        submission.rows.add_figure(record);
        Ok(())
    }
}

/// A key from a dimension and its code.
pub(super) fn key((dimension, code): (&str, &str)) -> EstimateKey {
    EstimateKey { dimension: dimension.to_owned(), code: code.to_owned() }
}

//! Assessments: the contract's message to the engine's and back.

use jiff::civil::Date;
use tonic::Status;

use super::{int, query_error, submission};
use crate::domain::period::Month;
use crate::domain::reference::Reference;
use crate::engine::QueryError;
use crate::engine::query::no_organisation;
use crate::engine::{About, Assessment};
use crate::proto::v1;
use crate::rpc::status;

/// An assessment with its place in the log.
pub(in crate::rpc) fn assessment(about: &About, said: Assessment) -> v1::ChannelAssessment {
    v1::ChannelAssessment {
        name: format!("organisations/{}/assessments/{}", about.organisation, about.position),
        organisation: said.organisation,
        first_month: said.first.to_string(),
        last_month: said.last.to_string(),
        text: said.text,
        assess_date: said.assess_date,
        owner_role: said.owner_role,
        position: int(about.position),
        record_time: Some(submission::timestamp(about.time_millis)),
    }
}

/// Reads an assessment to be recorded today. A refusal names every field that is wrong. Fields that the service fills in are ignored.
pub(in crate::rpc) fn read(
    reference: &Reference,
    given: Option<&v1::ChannelAssessment>,
    today: Date,
) -> Result<Assessment, Status> {
    let given = given.ok_or_else(|| status::field_invalid("assessment", "is required"))?;
    let mut wrong = Vec::new();
    let mut check = |field: &str, result: Result<(), String>| {
        if let Err(what) = result {
            wrong.push((format!("assessment.{field}"), what));
        }
    };
    let months = months(given, today);
    check("first_month", months.0.as_ref().map(drop).map_err(Clone::clone));
    check("last_month", months.1.as_ref().map(drop).map_err(Clone::clone));
    check("text", given_text(&given.text));
    check("assess_date", date(&given.assess_date, today));
    check("owner_role", given_text(&given.owner_role));
    if given.organisation.is_empty() {
        check("organisation", Err("must be the code of an organisation, such as `04C`; ListOrganisations lists the codes".into()));
    }
    let unknown = || no_organisation(reference, "assessment.organisation", &given.organisation);
    let organisation = reference.organisation(&given.organisation).ok_or_else(unknown);
    let (true, (Ok(first), Ok(last))) = (wrong.is_empty(), months) else {
        let unknown = organisation.err().filter(|_| !given.organisation.is_empty());
        wrong.extend(unknown.map(QueryError::violation));
        return Err(status::fields_invalid(wrong));
    };
    let organisation = organisation.map_err(query_error)?;
    Ok(Assessment {
        organisation: organisation.code.clone(),
        first,
        last: last.unwrap_or(first),
        text: given.text.clone(),
        assess_date: given.assess_date.clone(),
        // Line ends at the ends of a line are no part of it.
        owner_role: given.owner_role.trim().to_owned(),
    })
}

/// First and last month, if there is a last one. The last month may be after today: an assessment may be about months that have begun.
fn months(
    given: &v1::ChannelAssessment,
    today: Date,
) -> (Result<Month, String>, Result<Option<Month>, String>) {
    let month = |text: &str| {
        let expected = || format!("must be a month such as `2020-04`, not `{text}`");
        text.parse::<Month>().map_err(|_| expected())
    };
    let first = month(&given.first_month).and_then(|first| {
        // Both are written year first.
        let begun = first.to_string() <= today.to_string();
        begun.then_some(first).ok_or_else(|| format!("{first} is after today, {today}"))
    });
    let last = match given.last_month.as_str() {
        "" => Ok(None),
        text => month(text).map(Some),
    };
    let last = match (&first, last) {
        (Ok(first), Ok(Some(last))) if last < *first => Err(format!(
            "{last} is before {first}: the last month must be the first or a later one"
        )),
        (_, last) => last,
    };
    (first, last)
}

/// A calendar day in the one form `2020-05-04`.
fn date(text: &str, today: Date) -> Result<(), String> {
    let day: Result<Date, _> = text.parse();
    match day {
        // Other forms of ISO 8601 mean the same day, but would not be compared or sorted as text.
        Ok(day) if day.to_string() == text && day <= today => Ok(()),
        Ok(day) if day > today => Err(format!("{day} is after today, {today}")),
        _ => Err("must be the day of the assessment, such as `2020-05-04`".into()),
    }
}

fn given_text(text: &str) -> Result<(), String> {
    if text.trim().is_empty() { Err("is required".into()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::codes::Content;
    use tonic_types::StatusExt as _;

    fn good() -> v1::ChannelAssessment {
        v1::ChannelAssessment {
            organisation: "04C".into(),
            first_month: "2020-04".into(),
            text: "Telephone first kept people from coming in.\n\tWe offer both now.".into(),
            assess_date: "2020-05-04".into(),
            owner_role: "Director of Primary Care".into(),
            ..Default::default()
        }
    }

    fn fields(given: &v1::ChannelAssessment) -> Vec<String> {
        let reference = Reference::new(&Content::embedded()).unwrap();
        match read(&reference, Some(given), jiff::civil::date(2021, 4, 1)) {
            Ok(_) => Vec::new(),
            Err(status) => {
                let details = status.get_error_details();
                let Some(bad) = details.bad_request() else { return vec![format!("{status}")] };
                bad.field_violations
                    .iter()
                    .map(|violation| violation.field.trim_start_matches("assessment.").to_owned())
                    .collect()
            }
        }
    }

    #[test]
    fn a_good_one_is_taken_whatever_stands_in_the_fields_of_the_service() {
        let given = v1::ChannelAssessment { name: "x".into(), position: -1, ..good() };
        assert_eq!(fields(&given), Vec::<String>::new());
        let full = v1::ChannelAssessment {
            text: "é".repeat(1500),
            owner_role: "x".repeat(200),
            last_month: "2021-03".into(),
            assess_date: "2020-02-29".into(),
            ..good()
        };
        assert_eq!(fields(&full), Vec::<String>::new());
        let (first_month, assess_date) = ("2021-04".into(), "2021-04-01".into());
        let of_today = v1::ChannelAssessment { first_month, assess_date, ..good() };
        assert_eq!(fields(&of_today), Vec::<String>::new());
    }

    #[test]
    fn line_ends_around_a_line_are_not_kept() {
        let reference = Reference::new(&Content::embedded()).unwrap();
        for end in ["\n", "\r\n", "\u{2028}", "\u{85}", " "] {
            let owner_role = format!("{end}Director{end}");
            let given = v1::ChannelAssessment { owner_role, ..good() };
            let read = read(&reference, Some(&given), jiff::civil::date(2021, 4, 1)).unwrap();
            assert_eq!(read.owner_role, "Director", "{end:?}");
        }
    }

    #[test]
    fn every_wrong_field_is_named() {
        type Change = fn(&mut v1::ChannelAssessment);
        let all = v1::ChannelAssessment::default();
        let wrong = ["first_month", "text", "assess_date", "owner_role", "organisation"];
        assert_eq!(fields(&all), wrong);
        let cases: [(&str, Change); 10] = [
            ("first_month", |a| a.first_month = "2021-05".into()),
            ("assess_date", |a| a.assess_date = "2021-04-02".into()),
            ("first_month", |a| a.first_month = "2020-Q2".into()),
            ("first_month", |a| a.first_month = "2020-13".into()),
            ("last_month", |a| a.last_month = "2020".into()),
            ("last_month", |a| a.last_month = "2020-03".into()),
            ("text", |a| a.text = " \n\t ".into()),
            ("assess_date", |a| a.assess_date = "2021-02-29".into()),
            ("assess_date", |a| a.assess_date = "20200504".into()),
            ("assess_date", |a| a.assess_date = "2020-05-04T10:00".into()),
        ];
        for (field, change) in cases {
            let mut given = good();
            change(&mut given);
            assert_eq!(fields(&given), [field], "{given:?}");
        }
    }
}

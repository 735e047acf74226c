//! Blanks at the ends of texts are no part of them, in questions as in records.

use crate::proto::v1;
use crate::proto::v1::breakdown_question::Table;

/// Cuts off the blanks at the ends of texts.
pub(in crate::rpc) fn trim<'a>(texts: impl IntoIterator<Item = &'a mut String>) {
    for text in texts {
        if text.trim().len() < text.len() {
            *text = text.trim().to_owned();
        }
    }
}

/// The same for the question to a table that has shares.
fn trim_share(question: Option<&mut v1::ShareQuestion>) {
    let Some(of) = question.and_then(|question| question.table.as_mut()) else { return };
    let mut table = Table::from(of.clone());
    trim_question(&mut table);
    *of = match table {
        Table::Channels(asked) => v1::share_question::Table::Channels(asked),
        Table::Outcomes(asked) => v1::share_question::Table::Outcomes(asked),
        Table::Exclusion(asked) => v1::share_question::Table::Exclusion(asked),
        Table::Provision(asked) => v1::share_question::Table::Provision(asked),
        Table::Impact(asked) => v1::share_question::Table::Impact(asked),
        Table::Indicators(asked) => v1::share_question::Table::Indicators(asked),
        Table::Risk(_)
        | Table::Inequality(_)
        | Table::GapTrend(_)
        | Table::Gaps(_)
        | Table::TargetStatus(_)
        | Table::Recording(_)
        | Table::Timeliness(_)
        | Table::Representativeness(_)
        | Table::Consistency(_)
        | Table::Restoration(_)
        | Table::StandardisedRates(_) => return,
    };
}

/// The same for every text of a question.
pub(in crate::rpc) fn trim_question(table: &mut Table) {
    let query = match table {
        Table::Inequality(asked) => {
            trim(asked.columns.iter_mut().chain([&mut asked.reference_code]));
            return trim_share(asked.question.as_mut());
        }
        Table::GapTrend(asked) => {
            trim([&mut asked.column]);
            return trim_share(asked.question.as_mut());
        }
        Table::Gaps(asked) => {
            let lists = asked.dimensions.iter_mut().chain(&mut asked.indicators);
            trim(lists.chain([&mut asked.page_token]));
            &mut asked.query
        }
        Table::Recording(asked) => {
            trim(asked.characteristics.iter_mut().chain(&mut asked.indicators));
            &mut asked.query
        }
        Table::Channels(asked) => {
            trim([&mut asked.population_collection]);
            &mut asked.query
        }
        Table::Timeliness(asked) => &mut asked.query,
        Table::Consistency(asked) => {
            trim(&mut asked.characteristics);
            &mut asked.query
        }
        Table::StandardisedRates(asked) => {
            trim([&mut asked.population_collection]);
            &mut asked.query
        }
        Table::Restoration(asked) => {
            trim(asked.baseline.iter_mut().flat_map(|of| [&mut of.first, &mut of.last]));
            &mut asked.query
        }
        Table::Representativeness(asked) => {
            trim([&mut asked.population_collection]);
            &mut asked.query
        }
        Table::Outcomes(asked) => &mut asked.query,
        Table::TargetStatus(asked) => {
            trim([&mut asked.target]);
            &mut asked.query
        }
        Table::Indicators(asked) => {
            trim([&mut asked.indicator]);
            &mut asked.query
        }
        Table::Exclusion(asked) => {
            trim(asked.estimate_collections.iter_mut().chain(&mut asked.indicators));
            &mut asked.query
        }
        Table::Provision(asked) => {
            trim([&mut asked.access_collection]);
            &mut asked.query
        }
        Table::Impact(asked) => &mut asked.query,
        Table::Risk(asked) => {
            trim([&mut asked.indicator, &mut asked.score_collection]);
            &mut asked.query
        }
    };
    let Some(query) = query else { return };
    trim([&mut query.collection, &mut query.care_setting, &mut query.area]);
    trim(query.organisations.iter_mut().chain(&mut query.by));
    if let Some(v1::as_of::At::Release(id)) =
        query.as_of.as_mut().and_then(|as_of| as_of.at.as_mut())
    {
        trim([id]);
    }
    trim(query.period.iter_mut().flat_map(|period| [&mut period.first, &mut period.last]));
    trim(query.comparison.iter_mut().flat_map(|of| [&mut of.dimension, &mut of.code]));
    for filter in &mut query.r#where {
        trim(filter.codes.iter_mut().chain([&mut filter.dimension]));
    }
}

//! Tables as the contract has them.

use super::context::{absence, context, interval, key, state};
use super::int;
use crate::domain::codes::State;
use crate::engine::answer::{
    ChannelCell, ChannelQuestion, ChannelRow, ChannelTable, OutcomeCell, OutcomeQuestion,
    OutcomeRow, OutcomeTable,
};
use crate::engine::query::{Denominator, Measure};
use crate::proto::v1;

/// A table of channels.
pub(in crate::rpc) fn channels(
    question: &ChannelQuestion,
    table: ChannelTable,
) -> v1::ChannelBreakdown {
    let (query, full) = (&question.query, question.query.full);
    v1::ChannelBreakdown {
        context: Some(context(table.context, query, question.measure, question.denominator)),
        dimensions: table.dimensions,
        rows: table.rows.into_iter().map(|row| channel_row(row, full)).collect(),
    }
}

fn channel_row(row: ChannelRow, full: bool) -> v1::ChannelRow {
    v1::ChannelRow {
        keys: row.keys.into_iter().map(key).collect(),
        total_count: int(row.total),
        base_count: int(row.base),
        unknown_channel_count: int(row.unknown_channel),
        not_collected_channel_count: int(row.uncollected_channel),
        channels: row.channels.into_iter().map(|cell| channel_cell(cell, full)).collect(),
        population_count: row.population.map(int),
        rate_absence: row.rate_absence.map(absence),
    }
}

fn channel_cell(cell: ChannelCell, full: bool) -> v1::ChannelCell {
    use v1::channel_cell::Value;
    let value = match cell.figures {
        Ok(figures) => Value::Estimate(v1::ChannelEstimate {
            count: int(figures.count),
            share: figures.share.map(|share| interval(share, full)),
            rate: figures.rate.map(|rate| interval(rate, full)),
        }),
        Err(why) => Value::Absence(absence(why)),
    };
    v1::ChannelCell {
        channel: cell.key.code,
        state: state(cell.key.state).into(),
        value: Some(value),
    }
}

/// A table of outcomes.
pub(in crate::rpc) fn outcomes(
    question: &OutcomeQuestion,
    table: OutcomeTable,
) -> v1::AccessOutcomes {
    let (query, full) = (&question.query, question.query.full);
    v1::AccessOutcomes {
        context: Some(v1::BreakdownContext {
            late_counts_as_missed: question.late_counts_as_missed,
            ..context(table.context, query, Measure::Contacts, Denominator::KnownOnly)
        }),
        dimensions: table.dimensions,
        rows: table.rows.into_iter().map(|row| outcome_row(row, full)).collect(),
    }
}

fn outcome_row(row: OutcomeRow, full: bool) -> v1::OutcomeRow {
    v1::OutcomeRow {
        keys: row.keys.into_iter().map(key).collect(),
        channels: row.channels.into_iter().map(|cell| outcome_cell(cell, full)).collect(),
    }
}

fn outcome_cell(cell: OutcomeCell, full: bool) -> v1::OutcomeCell {
    let (channel, of_state) = match cell.key {
        Some(key) => (key.code, key.state),
        None => ("ALL".into(), Some(State::Any)),
    };
    let (rate, rate_absence) = match cell.missed_rate {
        Ok(rate) => (Some(interval(rate, full)), None),
        Err(why) => (None, Some(absence(why))),
    };
    let (waits, lead_time_absence) = match cell.waits {
        Ok(waits) => (Some(waits), None),
        Err(why) => (None, Some(absence(why))),
    };
    let band = |(band, count, share): (String, u64, Option<_>)| v1::LeadTimeBand {
        band,
        count: int(count),
        share: share.map(|share| interval(share, full)),
    };
    v1::OutcomeCell {
        channel,
        state: state(of_state).into(),
        total_count: int(cell.total),
        attended_count: int(cell.attended),
        did_not_attend_count: int(cell.missed),
        other_attendance_count: int(cell.other_attendance),
        not_collected_attendance_count: int(cell.uncollected_attendance),
        did_not_attend_rate: rate,
        did_not_attend_absence: rate_absence,
        lead_times: cell.lead_times.into_iter().map(band).collect(),
        unknown_lead_time_count: int(cell.unknown_lead_time),
        not_collected_lead_time_count: int(cell.uncollected_lead_time),
        same_day_share: waits.map(|(same_day, _)| interval(same_day, full)),
        over_14_days_share: waits.map(|(_, over_14)| interval(over_14, full)),
        lead_time_absence,
    }
}

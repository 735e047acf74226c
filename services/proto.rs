//! Code generated from `proto/`: the contract ([`v1`]) and the format on disk ([`store`]).
#![allow(clippy::all, clippy::pedantic, missing_docs, unreachable_pub)]

/// The contract: messages and clients.
pub mod v1 {
    tonic::include_proto!("equity.v1");
}

/// The servers of the contract.
pub mod server {
    include!(concat!(env!("OUT_DIR"), "/server/equity.v1.rs"));
}

/// The format on disk.
pub mod store {
    tonic::include_proto!("equity.store.v1");
}

/// The contract's descriptors with comments: for reflection and for the contract tests.
pub const FILE_DESCRIPTOR_SET: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/equity_descriptor.bin"));

/// The contract's descriptors, decoded once: decoding takes milliseconds.
pub fn pool() -> &'static prost_reflect::DescriptorPool {
    static POOL: std::sync::LazyLock<prost_reflect::DescriptorPool> =
        std::sync::LazyLock::new(|| {
            let decoded = prost_reflect::DescriptorPool::decode(FILE_DESCRIPTOR_SET);
            decoded.expect("descriptor sets are made by the build")
        });
    &POOL
}

/// The same of a question to a table that has shares.
macro_rules! share {
    ($question:expr, $reference:ident) => {{
        use v1::share_question::Table;
        match $question.$reference().and_then(|question| question.table.$reference()) {
            Some(Table::Channels(asked)) => asked.query.$reference(),
            Some(Table::Outcomes(asked)) => asked.query.$reference(),
            Some(Table::Exclusion(asked)) => asked.query.$reference(),
            Some(Table::Provision(asked)) => asked.query.$reference(),
            Some(Table::Impact(asked)) => asked.query.$reference(),
            Some(Table::Indicators(asked)) => asked.query.$reference(),
            None => None,
        }
    }};
}

/// Takes the query out of the question to any table, as it is asked for: `as_ref` or `as_mut`.
macro_rules! query {
    ($table:expr, $reference:ident) => {{
        use v1::breakdown_question::Table;
        match $table {
            Table::Channels(asked) => asked.query.$reference(),
            Table::Outcomes(asked) => asked.query.$reference(),
            Table::Exclusion(asked) => asked.query.$reference(),
            Table::Provision(asked) => asked.query.$reference(),
            Table::Impact(asked) => asked.query.$reference(),
            Table::Risk(asked) => asked.query.$reference(),
            Table::Inequality(asked) => share!(asked.question, $reference),
            Table::GapTrend(asked) => share!(asked.question, $reference),
            Table::Gaps(asked) => asked.query.$reference(),
            Table::Indicators(asked) => asked.query.$reference(),
            Table::TargetStatus(asked) => asked.query.$reference(),
            Table::Recording(asked) => asked.query.$reference(),
            Table::Timeliness(asked) => asked.query.$reference(),
            Table::Representativeness(asked) => asked.query.$reference(),
            Table::Consistency(asked) => asked.query.$reference(),
            Table::Restoration(asked) => asked.query.$reference(),
            Table::StandardisedRates(asked) => asked.query.$reference(),
        }
    }};
}

impl v1::breakdown_question::Table {
    /// What the table is asked about, if the question says it.
    pub fn query(&self) -> Option<&v1::BreakdownQuery> {
        query!(self, as_ref)
    }

    /// Name of its field in `BreakdownQuestion`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Channels(_) => "channels",
            Self::Outcomes(_) => "outcomes",
            Self::Exclusion(_) => "exclusion",
            Self::Provision(_) => "provision",
            Self::Impact(_) => "impact",
            Self::Risk(_) => "risk",
            Self::Inequality(_) => "inequality",
            Self::GapTrend(_) => "gap_trend",
            Self::Gaps(_) => "gaps",
            Self::Indicators(_) => "indicators",
            Self::TargetStatus(_) => "target_status",
            Self::Recording(_) => "recording",
            Self::Timeliness(_) => "timeliness",
            Self::Representativeness(_) => "representativeness",
            Self::Consistency(_) => "consistency",
            Self::Restoration(_) => "restoration",
            Self::StandardisedRates(_) => "standardised_rates",
        }
    }

    /// The same, to be changed.
    pub fn query_mut(&mut self) -> Option<&mut v1::BreakdownQuery> {
        query!(self, as_mut)
    }
}

impl From<v1::share_question::Table> for v1::breakdown_question::Table {
    fn from(table: v1::share_question::Table) -> Self {
        use v1::share_question::Table;
        match table {
            Table::Channels(asked) => Self::Channels(asked),
            Table::Outcomes(asked) => Self::Outcomes(asked),
            Table::Exclusion(asked) => Self::Exclusion(asked),
            Table::Provision(asked) => Self::Provision(asked),
            Table::Impact(asked) => Self::Impact(asked),
            Table::Indicators(asked) => Self::Indicators(asked),
        }
    }
}

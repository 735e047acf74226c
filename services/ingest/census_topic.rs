//! The census tables that are taken: their names, fields and published labels.

/// One table of the census.
pub(super) struct Topic {
    pub(super) collection: &'static str,
    /// Name of the variable in what ONS publishes.
    pub(super) title: &'static str,
    /// Its table and name, as sources are cited.
    pub(super) edition: &'static str,
    /// Its column in `demographr`.
    pub(super) column: &'static str,
    pub(super) field: &'static str,
    pub(super) system: &'static str,
    /// Published labels, and their codes in a record.
    pub(super) labels: &'static [(&'static str, &'static str)],
}

/// `asian` includes Chinese, as in the dimension `ethnic_group_broad`.
pub(super) const TOPICS: [Topic; 3] = [
    Topic {
        collection: "census-2021-ethnic-group",
        title: "Ethnic group",
        edition: "TS021 Ethnic group",
        column: "ethnic_group",
        field: "ethnic_category",
        system: "equity_ethnicity",
        labels: &[
            ("Asian, Asian British or Asian Welsh", "asian"),
            ("Black, Black British, Black Welsh, Caribbean or African", "black"),
            ("Mixed or Multiple ethnic groups", "mixed"),
            ("White", "white"),
            ("Other ethnic group", "other"),
        ],
    },
    Topic {
        collection: "census-2021-disability",
        title: "Disability",
        edition: "TS038 Disability",
        column: "disability",
        field: "disability",
        system: "census_2021",
        labels: &[
            ("Disabled under the Equality Act", "Disabled under the Equality Act"),
            ("Not disabled under the Equality Act", "Not disabled under the Equality Act"),
        ],
    },
    Topic {
        collection: "census-2021-religion",
        title: "Religion",
        edition: "TS030 Religion",
        column: "religion",
        field: "religion",
        system: "census_2021",
        labels: &[
            ("No religion", "No religion"),
            ("Christian", "Christian"),
            ("Buddhist", "Buddhist"),
            ("Hindu", "Hindu"),
            ("Jewish", "Jewish"),
            ("Muslim", "Muslim"),
            ("Sikh", "Sikh"),
            ("Other religion", "Other religion"),
            ("Not answered", "Not answered"),
        ],
    },
];

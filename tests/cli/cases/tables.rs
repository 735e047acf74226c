//! Each file, how it is submitted, what is said, and what is true afterwards. `PF` and words like it stand for several: see `SHORT`.

/// What is true after a file was submitted.
pub(super) enum Then {
    /// A cell of a table: question, code of the row (empty: total), column; numerator, denominator, unknown, not collected, outside, or
    /// [`NONE`]. The first of them are compared.
    Counts(&'static str, &'static str, &'static str, &'static [i64]),
    /// A command prints this.
    Prints(&'static str, &'static str),
    /// A command does not print this.
    Lacks(&'static str, &'static str),
}

use Then::{Counts, Lacks, Prints};

/// Files, options, exit code, what is said, what is true afterwards.
pub(super) type Case = (&'static str, &'static str, i32, &'static [&'static str], &'static [Then]);

/// No such count.
pub(super) const NONE: i64 = -1;
const NOTHING: &[Then] = &[Lacks("LIST", "collections/")];
/// Of the one consultation in the untidy files.
const ONE: &[Then] = &[
    Counts("channels OF_PRACTICE --by sex", "1", "CH-01/FACE_TO_FACE", &[1, 1, 0, 0, 0]),
    Counts("outcomes OF_PRACTICE", "", "ATTENDED", &[1]),
];

/// Files as spreadsheets leave them, and values that have one meaning, another edition, or none.
pub(super) const UNTIDY: &[Case] = &[
    ("blank_rows.csv", "PF", 0, &["passed over: 2"], ONE),
    (
        "blank_rows_access.csv",
        "PF --person-key-scheme local",
        0,
        &["passed over: 2"],
        &[
            Counts("exclusion OF_PRACTICE", "", "PEOPLE", &[1]),
            Counts("exclusion OF_PRACTICE", "", "DX-06", &[1, 1, 0, 0, 0]),
        ],
    ),
    ("header_caps.csv", "PF", 0, &["`Channel` as `channel`"], ONE),
    ("index_column.csv", "PF", 0, &["row numbers"], ONE),
    ("semicolon.csv", "PF", 0, &["separated by `;`"], ONE),
    ("tab.csv", "PF", 0, &["separated by a tab"], ONE),
    ("zip.zip", "PF", 0, &[], ONE),
    (
        "trailing_space_label.csv",
        "",
        0,
        &["cut off: 1"],
        &[Counts("channels OF_CITY", "", "CH-01/FACE_TO_FACE", &[5, 5, 0, 0, 0])],
    ),
    (
        "date_named_month.csv",
        "--collection practice-feed",
        0,
        &["date was read as day, month and year (rows: 1; `01/04/2026` is `2026-04-01`)"],
        &[Counts("channels OF_PRACTICE --by age_band", "75+", "CONTACTS", &[1])],
    ),
    (
        "month_2099.csv",
        "--collection practice-feed",
        1,
        &["`2099-04` is after the present month", "1 of 2 submissions was refused"],
        &[Prints("LIST", "1999-04"), Lacks("LIST", "2099-04")],
    ),
    (
        "age_85_and_over.csv",
        "PF",
        0,
        &["`85 and over` is `85+`"],
        &[Counts("channels OF_PRACTICE --by age_band", "75+", "CONTACTS", &[1])],
    ),
    (
        "age_05-Sep.csv",
        "PF",
        1,
        &["line 2, records[0].person.age_band: `05-Sep`: expected a code of `age_band`"],
        NOTHING,
    ),
    (
        "leading_zero.csv",
        "PF",
        1,
        &["line 2, records[0].channel", "line 3, records[1].channel", "`01` is one of"],
        NOTHING,
    ),
    (
        "leading_zero.csv",
        "PF --code-system channel=consultation_medium_used",
        1,
        &["line 2, records[0].channel", "nearest `01`", "nearest `02`"],
        NOTHING,
    ),
    (
        "lsoa_2011_under_2021.csv",
        "PF",
        1,
        &["line 2, records[0].residence_lsoa", "`lsoa_2011` (LSOA, Census 2011)"],
        NOTHING,
    ),
    (
        "person_key_na.csv",
        "PF --person-key-scheme local",
        1,
        &[
            "6 rows have problems",
            "leave the cell empty where nothing is recorded",
            "line 2, records[0].person_key: `NA`",
            "line 4, records[2].person_key: `NULL`",
            "line 6, records[4].person_key: `nan`",
            "line 7, records[5].person_key: `#N/A`",
        ],
        NOTHING,
    ),
];

/// What a check says.
pub(super) const CHECKS: &[Case] = &[
    (
        "one_location_known.csv",
        "--validate-only",
        1,
        &[
            "refused: Z8Z8Z 2024-06: no organisation `Z8Z8Z`",
            "1 of 2 submissions would be refused; nothing was stored, only checked",
        ],
        NOTHING,
    ),
    (
        "one_location_known.csv",
        "",
        1,
        &["1 of 2 submissions was refused; the others are stored"],
        &[
            Prints("LIST", "04C,gpad-regional,CONSULTATIONS,2024-06,1,CURRENT,1,0,10,"),
            Lacks("LIST", "Z8Z8Z"),
        ],
    ),
    (
        "validate_only_row_problem.csv",
        "PF --validate-only",
        0,
        &["`01/04/2026` is `2026-04-01`"],
        NOTHING,
    ),
    // The same day in a submission of another month is a problem.
    (
        "validate_only_row_problem.csv",
        "--collection practice-feed --organisation C82001 --month 2026-05 --validate-only",
        1,
        &["rows with problems: 1", "1 of 1 submissions would be refused; nothing was stored"],
        NOTHING,
    ),
    (
        "validate_only_row_problem.csv",
        "PF",
        0,
        &[],
        &[Counts("channels OF_PRACTICE --by ethnic_category", "A", "CONTACTS", &[1])],
    ),
];

const TAKEN: &str = "see deploy/guides/submit.md, \"Files that are taken as published\"";

/// Files as their publishers publish them.
pub(super) const PUBLISHED: &[Case] = &[
    // Another system, as its file was published.
    (
        "../data/published/gpad_northamptonshire.csv.gz",
        "",
        0,
        &[],
        &[
            Counts("channels OF_QPM --from 2020-04", "", "CONTACTS", &[226_662]),
            Counts(
                "channels OF_QPM --from 2020-04",
                "",
                "CH-01/TELEPHONE",
                &[103_755, 222_108, 4_554, 0, 0],
            ),
            Counts("channels OF_QPM --from 2021-04", "", "CONTACTS", &[314_013]),
            Counts("channels OF_QPM --from 2021-04 --by sub_icb", "78H", "CONTACTS", &[314_013]),
            Lacks("breakdown channels OF_QPM --from 2021-04 --format json", "SERIES BREAK"),
            Lacks("breakdown channels OF_QPM --from 2021-04 --format json", "submitted nothing"),
        ],
    ),
    // Two systems that ended in March 2026. Each month is answered by what was in force in it; D4U1Y was divided, and is in none of its parts.
    (
        "../data/published/gpad_bucks_oxon_berks.csv.gz ../data/published/gpad_frimley.csv.gz",
        "",
        0,
        &[],
        &[
            Counts(
                "channels --area QU9 --collection gpad-regional --from 2020-04",
                "",
                "CH-01/TELEPHONE",
                &[267_744, 433_309, 28_428, 0, 0],
            ),
            Counts(
                "channels --area E54000034 --collection gpad-regional --from 2020-04",
                "",
                "CH-01/TELEPHONE",
                &[101_265, 167_390, 9_070, 0, 0],
            ),
            Counts(
                "channels --area D4U1Y --collection gpad-regional --from 2021-04",
                "",
                "CONTACTS",
                &[291_120],
            ),
            Counts(
                "channels --area S0E4D --collection gpad-regional --from 2021-04",
                "",
                "CONTACTS",
                &[727_210],
            ),
            Prints(
                "breakdown channels --area S0E4D --collection gpad-regional --from 2021-04 --format json",
                "D4U1Y (Frimley) submitted is not counted here",
            ),
            Lacks(
                "breakdown channels --area QU9 --collection gpad-regional --from 2021-04 --format json",
                "submitted nothing",
            ),
            Prints("reference areas --search frimley --format csv", "2026-03"),
            Prints("reference organisations --search frimley --format csv", "D4U1Y"),
            Lacks("reference organisations --search frimley --format csv", "C82001"),
        ],
    ),
    (
        "practice_level_as_location.csv",
        "",
        0,
        &[],
        &[
            Prints("LIST", "C82001,gpad-practice,CONSULTATIONS,2020-04,1,CURRENT,2,0,17,"),
            Lacks("LIST", "03W"),
        ],
    ),
    (
        "practice_level_crosstab.csv registered_single_male.csv registered_single_female.csv",
        "--area 03W",
        0,
        &["rows of 1 other organisation than those of 03W, which were left out: 194"],
        &[
            Counts(
                "channels OF_PUBLISHED --by national_category",
                "CLINICAL_TRIAGE",
                "CONTACTS",
                &[10],
            ),
            Counts("channels OF_PUBLISHED", "", "CONTACTS", &[21]),
            Prints("LIST", "C82002,gp-registered-patients,POPULATIONS,2026-04,1,CURRENT,192,0,"),
            Lacks("LIST", "K81002"),
        ],
    ),
    ("registered_single_male.csv", "", 1, &["rows of one sex only"], NOTHING),
    (
        "registered_five_year.csv",
        "",
        0,
        &[
            "rows of networks, locations and regions, whose people are those of practices, which were left out: 43",
        ],
        &[Prints("LIST", "C82001,gp-registered-patients,POPULATIONS,2026-04,1,CURRENT,40,0,")],
    ),
    (
        "coverage_england.csv",
        "--area QK1",
        0,
        &["rows of 3 other organisations than those of QK1, which were left out: 3"],
        &[Prints("LIST", "04C,gpad-coverage"), Lacks("LIST", "78H")],
    ),
    ("coverage_england.csv", "--area QK2", 1, &["QK2"], NOTHING),
    ("coverage_england.csv", "--area U63948", 1, &["of an organisation of U63948"], NOTHING),
    (
        "appt_status_not_provided.csv",
        "",
        0,
        &[],
        &[Counts("outcomes OF_CITY", "", "CH-09", &[0, 10, 3, 0, 0])],
    ),
    (
        "hcp_type_not_provided.csv",
        "",
        0,
        &[],
        &[Counts("channels OF_CITY --by staff_type", "NOT_KNOWN", "CONTACTS", &[3])],
    ),
    (
        "mode_online.csv coverage_commissioner.csv",
        "",
        0,
        &[],
        &[
            Counts("channels OF_CITY", "", "CH-01/ONLINE_UNSPECIFIED", &[3, 13, 0, 0, 0]),
            Counts("channels OF_CITY --rates", "", "CH-03/FACE_TO_FACE", &[10, 430_000]),
        ],
    ),
    ("daily.csv", "", 0, &[], &[Counts("channels OF_CITY", "", "CONTACTS", &[22])]),
    ("iso_month.csv", "", 0, &[], &[Counts("outcomes OF_CITY", "", "CH-09", &[3, 13, 0, 0, 0])]),
    ("gpps_fractions.csv", "--month 2025-07", 1, &["percentages: 68, not 0.68"], NOTHING),
    (
        "gpps_other_year.csv",
        "--month 2025-07",
        0,
        &[],
        &[
            Prints("LIST", "IPSOS,gpps,ESTIMATES,2025-07,1,"),
            Lacks("LIST", "2026-07"),
            Prints("reference estimates --collection gpps --format csv", "answer=By phone,0.68,"),
        ],
    ),
    (
        "census_ts021_bulk.csv ../../deploy/demo/deri_depahri_lsoa11_llr.csv",
        "",
        0,
        &[],
        &[
            Counts("risk --area E06000016", "", "PEOPLE", &[1_600]),
            Counts("risk --area E06000016 --by ethnic_group_broad", "asian", "PEOPLE", &[600]),
        ],
    ),
    (
        "census_with_wales.csv",
        "",
        0,
        &["rows of small areas of Wales, which were left out: 1"],
        &[Prints("LIST", "ONS,census-2021-ethnic-group,POPULATIONS,2021-03,1,CURRENT,5,0,10,")],
    ),
    (
        "nomis_query.csv",
        "",
        1,
        &[
            "seems to be a table of Census 2021",
            "lacks columns: \"Asian, Asian British or Asian Welsh\", \"Black",
            "\"Other ethnic group\"",
            TAKEN,
        ],
        NOTHING,
    ),
    (
        "pomi.csv",
        "",
        0,
        &[],
        &[
            Prints("reference estimates --collection pomi --format csv", "DX-01,C82001,"),
            Prints(
                "reference estimates --collection pomi --format csv",
                "the publisher counts more people enabled (15100) than registered (15000)",
            ),
            Prints(
                "reference estimates --collection pomi --format csv",
                ",2021-04,,0.3333333333333333,",
            ),
        ],
    ),
    (
        "nhs_app.csv",
        "",
        0,
        &[],
        &[Prints("reference estimates --collection nhs-app --format csv", "DX-06-NEW,QK1,")],
    ),
];

/// What an indicator counts where a part of the answer is missing.
pub(super) const READINGS: &[Case] = &[
    (
        "ch05_channel_unknown.csv",
        "PF",
        0,
        &[],
        &[
            Counts("provision OF_PRACTICE", "", "CH-05", &[10, 100, 0, 0, 0]),
            Counts("provision OF_PRACTICE", "", "CH-05-HIGHEST", &[100, 100, 0, 0, 0]),
        ],
    ),
    (
        "ch05_no_channel_column.csv",
        "PF",
        0,
        &[],
        &[
            Counts("provision OF_PRACTICE", "", "CH-05", &[10, 100, 0, 0, 0]),
            Counts("provision OF_PRACTICE", "", "CH-05-HIGHEST", &[100, 100, 0, 0, 0]),
        ],
    ),
    (
        "rate_numerator_coarser_population.csv rate_numerator_coarser_consultations.csv",
        "PF --code-system ethnic_category=equity_ethnicity",
        0,
        &[],
        &[
            Counts(
                "channels OF_PRACTICE --rates --by ethnic_category",
                "",
                "CH-03/TELEPHONE",
                &[1_000, 2_000],
            ),
            Counts(
                "channels OF_PRACTICE --rates --by ethnic_category",
                "A",
                "CH-03/TELEPHONE",
                &[100, NONE],
            ),
            Prints(
                "breakdown channels OF_PRACTICE --rates --by ethnic_category --notes",
                "Known only more coarsely than by ethnic_category: 900 of the consultations",
            ),
        ],
    ),
    (
        "collected_option.csv",
        "PF --collected religion",
        0,
        &[],
        &[
            Counts("channels OF_PRACTICE --by ethnic_category", "A", "CONTACTS", &[1]),
            Counts("channels OF_PRACTICE --by ethnic_category", "NOT_RECORDED", "CONTACTS", &[1]),
            Counts("channels OF_PRACTICE --by sex", "NOT_RECORDED", "CONTACTS", &[2]),
            Counts("channels OF_PRACTICE --by religion", "NOT_RECORDED", "CONTACTS", &[2]),
            Counts("channels OF_PRACTICE --by disability", "NOT_COLLECTED", "CONTACTS", &[2]),
        ],
    ),
    (
        "missed.csv",
        "PF --code-system attendance=equity_attendance",
        0,
        &[],
        &[
            Counts("outcomes OF_PRACTICE", "", "CH-09", &[0, 90, 10, 0, 0]),
            Counts(
                "outcomes OF_PRACTICE --late-counts-as-missed",
                "",
                "CH-09",
                &[10, 100, 0, 0, 0],
            ),
            Counts("impact OF_PRACTICE", "", "CH-09/REMOTE", &[0, 90, 10, 0, 0]),
        ],
    ),
    (
        "missed.csv",
        "PF",
        1,
        &["line 3, records[1].attendance: `MISSED`", "`equity_attendance`"],
        NOTHING,
    ),
    (
        "not_applicable.csv",
        "PF",
        0,
        &[],
        &[
            Counts("channels OF_PRACTICE", "", "CH-01/TELEPHONE", &[60, 60, 0, 0, 40]),
            Counts(
                "channels OF_PRACTICE --denominator all",
                "",
                "CH-01/TELEPHONE",
                &[60, 60, 0, 0, 40],
            ),
            Counts("provision OF_PRACTICE", "", "CH-05", &[0, 60, 0, 0, 40]),
            Counts("provision OF_PRACTICE", "", "CH-05-HIGHEST", &[60, 60, 0, 0, 40]),
            Counts("impact OF_PRACTICE", "", "CH-09/REMOTE", &[0, 60, 0, 0, 0]),
        ],
    ),
    (
        "ch06_request_unknown.csv",
        "PF",
        0,
        &[],
        &[Counts("provision OF_PRACTICE", "", "CH-06", &[10, 10, 90, 0, 0])],
    ),
    (
        "online_any.csv",
        "PF",
        0,
        &[],
        &[
            Counts("exclusion OF_PRACTICE", "", "DX-01", &[0, 50, 50, 0, 0]),
            Counts("exclusion OF_PRACTICE", "", "DX-01-HIGHEST", &[0, 50, 50, 0, 0]),
            Counts("exclusion OF_PRACTICE", "", "DX-02", &[0, 50, 30, 0, 20]),
        ],
    ),
    (
        "accepted_not_collected.csv",
        "PF",
        0,
        &[],
        &[
            Counts("exclusion OF_PRACTICE", "", "DX-18-ACCEPTED", &[0, 0, 0, 10, 0]),
            Counts("exclusion OF_PRACTICE", "", "DX-18-OFFERED", &[0, 0, 10, 0, 0]),
        ],
    ),
];

//! Published files that look usable and are not: the header identifies them, and the refusal gives the reason.

use super::IngestError;
use super::header::has_all;

const APPOINTMENTS: &str = "taken are the editions of GP appointments by location (Regional CSV, Daily CSV) and by practice (Practice Level Crosstab)";
const CENSUS: &str = "taken are the tables of ethnic group, disability and religion by lower layer super output area (LSOA)";
const OURS: &str = "taken are the columns of the service itself";
const FINER: &str = "its rows are of a finer edition, and would take the place of whole locations";

const IMD_DECILE: &str =
    "Index of Multiple Deprivation (IMD) Decile (where 1 is most deprived 10% of LSOAs)";
const DECILES: &str = "the service already holds deciles as reference content: see `equity reference`, and deploy/guides/reference-content.md for more areas";
const FILE_7: &str = "taken are the scores of File 7 (all scores, ranks and deciles), by LSOA";
const NO_SCORES: &str = "it lacks the scores of deprivation that the service needs";
const REGISTERED: &str = "taken are the editions by practice: single years of age, five-year age groups, all persons (gp-reg-pat-prac-…)";
const WORKBOOK: &str = "it counts logins, which no indicator is about";
const NHS_APP: &str = "taken is the form with a row for each month, organisation and metric (month, level, org_code, …, metric, value)";

/// Columns that identify a file, the name of the file, the reason, what is taken in its place. The first that fits decides.
const FILES: [(&[&str], &str, &str, &str); 24] = [
    (
        &["PCN_CODE", "COUNT_OF_APPOINTMENTS"],
        "GP appointments by primary care network",
        FINER,
        APPOINTMENTS,
    ),
    (
        &["PRACTICE_CODE", "COUNT_OF_APPOINTMENTS"],
        "GP appointments by practice",
        FINER,
        APPOINTMENTS,
    ),
    (
        &["ACTUAL_DURATION", "COUNT_OF_APPOINTMENTS"],
        "GP appointments by duration",
        "it counts the same appointments as the other editions, without their mode",
        APPOINTMENTS,
    ),
    (
        &["NATIONAL_CATEGORY", "COUNT_OF_APPOINTMENTS"],
        "GP appointments by national category",
        "it counts the same appointments as the other editions, in other rows",
        APPOINTMENTS,
    ),
    (
        &["Patients registered at included practices", "GP_CODE"],
        "the coverage of GP appointments by practice",
        FINER,
        "taken is the coverage by location (APPOINTMENTS_GP_COVERAGE.csv)",
    ),
    (
        &["practice_code", "imd_score", "imd_decile"],
        "the list of practices with deprivation scores",
        "its `imd_decile` has 10 = most deprived, and this service has 1 = most deprived, so deprivation would be reversed",
        "give `residence_lsoa` in your records instead: the service derives deprivation from it",
    ),
    (
        &["msoa21_code"],
        "a Census 2021 table by MSOA",
        "the service needs small areas (LSOA)",
        CENSUS,
    ),
    (
        &["ltla21_code"],
        "a Census 2021 table by local authority",
        "the service needs small areas (LSOA)",
        CENSUS,
    ),
    (
        &["Middle layer Super Output Areas Code", "Observation"],
        "a Census 2021 table by MSOA",
        "the service needs small areas (LSOA)",
        CENSUS,
    ),
    (
        &["Lower tier local authorities Code", "Observation"],
        "a Census 2021 table by local authority",
        "the service needs small areas (LSOA)",
        CENSUS,
    ),
    (
        &["Output Areas Code", "Observation"],
        "a Census 2021 table by output area",
        "the service needs small areas (LSOA)",
        CENSUS,
    ),
    (
        &["Skill", "Disability status", "Value"],
        "the ONS table of ICT skills",
        "no indicator of this service is about a single skill",
        "taken is the table of internet users",
    ),
    (
        &["Series", "Working status", "Value"],
        "the ONS table of mobile-telephone use",
        "having a mobile telephone is another question than using the internet; no indicator of this service uses it",
        "taken is the table of internet users",
    ),
    (
        &["IMD_decile", "IMD_rank"],
        "the Indices of Deprivation",
        "the service already holds them as reference content, by small area: see `equity reference`",
        "taken are more areas of them as reference content (deploy/guides/reference-content.md)",
    ),
    (
        &["LSOA code (2021)", IMD_DECILE],
        "the Indices of Deprivation 2025 without scores (File 1)",
        DECILES,
        FILE_7,
    ),
    (
        &["LSOA code (2011)", IMD_DECILE],
        "the Indices of Deprivation 2019 without scores (File 1)",
        DECILES,
        FILE_7,
    ),
    (&["LSOA code (2021)"], "a table of the Indices of Deprivation 2025", NO_SCORES, FILE_7),
    (&["LSOA code (2011)"], "a table of the Indices of Deprivation 2019", NO_SCORES, FILE_7),
    (
        &["LSOA_CODE", "NUMBER_OF_PATIENTS"],
        "Patients Registered at a GP Practice, by small area",
        "it has no ages",
        REGISTERED,
    ),
    (
        &["EXTRACT_DATE", "NUMBER_OF_PATIENTS"],
        "Patients Registered at a GP Practice, without practices",
        "its people are those of the editions by practice, in other rows",
        REGISTERED,
    ),
    (
        &["REPORTING_PERIOD_START", "MEASURE_ID", "MEASURE_VALUE"],
        "monthly statistics by measure (NHS England)",
        "no indicator of this service is one of its measures",
        OURS,
    ),
    (
        &["ICB ODS Code [1,2]", "NHS App logins"],
        "a table of the workbook of NHS App Management Information",
        WORKBOOK,
        NHS_APP,
    ),
    (
        &["LatestLogins"],
        "NHS App Management Information with a column for each metric",
        WORKBOOK,
        NHS_APP,
    ),
    (
        &["lsoa11_code", "lsoa21_code", "change_code"],
        "the look-up of small areas of 2011 and 2021",
        "the service already holds it as reference content",
        OURS,
    ),
];

/// The refusal of such a file.
pub(super) fn refused(header: &csv::StringRecord) -> Option<IngestError> {
    let found = FILES.iter().find(|(columns, ..)| has_all(header, columns));
    let taken = [
        super::iod::Iod::recognises(header),
        super::gpad::Gpad::is_by_practice(header),
        super::registered::Registered::recognises(header),
    ];
    let found = found.filter(|_| !taken.contains(&true));
    found.map(|(_, what, why, taken)| IngestError::NotImported { what, why, taken })
}

//! Published files that look usable and are not: the header identifies them, and the refusal gives the reason.

use super::IngestError;
use super::header::has_all;

/// Columns that identify a file, the name of the file, the reason.
const FILES: [(&[&str], &str, &str); 7] = [
    (
        &["practice_code", "imd_score", "imd_decile"],
        "the list of practices with deprivation scores",
        "its `imd_decile` has 10 = most deprived, and this service has 1 = most deprived, so deprivation would be reversed; give \
         `residence_lsoa` in your records instead: the service derives deprivation from it",
    ),
    (
        &["msoa21_code"],
        "a Census 2021 table by MSOA",
        "the service needs small areas (LSOA); download the same table by LSOA",
    ),
    (
        &["ltla21_code"],
        "a Census 2021 table by local authority",
        "the service needs small areas (LSOA); download the same table by LSOA",
    ),
    (
        &["Skill", "Disability status", "Value"],
        "the ONS table of ICT skills",
        "no indicator of this service is about a single skill",
    ),
    (
        &["Series", "Working status", "Value"],
        "the ONS table of mobile-telephone use",
        "having a mobile telephone is another question than using the internet; no indicator of this service uses it",
    ),
    (
        &["IMD_decile", "IMD_rank"],
        "the Indices of Deprivation",
        "the service already holds them as reference data, by small area: see `equity reference`",
    ),
    (
        &["lsoa11_code", "lsoa21_code", "change_code"],
        "the look-up of small areas of 2011 and 2021",
        "the service already holds it as reference data",
    ),
];

/// The refusal of such a file.
pub(super) fn refused(header: &csv::StringRecord) -> Option<IngestError> {
    let found = FILES.iter().find(|(columns, _, _)| has_all(header, columns));
    found.map(|(_, what, why)| IngestError::NotImported { what, why })
}

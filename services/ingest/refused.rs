//! Published files that look as if they belonged here, and are refused by their header with the reason.

use super::IngestError;
use super::header::has_all;

/// Columns that give a file away, what it is, and why it is not taken.
const FILES: [(&[&str], &str, &str); 7] = [
    (
        &["practice_code", "imd_score", "imd_decile"],
        "the list of practices with deprivation scores",
        "its `imd_decile` runs the other way (10 = most deprived) than every decile here (1 = most deprived), so that reading it \
         would turn deprivation upside down; deprivation comes from `residence_lsoa`, and the practices are reference data",
    ),
    (
        &["msoa21_code"],
        "a Census 2021 table by MSOA",
        "homes are small areas (LSOA) here; take the tables by LSOA",
    ),
    (
        &["ltla21_code"],
        "a Census 2021 table by local authority",
        "homes are small areas (LSOA) here; take the tables by LSOA",
    ),
    (
        &["Skill", "Disability status", "Value"],
        "the ONS table of ICT skills",
        "no indicator here asks for a single skill",
    ),
    (
        &["Series", "Working status", "Value"],
        "the ONS table of mobile-telephone use",
        "having a mobile telephone is another question than using the internet, of another base; no indicator here asks it",
    ),
    (
        &["IMD_decile", "IMD_rank"],
        "the Indices of Deprivation",
        "they are reference data of this service, by small area: `equity reference`",
    ),
    (
        &["lsoa11_code", "lsoa21_code", "change_code"],
        "the look-up of small areas of 2011 and 2021",
        "it is reference data of this service",
    ),
];

/// The refusal of a file that is known and not taken.
pub(super) fn refused(header: &csv::StringRecord) -> Option<IngestError> {
    let found = FILES.iter().find(|(columns, _, _)| has_all(header, columns));
    found.map(|(_, what, why)| IngestError::NotImported { what, why })
}

//! The publishers' files, recognised by their columns. `##` in the name of a column is the year of the edition: `ICB26CDH`.

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Practices,
    Trusts,
    Mapping,
    SmallAreas,
    LookUp,
    UpperTier,
    Regions,
    Deprivation2019,
    Deprivation2025,
}

/// Columns of ODS's files, which have no header, in their place.
pub(super) mod ods {
    pub(crate) const WIDTH: usize = 27;
    pub(crate) const CODE: usize = 0;
    pub(crate) const NAME: usize = 1;
    pub(crate) const SYSTEM: usize = 3;
    pub(crate) const OPENED: usize = 10;
    pub(crate) const CLOSED: usize = 11;
    pub(crate) const STATUS: usize = 12;
    pub(crate) const COMMISSIONER: usize = 14;
    pub(crate) const SETTING: usize = 25;
    /// Status of practices. Trusts have none.
    pub(crate) const STATUSES: [&str; 4] = ["ACTIVE", "INACTIVE", "DORMANT", "PROPOSED"];
}

impl Kind {
    pub(super) const ALL: [Self; 9] = [
        Self::Practices,
        Self::Trusts,
        Self::Mapping,
        Self::SmallAreas,
        Self::LookUp,
        Self::UpperTier,
        Self::Regions,
        Self::Deprivation2019,
        Self::Deprivation2025,
    ];

    /// Publisher and name.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Practices => "ODS epraccur: practices",
            Self::Trusts => "ODS etr: NHS trusts",
            Self::Mapping => "NHS England practice mapping (gp-reg-pat-prac-map)",
            Self::SmallAreas => "ONS look-up: LSOA 2021 to sub-ICB location, ICB and district",
            Self::LookUp => "ONS look-up: LSOA 2011 to LSOA 2021, exact fit",
            Self::UpperTier => "ONS look-up: district to upper-tier authority or county",
            Self::Regions => "ONS look-up: district to region",
            Self::Deprivation2019 => "MHCLG Indices of Deprivation 2019, File 7",
            Self::Deprivation2025 => "MHCLG Indices of Deprivation 2025, File 7",
        }
    }

    /// What stays of the content in force without such a file.
    pub(super) fn keeps(self) -> &'static str {
        match self {
            Self::Practices => "months in which practices closed, as far as they are known",
            Self::Trusts => "trusts",
            Self::Mapping => {
                "primary care networks and practices; if there is no ONS look-up of small areas either, also systems and sub-ICB locations"
            }
            Self::SmallAreas => "districts and sub-ICB locations of small areas",
            Self::LookUp => "the look-up between small areas of 2011 and 2021",
            Self::UpperTier => "the place of each district",
            Self::Regions => "the region of each system",
            Self::Deprivation2019 => "deprivation deciles of 2019",
            Self::Deprivation2025 => "deprivation deciles of 2025",
        }
    }

    /// The columns that are read, each in all its spellings. None: the file has no header.
    pub(super) fn columns(self) -> &'static [&'static str] {
        const RANK: &str = "Index of Multiple Deprivation (IMD) Rank*";
        const DECILE: &str = "Index of Multiple Deprivation (IMD) Decile*";
        match self {
            Self::Practices | Self::Trusts => &[],
            Self::Mapping => &[
                "EXTRACT_DATE",
                "PRACTICE_CODE",
                "PRACTICE_NAME",
                "PCN_CODE",
                "PCN_NAME",
                "ONS_SUB_ICB_LOCATION_CODE",
                "SUB_ICB_LOCATION_CODE",
                "ONS_ICB_CODE",
                "ICB_CODE",
                "ICB_NAME",
                "ONS_COMM_REGION_CODE",
                "COMM_REGION_CODE",
                "COMM_REGION_NAME",
            ],
            Self::SmallAreas => &[
                "LSOA21CD",
                "SICBL##CD",
                "SICBL##CDH",
                "ICB##CD",
                "ICB##CDH",
                "ICB##NM",
                "LAD##CD",
                "LAD##NM",
            ],
            Self::LookUp => &["F_LSOA11CD|LSOA11CD", "LSOA21CD", "CHGIND|CHNGIND"],
            Self::UpperTier => &["LAD##CD|LTLA##CD", "UTLA##CD|CTY##CD", "UTLA##NM|CTY##NM"],
            Self::Regions => &["LAD##CD|LTLA##CD", "RGN##CD"],
            Self::Deprivation2019 => &["LSOA code (2011)", RANK, DECILE],
            Self::Deprivation2025 => &["LSOA code (2021)", RANK, DECILE],
        }
    }

    /// The kind of a file by its first row: the kind that has all of its columns there, or else more than half of them.
    pub(super) fn of(first: &csv::StringRecord) -> Option<Self> {
        let cell = |place: usize| first.get(place).map_or("", str::trim);
        if first.len() == ods::WIDTH && is_day(cell(ods::OPENED)) {
            let of_practice = ods::STATUSES.contains(&cell(ods::STATUS));
            let of_trust = (ods::STATUS..=ods::COMMISSIONER).all(|place| cell(place).is_empty());
            return match (of_practice, of_trust) {
                (true, _) => Some(Self::Practices),
                (false, true) => Some(Self::Trusts),
                (false, false) => None,
            };
        }
        let share = |kind: &Self| {
            let columns = kind.columns();
            let found = columns.iter().filter(|column| place(first, column).is_some()).count();
            (found, columns.len())
        };
        let with_header = || Self::ALL.into_iter().filter(|kind| !kind.columns().is_empty());
        let whole = with_header().find(|kind| share(kind).0 == share(kind).1);
        whole.or_else(|| with_header().find(|kind| share(kind).0 * 2 > share(kind).1))
    }
}

/// The place of a column in a header, by any of its spellings.
pub(super) fn place(header: &csv::StringRecord, spellings: &str) -> Option<usize> {
    spellings
        .split('|')
        .find_map(|spelling| header.iter().position(|name| is(name.trim(), spelling)))
}

/// Whether a name is a spelling, in upper or lower case: `##` are two digits, `*` is any end.
fn is(name: &str, spelling: &str) -> bool {
    if let Some(start) = spelling.strip_suffix('*') {
        return name.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start));
    }
    let same =
        |(a, b): (u8, u8)| if b == b'#' { a.is_ascii_digit() } else { a.eq_ignore_ascii_case(&b) };
    name.len() == spelling.len() && name.bytes().zip(spelling.bytes()).all(same)
}

/// Whether a cell is a day as ODS writes it: `20240630`.
pub(super) fn is_day(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(line: &str) -> Option<Kind> {
        Kind::of(&line.split(',').collect())
    }

    #[test]
    fn files_are_recognised_by_their_columns() {
        let practice = "A81001,THE DENSHAM SURGERY,Y63,QHM,,,,,,TS18 1HU,19740401,,ACTIVE,B,16C,20200401,,,,,,1,,16C,,RO76,";
        assert_eq!(kind(practice), Some(Kind::Practices));
        let trust = "R0A,A TRUST,Y62,QOP,,,,,,M13 9WL,20171001,,,,,,,0300,,,,1,,B,,,";
        assert_eq!(kind(trust), Some(Kind::Trusts));
        let site = "R0A01,A SITE,Y62,QOP,,,,,,M13 9WL,20171001,,,,R0A,,,0300,,,,1,,B,,,";
        assert_eq!(kind(site), None, "ets: the sites of trusts");
        assert_eq!(kind("LAD24CD,LAD24NM,RGN24CD,RGN24NM,ObjectId"), Some(Kind::Regions));
        assert_eq!(kind("LTLA23CD,LTLA23NM,UTLA23CD,UTLA23NM,ObjectId"), Some(Kind::UpperTier));
        assert_eq!(kind("LAD23CD,LAD23NM,CTY23CD,CTY23NM"), Some(Kind::UpperTier));
        let small = "LSOA21CD,LSOA21NM,SICBL26CD,SICBL26CDH,SICBL26NM,ICB26CD,ICB26CDH,ICB26NM,NHSER26CD,NHSER26CDH,NHSER26NM,LAD26CD,LAD26NM,ObjectId";
        assert_eq!(kind(small), Some(Kind::SmallAreas));
        let exact = "LSOA11CD,LSOA11NM,LSOA21CD,LSOA21NM,CHGIND,LAD22CD,LAD22NM,LAD22NMW,ObjectId";
        assert_eq!(kind(exact), Some(Kind::LookUp));
        assert_eq!(kind("OA21CD,LSOA21CD,LSOA21NM,MSOA21CD"), None);
        assert_eq!(kind("organisation,month,channel"), None);
        assert_eq!(kind(""), None);
    }

    #[test]
    fn a_file_that_lacks_few_columns_is_still_recognised() {
        assert_eq!(kind("F_LSOA11CD,LSOA11NM,LSOA21CD,LSOA21NM"), Some(Kind::LookUp));
        let without = "EXTRACT_DATE,PRACTICE_CODE,PRACTICE_NAME,PCN_CODE,PCN_NAME,SUB_ICB_LOCATION_CODE,ICB_NAME";
        assert_eq!(kind(without), Some(Kind::Mapping));
    }
}

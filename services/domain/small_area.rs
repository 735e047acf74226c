//! Small areas (LSOAs) of the editions 2011 and 2021, the areas that contain them, and the look-up between the editions. A code
//! that both editions have is the same area.

mod around;

use std::collections::BTreeMap;

pub use around::{Around, Location, Shares, Stay};

/// An edition of the small areas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edition {
    /// Of the Census 2011.
    Lsoa2011,
    /// Of the Census 2021.
    Lsoa2021,
}

impl Edition {
    /// Both, from old to new.
    pub const ALL: [Self; 2] = [Self::Lsoa2011, Self::Lsoa2021];

    /// Id, which is that of the code system.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Lsoa2011 => "lsoa_2011",
            Self::Lsoa2021 => "lsoa_2021",
        }
    }

    /// The edition of this id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|edition| edition.id() == id)
    }

    /// Name for people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Lsoa2011 => "LSOA 2011",
            Self::Lsoa2021 => "LSOA 2021",
        }
    }
}

/// How a small area of 2011 changed by 2021.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// The area and its code are the same.
    Unchanged,
    /// One area became several.
    Split,
    /// Several areas became one.
    Merged,
    /// Irregular: neither a clean split nor a clean merger.
    Irregular,
}

impl Change {
    /// The change for a letter of the look-up: U, S, M or X.
    #[must_use]
    pub fn from_letter(letter: &str) -> Option<Self> {
        match letter {
            "U" => Some(Self::Unchanged),
            "S" => Some(Self::Split),
            "M" => Some(Self::Merged),
            "X" => Some(Self::Irregular),
            _ => None,
        }
    }
}

/// A small area of one edition, as it is read and as it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SmallArea<'a> {
    /// Its code: `E01013600`.
    pub code: &'a str,
    /// Code of the district that contains it.
    pub district: &'a str,
    /// Code of the sub-ICB location that contains it; empty if unknown.
    pub sub_icb: &'a str,
    /// Codes of the sub-ICB locations that contained it before and ended, the newest first, joined with `;`; empty if none did.
    pub former_sub_icb: &'a str,
    /// Residents in mid-2020, for areas of 2011 only: the weights when areas are merged.
    pub population: Option<u64>,
    /// Its category of deprivation, in the edition that goes with its own: `imd_2019:1`.
    pub deprivation: &'a str,
}

/// For each small area of 2021, by number: the numbers of the areas of 2011 that it was formed from, with their residents as
/// weights. None where the look-up says nothing.
#[derive(Clone, Debug, Default)]
pub struct Parents {
    /// Where the parents of each area begin, and where those of the last end.
    begin: Vec<u32>,
    all: Vec<(u32, u32)>,
}

impl Parents {
    /// The parents of a small area of 2021, by its number.
    pub fn of(&self, number: usize) -> impl Iterator<Item = (usize, u64)> + '_ {
        let bounds = self.begin.get(number).zip(self.begin.get(number + 1));
        let bounds = bounds.map_or(0..0, |(begin, end)| index(*begin)..index(*end));
        self.all[bounds].iter().map(|(old, people)| (index(*old), u64::from(*people)))
    }
}

/// Bytes of the longest code.
const CODE_BYTES: usize = 16;
/// What stands for no population.
const NO_POPULATION: u32 = u32::MAX;

/// A small area in a fixed width: England has 66,599, and each is held as long as the service runs.
#[derive(Clone, Copy, Debug)]
struct Packed {
    code: [u8; CODE_BYTES],
    population: u32,
    district: u16,
    sub_icb: u16,
    former_sub_icb: u16,
    deprivation: u16,
}

/// A code as a number with the same order: what is looked up for every row must not compare texts.
fn key(code: &str) -> Option<[u8; CODE_BYTES]> {
    let mut bytes = [0; CODE_BYTES];
    bytes.get_mut(..code.len())?.copy_from_slice(code.as_bytes());
    Some(bytes)
}

/// A `u32` of a table as an index.
fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Packed {
    fn code(&self) -> &str {
        let end = self.code.iter().position(|byte| *byte == 0).unwrap_or(CODE_BYTES);
        // It was made of a text.
        std::str::from_utf8(&self.code[..end]).unwrap_or_default()
    }
}

/// Codes that many small areas share, each once, with the areas around it.
#[derive(Clone, Debug, Default)]
struct Shared {
    codes: Vec<(String, Around)>,
    places: BTreeMap<String, u16>,
    /// The code that was asked for last: most small areas share it with the one before.
    last: u16,
}

impl Shared {
    fn number(&mut self, code: &str) -> Result<u16, String> {
        if self.codes.get(usize::from(self.last)).is_some_and(|(last, _)| last == code) {
            return Ok(self.last);
        }
        if let Some(known) = self.places.get(code) {
            self.last = *known;
            return Ok(*known);
        }
        let number = u16::try_from(self.codes.len());
        let number = number.map_err(|_| format!("`{code}` is one code too many"))?;
        self.codes.push((code.to_owned(), Around::default()));
        self.places.insert(code.to_owned(), number);
        Ok(number)
    }

    fn code(&self, number: u16) -> &str {
        &self.codes[usize::from(number)].0
    }

    fn around(&self, number: u16) -> &Around {
        &self.codes[usize::from(number)].1
    }
}

/// The small areas of the reference content, in sorted arrays. The number of an area is its place in the order of the codes of its
/// edition.
#[derive(Clone, Debug, Default)]
pub struct SmallAreas {
    editions: [Vec<Packed>; 2],
    districts: Shared,
    sub_icbs: Shared,
    /// Former locations as the file has them, and for each of these texts the numbers of the locations, the oldest first.
    former: Shared,
    former_sub_icbs: Vec<Vec<u16>>,
    deprivations: Shared,
    joined: Vec<(u32, u32, Change)>,
    parents: Parents,
    changes: Vec<Option<Change>>,
}

impl SmallAreas {
    /// Adds a small area. After the last one, [`SmallAreas::sort`].
    ///
    /// # Errors
    /// Its code is longer than 16 bytes, it has too many people, or there are too many districts.
    pub fn add(&mut self, edition: Edition, area: &SmallArea<'_>) -> Result<(), String> {
        let code = area.code;
        let population = area.population.map_or(Ok(NO_POPULATION), u32::try_from);
        let packed = Packed {
            code: key(code).ok_or_else(|| format!("`{code}` is longer than {CODE_BYTES} bytes"))?,
            population: population.map_err(|_| format!("`{code}` has too many people"))?,
            district: self.districts.number(area.district)?,
            sub_icb: self.sub_icbs.number(area.sub_icb)?,
            former_sub_icb: self.former.number(area.former_sub_icb)?,
            deprivation: self.deprivations.number(area.deprivation)?,
        };
        if self.former_sub_icbs.len() < self.former.codes.len() {
            let oldest_first = area.former_sub_icb.rsplit(';').filter(|code| !code.is_empty());
            let numbers = oldest_first.map(|code| self.sub_icbs.number(code));
            self.former_sub_icbs.push(numbers.collect::<Result<_, _>>()?);
        }
        self.editions[edition as usize].push(packed);
        Ok(())
    }

    /// Puts the small areas in order, and asks for the areas around each district and each sub-ICB location. The look-up
    /// comes next.
    ///
    /// # Errors
    /// An edition has a code twice.
    pub fn sort(&mut self, mut around: impl FnMut(Shares<'_>) -> Around) -> Result<(), String> {
        for edition in Edition::ALL {
            let areas = &mut self.editions[edition as usize];
            areas.sort_unstable_by_key(|area| area.code);
            areas.shrink_to_fit();
            if let Some(twice) = areas.windows(2).find(|pair| pair[0].code == pair[1].code) {
                return Err(format!(
                    "`{}` is listed twice in {}",
                    twice[0].code(),
                    edition.label()
                ));
            }
        }
        for (code, of) in &mut self.districts.codes {
            *of = around(Shares::District(code));
        }
        for (code, of) in &mut self.sub_icbs.codes {
            *of = around(Shares::SubIcb(code));
        }
        let new = self.editions[Edition::Lsoa2021 as usize].len();
        self.changes = vec![None; new];
        self.parents.begin = vec![0; new + 1];
        Ok(())
    }

    /// Adds a line of the look-up. After the last one, [`SmallAreas::joined`].
    ///
    /// # Errors
    /// An area is missing, two different areas share a code, or an area has no residents to weight it by.
    pub fn join(&mut self, from: &str, to: &str, change: Change) -> Result<(), String> {
        let number = |edition: Edition, code: &str| {
            self.number(edition, code).ok_or_else(|| {
                format!("`{code}` is no {} of lsoa.csv: the two files go together", edition.label())
            })
        };
        let (old, new) = (number(Edition::Lsoa2011, from)?, number(Edition::Lsoa2021, to)?);
        if (change == Change::Unchanged) != (from == to) {
            return Err(format!(
                "`{from}` to `{to}`: an area keeps its code if it is unchanged, and only then"
            ));
        }
        if self.editions[Edition::Lsoa2011 as usize][old].population == NO_POPULATION {
            return Err(format!("`{from}` has no population in lsoa.csv"));
        }
        let narrow = |number: usize| u32::try_from(number).map_err(|_| "too many areas".to_owned());
        self.joined.push((narrow(new)?, narrow(old)?, change));
        Ok(())
    }

    /// Puts the lines of the look-up in order.
    pub fn joined(&mut self) {
        let mut lines = std::mem::take(&mut self.joined);
        // Those of one area stay in the order of the file.
        lines.sort_by_key(|(new, _, _)| *new);
        let mut begin = vec![0u32; self.changes.len() + 1];
        for (new, old, change) in lines {
            let people = self.editions[Edition::Lsoa2011 as usize][index(old)].population;
            self.parents.all.push((old, people));
            self.changes[index(new)] = Some(change);
            begin[index(new) + 1] += 1;
        }
        for place in 1..begin.len() {
            begin[place] += begin[place - 1];
        }
        self.parents.begin = begin;
    }

    /// The number of a small area in its edition.
    #[must_use]
    pub fn number(&self, edition: Edition, code: &str) -> Option<usize> {
        let key = u128::from_be_bytes(key(code)?);
        let areas = &self.editions[edition as usize];
        areas.binary_search_by_key(&key, |area| u128::from_be_bytes(area.code)).ok()
    }

    /// A small area of an edition.
    #[must_use]
    pub fn get(&self, edition: Edition, code: &str) -> Option<SmallArea<'_>> {
        self.number(edition, code).map(|number| self.at(edition, number))
    }

    /// The small area of an edition with this number, which is below how many there are.
    #[must_use]
    pub fn at(&self, edition: Edition, number: usize) -> SmallArea<'_> {
        self.unpacked(&self.editions[edition as usize][number])
    }

    fn unpacked<'a>(&'a self, area: &'a Packed) -> SmallArea<'a> {
        SmallArea {
            code: area.code(),
            district: self.districts.code(area.district),
            sub_icb: self.sub_icbs.code(area.sub_icb),
            former_sub_icb: self.former.code(area.former_sub_icb),
            population: (area.population != NO_POPULATION).then(|| area.population.into()),
            deprivation: self.deprivations.code(area.deprivation),
        }
    }

    /// The small areas of an edition, by number: in the order of their codes.
    pub fn of(&self, edition: Edition) -> impl ExactSizeIterator<Item = SmallArea<'_>> {
        self.editions[edition as usize].iter().map(|area| self.unpacked(area))
    }

    /// Whether a code is one of a small area, of any edition.
    #[must_use]
    pub fn has(&self, code: &str) -> bool {
        Edition::ALL.into_iter().any(|edition| self.number(edition, code).is_some())
    }

    /// The codes of the areas that contain a small area: its district and what contains that up to the place, its sub-ICB location
    /// and what contains that, then the areas that contained it and ended. None if no small area has the code; the newer edition
    /// decides if both have it.
    #[must_use]
    pub fn around(&self, code: &str) -> Option<impl Iterator<Item = &str>> {
        let area = self.packed(code)?;
        let (district, today) = (&self.districts.around(area.district).within, self.today(area));
        // What was in a location that ended was in no other before.
        let former = &self.former_sub_icbs[usize::from(area.former_sub_icb)];
        let own: &[String] = if former.is_empty() { today.beyond } else { &[] };
        let ended = former.iter().flat_map(|number| self.stay(*number).areas());
        let around = district.iter().chain(today.within).chain(own).map(String::as_str);
        Some(around.chain(ended))
    }

    /// The sub-ICB locations that a small area was in until they ended, the oldest first, and then that of today. None if no small area has
    /// the code; the newer edition decides if both have it.
    #[must_use]
    pub fn stays(&self, code: &str) -> Option<impl Iterator<Item = Stay<'_>>> {
        self.packed(code).map(|area| self.stays_of(area))
    }

    fn packed(&self, code: &str) -> Option<&Packed> {
        let found = |of: Edition| self.editions[of as usize].get(self.number(of, code)?);
        found(Edition::Lsoa2021).or_else(|| found(Edition::Lsoa2011))
    }

    fn today(&self, area: &Packed) -> Stay<'_> {
        match self.sub_icbs.code(area.sub_icb) {
            "" => {
                let within = &self.districts.around(area.district).beyond;
                Stay { location: "", within, beyond: &[] }
            }
            _ => self.stay(area.sub_icb),
        }
    }

    fn stay(&self, sub_icb: u16) -> Stay<'_> {
        let Around { within, beyond } = self.sub_icbs.around(sub_icb);
        Stay { location: self.sub_icbs.code(sub_icb), within, beyond }
    }

    fn stays_of(&self, area: &Packed) -> impl Iterator<Item = Stay<'_>> {
        let former = &self.former_sub_icbs[usize::from(area.former_sub_icb)];
        former.iter().map(|number| self.stay(*number)).chain([self.today(area)])
    }

    /// How the small areas of an edition are divided between sub-ICB locations, today and before. Those of no location are told apart by
    /// district.
    #[must_use]
    pub fn locations(&self, edition: Edition) -> Vec<Location<'_>> {
        let mut counts: BTreeMap<_, (&Packed, usize)> = BTreeMap::new();
        for area in &self.editions[edition as usize] {
            let has_none = self.sub_icbs.code(area.sub_icb).is_empty();
            let district = has_none.then_some(area.district);
            let key = (area.sub_icb, area.former_sub_icb, district);
            counts.entry(key).or_insert((area, 0)).1 += 1;
        }
        let location = |(area, count)| Location { count, stays: self.stays_of(area).collect() };
        counts.into_values().map(location).collect()
    }

    /// Whether something is true of each small area of an edition, by number. It is asked once for all small areas of one district that are and
    /// were in the same sub-ICB locations: with the codes of the district and of what contains that up to the place, and with the stays.
    pub fn which(
        &self,
        edition: Edition,
        mut is_true: impl FnMut(&[String], &[Stay<'_>]) -> bool,
    ) -> Vec<bool> {
        let mut known = BTreeMap::new();
        let mut ask = |area: &Packed| {
            let district = &self.districts.around(area.district).within;
            let stays: Vec<_> = self.stays_of(area).collect();
            is_true(district, &stays)
        };
        let mut last = None;
        let answer = |area: &Packed| {
            let key = (area.district, area.sub_icb, area.former_sub_icb);
            match last {
                Some((same, answer)) if same == key => answer,
                _ => {
                    let answer = *known.entry(key).or_insert_with(|| ask(area));
                    last = Some((key, answer));
                    answer
                }
            }
        };
        self.editions[edition as usize].iter().map(answer).collect()
    }

    /// For every small area of 2021, the areas of 2011 that it was formed from.
    #[must_use]
    pub fn parents(&self) -> &Parents {
        &self.parents
    }

    /// The change that formed the small area of 2021 with this number.
    #[must_use]
    pub fn change(&self, number: usize) -> Option<Change> {
        self.changes.get(number).copied().flatten()
    }

    /// The edition of some codes: the one edition that has all of the known codes. Codes that both editions have do not decide;
    /// if there are no others, the given edition is returned.
    ///
    /// # Errors
    /// Two codes that are in different editions only.
    pub fn edition_of<'a>(
        &self,
        codes: impl Iterator<Item = &'a str>,
        otherwise: Edition,
    ) -> Result<Edition, (String, String)> {
        let (mut old, mut new) = (None, None);
        for code in codes {
            match Edition::ALL.map(|edition| self.number(edition, code).is_some()) {
                [true, false] => old = old.or(Some(code)),
                [false, true] => new = new.or(Some(code)),
                [true, true] | [false, false] => {}
            }
        }
        match (old, new) {
            (Some(old), Some(new)) => Err((old.to_owned(), new.to_owned())),
            (Some(_), None) => Ok(Edition::Lsoa2011),
            (None, Some(_)) => Ok(Edition::Lsoa2021),
            (None, None) => Ok(otherwise),
        }
    }
}

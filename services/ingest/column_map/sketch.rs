//! A first map, from the header of an extract and the values that occur in it.

use std::fmt::Write as _;
use std::path::Path;

use super::guess::{self, MOST, Seen};
use crate::domain::codes::{CodeList, Content};
use crate::domain::collection::Dataset;
use crate::domain::reference::Reference;
use crate::domain::text::counted;
use crate::ingest::IngestError;
use crate::ingest::equity_csv::names;
use crate::ingest::open::CsvFile;

const HEAD: &str = "\
# A map from the columns of an extract to the columns of the service, for `equity submit FILE --map THIS_FILE`.
# Guesses were made by name and by label: check each line. A line that begins with # does nothing.
";

const COLUMNS: &str = "
# \"column of the file\" = \"column of the service\". \"\" leaves the column out. Every column of the file needs a line, unless it has
# the name of a column of the service. Columns of consultations (deploy/guides/submit.md explains them and lists the others):
";

const CONSTANTS: &str = "
# Columns that the file does not have and that are the same in every row: column of the service = \"value\".
[constants]
";

/// Reads a file and writes a first map of it, with the built-in code lists.
///
/// # Errors
/// The file cannot be read.
pub fn sketch(file: &Path) -> Result<String, IngestError> {
    let all = values(file)?;
    let reference = &Reference::new(&Content::embedded())?;
    let guesses = guess::columns(reference, &all);
    let (mut text, mut systems) = (HEAD.to_owned() + COLUMNS, Vec::new());
    for line in wrapped(&names(Dataset::Consultations)) {
        text += &format!("#   {line}\n");
    }
    text += "[columns]\n";
    for (seen, name) in all.iter().zip(&guesses) {
        let column = quoted(&seen.name);
        text += &match name {
            Some(name) => format!("{column} = \"{name}\"\n"),
            None => format!("# {column} = \"\"{}\n", some_values(seen)),
        };
    }
    for (seen, name) in all.iter().zip(&guesses).filter_map(|(seen, name)| Some((seen, (*name)?))) {
        let Some((_, list)) = guess::list_of(reference, name).filter(|_| has_codes(name)) else {
            continue;
        };
        let system = guess::system(list, seen);
        if system > 0 {
            systems.push(format!("{name}={}", list.systems[system].id));
        }
        text += &codes(list, system, name, seen);
    }
    text += CONSTANTS;
    for (name, example) in
        [("organisation", "C82001"), ("month", "2026-04"), ("collection", "practice-feed")]
    {
        if !guesses.contains(&Some(name)) {
            text += &format!("# {name} = \"{example}\"\n");
        }
    }
    if !systems.is_empty() {
        text += &format!("code_systems = \"{}\"\n", systems.join(";"));
    }
    Ok(text)
}

/// The columns of a file with the values that occur.
fn values(file: &Path) -> Result<Vec<Seen>, IngestError> {
    let mut file = CsvFile::open(file)?;
    let header = file.header()?;
    let named = |name: &str| Seen { name: name.to_owned(), ..Seen::default() };
    let mut all: Vec<Seen> = header.iter().map(named).collect();
    let mut row = csv::StringRecord::new();
    while file.next(&mut row)? {
        all.iter_mut().zip(&row).for_each(|(seen, cell)| seen.note(cell));
    }
    Ok(all)
}

/// Whether the cells of a column are codes, not numbers.
fn has_codes(name: &str) -> bool {
    !matches!(name, "age_years" | "lead_time_days")
}

/// The table of the words of a column.
fn codes(list: &CodeList, system: usize, name: &str, seen: &Seen) -> String {
    let code_system = &list.systems[system];
    let mut text = format!(
        "\n# \"word of the file\" = \"code of {}\"; \"\" is not recorded. `equity reference code-lists --list {}` lists the codes.\n\
         [codes.{name}]\n",
        code_system.id, list.id
    );
    if seen.many {
        let _ = writeln!(
            text,
            "# The column has more than {MOST} different values; these are the first."
        );
    }
    for (word, rows) in &seen.values {
        let rows = counted(*rows, "row");
        let label = |code: &str| {
            let found = code_system.codes.iter().find(|(other, _, _)| other == code);
            found.map_or("", |(_, label, _)| label.as_str())
        };
        let guess = guess::code(list, system, word);
        let word = quoted(word);
        // Writing to a string does not fail.
        let _ = match guess {
            None => writeln!(text, "# {word} is taken as it is; {rows}"),
            Some(Some(code)) => {
                writeln!(text, "{word} = {}  # a guess: {}; {rows}", quoted(&code), label(&code))
            }
            Some(None) => writeln!(text, "# {word} = \"\"  # no guess; {rows}"),
        };
    }
    text
}

/// A few values of a column, if they tell nothing about one person.
fn some_values(seen: &Seen) -> String {
    if seen.values.is_empty() {
        return "  # no guess; the column is empty".to_owned();
    } else if !seen.repeats() || seen.values.len() > 12 {
        return "  # no guess".to_owned();
    }
    let values: Vec<_> = seen.values.keys().map(|value| quoted(value)).collect();
    format!("  # no guess; its values: {}", values.join(", "))
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\t', "\\t"))
}

/// Words in lines of at most 120 characters.
fn wrapped(words: &[&str]) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words {
        if lines.last().is_some_and(|line| line.len() + word.len() > 115) {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            let _ = write!(line, "{word} ");
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

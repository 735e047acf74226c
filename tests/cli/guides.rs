//! Every example of README and of the guides, run on the demo's data as a reader would: it ends well and shows figures, and the output
//! that a guide shows is what the program prints.
//!
//! - A block ```` ```csv april.csv ```` is a file that later examples use.
//! - A block ```` ```text ```` behind an example is its output. `…` stands for what the guide does not show: lines, or the end of a line.
//! - A mark on the line behind a block says what is special: see [`REFUSED`], [`OWN_CONTENT`] and [`DEMO`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use equity_indicators::domain::codes::Content;

use super::examples::{fill_with_demo, shows_figures};
use super::run::{Served, equity, run};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// How a command of this program begins.
const BEGINNINGS: [&str; 2] = ["equity ", "cargo run --release -- "];
/// Commands that are passed over: they do not end, need a folder that is not here, or ask no service.
const PASSED_OVER: [&str; 12] = [
    "demo",
    "serve",
    "generate",
    "verify",
    "rebuild",
    "ptable",
    "audit verify",
    "snapshot",
    "restore",
    "completions",
    "man",
    "reference build",
];
/// Behind a block that the service has to refuse.
const REFUSED: &str = "<!-- refused -->";
/// Behind a block that needs the content of `reference-content.md`, which the demo does not have: it is passed over.
const OWN_CONTENT: &str = "<!-- own content -->";

/// Behind a block that needs a service with certificates: `tls.rs` runs it.
const TLS: &str = "<!-- tls";

/// Behind a block that shows a part of what the demo prints: its lines about published data, for the synthetic set is smaller here.
const DEMO: &str = "<!-- /demo -->";

/// A block of code in a document.
struct Block {
    language: String,
    /// What follows the language: the name of a file, and after ` under ` the line that the block belongs under.
    name: String,
    lines: Vec<String>,
    /// The line behind the block.
    mark: String,
}

fn blocks(document: &Path) -> Vec<Block> {
    let text = std::fs::read_to_string(document).unwrap();
    let mut lines = text.lines();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        let Some(info) = line.trim_start().strip_prefix("```") else { continue };
        let (language, name) = info.split_once(' ').unwrap_or((info, ""));
        let inside = lines.by_ref().take_while(|line| line.trim() != "```");
        let inside = inside.map(str::to_owned).collect();
        let mark = lines.clone().next().unwrap_or_default().trim().to_owned();
        found.push(Block { language: language.into(), name: name.into(), lines: inside, mark });
    }
    found
}

/// The commands of this program in a block, without its name: continued lines joined, pipes and comments cut off.
fn commands(block: &Block) -> Vec<String> {
    let joined = block.lines.join("\n").replace("\\\n", " ");
    let begun =
        joined.lines().filter_map(|line| BEGINNINGS.iter().find_map(|b| line.strip_prefix(b)));
    begun
        .map(|line| line.split(" | ").next().unwrap().split("  #").next().unwrap().to_owned())
        .collect()
}

/// README and the guides.
fn documents() -> Vec<PathBuf> {
    let guides = std::fs::read_dir(Path::new(ROOT).join("deploy/guides")).unwrap();
    let mut found: Vec<_> = guides.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found.insert(0, Path::new(ROOT).join("README.md"));
    found
}

/// Runs a command in the reader's folder and returns what it printed, remarks last. `refused`: the service has to say no.
fn printed(served: &Served, folder: &Path, command: &str, refused: bool) -> String {
    assert!(!command.contains(['"', '\'']), "{command}: quotes are not understood here");
    let command = of_this_build(command);
    let words: Vec<String> = command
        .split_whitespace()
        .map(
            |word| if word.starts_with("deploy/") { format!("{ROOT}/{word}") } else { word.into() },
        )
        .collect();
    let mut run = equity();
    run.args(&words).args(["--service", &served.address]).current_dir(folder);
    let ended = run.env("LC_ALL", "C.UTF-8").output().unwrap();
    let answer = String::from_utf8(ended.stdout).unwrap();
    let all = answer.clone() + &String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(i32::from(refused)), "equity {command}:\n{all}");
    if refused {
        assert!(!all.trim().is_empty(), "equity {command} is refused without a word");
        return all;
    }
    let listed = answer.lines().count() > 1;
    let option = |name: &str| words.iter().skip_while(|word| *word != name).nth(1);
    let good = match (words[0].as_str(), option("--output")) {
        ("breakdown" | "inequality" | "gaps" | "quality", _) => shows_figures(&answer),
        ("targets", _) if words[1] == "status" => shows_figures(&answer),
        ("export", Some(file)) if file != "-" => folder.join(file).metadata().unwrap().len() > 0,
        ("export" | "reference", _) => listed,
        _ if words.get(1).is_some_and(|word| word == "list") => listed,
        // Other commands say what they did, here or as a remark.
        _ => !all.trim().is_empty(),
    };
    assert!(good, "equity {command}:\n{all}");
    all
}

/// A build without Parquet or Excel writes the same file as CSV.
fn of_this_build(command: &str) -> String {
    let mut command = command.to_owned();
    for (built, name) in [(cfg!(feature = "parquet"), "parquet"), (cfg!(feature = "xlsx"), "xlsx")]
    {
        if !built {
            command = command.replace(&format!(".{name}"), ".csv");
            command = command.replace(&format!("--format {name}"), "--format csv");
        }
    }
    command
}

/// The lines that a guide shows and the program does not print.
fn untrue<'a>(shown: &'a [String], printed: &str) -> Vec<&'a str> {
    let is = |line: &str| match line.strip_suffix('…') {
        Some(begin) => printed.lines().any(|other| other.trim_start().starts_with(begin.trim())),
        None => printed.lines().any(|other| other.trim() == line.trim()),
    };
    shown.iter().map(String::as_str).filter(|line| !is(line)).collect()
}

#[test]
fn examples_of_the_guides_show_figures() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let demo = fill_with_demo(&data);
    let served = Served::start(&data);
    let mut tried = 0;
    for document in documents() {
        let mut last = None;
        for block in blocks(&document) {
            match block.language.as_str() {
                "sh" if block.mark == OWN_CONTENT || block.mark.starts_with(TLS) => last = None,
                "sh" => {
                    last = None;
                    for command in commands(&block) {
                        let is_passed = PASSED_OVER.iter().any(|one| command.starts_with(one));
                        if is_passed || command.contains("--watch") {
                            continue;
                        }
                        last =
                            Some(printed(&served, folder.path(), &command, block.mark == REFUSED));
                        tried += 1;
                    }
                }
                "text" if block.name.is_empty() => {
                    let printed_before = last.take();
                    let of_demo = (block.mark == DEMO).then(|| demo.clone());
                    let Some(last) = of_demo.or(printed_before) else { continue };
                    let untrue = untrue(&block.lines, &last);
                    assert!(
                        untrue.is_empty(),
                        "{}: {untrue:#?} is not in\n{last}",
                        document.display()
                    );
                }
                "csv" | "text" | "toml" if !block.name.contains('/') && !block.name.is_empty() => {
                    std::fs::write(folder.path().join(&block.name), block.lines.join("\n") + "\n")
                        .unwrap();
                }
                _ => {}
            }
        }
    }
    assert!(tried >= 40, "{tried} examples");
}

/// The files that `reference-content.md` changes, changed as it says, can be served.
#[test]
fn content_of_the_guide_can_be_served() {
    let folder = tempfile::tempdir().unwrap();
    let built_in = Path::new(ROOT).join("services/domain/codes/data");
    let mut changed = 0;
    for block in blocks(&Path::new(ROOT).join("deploy/guides/reference-content.md")) {
        let (file, under) = block.name.split_once(" under ").unwrap_or((&block.name, ""));
        let Some(name) = file.strip_prefix("equity-reference/") else { continue };
        let place = folder.path().join(name);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        let before = std::fs::read_to_string(&place);
        let before = before.or_else(|_| std::fs::read_to_string(built_in.join(name))).unwrap();
        let mut lines: Vec<&str> = before.lines().collect();
        let at = match under {
            "" => lines.len(),
            _ => 1 + lines.iter().position(|line| line.trim().starts_with(under)).unwrap(),
        };
        lines.splice(at..at, block.lines.iter().map(String::as_str));
        std::fs::write(place, lines.join("\n") + "\n").unwrap();
        changed += 1;
    }
    assert_eq!(changed, 6, "blocks that change content");
    let content = folder.path().to_str().unwrap();
    run(&["serve", "--check", "--reference-folder", content]).well();
}

#[test]
fn blocks_and_what_is_untrue_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("a.md");
    let text = "x\n```sh\nequity a \\\n  b | head\nls\nequity c   # d\n```\n<!-- refused -->\n```text\ny\n```\n";
    std::fs::write(&document, text).unwrap();
    let found = blocks(&document);
    assert_eq!(commands(&found[0]), ["a    b", "c "]);
    assert_eq!(
        (found[0].mark.as_str(), found[1].lines.as_slice()),
        (REFUSED, &["y".to_owned()][..])
    );
    let shown = ["one", "tw…", "…", "three"].map(str::to_owned);
    assert_eq!(untrue(&shown, "  one\ntwo\n"), ["three"]);
}

/// Keys of a TOML file, those of tables within tables included. What a table names itself (`map`, `labels`) has keys of the content.
fn keys(table: &toml::Table, found: &mut BTreeSet<String>) {
    for (key, value) in table {
        found.insert(key.clone());
        let own = !matches!(key.as_str(), "map" | "labels");
        let tables = value.as_array().into_iter().flatten().filter_map(toml::Value::as_table);
        tables.chain(value.as_table()).filter(|_| own).for_each(|inner| keys(inner, found));
    }
}

/// `reference-content.md` names every column and key of the built-in files, and no others.
#[test]
fn the_guide_has_every_column_of_the_reference_content() {
    let guide = std::fs::read_to_string(Path::new(ROOT).join("deploy/guides/reference-content.md"));
    let guide = guide.unwrap();
    let section = guide.split("## Columns and keys of every file").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let quoted = |cell: &str| -> Vec<String> {
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut file = String::new();
    for row in section.lines().filter(|line| line.starts_with('|')).skip(2) {
        let cells: Vec<_> = row.split('|').collect();
        if let Some(next) = quoted(cells[1]).pop() {
            file = next;
        }
        let of_file = told.entry(file.clone()).or_default();
        of_file.extend(quoted(cells[2]));
        // Keys of an inner table stand in its meaning.
        if ["`count`", "`categories`", "`system`"].contains(&cells[2].trim())
            && file.ends_with(".toml")
        {
            let is_key = |word: &String| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            of_file.extend(quoted(cells[3]).into_iter().filter(is_key));
        }
    }
    let mut held: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, text) in Content::embedded().files() {
        let name = if name.starts_with("codes/") { "codes/*.toml" } else { name };
        let of_file = held.entry(name.to_owned()).or_default();
        if name.ends_with(".csv") {
            of_file.extend(text.lines().next().unwrap().split(',').map(str::to_owned));
        } else {
            keys(&text.parse::<toml::Table>().unwrap(), of_file);
        }
    }
    // The name of the list of entries is no key of an entry.
    for (name, entry) in [
        ("collections.toml", "collection"),
        ("dimensions.toml", "dimension"),
        ("indicators.toml", "indicator"),
        ("profiles.toml", "profile"),
        ("published.toml", "table"),
        ("targets.toml", "target"),
    ] {
        held.get_mut(name).unwrap().remove(entry);
    }
    // No built-in file needs these.
    let own = ["baseline", "period", "position", "release", "owner_role"];
    held.get_mut("targets.toml").unwrap().extend(own.map(str::to_owned));
    held.get_mut("organisations.csv").unwrap().insert("attributes".to_owned());
    assert_eq!(told, held);
}

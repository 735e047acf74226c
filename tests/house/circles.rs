//! No circle of files within a room: a file that names an item of another may not be named by that one in turn, not even round
//! about. Without circles a room can be read from its first file to its last. Methods count by the path that names them, not
//! by the value they are called on; re-exports count for nothing, and lead to the file that defines the item.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::code::NamedPath;
use super::rooms::room;
use super::{Source, assert_none, sources};

/// Rooms that may have circles: none.
const STILL_CIRCULAR: &[&str] = &[];

/// A module: `store::log`; the root has no segments.
type Module = Vec<String>;

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Module(Module),
    /// A file, and the name of what it defines.
    Item(usize, String),
}

/// A path that leads through more imports than this leads in a circle of imports.
const LONGEST: usize = 16;

/// The modules of the crate, and which file has each.
struct Crate<'a> {
    sources: &'a [Source],
    files: BTreeMap<Module, usize>,
}

/// `store/log/mod.rs` → `store::log`.
fn module_of(path: &str) -> Module {
    let names = path.trim_end_matches(".rs").split('/');
    let is_own = |name: &&str| !["mod", "lib", "main"].contains(name);
    names.filter(is_own).map(str::to_owned).collect()
}

impl<'a> Crate<'a> {
    fn new(sources: &'a [Source]) -> Self {
        let mut files = BTreeMap::new();
        for (file, source) in sources.iter().enumerate().filter(|(_, s)| s.path != "main.rs") {
            let module = module_of(&source.path);
            let inner = source.code.inner.iter().map(|inner| [&module[..], inner].concat());
            files.extend(inner.map(|inner| (inner, file)));
            files.insert(module, file);
        }
        Self { sources, files }
    }

    /// Where a path leads that is named in a module; none if it leads out of the crate.
    fn resolve(&self, module: &[String], segments: &[String], depth: usize) -> Option<Place> {
        let segments: Vec<_> = segments.iter().map(String::as_str).collect();
        let mut rest = segments.strip_suffix(&["self"]).unwrap_or(&segments);
        let mut at = module.to_vec();
        let mut is_ours = true;
        match *rest.first()? {
            "crate" | "equity_indicators" => (at, rest) = (Vec::new(), &rest[1..]),
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first() == Some(&"super") {
                    at.pop();
                    rest = &rest[1..];
                }
            }
            _ => is_ours = false,
        }
        while let Some((name, left)) = rest.split_first() {
            let found = self.lookup(&at, name, left.is_empty(), depth);
            match found {
                Some(Place::Module(inner)) => at = inner,
                Some(item) => return Some(item),
                // Made by a macro, perhaps: the module's file has it.
                None if is_ours => {
                    let item = |file: &usize| Place::Item(*file, (*name).to_owned());
                    return self.files.get(&at).map(item);
                }
                None => return None,
            }
            (rest, is_ours) = (left, true);
        }
        Some(Place::Module(at))
    }

    /// What a name means in a module. At the end of a path an item goes before a module of the same name.
    fn lookup(&self, module: &[String], name: &str, is_last: bool, depth: usize) -> Option<Place> {
        let inner = [module, &[name.to_owned()]].concat();
        let inner = self.files.contains_key(&inner).then_some(Place::Module(inner));
        if !is_last && inner.is_some() {
            return inner;
        }
        let file = *self.files.get(module)?;
        let code = &self.sources[file].code;
        let own = module_of(&self.sources[file].path).len();
        if code.items.iter().any(|i| i.name == name && i.within == module[own..]) {
            return Some(Place::Item(file, name.to_owned()));
        }
        if depth == LONGEST {
            return inner;
        }
        let here = code.paths.iter().filter(|p| p.within == module[own..]);
        let imports: Vec<_> = here
            .filter_map(|p| Some((p.import.as_ref()?.name.as_str(), &p.segments[..])))
            .collect();
        let imported =
            |wanted| imports.iter().filter(move |(name, _)| *name == wanted).map(|(_, path)| *path);
        let follow = |path: &[String]| self.resolve(module, path, depth + 1);
        // `use difference::difference` is not looked up in itself: its first segment is a module.
        let found =
            imported(name).filter(|path| path[0] != name || inner.is_some()).find_map(follow);
        let of_glob = |path: &[String]| match follow(&path[..path.len() - 1])? {
            Place::Module(from) => self.lookup(&from, name, is_last, depth + 1),
            Place::Item(..) => None,
        };
        found.or(inner).or_else(|| imported("*").find_map(of_glob))
    }

    /// The items of other files that a file names.
    fn named(&self, file: usize) -> BTreeSet<(usize, String)> {
        let source = &self.sources[file];
        let is_used = |path: &&NamedPath| {
            // What is only handed on, others name.
            let handed_on = path.import.as_ref().filter(|import| import.is_public);
            handed_on.is_none_or(|import| source.code.names.contains(&import.name))
        };
        let mut found = BTreeSet::new();
        for path in source.code.paths.iter().filter(is_used) {
            let module = [&module_of(&source.path)[..], &path.within].concat();
            let is_glob = path.import.as_ref().is_some_and(|import| import.name == "*");
            let ends = if is_glob {
                let from = path.segments.len() - 1;
                let each = source.code.names.iter();
                each.map(|name| [&path.segments[..from], &[name.clone()]].concat()).collect()
            } else {
                vec![path.segments.clone()]
            };
            for end in ends {
                match self.resolve(&module, &end, 0) {
                    Some(Place::Item(other, name)) if other != file => {
                        found.insert((other, name));
                    }
                    _ => {}
                }
            }
        }
        found
    }
}

/// File → the files of its room that it names, each with the items.
type Graph = BTreeMap<usize, BTreeMap<usize, Vec<String>>>;

fn graph(sources: &[Source]) -> Graph {
    let whole = Crate::new(sources);
    let mut graph = Graph::new();
    for file in 0..sources.len() {
        let own = room(&sources[file].path);
        for (other, name) in whole.named(file) {
            if room(&sources[other].path) == own {
                graph.entry(file).or_default().entry(other).or_default().push(name);
            }
        }
    }
    graph
}

/// The shortest way from a file back to itself.
fn circle(graph: &Graph, start: usize) -> Option<Vec<usize>> {
    let mut before = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(file) = queue.pop_front() {
        for next in graph.get(&file).into_iter().flat_map(BTreeMap::keys) {
            if *next == start {
                let back = |at: &usize| before.get(at).copied();
                let mut way: Vec<usize> = std::iter::successors(Some(file), back).collect();
                way.reverse();
                return Some(way);
            }
            if !before.contains_key(next) {
                before.insert(*next, file);
                queue.push_back(*next);
            }
        }
    }
    None
}

/// Every circle, told once, with the items that close it: `a.rs -> b.rs (Item) -> a.rs (other)`.
fn circles(sources: &[Source]) -> Vec<String> {
    let graph = graph(sources);
    let (mut told, mut problems) = (BTreeSet::new(), Vec::new());
    for file in 0..sources.len() {
        let Some(way) = circle(&graph, file) else { continue };
        if !told.insert(way.iter().copied().collect::<BTreeSet<_>>()) {
            continue;
        }
        let mut text = sources[file].path.clone();
        for (from, to) in way.iter().zip(way.iter().skip(1).chain(&way[..1])) {
            let items = graph[from][to].join(", ");
            text += &format!(" -> {} ({items})", sources[*to].path);
        }
        problems.push(text);
    }
    problems
}

#[test]
fn no_files_of_a_room_name_each_other_in_a_circle() {
    let mut all = sources();
    all.retain(|source| !STILL_CIRCULAR.contains(&room(&source.path)));
    assert_none(&circles(&all));
}

#[test]
fn circles_are_found_and_re_exports_are_none() {
    let found = |files: &[(&str, &str)]| {
        let source = |(path, text): &(&str, &str)| {
            let code = super::code::Code::parse(text).unwrap();
            Source { path: (*path).to_owned(), code }
        };
        circles(&files.iter().map(source).collect::<Vec<_>>())
    };
    let whole = "mod a; mod b; mod c; pub use a::A; pub(super) use self::b::{b, B as Other};";

    let round = [
        ("x/mod.rs", whole),
        ("x/a.rs", "use super::Other;\npub struct A; fn f() -> Other { super::b() }"),
        ("x/b.rs", "pub struct B; pub fn b() { crate::x::c::inner::C }"),
        ("x/c.rs", "pub mod inner { use super::super::A; pub const C: A = A; }"),
    ];
    assert_eq!(found(&round), ["x/a.rs -> x/b.rs (B, b) -> x/c.rs (C) -> x/a.rs (A)"]);

    // What only the tests name closes nothing, and neither does a module that is named for itself.
    let no_circle = ("x/c.rs", "use super::a;\n#[cfg(test)] mod tests { use super::super::A; }");
    assert_none(&found(&[round[0], round[1], round[2], no_circle]));

    // A re-export is no use; to name what is re-exported is one.
    let child = ("x/a.rs", "use super::Error; pub struct A; pub fn difference() -> Error {}");
    let parent = "mod a; mod difference; pub use a::{A, difference}; pub struct Error;";
    assert_none(&found(&[("x.rs", parent), child]));
    let using = format!("{parent} fn f(a: A) {{}}");
    assert_eq!(found(&[("x.rs", &using), child]), ["x.rs -> x/a.rs (A) -> x.rs (Error)"]);

    // Names brought by `*`, by `super`, by an imported module; other rooms and crates are none of it.
    let files = [
        ("x/mod.rs", "pub mod a; mod b; pub use b::*;"),
        ("x/a.rs", "use super::*; fn a() { B; std::a::a(); crate::y::y() }"),
        ("x/b.rs", "use crate::x::a::{self}; pub struct B; fn f() { a::a() }"),
        ("y.rs", "pub fn y() { crate::x::a::a() }"),
    ];
    assert_eq!(found(&files), ["x/a.rs -> x/b.rs (B) -> x/a.rs (a)"]);
}

//! Source text as tokens and paths, without comments, without the insides of strings and without what is only for tests:
//! so that no rule trips over a word in a comment, and none is dodged by a line break.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// One token, as text.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// `crate::store::keys`, as it is named in a `use` or in an expression.
#[derive(Debug)]
pub(crate) struct NamedPath {
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
    /// The modules around it that the file itself writes out: `mod name { … }`.
    pub(crate) within: Vec<String>,
    /// What a `use` makes of it; none for a path in an expression or a type.
    pub(crate) import: Option<Import>,
}

/// The name that a `use` brings into its module.
#[derive(Debug, Clone)]
pub(crate) struct Import {
    /// The last segment, or what `as` says; `*` brings every name.
    pub(crate) name: String,
    /// Whether others can name it there: `pub use`, `pub(super) use`.
    pub(crate) is_public: bool,
}

/// Something that a file defines outside of functions and `impl`: `fn f`, `struct S`, `macro_rules! m`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Item {
    pub(crate) within: Vec<String>,
    pub(crate) name: String,
}

impl NamedPath {
    /// Whether the path begins with these segments.
    pub(crate) fn begins(&self, segments: &[&str]) -> bool {
        self.segments.len() >= segments.len()
            && self.segments.iter().zip(segments).all(|(a, b)| a == b)
    }
}

/// The code of a file that is built into the service.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) tokens: Vec<Token>,
    pub(crate) paths: Vec<NamedPath>,
    pub(crate) items: BTreeSet<Item>,
    /// `mod name { … }`: these modules, each with those around it.
    pub(crate) inner: BTreeSet<Vec<String>>,
    /// Every name outside of `use`, but those of fields and methods after a dot, and of modules where they are declared.
    pub(crate) names: BTreeSet<String>,
    /// `#[cfg(test)] mod name;`: the name, and the file where `#[path]` names one.
    pub(crate) test_modules: Vec<(String, Option<String>)>,
    /// Lines of everything under `#[cfg(test)]`.
    pub(crate) test_lines: usize,
}

impl Code {
    pub(crate) fn parse(text: &str) -> Result<Code, proc_macro2::LexError> {
        let mut all = Vec::new();
        flatten(text.parse()?, &mut all);
        let (tokens, test_modules, test_lines) = without_tests(&all);
        let (mut items, mut inner) = (BTreeSet::new(), BTreeSet::new());
        defined(&tokens, &[], &mut items, &mut inner);
        let (paths, names) = (paths(&tokens), names(&tokens));
        Ok(Code { tokens, paths, items, inner, names, test_modules, test_lines })
    }

    /// Lines where these tokens stand one after the other, and what follows them.
    pub(crate) fn find<'a>(
        &'a self,
        pattern: &'a [&str],
    ) -> impl Iterator<Item = (usize, &'a [Token])> + 'a {
        (0..self.tokens.len()).filter_map(move |at| {
            let rest = starts(&self.tokens[at..], pattern)?;
            Some((self.tokens[at].line, rest))
        })
    }
}

fn starts<'a>(tokens: &'a [Token], pattern: &[&str]) -> Option<&'a [Token]> {
    let fits = tokens.len() >= pattern.len()
        && tokens.iter().zip(pattern).all(|(token, text)| token.text == *text);
    fits.then(|| &tokens[pattern.len()..])
}

fn flatten(stream: TokenStream, out: &mut Vec<Token>) {
    let push = |out: &mut Vec<Token>, text: String, line| out.push(Token { text, line });
    for tree in stream {
        let line = tree.span().start().line;
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                push(out, open.to_owned(), line);
                flatten(group.stream(), out);
                push(out, close.to_owned(), group.span_close().start().line);
            }
            // `::` as one token.
            TokenTree::Punct(p)
                if p.as_char() == ':' && out.last().is_some_and(|t| t.text == ":") =>
            {
                ":".clone_into(&mut out.last_mut().unwrap().text);
                out.last_mut().unwrap().text.push(':');
            }
            other => push(out, other.to_string(), line),
        }
    }
}

/// The tokens up to and with the one that closes the bracket at the beginning.
fn group(tokens: &[Token]) -> usize {
    let mut depth = 0_i32;
    for (at, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth <= 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// The length of an item: to its `;`, or to the end of its braces (those of a `use` are not the end).
fn item(tokens: &[Token]) -> usize {
    let is_use = tokens.iter().map(|t| t.text.as_str()).take(4).any(|t| t == "use");
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].text.as_str() {
            ";" => return at + 1,
            "{" if !is_use => return at + group(&tokens[at..]),
            "(" | "[" | "{" => at += group(&tokens[at..]),
            "}" => return at,
            _ => at += 1,
        }
    }
    at
}

type TestModules = Vec<(String, Option<String>)>;

/// Leaves out every item under `#[cfg(test)]`, and says which files and how many lines that leaves out.
fn without_tests(mut tokens: &[Token]) -> (Vec<Token>, TestModules, usize) {
    let mut kept = Vec::new();
    let mut modules = Vec::new();
    let mut lines = 0;
    while let Some(first) = tokens.first() {
        let Some(mut rest) = starts(tokens, &["#", "[", "cfg", "(", "test", ")", "]"]) else {
            kept.push(first.clone());
            tokens = &tokens[1..];
            continue;
        };
        let mut named = None;
        while let Some(attribute) = starts(rest, &["#"]) {
            if let Some(value) = starts(attribute, &["[", "path", "="]) {
                named = Some(value[0].text.trim_matches('"').to_owned());
            }
            rest = &attribute[group(attribute)..];
        }
        let length = item(rest);
        lines += rest[..length].last().map_or(0, |last| last.line + 1 - first.line);
        if rest[..length].last().is_some_and(|t| t.text == ";")
            && let Some(at) = rest[..length].iter().position(|t| t.text == "mod")
        {
            modules.push((rest[at + 1].text.clone(), named));
        }
        tokens = &rest[length..];
    }
    (kept, modules, lines)
}

fn is_name(token: &Token) -> bool {
    token.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// The name and the length of `mod name { … }`, if the tokens begin with one.
fn inner_module(tokens: &[Token]) -> Option<(&str, usize)> {
    let written = tokens.len() > 2 && tokens[0].text == "mod" && tokens[2].text == "{";
    written.then(|| (tokens[1].text.as_str(), 2 + group(&tokens[2..])))
}

/// What is defined outside of functions and `impl`, and the modules that are written out.
fn defined(
    tokens: &[Token],
    within: &[String],
    items: &mut BTreeSet<Item>,
    inner: &mut BTreeSet<Vec<String>>,
) {
    let mut at = 0;
    while at < tokens.len() {
        let is_item = |t: &&Token| is_name(t) && t.text != "fn"; // `const fn f`
        let name_at = |at: usize| tokens.get(at).filter(is_item).map(|t| t.text.clone());
        if let Some((name, length)) = inner_module(&tokens[at..]) {
            let deeper = [within, &[name.to_owned()]].concat();
            defined(&tokens[at + 3..at + length - 1], &deeper, items, inner);
            inner.insert(deeper);
            at += length;
            continue;
        }
        let name = match tokens[at].text.as_str() {
            "fn" | "struct" | "enum" | "trait" | "type" | "const" | "static" => name_at(at + 1),
            "macro_rules" => name_at(at + 2),
            _ => None,
        };
        items.extend(name.map(|name| Item { within: within.to_vec(), name }));
        match tokens[at].text.as_str() {
            "(" | "[" | "{" => at += group(&tokens[at..]),
            _ => at += 1,
        }
    }
}

fn names(tokens: &[Token]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at].text == "use" {
            at += item(&tokens[at..]);
            continue;
        }
        let before = at.checked_sub(1).map_or("", |before| tokens[before].text.as_str());
        if is_name(&tokens[at]) && ![".", "mod"].contains(&before) {
            found.insert(tokens[at].text.clone());
        }
        at += 1;
    }
    found
}

/// Every path of two segments and more, and every path of a `use`, its braces opened out.
fn paths(tokens: &[Token]) -> Vec<NamedPath> {
    let mut found = Vec::new();
    // The modules that are written out around the present place, and where each ends.
    let mut around: Vec<(String, usize)> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        around.retain(|(_, end)| *end > at);
        let within = || around.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        if let Some((name, length)) = inner_module(&tokens[at..]) {
            around.push((name.to_owned(), at + length));
            at += 3;
        } else if tokens[at].text == "use" {
            let before = at.checked_sub(1).map_or("", |before| tokens[before].text.as_str());
            let all = Use { within: within(), is_public: ["pub", ")"].contains(&before) };
            at += 1 + all.tree(&tokens[at + 1..], &[], &mut found);
        } else if is_name(&tokens[at]) {
            let start = at;
            let mut segments = vec![tokens[at].text.clone()];
            while at + 2 < tokens.len() && tokens[at + 1].text == "::" && is_name(&tokens[at + 2]) {
                segments.push(tokens[at + 2].text.clone());
                at += 2;
            }
            if segments.len() > 1 {
                let line = tokens[start].line;
                found.push(NamedPath { segments, line, within: within(), import: None });
            }
            at += 1;
        } else {
            at += 1;
        }
    }
    found
}

/// A `use` that is being read.
struct Use {
    within: Vec<String>,
    is_public: bool,
}

impl Use {
    /// Reads one tree and returns how many tokens it has.
    fn tree(&self, tokens: &[Token], before: &[String], found: &mut Vec<NamedPath>) -> usize {
        let mut segments = before.to_vec();
        let mut renamed = None;
        let mut at = 0;
        while at < tokens.len() {
            match tokens[at].text.as_str() {
                "{" => {
                    let end = at + group(&tokens[at..]);
                    let mut inner = at + 1;
                    while inner + 1 < end {
                        inner += 1 + self.tree(&tokens[inner..end - 1], &segments, found);
                    }
                    return end;
                }
                // The new name is no segment.
                "as" => {
                    at += 1;
                    renamed = tokens.get(at).map(|t| t.text.clone());
                }
                ";" | "," => break,
                "::" => {}
                text => segments.push(text.to_owned()),
            }
            at += 1;
        }
        // `a::{self}` brings `a`.
        let own = segments.iter().rfind(|s| *s != "self").cloned().unwrap_or_default();
        let import = Import { name: renamed.unwrap_or(own), is_public: self.is_public };
        found.push(NamedPath {
            segments,
            line: tokens.first().map_or(0, |t| t.line),
            within: self.within.clone(),
            import: Some(import),
        });
        at
    }
}

#[test]
fn paths_are_read_out_of_code() {
    let text = "use crate::{store::{keys, log as diary}, domain};\nuse std::fs;\n// use crate::no;\n\
                fn f() { let s = \"crate::no\"; crate::engine::\n  run(sled::open(s)); x.y() }";
    let code = Code::parse(text).unwrap();
    let all: Vec<_> = code.paths.iter().map(|p| (p.line, p.segments.join("::"))).collect();
    let all: Vec<_> = all.iter().map(|(line, path)| (*line, path.as_str())).collect();
    assert_eq!(
        all,
        [
            (1, "crate::store::keys"),
            (1, "crate::store::log"),
            (1, "crate::domain"),
            (2, "std::fs"),
            (4, "crate::engine::run"),
            (5, "sled::open"),
        ]
    );
}

#[test]
fn tests_are_left_out_and_nothing_else() {
    let text = "fn a() {}\n#[cfg(test)] use x::{y, z};\n#[cfg(test)]\n#[allow(q)]\nmod tests { fn b() {} }\n\
                fn c() {}\n#[cfg(test)] mod apart;\n#[cfg(test)] fn d(x: [u8; 3]) {}\nfn e() {}";
    let code = Code::parse(text).unwrap();
    let names: Vec<_> = code.find(&["fn"]).map(|(_, rest)| rest[0].text.as_str()).collect();
    assert_eq!(names, ["a", "c", "e"]);
    assert!(code.paths.is_empty(), "{:?}", code.paths);
    assert_eq!(code.test_modules, [("apart".to_owned(), None)]);
    assert_eq!(code.test_lines, 6);
}

#[test]
fn what_a_file_defines_and_imports_is_known() {
    let text = "pub(super) use a::{self, b::C, d::E as F, g::*};\npub const fn f() { const IN: u8 = 0; x.y(Z) }\n\
                impl S { fn method() {} }\nmod apart;\npub mod inner { pub const N: u8 = super::f(); }\n\
                macro_rules! m { () => {}; }\nuse std::fmt;";
    let code = Code::parse(text).unwrap();
    let items: Vec<_> = code.items.iter().map(|i| (i.within.len(), i.name.as_str())).collect();
    assert_eq!(items, [(0, "f"), (0, "m"), (1, "N")]);
    assert_eq!(code.inner, BTreeSet::from([vec!["inner".to_owned()]]));
    let imports = code.paths.iter().filter_map(|p| p.import.as_ref());
    let imports: Vec<_> = imports.map(|i| (i.name.as_str(), i.is_public)).collect();
    assert_eq!(imports, [("a", true), ("C", true), ("F", true), ("*", true), ("fmt", false)]);
    let inner: Vec<_> = code.paths.iter().filter(|p| !p.within.is_empty()).collect();
    assert!(inner.len() == 1 && inner[0].segments == ["super", "f"], "{inner:?}");
    assert!(code.names.contains("Z") && code.names.contains("method"));
    for absent in ["a", "C", "F", "y", "apart", "inner"] {
        assert!(!code.names.contains(absent), "{absent}");
    }
}

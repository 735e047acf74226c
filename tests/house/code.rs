//! Source text as tokens and paths, without comments, without the insides of strings and without what is only for tests:
//! so that no rule trips over a word in a comment, and none is dodged by a line break.

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
    /// `#[cfg(test)] mod name;`: the name, and the file where `#[path]` names one.
    pub(crate) test_modules: Vec<(String, Option<String>)>,
}

impl Code {
    pub(crate) fn parse(text: &str) -> Result<Code, proc_macro2::LexError> {
        let mut all = Vec::new();
        flatten(text.parse()?, &mut all);
        let (tokens, test_modules) = without_tests(&all);
        Ok(Code { paths: paths(&tokens), tokens, test_modules })
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

/// Leaves out every item under `#[cfg(test)]`, and says which files that leaves out.
fn without_tests(mut tokens: &[Token]) -> (Vec<Token>, TestModules) {
    let mut kept = Vec::new();
    let mut modules = Vec::new();
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
        if rest[..length].last().is_some_and(|t| t.text == ";")
            && let Some(at) = rest[..length].iter().position(|t| t.text == "mod")
        {
            modules.push((rest[at + 1].text.clone(), named));
        }
        tokens = &rest[length..];
    }
    (kept, modules)
}

fn is_name(token: &Token) -> bool {
    token.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Every path of two segments and more, and every path of a `use`, its braces opened out.
fn paths(tokens: &[Token]) -> Vec<NamedPath> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at].text == "use" {
            at += 1 + use_tree(&tokens[at + 1..], &[], &mut found);
        } else if is_name(&tokens[at]) {
            let start = at;
            let mut segments = vec![tokens[at].text.clone()];
            while at + 2 < tokens.len() && tokens[at + 1].text == "::" && is_name(&tokens[at + 2]) {
                segments.push(tokens[at + 2].text.clone());
                at += 2;
            }
            if segments.len() > 1 {
                found.push(NamedPath { segments, line: tokens[start].line });
            }
            at += 1;
        } else {
            at += 1;
        }
    }
    found
}

/// Reads one tree of a `use` and returns how many tokens it has.
fn use_tree(tokens: &[Token], before: &[String], found: &mut Vec<NamedPath>) -> usize {
    let mut segments = before.to_vec();
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].text.as_str() {
            "{" => {
                let end = at + group(&tokens[at..]);
                let mut inner = at + 1;
                while inner + 1 < end {
                    inner += 1 + use_tree(&tokens[inner..end - 1], &segments, found);
                }
                return end;
            }
            "as" => at += 1, // and the new name, which is no segment
            ";" | "," => break,
            "::" => {}
            text => segments.push(text.to_owned()),
        }
        at += 1;
    }
    let line = tokens.first().map_or(0, |t| t.line);
    found.push(NamedPath { segments, line });
    at
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
}

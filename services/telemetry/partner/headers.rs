//! The file of headers of a partner: a line `name: value` each. Values are secrets: no message has anything of them.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::domain::delivery::Trouble;

/// Headers that the service sets itself, or that belong to the connection.
const OURS: [&str; 10] = [
    "host",
    "connection",
    "content-type",
    "content-length",
    "content-encoding",
    "transfer-encoding",
    "te",
    "upgrade",
    "user-agent",
    "expect",
];

/// The headers of a file.
pub(super) fn read(file: &str) -> Result<HeaderMap, (Trouble, String)> {
    let wrong = |what: String| (Trouble::Settings, format!("headers_file {file}: {what}"));
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    parse(&text).map_err(wrong)
}

fn parse(text: &str) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (number, line) in text.lines().enumerate().map(|(place, line)| (place + 1, line.trim())) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) =
            line.split_once(':').ok_or_else(|| format!("line {number} is no `name: value`"))?;
        let name: HeaderName = name
            .trim()
            .parse()
            .map_err(|_| format!("line {number} has a name that no header has"))?;
        if OURS.contains(&name.as_str()) || name.as_str().starts_with("grpc-") {
            return Err(format!("line {number}: the service sets `{name}` itself"));
        }
        let mut value: HeaderValue = value
            .trim()
            .parse()
            .map_err(|_| format!("line {number} has a value that no header has"))?;
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_and_mistakes_tell_no_secret() {
        let read = parse("# a comment\nAuthorization: Bearer abc\n\nx-tenant: 7\n").unwrap();
        assert_eq!((read["authorization"].as_bytes(), read.len()), (&b"Bearer abc"[..], 2));
        assert!(read["authorization"].is_sensitive());
        for bad in
            ["secret", "a b: secret", "host: secret", "Grpc-Timeout: secret", "x: se\u{7}cret"]
        {
            let error = parse(bad).unwrap_err();
            assert!(error.contains("line 1") && !error.contains("secret"), "{bad}: {error}");
        }
    }
}

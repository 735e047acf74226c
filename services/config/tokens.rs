//! Settings of bearer tokens: whose are taken, and what has to come together for that.

use std::collections::BTreeSet;

use toml::Value;

use super::{Config, TokenIssuer};

/// Reads the issuers, `[[tokens.issuers]]`.
pub(super) fn issuers(value: &Value) -> Result<Vec<TokenIssuer>, String> {
    if !value.is_array() {
        return Err(
            "has to be tables, [[tokens.issuers]], in the file: no environment variable sets them"
                .to_owned(),
        );
    }
    let read: Vec<TokenIssuer> =
        value.clone().try_into().map_err(|error: toml::de::Error| error.message().to_owned())?;
    for one in &read {
        let empty = [
            ("issuer", one.issuer.trim().is_empty()),
            ("audience", one.audience.trim().is_empty()),
            ("algorithms", one.algorithms.is_empty()),
            ("partners", one.partners.is_empty()),
        ];
        if let Some((key, _)) = empty.into_iter().find(|(_, is_empty)| *is_empty) {
            return Err(format!("`{key}` is empty: without it no token would be accepted"));
        }
    }
    Ok(read)
}

impl Config {
    /// A token says who calls, so it needs partners; and whoever could listen could use it, so it needs TLS or this machine.
    pub(super) fn check_tokens(&self, problems: &mut Vec<String>) {
        let tokens = &self.tokens;
        let mut add = |key: &str, what: &str| problems.push(format!("tokens.{key}: {what}"));
        if tokens.issuers.is_empty() {
            for (key, is_set) in
                [("without_certificate", tokens.without_certificate), ("required", tokens.required)]
            {
                if is_set {
                    add(key, "needs [[tokens.issuers]]: no token is accepted without an issuer");
                }
            }
            return;
        }
        let mut names = BTreeSet::new();
        for one in &tokens.issuers {
            if !names.insert(&one.issuer) {
                add("issuers", &format!("`{}` is there twice: name each issuer once", one.issuer));
            }
            if !one.keys_file.is_file() {
                add("issuers", &format!("keys_file: {} is not a file", one.keys_file.display()));
            }
        }
        if self.partners_file.as_ref().is_none_or(|file| !file.is_file()) {
            add("issuers", "needs partners_file: a token names one of its partners");
        }
        if self.tls_files().is_some() {
            return;
        }
        if !tokens.without_certificate {
            add(
                "issuers",
                "needs [tls]: a token is bound to the certificate of its partner; on a loopback address or a Unix socket \
                 tokens.without_certificate = true takes tokens alone",
            );
        } else if !self.address.is_local() {
            add(
                "without_certificate",
                "needs [tls] on this address: whoever reads a token on its way could use it; allow_plaintext does not change that",
            );
        }
        if self.profile_without_identity.is_some() {
            problems.push(
                "profile_without_identity: with tokens every caller has an identity, and partners.toml gives its profile: leave one of both out"
                    .to_owned(),
            );
        }
    }
}

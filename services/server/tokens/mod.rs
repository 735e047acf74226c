//! Bearer tokens (RFC 6750): access tokens of RFC 9068, bound to the client's certificate as RFC 8705 says. The keys of their issuers
//! are files, read again while the service runs. A token is checked once and kept until it ends; of its text a hash alone is kept.

mod keys;
mod settings;
mod signatures;
mod verified;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use rustc_hash::FxHashMap;

use self::keys::Keys;
pub use self::settings::{PartnerClaim, TokenAlgorithm, TokenIssuer, TokenSettings};
use self::signatures::use_ring;
use self::verified::Verified;
use crate::rpc::status::TokenProblem;

/// Longest header `authorization`, in bytes.
const LONGEST: usize = 4 << 10;
/// Tokens that are kept, at most.
const KEPT: usize = 4_096;

/// Why the keys of an issuer cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {what}", file.display())]
pub struct TokenError {
    file: PathBuf,
    what: String,
}

/// Looks at bearer tokens.
#[derive(Debug)]
pub struct Tokens {
    settings: TokenSettings,
    now: RwLock<Arc<State>>,
}

/// One state of the files.
#[derive(Debug)]
struct State {
    issuers: Vec<(TokenIssuer, Keys)>,
    /// Hash of the files.
    read: blake3::Hash,
    /// Tokens that these keys have signed. New keys begin without any.
    kept: Mutex<FxHashMap<blake3::Hash, Arc<Verified>>>,
}

/// A token that is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Name of its partner.
    pub partner: String,
    /// Its id, the claim `jti`, as far as it is kept; empty: none.
    pub id: String,
    /// When it has ended.
    pub until: SystemTime,
}

impl Tokens {
    /// Reads the keys of the issuers; none: no token is looked at.
    ///
    /// # Errors
    /// The keys of an issuer cannot be used.
    pub fn load(settings: &TokenSettings) -> Result<Option<Self>, TokenError> {
        if settings.issuers.is_empty() {
            return Ok(None);
        }
        use_ring();
        let now = RwLock::new(Arc::new(State::read(&settings.issuers)?));
        Ok(Some(Self { settings: settings.clone(), now }))
    }

    /// The token of a call on a connection that shows this certificate, in DER. None: it has none, and needs none.
    ///
    /// # Errors
    /// The token is refused, or is missing.
    pub fn of(
        &self,
        headers: &HeaderMap,
        certificate: Option<&[u8]>,
    ) -> Result<Option<Accepted>, TokenProblem> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let Some(value) = values.next() else {
            let needs_one = self.settings.required
                || (certificate.is_none() && self.settings.without_certificate);
            return if needs_one { Err(TokenProblem::Missing) } else { Ok(None) };
        };
        if value.len() > LONGEST {
            return Err(TokenProblem::TooLarge);
        }
        let text = value.to_str().ok().filter(|_| values.next().is_none());
        let (scheme, token) =
            text.and_then(|text| text.split_once(' ')).ok_or(TokenProblem::Malformed)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(TokenProblem::Malformed);
        }
        if certificate.is_none() && !self.settings.without_certificate {
            return Err(TokenProblem::NotBound);
        }
        self.check(token.trim_matches(' '), certificate).map(Some)
    }

    /// The same of the token alone.
    ///
    /// # Errors
    /// The token is refused.
    pub fn check(&self, token: &str, certificate: Option<&[u8]>) -> Result<Accepted, TokenProblem> {
        if token.len() > LONGEST {
            return Err(TokenProblem::TooLarge);
        }
        let verified = self.now().verified(token)?;
        verified.belongs(certificate)?;
        let (partner, id) = (verified.partner.clone(), verified.id.clone());
        Ok(Accepted { partner, id, until: verified.until })
    }

    fn now(&self) -> Arc<State> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The hash of the files as they are on the disk; none: one cannot be read.
    pub(super) fn on_disk(&self) -> Option<blake3::Hash> {
        read(&self.settings.issuers).ok().map(|(_, hash)| hash)
    }

    /// Whether the keys in use have this hash.
    pub(super) fn has(&self, hash: Option<blake3::Hash>) -> bool {
        hash == Some(self.now().read)
    }

    /// Reads the keys again. If they cannot be used, everything stays as it is.
    pub(super) fn reload(&self) -> Result<(), TokenError> {
        let new = Arc::new(State::read(&self.settings.issuers)?);
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }
}

impl State {
    fn read(issuers: &[TokenIssuer]) -> Result<Self, TokenError> {
        let (texts, hash) = read(issuers)?;
        let read = issuers.iter().zip(texts).map(|(issuer, text)| {
            let pinned: Vec<_> = issuer.algorithms.iter().map(|of| (*of).into()).collect();
            let keys = Keys::read(&text, &pinned).map_err(wrong(&issuer.keys_file))?;
            Ok((issuer.clone(), keys))
        });
        let issuers = read.collect::<Result<_, TokenError>>()?;
        Ok(Self { issuers, read: hash, kept: Mutex::default() })
    }

    /// A token that holds now: it is checked when it comes for the first time.
    fn verified(&self, token: &str) -> Result<Arc<Verified>, TokenProblem> {
        let (hash, now) = (blake3::hash(token.as_bytes()), SystemTime::now());
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept().get(&hash).cloned();
        if let Some(known) = known {
            let holds = !known.has_ended(now);
            return holds.then_some(known).ok_or(TokenProblem::Expired);
        }
        let verified = Arc::new(Verified::of(token, &self.issuers)?);
        let mut kept = kept();
        if kept.len() >= KEPT {
            kept.retain(|_, one| !one.has_ended(now));
        }
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(hash, Arc::clone(&verified));
        Ok(verified)
    }
}

/// The files of the issuers, and their hash.
fn read(issuers: &[TokenIssuer]) -> Result<(Vec<Vec<u8>>, blake3::Hash), TokenError> {
    let (mut texts, mut hash) = (Vec::new(), blake3::Hasher::new());
    for TokenIssuer { keys_file, .. } in issuers {
        let text = std::fs::read(keys_file);
        let text = text.map_err(|error| wrong(keys_file)(format!("cannot be read: {error}")))?;
        hash.update(&(text.len() as u64).to_be_bytes()).update(&text);
        texts.push(text);
    }
    Ok((texts, hash.finalize()))
}

fn wrong(file: &Path) -> impl Fn(String) -> TokenError {
    move |what| TokenError { file: file.to_owned(), what }
}

#[cfg(test)]
mod tests;

//! Where the service listens: a port, or a Unix socket, which programs of this machine reach if its file lets them.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// How a text names a Unix socket.
const UNIX: &str = "unix:";

/// Where the service listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// An IP address and a port. Port 0: any free one.
    Port(SocketAddr),
    /// The file of a Unix socket.
    Socket(PathBuf),
}

impl Address {
    /// Whether only programs of this machine reach it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Port(address) => address.ip().is_loopback(),
            Self::Socket(_) => true,
        }
    }

    /// The address and the port, if it has any.
    #[must_use]
    pub fn port(&self) -> Option<SocketAddr> {
        match self {
            Self::Port(address) => Some(*address),
            Self::Socket(_) => None,
        }
    }

    /// As clients are told: `http://127.0.0.1:7443`, `unix:/run/equity.sock`.
    #[must_use]
    pub fn url(&self, scheme: &str) -> String {
        match self {
            Self::Port(address) => format!("{scheme}://{address}"),
            Self::Socket(_) => self.to_string(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(address) => address.fmt(f),
            Self::Socket(file) => write!(f, "{UNIX}{}", file.display()),
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Port(address)
    }
}

/// A text that is no address.
#[derive(Debug, thiserror::Error)]
#[error(
    "has to be an IP address and a port, \"127.0.0.1:7443\" or \"[::1]:7443\", or the file of a Unix socket, \"unix:/run/equity.sock\""
)]
pub struct NoAddress;

impl FromStr for Address {
    type Err = NoAddress;

    fn from_str(text: &str) -> Result<Self, NoAddress> {
        match text.strip_prefix(UNIX) {
            Some("") => Err(NoAddress),
            Some(file) => Ok(Self::Socket(file.strip_prefix("//").unwrap_or(file).into())),
            None => text.parse().map(Self::Port).map_err(|_| NoAddress),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written() {
        for (text, url, is_local) in [
            ("127.0.0.1:7443", "http://127.0.0.1:7443", true),
            ("[::1]:1", "http://[::1]:1", true),
            ("0.0.0.0:1", "http://0.0.0.0:1", false),
            ("unix:/run/equity.sock", "unix:/run/equity.sock", true),
            ("unix:///run/equity.sock", "unix:/run/equity.sock", true),
            ("unix:here.sock", "unix:here.sock", true),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!((&*address.url("http"), address.is_local()), (url, is_local), "{text}");
        }
        for bad in ["", "unix:", "unix", "/run/equity.sock", "127.0.0.1", "localhost:1"] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }
}

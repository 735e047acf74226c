//! The port or the Unix socket that connections come in at.

use std::fs::Permissions;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream as Probe;
use std::path::{Path, PathBuf};
use std::task::{Context, Poll, ready};

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::address::Address;

/// Who may connect to a Unix socket: its owner and its group.
const MODE: u32 = 0o660;

/// Where connections come in. The file of a Unix socket goes with it.
#[derive(Debug)]
pub struct Listener(Kind);

#[derive(Debug)]
enum Kind {
    Port(TcpListener),
    Socket(UnixListener, PathBuf),
}

/// A connection that has come in.
#[derive(Debug)]
pub(super) enum Accepted {
    Port(TcpStream, SocketAddr),
    Socket(UnixStream),
}

impl Listener {
    /// Listens. A Unix socket that a killed service has left is replaced.
    ///
    /// # Errors
    /// The address is in use, or is no address of this machine.
    pub async fn bind(address: &Address) -> io::Result<Self> {
        Ok(Self(match address {
            Address::Port(address) => Kind::Port(TcpListener::bind(address).await?),
            Address::Socket(file) => {
                if is_left(file) {
                    std::fs::remove_file(file)?;
                }
                let listener = UnixListener::bind(file)?;
                std::fs::set_permissions(file, Permissions::from_mode(MODE))?;
                Kind::Socket(listener, file.clone())
            }
        }))
    }

    /// Whether an address could be listened at now. Nothing is left behind.
    ///
    /// # Errors
    /// As [`Self::bind`].
    pub fn check(address: &Address) -> io::Result<()> {
        match address {
            Address::Port(address) => std::net::TcpListener::bind(address).map(drop),
            Address::Socket(file) if is_left(file) => Ok(()),
            Address::Socket(file) if file.try_exists()? => Err(ErrorKind::AddrInUse.into()),
            Address::Socket(file) => {
                let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
                std::fs::metadata(folder.unwrap_or(Path::new("."))).map(drop)
            }
        }
    }

    /// The address; the system has chosen the port if that was 0.
    ///
    /// # Errors
    /// The system does not say.
    pub fn address(&self) -> io::Result<Address> {
        match &self.0 {
            Kind::Port(listener) => listener.local_addr().map(Address::Port),
            Kind::Socket(_, file) => Ok(Address::Socket(file.clone())),
        }
    }

    pub(super) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Accepted>> {
        Poll::Ready(match &self.0 {
            Kind::Port(listener) => {
                ready!(listener.poll_accept(cx)).map(|(stream, peer)| Accepted::Port(stream, peer))
            }
            Kind::Socket(listener, _) => {
                ready!(listener.poll_accept(cx)).map(|(stream, _)| Accepted::Socket(stream))
            }
        })
    }
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self(Kind::Port(listener))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Kind::Socket(_, file) = &self.0
            && let Err(error) = std::fs::remove_file(file)
        {
            tracing::debug!(%error, file = %file.display(), "cannot remove the file of the socket");
        }
    }
}

/// Whether a file is a Unix socket at which nobody listens.
fn is_left(file: &Path) -> bool {
    let is_socket = std::fs::symlink_metadata(file).is_ok_and(|of| of.file_type().is_socket());
    is_socket
        && Probe::connect(file).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

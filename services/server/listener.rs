//! The port or the Unix socket that connections come in at.

use std::fs::Permissions;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::task::{Context, Poll, ready};

use rustix::fs::{Access, access};
use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::address::Address;

/// Who may connect to a Unix socket: its owner and its group.
const MODE: u32 = 0o660;
/// Connections that wait to be accepted, at most.
const WAITING: i32 = 1_024;

/// Where connections come in.
#[derive(Debug)]
pub struct Listener(Kind);

#[derive(Debug)]
enum Kind {
    Port(TcpListener),
    Socket(UnixListener, SocketFile),
}

/// The file of a Unix socket, which goes with it; another that has taken its place stays.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    id: Option<(u64, u64)>,
}

/// A connection that has come in.
#[derive(Debug)]
pub(super) enum Accepted {
    Port(TcpStream, SocketAddr),
    /// Who runs the program at the other end.
    Socket(UnixStream, String),
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
                if is_left(file)? {
                    std::fs::remove_file(file)?;
                }
                let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
                socket.bind(&SockAddr::unix(file)?)?;
                let file = SocketFile::new(file);
                std::fs::set_permissions(&file.path, Permissions::from_mode(MODE))?;
                // Nobody can connect before this, so nobody connects before the permissions are set.
                socket.listen(WAITING)?;
                socket.set_nonblocking(true)?;
                Kind::Socket(UnixListener::from_std(socket.into())?, file)
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
            Address::Socket(file) => {
                SockAddr::unix(file)?;
                let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
                access(folder.unwrap_or(Path::new(".")), Access::WRITE_OK | Access::EXEC_OK)?;
                is_left(file).map(drop)
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
            Kind::Socket(_, file) => Ok(Address::Socket(file.path.clone())),
        }
    }

    pub(super) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Accepted>> {
        Poll::Ready(match &self.0 {
            Kind::Port(listener) => {
                ready!(listener.poll_accept(cx)).map(|(stream, peer)| Accepted::Port(stream, peer))
            }
            Kind::Socket(listener, _) => ready!(listener.poll_accept(cx)).map(|(stream, _)| {
                let user = stream.peer_cred().map(|who| format!("user {}", who.uid()));
                Accepted::Socket(stream, user.unwrap_or_default())
            }),
        })
    }
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self(Kind::Port(listener))
    }
}

impl SocketFile {
    fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), id: id(path) }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.id.is_some()
            && id(&self.path) == self.id
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            let file = self.path.display();
            tracing::warn!(%error, %file, "cannot remove the file of the Unix socket");
        }
    }
}

/// What tells a file from another of the same name.
fn id(file: &Path) -> Option<(u64, u64)> {
    std::fs::symlink_metadata(file).ok().map(|of| (of.dev(), of.ino()))
}

/// Whether a socket is there that a killed service has left. Fails if the name is taken.
fn is_left(file: &Path) -> io::Result<bool> {
    let Ok(there) = std::fs::symlink_metadata(file) else { return Ok(false) };
    if !there.file_type().is_socket() {
        return Err(io::Error::new(
            ErrorKind::AlreadyExists,
            "a file that is no socket has this name",
        ));
    }
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // A service that accepts nothing would let a probe that may wait do so for ever.
    probe.set_nonblocking(true)?;
    match probe.connect(&SockAddr::unix(file)?) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(true),
        Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
        _ => Err(ErrorKind::AddrInUse.into()),
    }
}

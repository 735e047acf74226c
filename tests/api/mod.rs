//! The interface, through the real server and the generated client.

mod oracle;

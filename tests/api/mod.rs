//! The interface, through the real server and the generated client.

mod bad_input;
mod exclusion;
mod impact;
mod oracle;
mod provision;
mod queries;
mod reference;
mod refusals;
mod submissions;
mod watching;

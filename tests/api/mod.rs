//! The interface, through the real server and the generated client.

mod bad_input;
mod estimates;
mod exclusion;
mod impact;
mod oracle;
mod provision;
mod queries;
mod reference;
mod refusals;
mod risk;
mod submissions;
mod watching;

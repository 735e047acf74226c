//! The interface, through the real server and the generated client.

mod assessments;
mod bad_input;
mod exports;
mod oracle;
mod queries;
mod reference;
mod refusals;
mod submissions;
mod watching;

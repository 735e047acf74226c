//! The interface, through the real server and the generated client.

mod assessments;
mod bad_input;
mod estimates;
mod exclusion;
mod exported_tables;
mod exports;
mod impact;
mod oracle;
mod provision;
mod queries;
mod reference;
mod refusals;
mod risk;
mod submissions;
mod watching;

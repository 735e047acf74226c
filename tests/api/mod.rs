//! The interface, through the real server and the generated client.

mod assessments;
mod bad_input;
mod blanks;
mod collected;
mod estimates;
mod exclusion;
mod exported_tables;
mod exports;
mod impact;
mod oracle;
mod provision;
mod published;
mod queries;
mod questions;
mod readings;
mod reference;
mod refusals;
mod releases;
mod risk;
mod risk_refusals;
mod submissions;
mod suppressed;
mod table_options;
mod tables;
mod undecodable;
mod watching;

//! The command line, as a child process: what is printed, and with which code it ends.

mod attack;
mod audit;
mod cases;
mod demo;
mod erase;
mod examples;
mod exits;
mod export;
mod formats;
mod guides;
mod home_area;
mod options;
mod profiles;
mod ptable;
mod publish;
mod reference_build;
mod releases;
mod replacing;
mod rows;
pub(crate) mod run;
mod sending;
mod signals;
mod standard_input;
mod statistics;
mod tls;
mod tokens;
mod watching;

//! `equity reference build`: small files in the publishers' layouts become content that the service reads. Every check fails on a file with
//! that fault.

mod changes;
mod faults;
mod files;
mod moves;
mod world;

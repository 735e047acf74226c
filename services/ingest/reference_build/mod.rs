//! Reference content out of the publishers' own files: practices and trusts (ODS), the practice mapping (NHS England), look-ups (ONS) and
//! deprivation (MHCLG).
//!
//! [`Files::read`] recognises and reads the files of a folder. [`build`] puts them into the content in force: what the files do not say
//! stays, and so does the history of areas and organisations that ended.
//!
//! - `layout` the files by their columns; `source` their rows; `files` the folder
//! - `merge` the order of the work; `systems`, `places`, `small_areas`, `organisations` its parts
//! - `names` names as publishers write them, and as people read them
//! - `finding` what is wrong and what to do; `change` what is other than before

mod change;
mod files;
mod finding;
mod layout;
mod merge;
mod names;
mod organisations;
mod places;
mod small_areas;
mod source;
mod systems;

pub use change::{Change, What};
pub use files::Files;
pub use finding::{Finding, Severity};
pub use merge::{Built, build};

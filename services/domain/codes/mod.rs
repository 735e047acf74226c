//! Code lists, missing states, crosswalks and dimensions. The content is in `data/`.

mod content;
mod dimension;
mod folded;
mod list;
mod nearest;
mod nothing;
mod packed;
mod value;
mod words;

pub use content::{Content, ContentError, Packed};
pub use dimension::{Categories, Dimension, Source};
pub use folded::folded;
pub use list::{Category, CodeList, CodeListError, CodeSystem, Mapped};
pub use nearest::{nearest, nearest_code};
pub use nothing::{LEAVE_EMPTY, expected_of, names_nobody, says_nothing};
pub use value::{State, Value};

//! Code lists, missing states, crosswalks and dimensions. The content is in `data/`.

mod content;
mod dimension;
mod list;
mod nearest;
mod nothing;
mod value;
mod words;

pub use content::{Content, ContentError};
pub use dimension::{Dimension, Source};
pub use list::{Category, CodeList, CodeListError, CodeSystem, Mapped};
pub use nearest::nearest;
pub use nothing::{LEAVE_EMPTY, expected_of, says_nothing};
pub use value::{State, Value};

//! Code lists, missing states, crosswalks and dimensions. The content is in `data/`.

mod content;
mod dimension;
mod list;
mod nearest;
mod value;
mod words;

pub use content::{Content, ContentError};
pub use dimension::{Dimension, Source};
pub use list::{Category, CodeList, CodeListError, CodeSystem, Mapped};
pub use nearest::{nearest, nearest_code};
pub use value::{State, Value};
pub use words::folded;

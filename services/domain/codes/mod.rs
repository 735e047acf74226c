//! Code lists, missing states, crosswalks and dimensions. The content is in `data/`.

mod content;
mod dimension;
mod list;
mod nearest;
mod value;

pub use content::{Content, ContentError};
pub use dimension::{Dimension, Source};
pub use list::{Category, CodeList, CodeListError, CodeSystem, Mapped};
pub use nearest::nearest;
pub use value::{State, Value};

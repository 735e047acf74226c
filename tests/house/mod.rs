//! placeholder
pub(crate) struct Source {
    pub(crate) text: String,
}
pub(crate) fn sources() -> Vec<Source> {
    Vec::new()
}

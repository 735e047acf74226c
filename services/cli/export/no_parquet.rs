//! Stands in for `parquet.rs` in a build without the feature `parquet`: there is no such file to write.

use std::convert::Infallible;
use std::io::Write;
use std::marker::PhantomData;

use crate::proto::v1::ExportRow;

/// A Parquet file, of which this build has none.
pub(super) struct ParquetFile<W: Write + Send> {
    none: Infallible,
    of: PhantomData<W>,
}

impl<W: Write + Send> ParquetFile<W> {
    pub(super) fn new(_: W) -> anyhow::Result<Self> {
        anyhow::bail!(super::args::NO_PARQUET)
    }

    pub(super) fn write(&mut self, _: &ExportRow) -> anyhow::Result<()> {
        match self.none {}
    }

    pub(super) fn finish(self, _: Vec<(String, String)>) -> anyhow::Result<W> {
        match self.none {}
    }
}

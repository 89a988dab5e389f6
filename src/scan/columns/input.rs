//! A Parquet file, some rows at a time.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::column::reader::{ColumnReader, get_column_reader};
use parquet::errors::Result;
use parquet::file::metadata::{
    ColumnChunkMetaData, KeyValue, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData,
};
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::schema::types::SchemaDescriptor;

use super::super::run::BATCH_BYTES;
use super::values::Column;

/// Rows that are read of every leaf before it is seen how much memory they take.
const STEP: usize = 64;

/// An open file.
pub(super) struct Table {
    file: Arc<File>,
    about: ParquetMetaData,
    /// The row group to be opened next.
    group: usize,
    leaves: Vec<ColumnReader>,
    /// Rows of the open row group that were not read.
    left: usize,
    done: u64,
}

/// Some rows, all leaves of them.
pub(super) struct Rows {
    pub columns: Vec<Column>,
    /// The number of the first, from 1.
    pub first: u64,
    pub count: usize,
    /// The share of the table that was read with them.
    pub share: f64,
}

// === impl Table ===

impl Table {
    /// Opens a file and reads what it says of itself.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path)?;
        let about = ParquetMetaDataReader::new().parse_and_finish(&file)?;
        let file = Arc::new(file);
        Ok(Self { file, about, group: 0, leaves: Vec::new(), left: 0, done: 0 })
    }

    /// The schema.
    pub(super) fn schema(&self) -> &SchemaDescriptor {
        self.about.file_metadata().schema_descr()
    }

    /// What programs have written down of the table.
    pub(super) fn notes(&self) -> Option<&Vec<KeyValue>> {
        self.about.file_metadata().key_value_metadata()
    }

    /// How each leaf is compressed, by the first rows.
    pub(super) fn compressions(&self) -> Vec<Compression> {
        let first = self.about.row_groups().first();
        let leaves = first.map(RowGroupMetaData::columns).unwrap_or_default();
        leaves.iter().map(ColumnChunkMetaData::compression).collect()
    }

    /// The leaf, if any, with a compression that is not built in, and its name.
    pub(super) fn not_readable(&self) -> Option<(String, &'static str)> {
        let mut leaves = self.about.row_groups().iter().flat_map(RowGroupMetaData::columns);
        leaves.find_map(|leaf| {
            let name = match leaf.compression() {
                Compression::BROTLI(_) => "Brotli",
                Compression::LZO => "LZO",
                Compression::UNCOMPRESSED
                | Compression::SNAPPY
                | Compression::GZIP(_)
                | Compression::LZ4
                | Compression::LZ4_RAW
                | Compression::ZSTD(_) => return None,
            };
            Some((leaf.column_path().string(), name))
        })
    }

    /// The share of its rows that was read.
    fn share(&self) -> f64 {
        let rows = self.about.file_metadata().num_rows().max(1);
        #[expect(clippy::cast_precision_loss, reason = "a share for people to look at")]
        let share = self.done as f64 / rows as f64;
        share.clamp(0.0, 1.0)
    }

    /// The next rows: so many, or fewer where they are large or a row group ends. `None` at the end.
    pub(super) fn next(&mut self, most: usize) -> Result<Option<Rows>> {
        while self.left == 0 {
            if !self.open_group()? {
                return Ok(None);
            }
        }
        let leaves = self.about.file_metadata().schema_descr().columns();
        let mut columns: Vec<Column> = leaves.iter().map(|leaf| Column::new(leaf)).collect();
        let (first, mut count) = (self.done + 1, 0);
        while count < most && self.left > 0 {
            let step = STEP.min(most - count).min(self.left);
            for (column, reader) in columns.iter_mut().zip(&mut self.leaves) {
                column.read(reader, step)?;
                if column.rows() != count + step {
                    return Err(parquet::errors::ParquetError::EOF(format!(
                        "a column has fewer than the {} rows of its row group",
                        self.left
                    )));
                }
            }
            count += step;
            self.left -= step;
            if columns.iter().map(Column::bytes).sum::<usize>() >= BATCH_BYTES {
                break;
            }
        }
        self.done += count as u64;
        Ok(Some(Rows { columns, first, count, share: self.share() }))
    }

    /// Opens the next row group; whether there is one.
    fn open_group(&mut self) -> Result<bool> {
        let Some(group) = self.about.row_groups().get(self.group) else { return Ok(false) };
        self.group += 1;
        self.left = usize::try_from(group.num_rows()).unwrap_or(0);
        self.leaves.clear();
        for leaf in group.columns() {
            let pages = SerializedPageReader::new(Arc::clone(&self.file), leaf, self.left, None)?;
            self.leaves.push(get_column_reader(leaf.column_descr_ptr(), Box::new(pages)));
        }
        Ok(true)
    }
}

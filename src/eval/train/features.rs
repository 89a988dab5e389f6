//! The features of many texts, in one piece of memory.

use super::read::Row;
use super::rows::Taken;
use crate::detect::linear::{BlockReader, BlockSink, Extent};

/// Of a longer text only so many bytes are learnt from.
const TEXT_BYTES: usize = 16 << 10;
/// Rows that a thread reads at a time; results do not depend on it.
const CHUNK: usize = 512;
/// Stands for a bucket that gets no weight.
const DROPPED: u32 = u32::MAX;

/// A block of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct BlockAt {
    /// Where its features end in [`Features::ids`].
    pub(super) end: usize,
    /// How many it has, also those without a weight.
    pub(super) grams: u32,
}

/// Buckets of the features of rows, block by block. After [`Features::keep`] they are numbers of kept buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Features {
    pub(super) ids: Vec<u32>,
    pub(super) blocks: Vec<BlockAt>,
    /// Where the blocks of each row end.
    pub(super) rows: Vec<usize>,
}

impl BlockSink for Features {
    fn gram(&mut self, bucket: u32) {
        self.ids.push(bucket);
    }

    fn block(&mut self, _: Extent) {
        let begin = self.blocks.last().map_or(0, |block| block.end);
        let end = self.ids.len();
        let grams = u32::try_from(end - begin).unwrap_or(u32::MAX);
        self.blocks.push(BlockAt { end, grams });
    }
}

impl Features {
    /// Reads the texts of `taken` with so many threads.
    pub(super) fn read(
        rows: &[Row],
        taken: &[Taken],
        bits: u32,
        threads: usize,
        done: &(dyn Fn(usize) + Sync),
    ) -> Self {
        let chunks: Vec<&[Taken]> = taken.chunks(CHUNK).collect();
        let parts = super::pipeline::in_parallel(chunks.len(), threads, |number| {
            let mut features = Self::default();
            let mut reader = BlockReader::new(bits);
            let chunk = chunks.get(number).copied().unwrap_or_default();
            for row in chunk.iter().filter_map(|taken| rows.get(taken.row)) {
                reader.reset();
                reader.push(beginning(&row.text), &mut features);
                reader.finish(&mut features);
                features.rows.push(features.blocks.len());
            }
            done(chunk.len());
            features
        });
        let mut all = Self::default();
        for part in parts {
            let (ids, blocks) = (all.ids.len(), all.blocks.len());
            all.ids.extend(part.ids);
            all.blocks
                .extend(part.blocks.iter().map(|block| BlockAt { end: block.end + ids, ..*block }));
            all.rows.extend(part.rows.iter().map(|end| end + blocks));
        }
        all
    }

    /// Gives numbers of their own to the buckets that at least `least` of the rows `counted` have, and forgets all
    /// others. Comes back with the buckets in the order of their numbers.
    pub(super) fn keep(
        &mut self,
        bits: u32,
        least: u32,
        counted: impl Fn(usize) -> bool,
    ) -> Vec<u32> {
        let buckets = 1_usize << bits;
        let (mut rows, mut last) = (vec![0_u32; buckets], vec![u32::MAX; buckets]);
        for row in (0..self.rows.len()).filter(|&row| counted(row)) {
            let stamp = u32::try_from(row).unwrap_or(u32::MAX - 1);
            for &id in self.ids.get(self.ids_of(self.blocks_of(row))).unwrap_or_default() {
                let (Some(rows), Some(last)) =
                    (rows.get_mut(id as usize), last.get_mut(id as usize))
                else {
                    continue;
                };
                *rows += u32::from(*last != stamp);
                *last = stamp;
            }
        }
        let mut numbers = vec![DROPPED; buckets];
        let mut kept = Vec::new();
        for ((bucket, count), number) in (0_u32..).zip(rows).zip(&mut numbers) {
            if count >= least {
                *number = u32::try_from(kept.len()).unwrap_or(DROPPED);
                kept.push(bucket);
            }
        }
        self.renumber(&numbers);
        kept
    }

    fn renumber(&mut self, numbers: &[u32]) {
        let (mut from, mut to) = (0, 0);
        for block in &mut self.blocks {
            let begin = to;
            for at in from..block.end {
                let number = self.ids.get(at).and_then(|&id| numbers.get(id as usize)).copied();
                if let (Some(number), Some(place)) =
                    (number.filter(|&it| it != DROPPED), self.ids.get_mut(to))
                {
                    *place = number;
                    to += 1;
                }
            }
            (from, block.end) = (block.end, to);
            // In the order of memory, each step of the training finds the next weight near the last.
            if let Some(ids) = self.ids.get_mut(begin..to) {
                ids.sort_unstable();
            }
        }
        self.ids.truncate(to);
        self.ids.shrink_to_fit();
    }

    /// The blocks of a row.
    pub(super) fn blocks_of(&self, row: usize) -> std::ops::Range<usize> {
        let end = |row: usize| self.rows.get(row).copied().unwrap_or(self.blocks.len());
        row.checked_sub(1).map_or(0, end)..end(row)
    }

    /// The places in `ids` of the features of some blocks in a row.
    pub(super) fn ids_of(&self, blocks: std::ops::Range<usize>) -> std::ops::Range<usize> {
        let end = |block: usize| self.blocks.get(block).map_or(0, |block| block.end);
        let begin = blocks.start.checked_sub(1).map_or(0, end);
        begin..blocks.end.checked_sub(1).map_or(begin, end).max(begin)
    }

    /// The features of some blocks in a row.
    pub(super) fn of(&self, blocks: std::ops::Range<usize>) -> &[u32] {
        self.ids.get(self.ids_of(blocks)).unwrap_or_default()
    }

    /// How many features some blocks have, also those without a weight.
    pub(super) fn grams(&self, blocks: std::ops::Range<usize>) -> u32 {
        self.blocks.get(blocks).unwrap_or_default().iter().map(|block| block.grams).sum()
    }
}

fn beginning(text: &str) -> &str {
    text.get(..crate::text::floor_char(text, TEXT_BYTES.min(text.len()))).unwrap_or(text)
}

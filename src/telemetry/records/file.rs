//! A file that goes on where it ended, in segments.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use tracing::warn;

use super::batch::Batch;
use super::target::{Opening, Target, Undelivered, not_open, write};
use crate::audit::{Link, MOST_LINE};

/// Who may read a new file: its owner and the group, such as that of a log shipper.
const MODE: u32 = 0o640;
/// Digits of the number in the name of a segment, so that names sort as numbers do.
const DIGITS: usize = 12;
/// Characters of the name of a chain, a UUID.
const CHAIN: usize = 36;
/// The most files that were put aside because they are none of a chain.
const MOST_ASIDE: usize = 1000;

/// A file of records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSink {
    /// Its path.
    pub path: PathBuf,
    /// From how many bytes on a new segment is begun; 0 for never.
    pub segment: u64,
    /// How many closed segments are kept; 0 keeps all.
    pub keep: usize,
    /// When bytes are forced onto the disk.
    pub sync: Sync,
}

/// When bytes are forced onto the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sync {
    /// When the system likes.
    Never,
    /// With each checkpoint.
    #[default]
    Checkpoint,
    /// With each batch.
    Always,
}

/// The file while it is written.
#[derive(Debug)]
pub(super) struct Segments {
    sink: FileSink,
    open: Option<Open>,
    /// The size at which a segment that could not be closed is tried again.
    tried_at: u64,
}

#[derive(Debug)]
struct Open {
    file: File,
    /// Device and inode: what the path names may become another file.
    id: (u64, u64),
    len: u64,
    is_regular: bool,
}

impl Segments {
    pub(super) const fn new(sink: FileSink) -> Self {
        Self { sink, open: None, tried_at: 0 }
    }

    fn open_file(&self) -> io::Result<Open> {
        let path = &self.sink.path;
        let mut options = OpenOptions::new();
        let file = options.read(true).append(true).create(true).mode(MODE).open(path)?;
        let about = file.metadata()?;
        let is_regular = about.is_file();
        if is_regular {
            file.try_lock().map_err(|error| match error {
                TryLockError::WouldBlock => io::Error::other("another process writes to it"),
                TryLockError::Error(error) => error,
            })?;
        }
        let (id, len) = ((about.dev(), about.ino()), about.len());
        Ok(Open { file, id, len, is_regular })
    }

    /// The end of the chain that the file, or the last segment, holds.
    fn resume(&self, open: &mut Open) -> io::Result<Opening> {
        let mut opening = Opening::default();
        let (mut last, mut torn) = last_line(&mut open.file, open.len)?;
        if !torn.is_empty() && Link::of(&torn).is_ok() {
            // Only the line feed is missing.
            io::Write::write_all(&mut open.file, b"\n")?;
            open.len += 1;
            last = std::mem::take(&mut torn);
        }
        opening.last = Link::of(&last).ok();
        if !torn.is_empty() && (opening.last.is_some() || last.is_empty()) {
            open.len -= torn.len() as u64;
            open.file.set_len(open.len)?;
            opening.torn = Some(torn);
        }
        if open.len == 0
            && let Some(path) = segments(&self.sink.path)?.pop()
        {
            let mut file = File::open(path)?;
            let len = file.metadata()?.len();
            opening.last = Link::of(&last_line(&mut file, len)?.0).ok();
        }
        Ok(opening)
    }

    /// Puts a file aside that is none of a chain.
    fn put_aside(&self) -> io::Result<()> {
        let path = &self.sink.path;
        for number in 1..=MOST_ASIDE {
            let mut name = path.clone().into_os_string();
            name.push(format!(".unchained-{number}"));
            let aside = PathBuf::from(name);
            if !aside.try_exists()? {
                fs::rename(path, &aside)?;
                let (path, aside) = (path.display(), aside.display());
                warn!(%path, %aside, "the file ends with no line of a chain; it was put aside, and a new chain begins");
                return Ok(());
            }
        }
        Err(io::Error::other(
            "it ends with no line of a chain, and too many such files were put aside",
        ))
    }

    /// Whether the path names another file now, or none: somebody has moved ours away.
    fn has_moved(&self) -> bool {
        let Some(open) = self.open.as_ref().filter(|open| open.is_regular) else { return false };
        match fs::metadata(&self.sink.path) {
            Ok(about) => (about.dev(), about.ino()) != open.id,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }
}

impl Target for Segments {
    fn open(&mut self) -> io::Result<Opening> {
        self.open = None;
        let mut open = self.open_file()?;
        if !open.is_regular {
            self.open = Some(open);
            return Ok(Opening::default());
        }
        let mut opening = self.resume(&mut open)?;
        if opening.last.is_none() && open.len > 0 {
            self.put_aside()?;
            open = self.open_file()?;
            opening.last = None;
        }
        self.open = Some(open);
        Ok(opening)
    }

    fn deliver(&mut self, batch: &mut Batch) -> Result<(), Undelivered> {
        if self.open.is_none() || self.has_moved() {
            self.open = None;
            let mut open = self.open_file()?;
            batch.begin_line_anew();
            if open.len > 0 && open.is_regular {
                let (last, torn) = last_line(&mut open.file, open.len)?;
                let next = Link::of(batch.next_line().trim_end().as_bytes()).ok();
                let goes_on = Link::of(&last).ok().zip(next);
                if !torn.is_empty() || goes_on.is_none_or(|(last, next)| last.hash != next.prev) {
                    return Err(
                        io::Error::other("it goes on with other lines now; move it away").into()
                    );
                }
            }
            self.open = Some(open);
        }
        let open = self.open.as_mut().ok_or_else(not_open)?;
        let before = batch.rest().len();
        let written = write(&mut open.file, batch);
        open.len += (before - batch.rest().len()) as u64;
        written?;
        if self.sink.sync == Sync::Always {
            open.file.sync_data()?;
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let Some(open) = self.open.as_ref().filter(|open| open.is_regular) else { return Ok(()) };
        if self.sink.sync == Sync::Never { Ok(()) } else { open.file.sync_data() }
    }

    fn is_full(&self) -> bool {
        let limit = self.sink.segment;
        let due = |open: &Open| open.is_regular && open.len >= limit.max(self.tried_at);
        limit > 0 && self.open.as_ref().is_some_and(due)
    }

    fn rotate(&mut self) -> io::Result<()> {
        let Some(open) = &mut self.open else { return Ok(()) };
        // A failure is tried again after as many bytes.
        self.tried_at = open.len + self.sink.segment;
        let Some(first) = first_link(&mut open.file)? else { return Ok(()) };
        let segment = segment_path(&self.sink.path, &first.chain, first.seq);
        if segment.try_exists()? {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                format!("there is a segment `{}` already", segment.display()),
            ));
        }
        fs::rename(&self.sink.path, segment)?;
        // The next one is ours before anybody else can take it.
        self.open = None;
        self.open = Some(self.open_file()?);
        self.tried_at = 0;
        if self.sink.keep > 0 {
            let mut closed = segments(&self.sink.path)?;
            closed.truncate(closed.len().saturating_sub(self.sink.keep));
            for path in closed {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

/// The name of a closed segment: that of the file, with its chain and the number of its first line. Chains are named by when
/// they began, so that names sort as the lines were written.
fn segment_path(path: &Path, chain: &str, first: u64) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().map(|ending| format!(".{}", ending.to_string_lossy()));
    path.with_file_name(format!("{stem}-{chain}-{first:0DIGITS$}{}", ending.unwrap_or_default()))
}

/// Closed segments beside a file, the oldest first.
fn segments(path: &Path) -> io::Result<Vec<PathBuf>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder.unwrap_or_else(|| Path::new(".")))? {
        let entry = entry?.path();
        let stem = entry.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let named = stem.rsplit_once('-').and_then(|(before, number)| {
            let chain = before.get(before.len().checked_sub(CHAIN)?..)?;
            Some((chain.to_owned(), number.parse().ok()?))
        });
        if let Some((chain, number)) = named
            && segment_path(path, &chain, number).file_name() == entry.file_name()
        {
            found.push(entry);
        }
    }
    found.sort();
    Ok(found)
}

/// The last whole line of a file, and what stands behind it.
fn last_line(file: &mut File, len: u64) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let most = 2 * (MOST_LINE as u64 + 1);
    let from = len.saturating_sub(most);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    file.take(most).read_to_end(&mut tail)?;
    let Some(end) = tail.iter().rposition(|byte| *byte == b'\n') else {
        return Ok((Vec::new(), tail));
    };
    let torn = tail.split_off(end + 1);
    tail.truncate(end);
    let begin = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    Ok((tail.split_off(begin), torn))
}

/// The first line of a file as one of a chain, if it is one.
fn first_link(file: &mut File) -> io::Result<Option<Link>> {
    file.seek(SeekFrom::Start(0))?;
    let mut head = Vec::new();
    file.take(MOST_LINE as u64 + 1).read_to_end(&mut head)?;
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(Link::of(line).ok())
}

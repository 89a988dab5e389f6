//! Where lines go: standard output, a file, a server.

use std::fmt;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;

use super::batch::Batch;
use crate::audit::Link;

/// What a target had when it was opened.
#[derive(Debug, Default)]
pub(super) struct Opening {
    /// The last line of a chain that goes on.
    pub(super) last: Option<Link>,
    /// The beginning of a line that was cut off; it is no longer there.
    pub(super) torn: Option<Vec<u8>>,
}

/// Why lines were not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undelivered {
    /// What happened. It has nothing of the lines.
    pub why: String,
    /// Whether the same lines would be refused again.
    pub for_good: bool,
}

impl From<io::Error> for Undelivered {
    fn from(error: io::Error) -> Self {
        Self { why: error.to_string(), for_good: false }
    }
}

/// Sends lines to a server, and waits for its answer. It is called from a thread of its own.
pub trait Post: Send + fmt::Debug {
    /// Sends lines of JSON.
    ///
    /// # Errors
    /// Why the server has not taken all of them.
    fn post(&mut self, lines: &str) -> Result<(), Undelivered>;
}

/// Takes lines.
pub(super) trait Target: Send + fmt::Debug {
    /// Opens it, or opens it again.
    fn open(&mut self) -> io::Result<Opening> {
        Ok(Opening::default())
    }

    /// Takes what is left of a batch.
    fn deliver(&mut self, batch: &mut Batch) -> Result<(), Undelivered>;

    /// Waits until what was delivered is safe.
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Whether a new segment is due.
    fn is_full(&self) -> bool {
        false
    }

    /// Begins a new segment.
    fn rotate(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Standard output, unbuffered, so that it is known what was taken.
#[derive(Debug, Default)]
pub(super) struct Stdout(Option<File>);

impl Target for Stdout {
    fn open(&mut self) -> io::Result<Opening> {
        self.0 = Some(File::from(io::stdout().as_fd().try_clone_to_owned()?));
        Ok(Opening::default())
    }

    fn deliver(&mut self, batch: &mut Batch) -> Result<(), Undelivered> {
        let out = self.0.as_mut().ok_or_else(not_open)?;
        Ok(write(out, batch)?)
    }
}

/// A server.
#[derive(Debug)]
pub(super) struct Server(pub(super) Box<dyn Post>);

impl Target for Server {
    fn deliver(&mut self, batch: &mut Batch) -> Result<(), Undelivered> {
        let left = batch.rest_text();
        match self.0.post(left) {
            Ok(()) => batch.taken(left.len()),
            // One line among them, or their sum, may be to blame.
            Err(error) if error.for_good && left.len() > batch.next_line().len() => {
                while !batch.rest().is_empty() {
                    self.0.post(batch.next_line())?;
                    batch.taken(batch.next_line().len());
                }
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

pub(super) fn not_open() -> io::Error {
    io::Error::other("it is not open")
}

/// Writes what is left; after an error it is known what was written.
pub(super) fn write(out: &mut File, batch: &mut Batch) -> io::Result<()> {
    while !batch.rest().is_empty() {
        match out.write(batch.rest()) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => batch.taken(written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

//! Standard output and standard error, and nothing else in the program that writes to them.

use std::io::{IsTerminal as _, Write as _};

use crate::config::{Format, Problems, render};

/// Writes a result. A reader that has gone (`| head`) is no error.
pub(super) fn say(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}

/// Writes a line about how things go.
pub(super) fn complain(line: &str) {
    // Nobody is there to be told that nobody is there.
    writeln!(std::io::stderr().lock(), "{line}").unwrap_or_default();
}

/// Draws problems on standard error.
pub(super) fn problems(problems: &Problems, format: Format) {
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let text = render(problems, format, colour);
    if problems.iter().next().is_some() {
        complain(text.trim_end());
    }
}

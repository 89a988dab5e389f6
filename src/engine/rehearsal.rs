//! A completion that arrives in pieces, and what a client has of it after each: as a stream is screened, without one.

use std::sync::Arc;

use super::{Restorer, Scratch, Screen, Subject, mend, merge};
use crate::domain::{Rewrite, Span, Verdict};
use crate::policy::Policy;

/// What one piece of a completion brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What the client gets with it.
    pub out: String,
    /// Bytes of the text that are held now, from this byte of the whole text on.
    pub held: Span,
    /// Whether the text stops here: nothing of it follows.
    pub stopped: bool,
}

/// Screens a completion that arrives in these pieces; each step is told, up to where the text stops.
pub fn rehearse(
    policy: &Arc<Policy>,
    subject: Subject,
    pieces: &[&str],
    restorer: Option<Arc<Restorer>>,
    (scratch, told): (&mut Scratch, &mut dyn FnMut(Step)),
) -> Verdict {
    let mut screen = Screen::new(Arc::clone(policy), subject, restorer);
    let (mut text, mut upto) = (String::new(), 0);
    for (index, piece) in pieces.iter().enumerate() {
        text.push_str(piece);
        let progress = if index + 1 == pieces.len() {
            screen.push_last(piece, scratch)
        } else {
            screen.push(piece, scratch)
        };
        let shifted = progress.rewrites.into_iter().map(|one| {
            let span = Span::new(one.span.start - upto, one.span.end - upto);
            Rewrite { span, ..one }
        });
        let part = text.get(upto..progress.decided).unwrap_or_default();
        let out = mend(part, &merge(shifted.collect()));
        upto = progress.decided;
        let stopped = progress.stop.is_some();
        told(Step { out, held: Span::new(upto, if stopped { upto } else { text.len() }), stopped });
        if stopped {
            break;
        }
    }
    screen.finish()
}

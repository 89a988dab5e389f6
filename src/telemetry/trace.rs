//! W3C trace context: read, continued, passed on.

use std::fmt;

/// The trace that an exchange belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace: u128,
    span: u64,
    /// The caller's span.
    parent: Option<u64>,
    flags: u8,
}

/// The flag of a trace that is kept.
const SAMPLED: u8 = 1;

impl TraceContext {
    /// Continues the caller's trace with a span of our own, or begins a new one. `random` is drawn by
    /// the shell.
    pub fn continued(traceparent: Option<&str>, random: u128) -> Self {
        let bytes = random.to_be_bytes();
        let span = u64::from_be_bytes([
            bytes[8], bytes[9], bytes[10], bytes[11], bytes[12], bytes[13], bytes[14], bytes[15],
        ]);
        match traceparent.and_then(Self::parse) {
            Some(parent) => Self { span: span | 1, parent: Some(parent.span), ..parent },
            None => Self { trace: random | 1, span: span | 1, parent: None, flags: 0 },
        }
    }

    /// Reads a `traceparent` header (W3C Trace Context, version 00).
    pub fn parse(header: &str) -> Option<Self> {
        let mut parts = header.trim().split('-');
        let (version, trace, span, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let lower_hex = |s: &str, len| {
            s.len() == len && s.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        let lengths = lower_hex(version, 2) && lower_hex(trace, 32) && lower_hex(span, 16);
        if !lengths || !lower_hex(flags, 2) || version == "ff" {
            return None;
        }
        if version == "00" && parts.next().is_some() {
            return None;
        }
        let trace = u128::from_str_radix(trace, 16).ok().filter(|&trace| trace != 0)?;
        let span = u64::from_str_radix(span, 16).ok().filter(|&span| span != 0)?;
        Some(Self { trace, span, parent: None, flags: u8::from_str_radix(flags, 16).ok()? })
    }

    /// The same; one that begins here is kept if `keeps` says so. Whoever began another has decided that.
    #[must_use]
    pub fn kept_if(self, keeps: impl FnOnce() -> bool) -> Self {
        let flags =
            if self.parent.is_none() && keeps() { self.flags | SAMPLED } else { self.flags };
        Self { flags, ..self }
    }

    /// The same trace with another span.
    #[must_use]
    pub const fn with_span(self, span: u64) -> Self {
        Self { span, ..self }
    }

    /// Whether the trace is kept.
    pub const fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// The trace.
    pub const fn trace(&self) -> u128 {
        self.trace
    }

    /// Our span.
    pub const fn span(&self) -> u64 {
        self.span
    }

    /// The caller's span.
    pub const fn parent(&self) -> Option<u64> {
        self.parent
    }

    /// The trace's id for records and logs.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_trace_is_continued_with_a_span_of_our_own() {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let child = TraceContext::continued(Some(parent), 7).to_string();
        assert_eq!(child, "00-0af7651916cd43dd8448eb211c80319c-0000000000000007-01");
    }

    #[test]
    fn whoever_began_a_trace_says_whether_it_is_kept() {
        let parent =
            |flags| format!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flags}");
        let kept = |header: Option<&str>, keeps| {
            TraceContext::continued(header, 7).kept_if(|| keeps).is_sampled()
        };
        assert!(kept(Some(&parent("01")), false) && !kept(Some(&parent("00")), true));
        assert!(kept(None, true) && !kept(None, false));
        let child = TraceContext::continued(Some(&parent("01")), 7).with_span(9);
        assert_eq!((child.span(), child.parent()), (9, Some(0xb7ad_6b71_6920_3331)));
    }

    #[test]
    fn what_is_not_a_trace_begins_a_new_one() {
        for bad in ["", "00-0-0-0", "00-00000000000000000000000000000000-b7ad6b7169203331-01", "x"]
        {
            assert_eq!(TraceContext::parse(bad), None, "{bad}");
        }
        assert_eq!(TraceContext::continued(Some("x"), 7).trace_id(), format!("{:032x}", 7));
    }
}

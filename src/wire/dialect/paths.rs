//! Endpoints: patterns of paths, and which of several is the closest.

/// A pattern of paths, in which `*` stands for any characters. Behind `?` stands a parameter that the query must
/// have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::wire) struct Pattern {
    text: String,
    /// What stands before the first `*`, between two, and behind the last; one piece where there is none.
    pieces: Box<[Box<str>]>,
    /// The parameter.
    wanted: Option<Box<str>>,
}

impl Pattern {
    /// Reads a pattern. An error says what is wrong with it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if !text.starts_with('/') && !text.starts_with("*/") {
            return Err(format!("`{text}` should begin with `/`, or with `*/` for any prefix"));
        }
        let (path, wanted) = match text.split_once('?') {
            Some((path, wanted)) => (path, Some(Box::from(wanted))),
            None => (text, None),
        };
        let pieces = path.split('*').map(Box::from).collect();
        Ok(Self { text: text.to_owned(), pieces, wanted })
    }

    /// As written.
    pub(in crate::wire) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a path with a query is one of these.
    pub(in crate::wire) fn fits(&self, path: &str, query: Option<&str>) -> bool {
        let has = |wanted: &str| {
            query.is_some_and(|query| query.split('&').any(|pair| is_pair(pair, wanted)))
        };
        self.fits_path(path) && self.wanted.as_deref().is_none_or(has)
    }

    /// Whether a path is one of these, whatever its query.
    pub(in crate::wire) fn fits_path(&self, path: &str) -> bool {
        let [first, stars @ ..] = &*self.pieces else { return false };
        let Some((last, between)) = stars.split_last() else { return **first == *path };
        // Of most the end alone tells that they are not meant.
        if !path.ends_with(&**last) {
            return false;
        }
        let Some(mut rest) = path.strip_prefix(&**first) else { return false };
        for piece in between {
            let Some((_, after)) = rest.split_once(&**piece) else { return false };
            rest = after;
        }
        rest.ends_with(&**last)
    }

    /// What stands in a path where the last `*` is; a `*` at the beginning is any prefix and none of these.
    pub(in crate::wire) fn last_star<'p>(&self, path: &'p str) -> Option<&'p str> {
        let [.., before, after] = &*self.pieces else { return None };
        if before.is_empty() {
            return None;
        }
        let (_, rest) = path.strip_suffix(&**after)?.rsplit_once(&**before)?;
        Some(rest)
    }

    /// How much of a path it says: of two that fit, the one that says more is meant.
    pub(in crate::wire) fn weight(&self) -> usize {
        self.text.chars().filter(|&c| c != '*').count()
    }
}

/// Whether a parameter is the one that is wanted. Google's may have a `$` before them.
fn is_pair(pair: &str, wanted: &str) -> bool {
    let pair = pair.strip_prefix('$').or_else(|| pair.strip_prefix("%24")).unwrap_or(pair);
    pair.eq_ignore_ascii_case(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, path, fits) in [
            ("*/chat/completions", "/v1/chat/completions", true),
            ("*/chat/completions", "/chat/completions", true),
            ("*/chat/completions", "/v1/chat/completions/x", false),
            ("*/models/*:generateContent", "/v1beta/models/gemini-3:generateContent", true),
            ("*/models/*:generateContent", "/v1beta/models/gemini-3:streamGenerateContent", false),
            ("/api/chat", "/api/chat", true),
            ("/api/chat", "/x/api/chat", false),
            ("*/a*a", "/a", false),
        ] {
            assert_eq!(Pattern::read(pattern).unwrap().fits(path, None), fits, "{pattern} {path}");
        }
        let star =
            |pattern: &str, path: &'static str| Pattern::read(pattern).unwrap().last_star(path);
        assert_eq!(star("*/models/*:run?alt=sse", "/v1/models/a:run"), Some("a"));
        assert_eq!(star("*/messages", "/v1/messages"), None);
        assert!(Pattern::read("v1/x").is_err());
        let sse = Pattern::read("*:stream?alt=sse")
            .unwrap_or_else(|_| Pattern::read("*/a:stream?alt=sse").unwrap());
        for (query, fits) in [
            (None, false),
            (Some("alt=sse"), true),
            (Some("key=k&$alt=SSE"), true),
            (Some("alt=json"), false),
        ] {
            assert_eq!(sse.fits("/v1/a:stream", query), fits, "{query:?}");
        }
    }
}

//! A table over all characters, filled page by page when first asked.

use std::sync::OnceLock;

/// Characters on a page.
const PAGE: usize = 256;
/// Pages that cover all of Unicode (U+0000 to U+10FFFF).
const PAGES: usize = 0x11_0000 / PAGE;

/// Remembers a pure function of a character. A text uses few pages, so few are ever filled.
pub(super) struct CharTable<T: 'static> {
    compute: fn(char) -> T,
    pages: [OnceLock<Box<[T]>>; PAGES],
}

impl<T: Copy + Default> CharTable<T> {
    /// A table of this function, still empty.
    #[expect(clippy::large_stack_arrays, reason = "tables are statics, made at compile time")]
    pub(super) const fn new(compute: fn(char) -> T) -> Self {
        Self { compute, pages: [const { OnceLock::new() }; PAGES] }
    }

    /// The value of the function at `c`.
    pub(super) fn get(&self, c: char) -> T {
        let code = c as usize;
        let page = self.pages.get(code / PAGE).map(|page| page.get_or_init(|| self.fill(code)));
        page.and_then(|page| page.get(code % PAGE)).copied().unwrap_or_default()
    }

    fn fill(&self, code: usize) -> Box<[T]> {
        let first = code / PAGE * PAGE;
        (first..first + PAGE)
            .map(|code| {
                let c = u32::try_from(code).ok().and_then(char::from_u32);
                c.map_or_else(T::default, self.compute)
            })
            .collect()
    }
}

//! What the tables of a dialect name, for tests that try each place of them.

use super::dialect::Dialect;
use super::table::{Leaf, Table};

/// Places of a table, as the steps that lead there, with what stands there.
type Places = Vec<(Vec<String>, Leaf)>;

impl Dialect {
    /// The places that its tables name, in requests, answers and events, each with the member that says types there.
    pub(crate) fn places(&self) -> [(String, Places); 3] {
        let events = self.stream.as_ref().map(|stream| &stream.table);
        let of = |table: &Table| (table.tag().to_owned(), table.places());
        [of(&self.request.table), of(&self.response.table), events.map(of).unwrap_or_default()]
    }
}

impl Table {
    /// Every place that a row names, as the steps that lead there: keys, `*`, `[]`, `<type>`, and `**` for what is
    /// below. Of a list of documents, only the places of one.
    fn places(&self) -> Places {
        let (mut places, mut open) = (Vec::new(), vec![(Vec::<String>::new(), 0)]);
        while let Some((path, at)) = open.pop() {
            let Some(step) = self.steps.get(at) else { continue };
            let below = |word: String| path.iter().cloned().chain([word]).collect::<Vec<_>>();
            places.extend(step.leaf.map(|leaf| (path.clone(), leaf)));
            places.extend(step.below.map(|leaf| (below("**".to_owned()), leaf)));
            open.extend(step.keys.iter().map(|(key, next)| (below(key.to_string()), *next)));
            open.extend(step.any_key.map(|next| (below("*".to_owned()), next)));
            let element = step.element.filter(|next| *next != 0);
            open.extend(element.map(|next| (below("[]".to_owned()), next)));
            open.extend(step.types.iter().map(|(word, next)| (below(format!("<{word}>")), *next)));
        }
        places
    }
}

//! Earlier turns of a conversation that are left out, with what hangs on them, so that what stays is a conversation
//! that the API takes.
//!
//! It is told which turns are to go; whether one may go is for it to say.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::nodes::{all_at, at};
use super::request::Request;
use crate::domain::{Author, Passage};
use crate::wire::dialect::{HistorySpec, Path};
use crate::wire::json::{Doc, JsonLimits, Kind, NodeId, Strictness, apply, parse, remove_children};

/// The most turns that are looked at; of a longer conversation nothing is left out. Each turn that goes looks for
/// those that hang on it among all others.
const MOST_TURNS: usize = 4096;
/// The most turns that are left out for their own sake at once.
const MOST_GONE: usize = 256;

/// A turn.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Turn {
    author: Author,
    /// What it shares with others that have to stay with it: ids of calls and of their results.
    links: Vec<String>,
    /// Whether it belongs to the turn behind it.
    leads: bool,
    /// Whether it is a result that hangs on the turn of the model before it.
    follows: bool,
}

/// A request without some of its turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortened {
    /// The body; what stays keeps every byte.
    pub body: Bytes,
    /// How many turns are left out.
    pub gone: usize,
}

impl Request {
    /// The texts of each turn of a conversation of which turns can be left out, by the number of the turn.
    pub fn turn_texts(&self) -> Vec<(usize, Vec<&Passage>)> {
        let Some(history) = &self.dialect().request.history else { return Vec::new() };
        let list = format!("{}[", history.turns);
        let of_list = |passage: &&Passage| passage.path.starts_with(&list);
        let mut turns: Vec<(usize, Vec<&Passage>)> = Vec::new();
        for passage in self.passages().iter().filter(of_list) {
            let Some(turn) = passage.turn else { continue };
            match turns.last_mut() {
                Some((last, texts)) if *last == turn => texts.push(passage),
                _ => turns.push((turn, vec![passage])),
            }
        }
        turns
    }

    /// The request without these turns, the answers that followed them, and the calls and results that hang on them;
    /// `None` where none of them may go. The newest turn never goes, nor one without which the rest would be no
    /// conversation in the order of the API.
    pub fn without_turns(&self, unwanted: &[usize], limits: &JsonLimits) -> Option<Shortened> {
        let history = self.dialect().request.history.as_ref()?;
        let bytes = self.bytes();
        let doc = parse(bytes, Strictness::Request, limits).ok()?;
        let list = at(&doc, bytes, &history.turns)?;
        if doc.kind(list) != Kind::Array || doc.children(list).nth(MOST_TURNS).is_some() {
            return None;
        }
        let turns: Vec<Turn> = doc
            .children(list)
            .enumerate()
            .map(|(index, node)| self.turn((&doc, history), (index, node)))
            .collect();
        let gone = leave_out(&turns, unwanted, history.alternates);
        if gone.is_empty() {
            return None;
        }
        let patches = remove_children(&doc, list, |node| gone.contains(&doc.index(node)));
        Some(Shortened { body: Bytes::from(apply(bytes, patches)), gone: gone.len() })
    }

    fn turn(&self, (doc, history): (&Doc, &HistorySpec), (index, node): (usize, NodeId)) -> Turn {
        let bytes = self.bytes();
        let member = |name: &str| {
            let node = doc.member(node, name, bytes)?;
            doc.string(node, bytes)
        };
        let roles = &self.dialect().request.roles;
        let role = member(&roles.member);
        let author = match role {
            Some(role) => roles.author(Some(&role)),
            None => self.author_of(index, history),
        };
        let has = |path: &Path| {
            let says = |&node: &NodeId| !matches!(doc.kind(node), Kind::Null);
            all_at(doc, bytes, node, path).iter().any(says)
        };
        let is_result = history.results.iter().any(has);
        let author = if is_result { Author::Tool } else { author };
        let links = history.links.iter().flat_map(|path| all_at(doc, bytes, node, path));
        let links: Vec<String> =
            links.filter_map(|node| doc.string(node, bytes)).map(String::from).collect();
        let follows = is_result && links.is_empty();
        let kind = member(self.dialect().request.table.tag());
        let leads = kind.is_some_and(|kind| history.leads.iter().any(|lead| *lead == *kind));
        Turn { author, links, leads, follows }
    }

    /// Who wrote a turn that does not say: by its texts, and the model where it has none that can be read.
    fn author_of(&self, index: usize, history: &HistorySpec) -> Author {
        let list = format!("{}[", history.turns);
        let of_turn = |p: &&Passage| p.turn == Some(index) && p.path.starts_with(&list);
        let authors = || self.passages().iter().filter(of_turn).map(|passage| passage.author);
        let has = |author: Author| authors().any(|one| one == author);
        let known = [Author::Tool, Author::User, Author::System].into_iter().find(|one| has(*one));
        known.unwrap_or(Author::Assistant)
    }
}

/// The turns that go, for these that are to go.
fn leave_out(turns: &[Turn], unwanted: &[usize], alternates: bool) -> BTreeSet<usize> {
    let is_model = |turn: &Turn| turn.author == Author::Assistant;
    let newest = turns.iter().rposition(|turn| !is_model(turn)).unwrap_or(0);
    let mut gone = BTreeSet::new();
    for &turn in unwanted.iter().filter(|&&turn| turn < newest).take(MOST_GONE) {
        if gone.contains(&turn) {
            continue;
        }
        let mut all: BTreeSet<usize> = gone.clone();
        all.extend(with_what_hangs_on(turns, turn));
        if all.last().is_some_and(|&last| last < newest) && stays_in_order(turns, &all, alternates)
        {
            gone = all;
        }
    }
    gone
}

/// A turn with all that makes no sense without it: answers that follow what goes, calls and results by their ids, and
/// what leads up to them.
fn with_what_hangs_on(turns: &[Turn], turn: usize) -> BTreeSet<usize> {
    let mut all = BTreeSet::new();
    let mut new = vec![turn];
    while let Some(next) = new.pop() {
        let Some(turn) = turns.get(next).filter(|_| all.insert(next)) else { continue };
        let linked = |other: &Turn| other.links.iter().any(|link| turn.links.contains(link));
        if !turn.links.is_empty() {
            new.extend((0..).zip(turns).filter(|(_, other)| linked(other)).map(|(at, _)| at));
        }
        let behind = turns.get(next + 1..).unwrap_or_default();
        let results = behind.iter().take_while(|turn| turn.follows).count();
        if turn.follows || turn.author == Author::Assistant {
            new.extend(next + 1..=next + results);
        }
        if turn.follows {
            new.extend(next.checked_sub(1));
        }
        if turn.author != Author::Assistant {
            let answers = behind.iter().take_while(|turn| turn.author == Author::Assistant).count();
            new.extend(next + 1..=next + answers);
        } else if let Some(before) = next.checked_sub(1)
            && turns.get(before).is_some_and(|turn| turn.leads)
        {
            new.push(before);
        }
    }
    all
}

/// Whether what stays is a conversation in the order of the API.
fn stays_in_order(turns: &[Turn], gone: &BTreeSet<usize>, alternates: bool) -> bool {
    let is_model = |turn: &Turn| turn.author == Author::Assistant;
    // What cannot be told apart from other results may be the result of a call that stays.
    let nameless =
        |turn: &Turn| turn.author == Author::Tool && turn.links.is_empty() && !turn.follows;
    // Such a result stands behind its call, with no other turn between them than results of the same kind.
    let hangs_on_none = |at: usize| {
        let before = turns.get(..at).unwrap_or_default();
        let call = before.iter().rposition(|turn| !turn.follows);
        let is_call = |&call: &usize| turns.get(call).is_some_and(is_model);
        call.filter(is_call).is_none_or(|call| gone.contains(&call) != gone.contains(&at))
    };
    let mut before: Option<(usize, &Turn)> = None;
    for (at, turn) in turns.iter().enumerate() {
        if turn.follows && hangs_on_none(at) {
            return false;
        }
        if gone.contains(&at) {
            if nameless(turn) || turn.author == Author::System {
                return false;
            }
            continue;
        }
        let is_new = at > 0 && before.is_none_or(|(last, _)| last + 1 < at);
        let before_it = before.map(|(_, turn)| turn).filter(|turn| turn.author != Author::System);
        let fits = match before_it {
            None => !is_model(turn),
            Some(before) => !alternates || is_model(before) != is_model(turn),
        };
        if is_new && (nameless(turn) || !fits) {
            return false;
        }
        before = Some((at, turn));
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::dialect::Dialects;

    /// What stays of a conversation: `s`, `u`, `a` and `t` are turns of the system, the user, the model and a tool,
    /// `f` is a result that hangs on the turn before it, what follows such a letter are its links, and `r` leads up to the
    /// next one.
    fn stays(conversation: &str, unwanted: &[usize], alternates: bool) -> String {
        let turn = |word: &str| {
            let author = match &word[..1] {
                "s" => Author::System,
                "u" => Author::User,
                "t" | "f" => Author::Tool,
                _ => Author::Assistant,
            };
            let links = word[1..].chars().map(String::from).collect();
            let (leads, follows) = (word.starts_with('r'), word.starts_with('f'));
            Turn { author, links, leads, follows }
        };
        let words: Vec<&str> = conversation.split(' ').collect();
        let turns: Vec<Turn> = words.iter().map(|word| turn(word)).collect();
        let gone = leave_out(&turns, unwanted, alternates);
        let kept = words.iter().enumerate().filter(|(at, _)| !gone.contains(at));
        kept.map(|(_, word)| *word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_turn_goes_with_the_answers_that_followed_it() {
        for alternates in [false, true] {
            assert_eq!(stays("s u a u", &[1], alternates), "s u");
            assert_eq!(stays("u a u a u", &[2], alternates), "u a u");
            assert_eq!(stays("u u", &[0], alternates), "u");
            assert_eq!(stays("u a u r a u", &[2], alternates), "u a u");
            assert_eq!(stays("u a u a u", &[0, 2], alternates), "u");
        }
    }

    #[test]
    fn the_newest_turn_and_those_of_the_operator_stay() {
        assert_eq!(stays("u a u", &[2], false), "u a u");
        assert_eq!(stays("u a u a", &[2], false), "u a u a");
        assert_eq!(stays("s u", &[0], false), "s u");
        assert_eq!(stays("u ax tx", &[2], false), "u ax tx");
        assert_eq!(stays("u axy tx ty", &[2], false), "u axy tx ty", "it hangs on the newest");
    }

    #[test]
    fn results_go_with_their_calls_and_calls_with_all_of_their_results() {
        assert_eq!(stays("u ax tx a u", &[2], false), "u u");
        assert_eq!(stays("u axy tx ty a u", &[3], false), "u u");
        assert_eq!(stays("u ax tx ay ty u", &[4], false), "u ax tx u");
        assert_eq!(stays("u r ax tx a u", &[3], false), "u u");
        assert_eq!(stays("u ax tx a u", &[0], false), "u");
        assert_eq!(stays("u a t a u", &[2], false), "u a t a u", "nobody knows whose result it is");
        assert_eq!(stays("u a u a t u", &[2], false), "u a u a t u");
    }

    #[test]
    fn results_without_ids_go_with_the_call_before_them_and_with_each_other() {
        assert_eq!(stays("u a f a u", &[2], false), "u u");
        assert_eq!(stays("u a f f a u", &[3], false), "u u");
        assert_eq!(stays("u a f f a u", &[0], false), "u");
        assert_eq!(stays("u a f a f a u", &[4], false), "u a f u");
        assert_eq!(stays("u a u a f", &[0], false), "u a f");
        assert_eq!(stays("u a f f", &[2], false), "u a f f", "the newest is among them");
        assert_eq!(
            stays("u a tx f u", &[3], false),
            "u a tx f u",
            "nobody knows whose result it is"
        );
    }

    #[test]
    fn where_turns_alternate_none_goes_without_which_they_do_not() {
        assert_eq!(stays("u ax tx a u", &[2], true), "u ax tx a u");
        assert_eq!(stays("a u a u", &[1], true), "a u");
        assert_eq!(stays("a u a u", &[1], false), "a u");
    }

    #[test]
    fn what_stays_keeps_every_byte() {
        let dialect = Dialects::fallback();
        let body = "{ \"n\":1 ,\"messages\": [ {\"role\":\"user\",\"content\":\"a\"} ,\n\
                    {\"role\":\"user\", \"content\":\"b\"},{\"content\":\"\\u0063\",\"role\":\"user\"} ]}";
        let limits = JsonLimits::default();
        let request = Request::parse(&dialect, Bytes::from(body), &limits, 10).unwrap();
        assert_eq!(request.turn_texts().len(), 3);
        let shortened = request.without_turns(&[1], &limits).unwrap();
        assert_eq!(shortened.gone, 1);
        assert_eq!(shortened.body, body.replace(" ,\n{\"role\":\"user\", \"content\":\"b\"}", ""));
        assert_eq!(request.without_turns(&[2], &limits), None);
    }
}

//! The review of items of the store: what may be said of one, what it comes to, and who sees what others said.

use std::collections::BTreeSet;

use thiserror::Error;
use unicode_normalization::is_nfkc;

use super::verdict::{Act, Judgement, MOST_OPINIONS, Opinions, Outcome, Review, Role};
use crate::domain::is_unseen;
use crate::store::{self, ItemRow, ItemState, JudgementRow};

/// The most characters of a reviewer's name and of a category.
pub const MOST_NAME: usize = 128;
/// The most characters of a note.
pub const MOST_NOTE: usize = 2000;
/// The most bytes of an answer that a reviewer wrote.
pub const MOST_EDITED: usize = 64 << 10;
/// How an item ended that as many people as may be asked did not settle.
pub const UNRESOLVED: &str = "unresolved";

/// What a reviewer says of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opinion {
    /// Whether the decision was right.
    pub judgement: Judgement,
    /// The category that the text has in truth.
    pub category: Option<String>,
    /// What was noted.
    pub note: Option<String>,
    /// What the answer should have been.
    pub edited: Option<String>,
}

/// Why something cannot be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WrongOpinion {
    /// It is longer than anything of its kind.
    #[error("`{member}` has more than {most} {unit}")]
    TooLong {
        /// What.
        member: &'static str,
        /// The most.
        most: usize,
        /// Of what.
        unit: &'static str,
    },
    /// It says nothing.
    #[error("`{0}` is empty")]
    Empty(&'static str),
    /// It could be taken for another one, or for the gate or a client, as the ledger calls them.
    #[error(
        "`{0}` is made of letters, digits and marks that can be seen, in their usual form; it is not `gate` and has no colon"
    )]
    Mistakable(&'static str),
    /// It has a character that databases do not keep, or that a name does not have.
    #[error("`{0}` has a control character in it")]
    Control(&'static str),
}

// === impl Judgement ===

impl Judgement {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Upheld, Self::Overturned, Self::Unsure];

    /// The word that the store has.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Upheld => "upheld",
            Self::Overturned => "overturned",
            Self::Unsure => "unsure",
        }
    }

    /// The judgement of this word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|judgement| judgement.as_str() == word)
    }
}

// === impl Opinion ===

impl Opinion {
    /// Whether it can be kept.
    ///
    /// # Errors
    /// The first member that is too long, empty, or has control characters where there may be none.
    pub fn check(&self) -> Result<(), WrongOpinion> {
        self.category.as_deref().map_or(Ok(()), |category| name("category", category))?;
        written("note", self.note.as_deref(), MOST_NOTE, "characters", |t| t.chars().count())?;
        written("edited", self.edited.as_deref(), MOST_EDITED, "bytes", str::len)
    }

    /// Whether a row of the store says the same.
    pub fn is(&self, row: &JudgementRow) -> bool {
        row.judgement == self.judgement.as_str()
            && row.category == self.category
            && row.note == self.note
            && row.edited == self.edited
    }
}

/// Whether something can be the name of a reviewer or a category.
///
/// # Errors
/// When it is empty, too long, or has control characters.
pub fn name(member: &'static str, name: &str) -> Result<(), WrongOpinion> {
    if name.trim().is_empty() {
        return Err(WrongOpinion::Empty(member));
    }
    if name.chars().any(char::is_control) {
        return Err(WrongOpinion::Control(member));
    }
    if name.chars().count() > MOST_NAME {
        return Err(WrongOpinion::TooLong { member, most: MOST_NAME, unit: "characters" });
    }
    Ok(())
}

/// A name that a person may act under, without blanks around it. In the ledger callers are `client:…`, and the gate is `gate`.
///
/// # Errors
/// When it is no name, or could be taken for another one.
pub fn user_name(member: &'static str, written: &str) -> Result<String, WrongOpinion> {
    name(member, written)?;
    let written = written.trim();
    let unseen = |c: char| is_unseen(c) || (c.is_whitespace() && c != ' ');
    let taken = written.contains(':') || written.eq_ignore_ascii_case("gate");
    if taken || !is_nfkc(written) || written.chars().any(unseen) {
        return Err(WrongOpinion::Mistakable(member));
    }
    Ok(written.to_owned())
}

fn written(
    member: &'static str,
    text: Option<&str>,
    most: usize,
    unit: &'static str,
    length: impl Fn(&str) -> usize,
) -> Result<(), WrongOpinion> {
    let Some(text) = text else { return Ok(()) };
    if text.trim().is_empty() {
        return Err(WrongOpinion::Empty(member));
    }
    // PostgreSQL keeps no NUL.
    if text.contains('\0') {
        return Err(WrongOpinion::Control(member));
    }
    if length(text) > most {
        return Err(WrongOpinion::TooLong { member, most, unit });
    }
    Ok(())
}

// === what it comes to ===

/// How many have to agree on an item.
pub const fn review(row: &ItemRow) -> Review {
    if row.item.wanted >= 2 { Review::Double } else { Review::Single }
}

/// The judgements of an item as they stand; rows come in the order of their times, what was taken back or said anew may
/// be among them. A word that is none is not counted.
pub fn opinions(rows: &[JudgementRow]) -> Opinions<'_> {
    let mut acts = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(judgement) = Judgement::of(&row.judgement) else { continue };
        acts.push((row.at, 1, Act { reviewer: &row.reviewer, judgement: Some(judgement) }));
        let anew = |other: &JudgementRow| {
            other.id != row.id && other.reviewer == row.reviewer && Some(other.at) == row.undone_at
        };
        if let Some(at) = row.undone_at.filter(|_| !rows.iter().any(anew)) {
            acts.push((at, 0, Act { reviewer: &row.reviewer, judgement: None }));
        }
    }
    acts.sort_by_key(|(at, order, _)| (*at, *order));
    Opinions::after(acts.into_iter().map(|(.., act)| act))
}

/// What the judgements of an item come to: [`store::JudgementRow::give`] asks for it.
pub fn decide(row: &ItemRow, rows: &[JudgementRow]) -> store::Outcome {
    let ended = |judgement: Judgement| {
        let agree = rows.iter().rev().filter(|said| said.undone_at.is_none());
        let mut agree = agree.filter(|said| said.judgement == judgement.as_str());
        let category = agree.find_map(|said| said.category.clone());
        (ItemState::Settled, Some((judgement.as_str().to_owned(), category)))
    };
    match opinions(rows).outcome(review(row)) {
        Outcome::Open(Role::First) => (ItemState::Open, None),
        Outcome::Open(Role::Second) => (ItemState::Second, None),
        Outcome::Open(Role::Deciding) => (ItemState::Disagreement, None),
        Outcome::Upheld => ended(Judgement::Upheld),
        Outcome::Overturned => ended(Judgement::Overturned),
        Outcome::Unresolved => (ItemState::Settled, Some((UNRESOLVED.to_owned(), None))),
    }
}

/// Whether what others said of an item is to be hidden from somebody: it is judged twice without knowledge of each
/// other, is not settled, and this person is not the one who decides between two. Whoever has judged it may judge anew.
pub fn hides(row: &ItemRow, rows: &[JudgementRow], reviewer: Option<&str>) -> bool {
    let standing = rows.iter().filter(|said| said.undone_at.is_none());
    let who: BTreeSet<&str> = standing.map(|said| said.reviewer.as_str()).collect();
    let has_judged = reviewer.is_some_and(|reviewer| who.contains(reviewer));
    let is_blind = review(row) == Review::Double && row.state != ItemState::Settled;
    is_blind && (has_judged || who.len() < 2)
}

/// Whether one more person may judge an item.
pub fn has_room(rows: &[JudgementRow], reviewer: &str) -> bool {
    let standing = rows.iter().filter(|said| said.undone_at.is_none());
    let others: BTreeSet<&str> =
        standing.map(|said| said.reviewer.as_str()).filter(|who| *who != reviewer).collect();
    others.len() < MOST_OPINIONS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Item;

    #[test]
    fn a_person_is_not_called_like_the_gate_or_a_client_or_with_letters_that_cannot_be_seen() {
        for fine in ["ann", "安娜", "Ann O'Hara-Müller 2", "🦊"] {
            assert_eq!(user_name("name", fine).as_deref(), Ok(fine));
        }
        assert_eq!(user_name("name", " ann ").as_deref(), Ok("ann"));
        for wrong in [
            "gate",
            "GATE",
            "client:x",
            "an\u{200b}n",
            "\u{202e}nna",
            "ａｎｎ",
            "a\u{a0}b",
            "",
            "\u{e0041}",
        ] {
            assert!(user_name("name", wrong).is_err(), "{wrong:?}");
        }
    }

    fn item(wanted: i64) -> ItemRow {
        ItemRow {
            item: Item { id: "i".to_owned(), wanted, ..Item::default() },
            state: ItemState::Open,
            claim: None,
            outcome: None,
            settled_at: None,
        }
    }

    fn said(at: i64, reviewer: &str, judgement: &str) -> JudgementRow {
        JudgementRow {
            id: at.to_string(),
            at,
            reviewer: reviewer.to_owned(),
            judgement: judgement.to_owned(),
            ..JudgementRow::default()
        }
    }

    #[test]
    fn judgements_move_an_item_through_its_states() {
        let (ann, bo, cy) =
            (said(1, "ann", "upheld"), said(2, "bo", "overturned"), said(3, "cy", "overturned"));
        let unsure = said(4, "di", "unsure");
        let settled = |how: &str| (ItemState::Settled, Some((how.to_owned(), None)));
        let cases = [
            (1, vec![], (ItemState::Open, None)),
            (1, vec![ann.clone()], settled("upheld")),
            (1, vec![unsure.clone()], (ItemState::Second, None)),
            (2, vec![ann.clone()], (ItemState::Second, None)),
            (2, vec![ann.clone(), bo.clone()], (ItemState::Disagreement, None)),
            (2, vec![ann.clone(), bo.clone(), cy], settled("overturned")),
            (2, vec![ann, bo, unsure], settled("unresolved")),
        ];
        for (wanted, rows, expected) in cases {
            assert_eq!(decide(&item(wanted), &rows), expected, "{wanted} {rows:?}");
        }
    }

    #[test]
    fn the_category_is_that_of_who_agrees_with_the_outcome() {
        let category = |row: JudgementRow, category: &str| JudgementRow {
            category: Some(category.to_owned()),
            ..row
        };
        let rows = [
            category(said(1, "ann", "overturned"), "hate"),
            category(said(2, "bo", "upheld"), "violence"),
            said(3, "cy", "overturned"),
        ];
        let (state, outcome) = decide(&item(2), &rows);
        assert_eq!(state, ItemState::Settled);
        assert_eq!(outcome, Some(("overturned".to_owned(), Some("hate".to_owned()))));
    }

    #[test]
    fn who_says_it_anew_keeps_the_place_and_who_takes_it_back_has_none() {
        let anew = JudgementRow { undone_at: Some(3), ..said(1, "ann", "upheld") };
        let rows = [anew, said(2, "bo", "upheld"), said(3, "ann", "overturned")];
        let blind = opinions(&rows).blind();
        assert_eq!(blind, Some((Judgement::Overturned, Judgement::Upheld)));
        let back = JudgementRow { undone_at: Some(9), ..said(1, "ann", "upheld") };
        let rows = [back, said(2, "bo", "upheld")];
        assert_eq!(opinions(&rows).blind(), None);
        assert_eq!(opinions(&rows).iter().count(), 1);
    }

    #[test]
    fn the_first_two_of_a_double_review_see_nothing_of_each_other() {
        let ann = [said(1, "ann", "upheld")];
        assert!(hides(&item(2), &ann, Some("bo")) && hides(&item(2), &ann, None));
        assert!(!hides(&item(1), &ann, Some("bo")));
        // Neither sees the other's by saying something, and anew after that.
        let both = [said(1, "ann", "upheld"), said(2, "bo", "unsure")];
        assert!(hides(&item(2), &both, Some("ann")) && hides(&item(2), &both, Some("bo")));
        assert!(!hides(&item(2), &both, Some("cy")));
        let settled = ItemRow { state: ItemState::Settled, ..item(2) };
        assert!(!hides(&settled, &ann, Some("cy")));
    }

    #[test]
    fn a_fourth_person_has_no_room() {
        let rows = ["ann", "bo", "cy"].map(|who| said(1, who, "unsure"));
        assert!(!has_room(&rows, "di") && has_room(&rows, "cy"));
    }

    #[test]
    fn what_cannot_be_said_is_refused_at_its_member() {
        let fine = Opinion {
            judgement: Judgement::Upheld,
            category: Some("self-harm".to_owned()),
            note: Some("a joke\namong friends".to_owned()),
            edited: None,
        };
        assert_eq!(fine.check(), Ok(()));
        let cases = [
            (
                Opinion { category: Some("a\u{1b}[2J".to_owned()), ..fine.clone() },
                "`category` has a control",
            ),
            (Opinion { category: Some(" ".to_owned()), ..fine.clone() }, "`category` is empty"),
            (
                Opinion { note: Some("字".repeat(MOST_NOTE + 1)), ..fine.clone() },
                "`note` has more than 2000",
            ),
            (Opinion { note: Some("a\0".to_owned()), ..fine.clone() }, "`note` has a control"),
            (
                Opinion { edited: Some("x".repeat(MOST_EDITED + 1)), ..fine },
                "`edited` has more than 65536",
            ),
        ];
        for (opinion, expected) in cases {
            let error = opinion.check().expect_err(expected).to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}

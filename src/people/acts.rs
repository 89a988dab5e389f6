//! What reviewers do with items. Each act and its line in the ledger are one transaction.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::review::{Opinion, decide, has_room};
use crate::audit::Signer;
use crate::store::{
    Act, Claim, Connection, DecisionRow, ItemRow, ItemState, JudgementRow, StoreError,
};

/// Whoever acts, and when.
#[derive(Clone, Debug)]
pub struct Reviewer<'a> {
    /// Who.
    pub name: String,
    /// The time, in milliseconds since 1970.
    pub now: i64,
    /// What signs the ledger.
    pub signer: Option<&'a Signer>,
    /// Makes ids that sort by time.
    pub id: fn() -> String,
}

/// What came of a judgement.
#[derive(Clone, Debug, PartialEq)]
pub enum Judged {
    /// It was kept; the items as they stand now, the one that was named first.
    Kept {
        /// The items.
        items: Vec<ItemRow>,
        /// Alike items that somebody else has, or that have been judged enough.
        left_out: usize,
    },
    /// There is no such item.
    NoItem,
    /// Somebody else has it, until this time in milliseconds since 1970.
    Taken(String, i64),
    /// As many people as are asked have judged it.
    Enough,
}

/// Why a judgement cannot be given.
enum Refused {
    Taken(String, i64),
    Enough,
}

/// What somebody wants to take.
pub struct Wish<'w> {
    /// The queues, in this order; `None` is any, and so is an empty list.
    pub queues: &'w [Option<String>],
    /// Until when it is taken, in milliseconds since 1970.
    pub until: i64,
    /// What this person has passed over.
    pub not: &'w [String],
    /// What this person is to be spared.
    pub spares: &'w dyn Fn(&ItemRow) -> bool,
}

/// What else is decided with an item.
#[derive(Clone, Copy, Debug, Default)]
pub struct Too<'t> {
    /// The unsettled items of the same text.
    pub alike: bool,
    /// Items of nearly the same text, by id, which this person has seen to be so.
    pub near: &'t [String],
}

/// What came of a wish to take something.
#[derive(Clone, Debug, PartialEq)]
pub enum Claimed {
    /// This item.
    Item(Box<ItemRow>),
    /// Only what this person is to be spared is left.
    Spared,
    /// Nothing is left.
    Nothing,
}

/// What came of taking one item.
#[derive(Clone, Debug, PartialEq)]
pub enum Took {
    /// It is taken.
    Item(Box<ItemRow>),
    /// Somebody else has it, until this time in milliseconds since 1970.
    Taken(String, i64),
    /// As many people as are asked have judged it.
    Enough,
    /// This person has judged it.
    Judged,
}

/// For how long it counts from which queue somebody took something last, in milliseconds.
const TURN: i64 = 24 * 60 * 60 * 1000;

/// A judgement of an item that was made elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Its line, from 1.
    pub line: u64,
    /// The item.
    pub item: String,
    /// Who.
    pub reviewer: String,
    /// What.
    pub opinion: Opinion,
}

/// What came of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportEnd {
    /// Everything stands now.
    Kept {
        /// Judgements that were new.
        new: usize,
        /// Judgements that had been there.
        known: usize,
    },
    /// Nothing was kept: lines, and what is wrong with each.
    Wrong(Vec<(u64, String)>),
}

impl fmt::Debug for Wish<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wish")
            .field("queues", &self.queues)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

// === impl Reviewer ===

impl Reviewer<'_> {
    /// An act of this person.
    pub fn act(&self, act: &str, object: &str, detail: Value) -> Act {
        Act {
            id: (self.id)(),
            at: self.now,
            ts: Timestamp::from_millisecond(self.now).unwrap_or_default().to_string(),
            actor: self.name.clone(),
            act: act.to_owned(),
            object: object.to_owned(),
            detail,
        }
    }

    /// Writes an act that changes nothing into the ledger.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn note(
        &self,
        connection: &mut dyn Connection,
        (act, object): (&str, &str),
        detail: Value,
    ) -> Result<(), StoreError> {
        self.act(act, object, detail).append(connection, self.signer)
    }

    fn claim_of(&self, until: i64) -> Claim {
        Claim { reviewer: self.name.clone(), now: self.now, until }
    }

    /// Judges an item, and with it what else is to be decided at once of what this person has not judged; an edited answer
    /// stays with the item that was named.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn judge(
        &self,
        connection: &mut dyn Connection,
        item: &str,
        (opinion, too): (&Opinion, Too<'_>),
    ) -> Result<Judged, StoreError> {
        connection.serialise()?;
        let Some(row) = ItemRow::find(connection, item)? else { return Ok(Judged::NoItem) };
        let said = JudgementRow::of(connection, item)?;
        match self.refused(&row, &said) {
            Some(Refused::Taken(who, until)) => return Ok(Judged::Taken(who, until)),
            Some(Refused::Enough) => return Ok(Judged::Enough),
            None => {}
        }
        let mut others = if too.alike { row.alike(connection)? } else { Vec::new() };
        let mut left_out = 0;
        for id in too.near {
            // What is decided at once is about one rule.
            let same = |other: &ItemRow| {
                let (own, other) = (&row.item, &other.item);
                (&own.policy, &own.rule) == (&other.policy, &other.rule) && own.id != other.id
            };
            let other = ItemRow::find(connection, id)?.filter(same);
            match other.filter(|other| other.state != ItemState::Settled) {
                Some(other) if others.iter().all(|known| known.item.id != other.item.id) => {
                    others.push(other);
                }
                Some(_) => {}
                None => left_out += 1,
            }
        }
        let mut items = vec![self.give(connection, &row, opinion)?];
        let opinion = Opinion { edited: None, ..opinion.clone() };
        for other in others {
            let said = JudgementRow::of(connection, &other.item.id)?;
            if said.iter().any(|said| said.reviewer == self.name) {
                continue;
            }
            if self.refused(&other, &said).is_some() {
                left_out += 1;
            } else {
                items.push(self.give(connection, &other, &opinion)?);
            }
        }
        Ok(Judged::Kept { items, left_out })
    }

    fn refused(&self, row: &ItemRow, said: &[JudgementRow]) -> Option<Refused> {
        match &row.claim {
            Some((who, until)) if *who != self.name && *until > self.now => {
                Some(Refused::Taken(who.clone(), *until))
            }
            Some(_) | None => (!has_room(said, &self.name)).then_some(Refused::Enough),
        }
    }

    fn give(
        &self,
        connection: &mut dyn Connection,
        row: &ItemRow,
        opinion: &Opinion,
    ) -> Result<ItemRow, StoreError> {
        let judgement = JudgementRow {
            id: (self.id)(),
            item: row.item.id.clone(),
            at: self.now,
            reviewer: self.name.clone(),
            judgement: opinion.judgement.as_str().to_owned(),
            category: opinion.category.clone(),
            note: opinion.note.clone(),
            edited: opinion.edited.clone(),
            undone_at: None,
        };
        let detail = json!({
            "judgement": judgement.judgement,
            "category": judgement.category,
            "note": judgement.note,
            "edited": judgement.edited,
        });
        let act = self.act("judge", &row.item.id, detail);
        let given = judgement.give(connection, decide, (&act, self.signer))?;
        let gone = || StoreError::Conflict("somebody took the item meanwhile".to_owned());
        given.ok_or_else(gone)
    }

    /// Takes back what this person said of an item; `None` where nothing was said.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn undo(
        &self,
        connection: &mut dyn Connection,
        item: &str,
    ) -> Result<Option<ItemRow>, StoreError> {
        let act = self.act("undo", item, json!({}));
        let claim = self.claim_of(0);
        JudgementRow::undo(connection, &claim, item, decide, (&act, self.signer))
    }

    /// Takes the oldest item that waits for this person, from the first of the queues that has one.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn claim(
        &self,
        connection: &mut dyn Connection,
        wish: &Wish<'_>,
    ) -> Result<Claimed, StoreError> {
        let any = [None];
        let queues = if wish.queues.is_empty() { &any[..] } else { wish.queues };
        let spared = Cell::new(false);
        let wanted = |row: &ItemRow| {
            if wish.not.contains(&row.item.id) {
                return false;
            }
            let is_spared = (wish.spares)(row);
            spared.set(spared.get() || is_spared);
            !is_spared
        };
        for queue in queues {
            let found = self.claim_of(wish.until).next(connection, queue.as_deref(), wanted)?;
            if let Some(row) = found {
                return self.has_taken(connection, row, wish.until).map(Claimed::Item);
            }
        }
        Ok(if spared.get() { Claimed::Spared } else { Claimed::Nothing })
    }

    /// Takes the item with this id until a time in milliseconds since 1970; `None` where there is none.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn claim_this(
        &self,
        connection: &mut dyn Connection,
        (item, until): (&str, i64),
    ) -> Result<Option<Took>, StoreError> {
        connection.serialise()?;
        let Some(row) = ItemRow::find(connection, item)? else { return Ok(None) };
        let said = JudgementRow::of(connection, item)?;
        match self.refused(&row, &said) {
            Some(Refused::Taken(who, until)) => return Ok(Some(Took::Taken(who, until))),
            Some(Refused::Enough) => return Ok(Some(Took::Enough)),
            None => {}
        }
        let own = |said: &JudgementRow| said.undone_at.is_none() && said.reviewer == self.name;
        if row.state != ItemState::Settled && said.iter().any(own) {
            return Ok(Some(Took::Judged));
        }
        let taken = self.claim_of(until).take(connection, item)?;
        let gone = || StoreError::Conflict("somebody took the item meanwhile".to_owned());
        let row = self.has_taken(connection, taken.ok_or_else(gone)?, until)?;
        Ok(Some(Took::Item(row)))
    }

    fn has_taken(
        &self,
        connection: &mut dyn Connection,
        row: ItemRow,
        until: i64,
    ) -> Result<Box<ItemRow>, StoreError> {
        self.note(connection, ("claim", &row.item.id), json!({ "until": until }))?;
        Ok(Box::new(row))
    }

    /// The queues in which something waits, that from which this person took something last at the end: so nobody looks
    /// at the same kind of thing all day.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn queues_in_turn(
        &self,
        connection: &mut dyn Connection,
    ) -> Result<Vec<String>, StoreError> {
        let mut queues = Claim::queues(connection)?;
        let since = self.now.saturating_sub(TURN);
        let last = Claim::taken(connection, &self.name, since)?.into_iter().next();
        let place = last.and_then(|row| queues.iter().position(|queue| *queue == row.item.queue));
        if let Some(place) = place {
            queues.rotate_left(place + 1);
        }
        Ok(queues)
    }

    /// Gives an item back; whether this person had it.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn release(&self, connection: &mut dyn Connection, item: &str) -> Result<bool, StoreError> {
        let had = self.claim_of(0).release(connection, item)?;
        if had {
            self.note(connection, ("release", item), json!({}))?;
        }
        Ok(had)
    }

    /// Takes the texts of a decision out of the store, and what people wrote about it; whether there was one.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn erase(
        &self,
        connection: &mut dyn Connection,
        decision: &str,
    ) -> Result<bool, StoreError> {
        connection.serialise()?;
        let had = DecisionRow::erase(connection, decision)?;
        if had {
            self.note(connection, ("erase", decision), json!({}))?;
        }
        Ok(had)
    }

    /// Keeps judgements that were made elsewhere: all of them, or none where one is wrong. One that stands already is
    /// left as it is.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn import(
        &self,
        connection: &mut dyn Connection,
        judgements: &[Imported],
    ) -> Result<ImportEnd, StoreError> {
        connection.serialise()?;
        let (mut wrong, mut new) = (Vec::new(), Vec::new());
        let mut standing: BTreeMap<&str, Vec<JudgementRow>> = BTreeMap::new();
        for one in judgements {
            let as_said = Reviewer { name: one.reviewer.clone(), ..self.clone() };
            let Some(row) = ItemRow::find(connection, &one.item)? else {
                wrong.push((one.line, "there is no item with this id".to_owned()));
                continue;
            };
            if !standing.contains_key(one.item.as_str()) {
                standing.insert(&one.item, JudgementRow::of(connection, &one.item)?);
            }
            let Some(said) = standing.get_mut(one.item.as_str()) else { continue };
            let own = said.iter().find(|said| said.reviewer == one.reviewer);
            if own.is_some_and(|own| one.opinion.is(own)) {
                continue;
            }
            match as_said.refused(&row, said) {
                Some(Refused::Taken(who, _)) => {
                    wrong.push((one.line, format!("`{}` has the item now", who.escape_debug())));
                }
                Some(Refused::Enough) => wrong.push((one.line, ENOUGH.to_owned())),
                None => {
                    // Lines of the same file may fill an item up.
                    let reviewer = one.reviewer.clone();
                    said.push(JudgementRow { reviewer, ..JudgementRow::default() });
                    new.push((one, as_said, row));
                }
            }
        }
        let known = judgements.len() - new.len();
        if wrong.is_empty() {
            for (one, as_said, row) in &new {
                as_said.give(connection, row, &one.opinion)?;
            }
        }
        match (wrong.is_empty(), new.len()) {
            (false, _) => Ok(ImportEnd::Wrong(wrong)),
            (true, 0) => Ok(ImportEnd::Kept { new: 0, known }),
            (true, count) => {
                self.note(connection, ("import", "judgements"), json!({ "judgements": count }))?;
                Ok(ImportEnd::Kept { new: count, known })
            }
        }
    }
}

/// What is said where no more people are asked.
pub const ENOUGH: &str = "three people have judged the item, and no more are asked";

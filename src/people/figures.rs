//! What reviews and ratings come to, counted by rule, by route and by scale.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::agreement::{Kappa, MOST_RULES, RatingsByRule, TooMany};
use super::export::Reviewed;
use super::review::{UNRESOLVED, opinions, review};
use super::satisfaction::{Answers, Satisfaction, Scale};
use super::verdict::{Judgement, Review};
use crate::domain::Interval;
use crate::store::{Connection, ItemFilter, ItemRow, ItemState, JudgementRow, StoreError, Tally};

/// What the review of one rule's decisions came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RuleFigures {
    /// The policy.
    pub policy: String,
    /// The rule; none where no rule had fired.
    pub rule: Option<String>,
    /// Items.
    pub items: u64,
    /// Items that nobody has settled yet.
    pub waiting: u64,
    /// Items on which the gate was right.
    pub upheld: u64,
    /// Items on which it was wrong.
    pub overturned: u64,
    /// Items that as many people as are asked did not settle.
    pub unresolved: u64,
    /// Judgements that say `unsure`.
    pub unsure: u64,
    /// The share of upheld and overturned items that was overturned, from 0 to 1.
    pub overturn_rate: Option<f64>,
    /// Where that share lies with 95 % confidence (Wilson's interval).
    pub overturn_interval: Option<Interval>,
    /// How far the two people agree who judged an item without knowing of each other.
    pub agreement: Option<Kappa>,
    /// Half of the items were settled in so many milliseconds or less.
    pub median_to_settle_ms: Option<i64>,
}

/// What the ratings of one route on one scale come to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RouteSatisfaction {
    /// The route.
    pub route: String,
    /// The highest answer of the scale: 5 or 10.
    pub scale: i64,
    /// The figures.
    #[serde(flatten)]
    pub satisfaction: Satisfaction,
}

/// What was counted of a rule, and how long each item took, in milliseconds.
type Counted = (RuleFigures, Vec<i64>);

/// Counts items.
#[derive(Debug)]
pub struct Figures {
    rules: BTreeMap<(String, Option<String>), Counted>,
    ratings: RatingsByRule<Judgement>,
    left_out: u64,
}

fn key(policy: &str, rule: Option<&str>) -> Arc<str> {
    Arc::from(format!("{policy}\n{}", rule.unwrap_or_default()))
}

impl Default for Figures {
    fn default() -> Self {
        Self { rules: BTreeMap::new(), ratings: RatingsByRule::new(), left_out: 0 }
    }
}

impl Figures {
    /// Counts an item and what was said of it; judgements come in the order of times.
    ///
    /// # Errors
    /// When there are more rules than are counted.
    pub fn add(&mut self, row: &ItemRow, said: &[JudgementRow]) -> Result<(), TooMany> {
        let item = &row.item;
        let at = (item.policy.clone(), item.rule.clone());
        if !self.rules.contains_key(&at) && self.rules.len() >= MOST_RULES {
            return Err(TooMany { what: "rules", most: MOST_RULES });
        }
        let (figures, times) = self.rules.entry(at).or_default();
        figures.items += 1;
        match row.outcome.as_ref().map(|(outcome, _)| outcome.as_str()) {
            Some(UNRESOLVED) => figures.unresolved += 1,
            Some(outcome) if outcome == Judgement::Upheld.as_str() => figures.upheld += 1,
            Some(outcome) if outcome == Judgement::Overturned.as_str() => figures.overturned += 1,
            Some(_) | None => figures.waiting += 1,
        }
        let standing = opinions(said);
        let unsure = standing.iter().filter(|(_, judgement, _)| *judgement == Judgement::Unsure);
        figures.unsure += unsure.count() as u64;
        if let (ItemState::Settled, Some(settled)) = (row.state, row.settled_at) {
            times.push(settled.saturating_sub(item.at).max(0));
        }
        if let (Review::Double, Some((first, second))) = (review(row), standing.blind()) {
            self.ratings.add(&key(&item.policy, item.rule.as_deref()), first, second)?;
        }
        Ok(())
    }

    /// Counts the next items that a filter means, with what was said of them; the id of the last one, `None` where there
    /// are no more. What is beyond [`MOST_RULES`] rules is not counted.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn add_page(
        &mut self,
        connection: &mut dyn Connection,
        filter: &ItemFilter,
    ) -> Result<Option<String>, StoreError> {
        let rows = ItemRow::list(connection, filter)?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(None) };
        let said = JudgementRow::between(connection, &first.item.id, &last.item.id)?;
        let by_item = Reviewed::by_item(said);
        for row in &rows {
            let said = by_item.get(&row.item.id).map_or(&[][..], Vec::as_slice);
            self.left_out += u64::from(self.add(row, said).is_err());
        }
        Ok(Some(last.item.id.clone()))
    }

    /// Items that were not counted, because there are more rules than are.
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// What was counted, by policy and rule.
    pub fn rules(self) -> Vec<RuleFigures> {
        let Self { rules, ratings, .. } = self;
        let kappas: BTreeMap<Arc<str>, Kappa> = ratings
            .iter()
            .filter_map(|(rule, ratings)| Some((Arc::clone(rule), ratings.kappa()?)))
            .collect();
        rules
            .into_iter()
            .map(|((policy, rule), (figures, mut times))| {
                times.sort_unstable();
                let agreement = kappas.get(&key(&policy, rule.as_deref())).copied();
                let rate = rate(figures.overturned, figures.upheld);
                let (overturn_rate, overturn_interval) = rate.unzip();
                let median_to_settle_ms = times.get(times.len().saturating_sub(1) / 2).copied();
                RuleFigures {
                    policy,
                    rule,
                    overturn_rate,
                    overturn_interval: overturn_interval.flatten(),
                    agreement,
                    median_to_settle_ms,
                    ..figures
                }
            })
            .collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of people's judgements are far below 2^53")]
fn rate(part: u64, rest: u64) -> Option<(f64, Option<Interval>)> {
    let whole = (part + rest) as f64;
    (whole > 0.0).then(|| {
        let rate = part as f64 / whole;
        (rate, Interval::wilson(rate, whole))
    })
}

/// The net promoter score of each route on each scale. What is on no scale is not counted.
pub fn satisfaction(tallies: &[Tally]) -> Vec<RouteSatisfaction> {
    let mut answers: BTreeMap<(String, i64), Answers> = BTreeMap::new();
    for tally in tallies {
        let scale = match tally.scale {
            5 => Scale::OneToFive,
            10 => Scale::ZeroToTen,
            _ => continue,
        };
        let (Ok(value), Ok(count)) = (u8::try_from(tally.value), u64::try_from(tally.count)) else {
            continue;
        };
        let of = answers.entry((tally.group.clone(), tally.scale));
        // An answer off the scale was refused when it was given.
        of.or_insert_with(|| Answers::new(scale)).add(value, count).unwrap_or_default();
    }
    let found = answers.into_iter().filter_map(|((route, scale), answers)| {
        Some(RouteSatisfaction { route, scale, satisfaction: answers.satisfaction()? })
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Item;

    fn item(outcome: Option<&str>, wanted: i64, took: i64) -> ItemRow {
        let policy = "default".to_owned();
        ItemRow {
            item: Item { policy, rule: Some("insults".to_owned()), wanted, ..Item::default() },
            state: if outcome.is_some() { ItemState::Settled } else { ItemState::Open },
            claim: None,
            outcome: outcome.map(|outcome| (outcome.to_owned(), None)),
            settled_at: outcome.map(|_| took),
        }
    }

    fn said(who: &str, judgement: &str) -> JudgementRow {
        let (reviewer, judgement) = (who.to_owned(), judgement.to_owned());
        JudgementRow { reviewer, judgement, ..JudgementRow::default() }
    }

    #[test]
    fn a_rule_is_counted_as_its_items_ended() {
        let mut figures = Figures::default();
        for (outcome, took) in
            [(Some("upheld"), 100), (Some("upheld"), 300), (Some("overturned"), 200), (None, 0)]
        {
            figures.add(&item(outcome, 1, took), &[]).expect("few rules");
        }
        let unresolved = [said("a", "upheld"), said("b", "overturned"), said("c", "unsure")];
        figures.add(&item(Some("unresolved"), 2, 900), &unresolved).expect("few rules");
        let rules = figures.rules();
        let [rule] = rules.as_slice() else { panic!("{rules:?}") };
        assert_eq!((rule.items, rule.waiting, rule.upheld), (5, 1, 2));
        assert_eq!((rule.overturned, rule.unresolved, rule.unsure), (1, 1, 1));
        assert_eq!(rule.median_to_settle_ms, Some(200));
        assert!(rule.overturn_rate.is_some_and(|rate| (rate - 1.0 / 3.0).abs() < 1e-12));
        // Wilson's interval of one in three.
        let interval = rule.overturn_interval.expect("three items");
        assert!((interval.low - 0.061_49).abs() < 1e-4 && (interval.high - 0.792_34).abs() < 1e-4);
    }

    #[test]
    fn agreement_is_that_of_the_two_who_knew_nothing_of_each_other() {
        let mut figures = Figures::default();
        let pairs = [("upheld", "upheld", 20), ("upheld", "overturned", 5)];
        let more = [("overturned", "upheld", 10), ("overturned", "overturned", 15)];
        for (first, second, times) in pairs.into_iter().chain(more) {
            for _ in 0..times {
                let both = [said("a", first), said("b", second)];
                figures.add(&item(None, 2, 0), &both).expect("few rules");
            }
        }
        // Asked for by one who was unsure, the second knew that there was a first.
        figures
            .add(&item(None, 1, 0), &[said("a", "unsure"), said("b", "upheld")])
            .expect("few rules");
        let rules = figures.rules();
        let kappa = rules.first().and_then(|rule| rule.agreement).expect("fifty pairs");
        assert_eq!(kappa.texts, 50);
        assert!((kappa.kappa - 0.4).abs() < 1e-12, "{kappa:?}");
    }

    #[test]
    fn ratings_are_scored_by_route_and_scale() {
        let tally = |scale, value, count| Tally { group: "chat".to_owned(), scale, value, count };
        let stars = [10, 20, 30, 25, 15].into_iter().zip(1..).map(|(n, value)| tally(5, value, n));
        let mut tallies: Vec<Tally> = stars.collect();
        tallies.extend([tally(10, 10, 3), tally(10, 0, 1), tally(7, 1, 1)]);
        let found = satisfaction(&tallies);
        let scores: Vec<(i64, u64, f64)> = found
            .iter()
            .map(|of| (of.scale, of.satisfaction.answers, of.satisfaction.score.round()))
            .collect();
        assert_eq!(scores, [(5, 100, 10.0), (10, 4, 50.0)]);
    }
}

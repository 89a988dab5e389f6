//! The words of review, and what several people's judgements of one decision come to.
//!
//! One judgement settles a case; two that agree settle one that is reviewed twice. The first two are blind: neither
//! person sees what the other says. Where they differ, a third person sees both and decides. What was taken back, or
//! said anew, counts as it stands now.

use serde::{Deserialize, Serialize};

/// The most people who judge one case; what others say is not counted.
pub const MOST_OPINIONS: usize = 3;

/// What a reviewer says about a decision of the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// It was right.
    Upheld,
    /// It was wrong.
    Overturned,
    /// Somebody else should say.
    Unsure,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The first person.
    First,
    /// The second opinion.
    Second,
    /// The person who decides where others differ.
    Deciding,
}

/// How many have to agree before a case is settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Review {
    /// One person settles it, unless unsure.
    #[default]
    Single,
    /// Two people have to say the same.
    Double,
}

/// Something that a reviewer did. Acts are given in the order in which they happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act<'a> {
    /// Who did it.
    pub reviewer: &'a str,
    /// What was said; `None` takes back what this person said before.
    pub judgement: Option<Judgement>,
}

/// What judgements come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Somebody has to judge it, in this role: [`Role::First`] where nobody has, [`Role::Second`] where one is not
    /// enough, [`Role::Deciding`] where two differ (the queue of disagreements).
    Open(Role),
    /// The decision of the gate was right.
    Upheld,
    /// It was wrong.
    Overturned,
    /// As many people as may be asked did not settle it.
    Unresolved,
}

/// The judgements of one case as they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opinions<'a>(Vec<(&'a str, Judgement)>);

// === impl Role ===

impl Role {
    /// Whether this person is shown what others said before saying anything.
    pub const fn sees_others(self) -> bool {
        matches!(self, Self::Deciding)
    }

    const fn after(opinions: usize) -> Self {
        match opinions {
            0 => Self::First,
            1 => Self::Second,
            _ => Self::Deciding,
        }
    }
}

// === impl Review ===

impl Review {
    const fn needed(self) -> usize {
        match self {
            Self::Single => 1,
            Self::Double => 2,
        }
    }
}

// === impl Outcome ===

impl Outcome {
    /// Whether nobody has to be asked any more.
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Upheld | Self::Overturned)
    }
}

// === impl Opinions ===

impl<'a> Opinions<'a> {
    /// What stands after these acts: of each person the last judgement that was not taken back. Who judges anew keeps the
    /// place among the others; who took it back has none.
    pub fn after(acts: impl IntoIterator<Item = Act<'a>>) -> Self {
        let mut standing: Vec<(&'a str, Judgement)> = Vec::with_capacity(MOST_OPINIONS);
        for act in acts {
            let place = standing.iter().position(|(reviewer, _)| *reviewer == act.reviewer);
            match (act.judgement, place) {
                (Some(judgement), Some(place)) => {
                    if let Some(own) = standing.get_mut(place) {
                        own.1 = judgement;
                    }
                }
                (Some(judgement), None) if standing.len() < MOST_OPINIONS => {
                    standing.push((act.reviewer, judgement));
                }
                (None, Some(place)) => drop(standing.remove(place)),
                (Some(_) | None, None) => {}
            }
        }
        Self(standing)
    }

    /// Who says what, with the role of each.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Judgement, Role)> + '_ {
        self.0
            .iter()
            .enumerate()
            .map(|(place, (reviewer, judgement))| (*reviewer, *judgement, Role::after(place)))
    }

    /// The two blind judgements, for how far people agree; `None` where there are not two.
    pub fn blind(&self) -> Option<(Judgement, Judgement)> {
        match self.0.as_slice() {
            [(_, first), (_, second), ..] => Some((*first, *second)),
            _ => None,
        }
    }

    /// What it comes to: the greater number of those who are sure, where it is great enough. A case that one person was
    /// to settle is in dispute too as soon as another says the opposite.
    pub fn outcome(&self, review: Review) -> Outcome {
        let say = |what| self.0.iter().filter(|(_, judgement)| *judgement == what).count();
        let (upheld, overturned) = (say(Judgement::Upheld), say(Judgement::Overturned));
        let needed = review.needed();
        if upheld > overturned && upheld >= needed {
            Outcome::Upheld
        } else if overturned > upheld && overturned >= needed {
            Outcome::Overturned
        } else if self.0.len() >= MOST_OPINIONS {
            Outcome::Unresolved
        } else {
            Outcome::Open(Role::after(self.0.len()))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use Judgement::{Overturned, Unsure, Upheld};

    fn acts<'a>(said: &[(&'a str, Option<Judgement>)]) -> Opinions<'a> {
        let acts = said.iter().map(|(reviewer, judgement)| Act { reviewer, judgement: *judgement });
        Opinions::after(acts.collect::<Vec<_>>())
    }

    fn outcome(review: Review, said: &[Judgement]) -> Outcome {
        let names = ["ann", "bo", "cy", "di"];
        let said: Vec<_> = names.into_iter().zip(said.iter().map(|j| Some(*j))).collect();
        acts(&said).outcome(review)
    }

    #[test]
    fn one_sure_judgement_settles_a_single_review() {
        for (said, expected) in [
            (&[][..], Outcome::Open(Role::First)),
            (&[Upheld], Outcome::Upheld),
            (&[Overturned], Outcome::Overturned),
            (&[Unsure], Outcome::Open(Role::Second)),
            (&[Unsure, Overturned], Outcome::Overturned),
            (&[Unsure, Unsure], Outcome::Open(Role::Deciding)),
            (&[Unsure, Unsure, Unsure], Outcome::Unresolved),
            (&[Upheld, Overturned], Outcome::Open(Role::Deciding)),
            (&[Upheld, Overturned, Overturned], Outcome::Overturned),
        ] {
            assert_eq!(outcome(Review::Single, said), expected, "{said:?}");
        }
    }

    #[test]
    fn a_double_review_needs_two_who_agree_or_a_third_who_decides() {
        for (said, expected) in [
            (&[][..], Outcome::Open(Role::First)),
            (&[Upheld], Outcome::Open(Role::Second)),
            (&[Upheld, Upheld], Outcome::Upheld),
            (&[Overturned, Overturned], Outcome::Overturned),
            (&[Upheld, Overturned], Outcome::Open(Role::Deciding)),
            (&[Upheld, Unsure], Outcome::Open(Role::Deciding)),
            (&[Upheld, Overturned, Upheld], Outcome::Upheld),
            (&[Upheld, Unsure, Upheld], Outcome::Upheld),
            (&[Upheld, Overturned, Unsure], Outcome::Unresolved),
            (&[Upheld, Unsure, Unsure], Outcome::Unresolved),
        ] {
            assert_eq!(outcome(Review::Double, said), expected, "{said:?}");
        }
    }

    #[test]
    fn the_last_word_of_a_reviewer_counts_and_can_be_taken_back() {
        let changed =
            acts(&[("ann", Some(Upheld)), ("bo", Some(Upheld)), ("ann", Some(Overturned))]);
        assert_eq!(changed.outcome(Review::Double), Outcome::Open(Role::Deciding));
        assert_eq!(changed.blind(), Some((Overturned, Upheld)));
        let back = acts(&[("ann", Some(Upheld)), ("ann", None)]);
        assert_eq!(
            (back.outcome(Review::Single), back.blind()),
            (Outcome::Open(Role::First), None)
        );
        let again =
            acts(&[("ann", Some(Upheld)), ("ann", None), ("ann", None), ("ann", Some(Overturned))]);
        assert_eq!(again.outcome(Review::Single), Outcome::Overturned);
    }

    #[test]
    fn one_person_is_never_two_opinions() {
        let said = acts(&[("ann", Some(Upheld)), ("ann", Some(Upheld))]);
        assert_eq!(said.outcome(Review::Double), Outcome::Open(Role::Second));
    }

    #[test]
    fn a_fourth_person_is_not_counted() {
        assert_eq!(
            outcome(Review::Double, &[Upheld, Overturned, Unsure, Upheld]),
            Outcome::Unresolved
        );
    }

    #[test]
    fn only_who_decides_sees_what_others_said() {
        let said = acts(&[("ann", Some(Upheld)), ("bo", Some(Overturned)), ("cy", Some(Upheld))]);
        let roles: Vec<_> = said.iter().map(|(who, _, role)| (who, role.sees_others())).collect();
        assert_eq!(roles, [("ann", false), ("bo", false), ("cy", true)]);
    }

    #[test]
    fn words_are_written_as_the_interface_has_them() {
        let written =
            serde_json::to_string(&(Upheld, Outcome::Open(Role::Deciding), Review::Double));
        assert_eq!(written.expect("plain values"), r#"["upheld",{"open":"deciding"},"double"]"#);
    }

    fn any_acts() -> impl Strategy<Value = Vec<(&'static str, Option<Judgement>)>> {
        let who = prop::sample::select(vec!["ann", "bo", "cy", "di"]);
        let what = prop::option::of(prop::sample::select(vec![Upheld, Overturned, Unsure]));
        prop::collection::vec((who, what), 0..20)
    }

    proptest! {
        #[test]
        fn turning_every_judgement_round_turns_the_outcome_round(said in any_acts(), double: bool) {
            let review = if double { Review::Double } else { Review::Single };
            let turned: Vec<_> = said.iter().map(|(who, what)| (*who, what.map(|what| match what {
                Upheld => Overturned,
                Overturned => Upheld,
                Unsure => Unsure,
            }))).collect();
            let expected = match acts(&said).outcome(review) {
                Outcome::Upheld => Outcome::Overturned,
                Outcome::Overturned => Outcome::Upheld,
                other @ (Outcome::Open(_) | Outcome::Unresolved) => other,
            };
            prop_assert_eq!(acts(&turned).outcome(review), expected);
        }

        #[test]
        fn a_settled_double_review_has_two_who_say_so(said in any_acts()) {
            let standing = acts(&said);
            let count = |what| standing.iter().filter(|(_, said, _)| *said == what).count();
            match standing.outcome(Review::Double) {
                Outcome::Upheld => prop_assert!(count(Upheld) >= 2),
                Outcome::Overturned => prop_assert!(count(Overturned) >= 2),
                Outcome::Open(_) => prop_assert!(standing.iter().count() < MOST_OPINIONS),
                Outcome::Unresolved => prop_assert_eq!(standing.iter().count(), MOST_OPINIONS),
            }
        }
    }
}

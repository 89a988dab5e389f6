//! What the automata of a policy's patterns are made of: each pattern by itself, or by an outline that it
//! shares with others.

use std::collections::HashMap;

use super::automaton::Shape;
use super::pattern::{Outline, PatternError, parse};

/// The shapes that an automaton is made of, and the patterns that each stands for.
#[derive(Default)]
pub(super) struct Shapes {
    pub(super) all: Vec<Shape>,
    pub(super) members: Vec<Vec<usize>>,
    built_in: HashMap<&'static str, usize>,
}

impl Shapes {
    /// Adds a pattern that stands for itself, or a shape that stands for none yet.
    pub(super) fn add(&mut self, shape: Shape, member: Option<usize>) {
        self.all.push(shape);
        self.members.push(member.into_iter().collect());
    }

    /// Adds a pattern by its outline.
    pub(super) fn outline(
        &mut self,
        outline: Outline,
        bound: usize,
        member: usize,
    ) -> Result<(), PatternError> {
        let heard = outline.within.is_none();
        self.built_in(outline.around, bound, heard.then_some(member))?;
        outline.within.map_or(Ok(()), |within| self.built_in(within, 0, Some(member)))
    }

    /// Adds a pattern to a shape of ours, which is made if it is new.
    fn built_in(
        &mut self,
        regex: &'static str,
        bound: usize,
        member: Option<usize>,
    ) -> Result<(), PatternError> {
        let index = if let Some(&index) = self.built_in.get(regex) {
            index
        } else {
            let hir = parse(regex)?;
            self.built_in.insert(regex, self.all.len());
            self.add(Shape { hir, bound, built_in: true, silent: true }, None);
            self.all.len() - 1
        };
        if let (Some(shape), Some(members)) = (self.all.get_mut(index), self.members.get_mut(index))
        {
            shape.bound = shape.bound.max(bound);
            shape.silent &= member.is_none();
            members.extend(member);
        }
        Ok(())
    }
}

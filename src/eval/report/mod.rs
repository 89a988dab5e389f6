//! Figures of judges as people and programs read them: a table, JSON, and a page with plots.
//!
//! It judges and reads nothing; what it shows was measured before.

mod bars;
mod html;
mod json;
mod measure;
mod plot;
mod text;

#[cfg(test)]
mod tests;

pub use bars::{Bar, BarKind, BarResult, Standing, check_bars};
pub use html::page;
pub use json::document;
pub use measure::{
    About, Comparison, Dissent, GroupLine, Groups, JudgeReport, MeasureOptions, Report, Slice,
    measure,
};
pub use text::table;

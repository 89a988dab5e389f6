//! Files as written: policies, the server file, tests and word lists, read to typed values, with every mistake named at
//! its place.
//!
//! It compiles and runs nothing: a regex is text here. Typed values come with their places, so that `policy` can name
//! what it finds wrong in the same way.
//!
//! A load gives back a value whenever one could be made, also beside errors, so that one run names all mistakes. What
//! it gives back takes effect only when [`Problems::has_errors`] is false.

pub mod codes;
pub mod dialect_file;
pub mod identities_file;
pub mod policy_file;
pub mod recipe_file;
pub mod server_file;
pub mod test_file;
pub mod units;

mod check;
mod checks;
mod document;
mod edit;
mod formats;
mod lexicon;
mod load;
mod problems;
mod render;
mod schema;
mod shapes;
mod source;
mod wildcard;
mod yaml;

pub use codes::{Code, Definition};
pub use document::Document;
pub use edit::{Unaddable, flow, with_item};
pub use lexicon::Term;
pub use load::{
    Flag, LoadedDialect, LoadedLexicon, LoadedPolicy, LoadedRecipe, LoadedServer, LoadedTests,
    Origin, Overlay, RuleOrigin, Setting, check_dates, check_route_policies, check_rule_labels,
    check_word_list, configuration_root, load_dialects, load_identities, load_policies,
    load_policies_over, load_policy, load_policy_over, load_recipe, load_server, load_tests,
    load_tests_over, read_dialect_text,
};
pub use policy_file::PolicyFile;
pub use problems::{Gravity, Label, Problem, Problems};
pub use recipe_file::RecipeFile;
pub use render::{Format, render, summary};
pub use schema::{SchemaOf, schema};
pub use server_file::ServerFile;
pub use shapes::{Named, OneOrMany, SecretRef};
pub use source::{Position, Source, SourceSpan};
pub use test_file::TestFile;
pub use wildcard::fits;

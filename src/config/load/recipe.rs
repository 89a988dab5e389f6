//! Recipes of models.

use std::path::Path;

use super::files::{Shelf, Wanted};
use crate::config::codes::Code;
use crate::config::document::{self, Document};
use crate::config::problems::{Problem, Problems};
use crate::config::recipe_file::RecipeFile;
use crate::config::schema::SchemaOf;
use crate::config::source::Source;
use crate::config::yaml::FILE_LIMIT_BYTES;

/// The most categories: a model holds eight weights a bucket.
const MOST_CATEGORIES: usize = 8;

/// A recipe with the hash of its text.
#[derive(Clone, Debug)]
pub struct LoadedRecipe {
    /// The recipe.
    pub file: RecipeFile,
    /// SHA-256 of its text, in hexadecimal digits.
    pub sha256: String,
}

/// Reads a recipe from a file; without one, the recipe of the model that is shipped.
pub fn load_recipe(path: Option<&Path>) -> (Option<LoadedRecipe>, Problems) {
    let mut problems = Problems::new();
    let text = include_str!("../../../config/models/recipe.yaml");
    let source = match path {
        None => Some(Source::new("config/models/recipe.yaml", text.to_owned())),
        Some(path) => {
            let shown = path.display().to_string();
            let wanted = Wanted { path, shown: &shown, limit: FILE_LIMIT_BYTES, asked: None };
            Shelf::default().read(wanted, &mut problems).map(|contents| contents.source)
        }
    };
    let loaded = source.and_then(|source| {
        let read = document::read(&source, SchemaOf::Recipe, &mut problems);
        let (file, document): (RecipeFile, _) = read?;
        check(&file, &document, &mut problems);
        let sha256 = super::files::sha256(source.text().as_bytes());
        Some(LoadedRecipe { file, sha256 })
    });
    problems.sort();
    (loaded, problems)
}

fn check(file: &RecipeFile, document: &Document, problems: &mut Problems) {
    let mut wrong = |path: &str, message: String, help: &str| {
        let problem = Problem::new(Code::TG002, message);
        problems.push(problem.at(document.at(path), "here").help(help.to_owned()));
    };
    let count = file.categories.iter().count();
    if count == 0 || count > MOST_CATEGORIES {
        let message = format!("a recipe has {count} categories");
        wrong(
            "categories",
            message,
            "one at least, and eight at most, since a bucket has eight weights",
        );
    }
    let alarms = [
        ("alarms.low", file.alarms.low.fraction()),
        ("alarms.balanced", file.alarms.balanced.fraction()),
        ("alarms.strict", file.alarms.strict.fraction()),
    ];
    for pair in alarms.windows(2) {
        if let [(_, less), (path, more)] = pair
            && more < less
        {
            let message = "a stricter preset allows fewer false alarms than the one before it";
            wrong(path, message.to_owned(), "low ≤ balanced ≤ strict");
        }
    }
    for (path, share) in [
        ("split.holdout", file.split.holdout.fraction()),
        ("split.harmless", file.split.harmless.fraction()),
    ] {
        if !(0.02..=0.9).contains(&share) {
            let message = format!("`{path}` leaves too little to train on, or to judge by");
            wrong(path, message, "from 2% to 90% are possible");
        }
    }
}

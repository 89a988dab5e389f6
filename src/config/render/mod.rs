//! Problems as text: for people, for editors and terminals, for programs, for code hosts.
//!
//! It decides nothing: order, gravity and wording are the problems' own.

mod full;
mod machine;

use super::problems::{Label, Problem, Problems};

/// How problems are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// With the lines of the file, for people.
    #[default]
    Full,
    /// One line each, `path:line:column: error[TG003]: …`.
    Short,
    /// One JSON document, `tidegate.problems/v1`.
    Json,
    /// Workflow commands of GitHub Actions.
    Github,
    /// SARIF 2.1.0.
    Sarif,
}

impl Format {
    /// Every format with its name on the command line.
    pub const ALL: [(&'static str, Self); 5] = [
        ("full", Self::Full),
        ("short", Self::Short),
        ("json", Self::Json),
        ("github", Self::Github),
        ("sarif", Self::Sarif),
    ];
}

/// The problems as text, with a line end at the end. Colours are terminal escapes and only in [`Format::Full`] and
/// [`Format::Short`].
pub fn render(problems: &Problems, format: Format, colour: bool) -> String {
    match format {
        Format::Full => full::render(problems, colour),
        Format::Short => machine::short(problems, colour),
        Format::Json => machine::json(problems),
        Format::Github => machine::github(problems),
        Format::Sarif => machine::sarif(problems),
    }
}

/// `3 errors, 2 warnings in 1 file.`
pub fn summary(problems: &Problems) -> String {
    let plural =
        |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let counts = match (problems.errors(), problems.warnings()) {
        (0, 0) => return "No problems.".to_owned(),
        (errors, 0) => plural(errors, "error"),
        (0, warnings) => plural(warnings, "warning"),
        (errors, warnings) => {
            format!("{}, {}", plural(errors, "error"), plural(warnings, "warning"))
        }
    };
    match problems.files() {
        0 => format!("{counts}."),
        files => format!("{counts} in {}.", plural(files, "file")),
    }
}

/// The colours of one run, or none.
#[derive(Clone, Copy)]
struct Paint {
    on: bool,
}

impl Paint {
    fn with(self, style: anstyle::Style, text: &str) -> String {
        if self.on { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// The word and the code, in the colour of their gravity.
    fn head(self, problem: &Problem) -> String {
        let word = format!("{}[{}]", problem.gravity.as_str(), problem.code);
        self.with(gravity_style(problem), &word)
    }
}

fn gravity_style(problem: &Problem) -> anstyle::Style {
    use super::problems::Gravity;
    let colour = match problem.gravity {
        Gravity::Error => anstyle::AnsiColor::Red,
        Gravity::Warning => anstyle::AnsiColor::Yellow,
    };
    colour.on_default().bold()
}

/// The main label's text, which one-line forms put behind the message.
fn remark(problem: &Problem) -> Option<&str> {
    problem.primary().map(|label| label.text.as_str()).filter(|text| !text.is_empty())
}

/// Every place whose text must not be shown, over all problems: a line may be shown for another reason.
fn hidden(problems: &Problems) -> Vec<&Label> {
    problems.iter().flat_map(|problem| &problem.labels).filter(|label| label.hidden).collect()
}

#[cfg(test)]
mod tests;

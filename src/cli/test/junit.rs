//! Results in the XML of `JUnit`, which CI servers read.

use super::Run;
use super::report::{End, end_of, misses};

/// The report of all runs: a suite a file, a case a test or budget.
pub(super) fn report(runs: &[Run]) -> String {
    let suites: String = runs.iter().map(suite).collect();
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n{suites}</testsuites>\n")
}

fn suite(run: &Run) -> String {
    let report = &run.report;
    let name = escaped(&run.path.display().to_string());
    let skipped = report.tests.iter().filter(|test| end_of(test) == End::KnownGap).count();
    let tests = report.tests.iter().map(|test| {
        let outcome = match end_of(test) {
            End::Passed | End::Closed => String::new(),
            End::KnownGap => "<skipped message=\"known gap\"/>".to_owned(),
            End::Failed => {
                let misses: Vec<String> =
                    misses(test).iter().map(|(what, text)| format!("{what}\nin: {text}")).collect();
                failure(&misses)
            }
        };
        case(&name, &test.name, &outcome)
    });
    let budgets = report.budgets.iter().map(|budget| {
        let failed = !budget.misses.is_empty();
        let outcome = if failed { failure(&budget.misses) } else { String::new() };
        case(&name, &budget.name, &outcome)
    });
    let cases: String = tests.chain(budgets).collect();
    format!(
        "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{skipped}\">\n{cases}  </testsuite>\n",
        report.tests.len() + report.budgets.len(),
        report.failures(),
    )
}

fn case(suite: &str, name: &str, outcome: &str) -> String {
    let name = escaped(name);
    format!("    <testcase classname=\"{suite}\" name=\"{name}\">{outcome}</testcase>\n")
}

fn failure(misses: &[String]) -> String {
    let first = misses.first().and_then(|miss| miss.lines().next()).unwrap_or_default();
    let all = escaped(&misses.join("\n"));
    format!("<failure message=\"{}\">{all}</failure>", escaped(first))
}

/// Text as XML 1.0 has it; what XML has no way to write becomes U+FFFD.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        assert_eq!(
            escaped("a<b> & \"c\"\u{1}\r\u{1b}抱歉\n"),
            "a&lt;b&gt; &amp; &quot;c&quot;\u{fffd}\u{fffd}\u{fffd}抱歉\n"
        );
    }
}

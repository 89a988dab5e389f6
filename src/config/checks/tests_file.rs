//! Policy tests, in a file of their own or in a policy.

use crate::config::codes::Code;
use crate::config::document::Document;
use crate::config::problems::{Problem, Problems};
use crate::config::test_file::{Budget, BudgetBars, Expectation, TestCase, TestDefaults};
use crate::domain::Phase;

/// Each test for itself, and each budget.
pub(in crate::config) fn tests(
    tests: &[TestCase],
    defaults: &TestDefaults,
    budgets: &[Budget],
    document: &Document,
    problems: &mut Problems,
) {
    for (number, test) in tests.iter().enumerate() {
        let path = format!("tests[{number}]");
        input(test, defaults, &path, document, problems);
        if test.expect == Expectation::default() {
            let at = document.at(&format!("{path}.expect"));
            problems.report(
                Code::TG029,
                format!("the test `{}` expects nothing", test.name),
                at,
                "name what must come out",
            );
        }
        for (index, message) in test.messages.iter().flatten().enumerate() {
            let both = message.text.is_some() == message.content.is_some()
                || (message.author.is_some() && message.role.is_some());
            if both {
                let at = document.at(&format!("{path}.messages[{index}]"));
                problems.report(
                    Code::TG047,
                    "a message has one author and one text",
                    at,
                    "write { author, text }",
                );
            }
        }
    }
    for (number, budget) in
        budgets.iter().enumerate().filter(|(_, budget)| budget.expect == BudgetBars::default())
    {
        let at = document.at(&format!("budgets[{number}].expect"));
        problems.report(
            Code::TG029,
            format!("the budget `{}` expects nothing", budget.name),
            at,
            "name what must be reached",
        );
    }
}

fn input(
    test: &TestCase,
    defaults: &TestDefaults,
    path: &str,
    document: &Document,
    problems: &mut Problems,
) {
    let inputs = test.inputs();
    match inputs.as_slice() {
        [_] => {}
        [] => {
            let problem =
                Problem::new(Code::TG047, format!("the test `{}` has no input", test.name));
            problems.push(problem.at(
                document.at(&format!("{path}.name")),
                "one of text, each, messages, chunks is needed",
            ));
        }
        [first, second, ..] => {
            let problem =
                Problem::new(Code::TG047, format!("the test `{}` has several inputs", test.name));
            let problem = problem
                .at(document.key_at(&format!("{path}.{second}")), "one test screens one thing");
            problems.push(problem.at(document.key_at(&format!("{path}.{first}")), "the other one"));
        }
    }
    if test.chunks.is_some() && test.on.unwrap_or(defaults.on) != Phase::Completion {
        let problem = Problem::new(Code::TG047, "only completions come in pieces");
        let at = document.key_at(&format!("{path}.chunks"));
        problems.push(problem.at(at, "this test is on a prompt").help("add: on: completion"));
    }
}

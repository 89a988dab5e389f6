//! The dashboard keeps the rules of grafana/dashboard-linter, by their names there, and asks for series that exist. That
//! panels show data is tried with a real Prometheus (`make observability-test`).

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use crate::{project, tidegate};

/// A rule: what it is called, what is wrong by it, and a change that breaks it.
struct Rule {
    name: &'static str,
    wrong: fn(&Value) -> Vec<String>,
    breaks: fn(&mut Value),
}

const RULES: [Rule; 17] = [
    Rule {
        name: "template-datasource-rule",
        wrong: |dashboard| {
            let source = variable(dashboard, "datasource");
            let fits = source["type"] == "datasource"
                && source["query"] == "prometheus"
                && source["label"] == "Data source";
            complaint(fits, "no variable for the data source")
        },
        breaks: |dashboard| dashboard["templating"]["list"][0]["query"] = json!("loki"),
    },
    Rule {
        name: "template-job-rule",
        wrong: |dashboard| complaint(is_all_or_some(dashboard, "job"), "no variable `job`"),
        breaks: |dashboard| dashboard["templating"]["list"][1]["multi"] = json!(false),
    },
    Rule {
        name: "template-instance-rule",
        wrong: |dashboard| {
            complaint(is_all_or_some(dashboard, "instance"), "no variable `instance`")
        },
        breaks: |dashboard| dashboard["templating"]["list"][2]["allValue"] = json!(".*"),
    },
    Rule {
        name: "template-label-promql-rule",
        wrong: |dashboard| {
            let asks = Regex::new(r"^label_values\((\w+)(\{[^{}]*\})?, \w+\)$").expect("a regex");
            let queries = variables(dashboard)
                .filter_map(|variable| variable["query"]["query"].as_str())
                .filter(|query| !asks.is_match(query));
            queries.map(str::to_owned).collect()
        },
        breaks: |dashboard| {
            dashboard["templating"]["list"][1]["query"]["query"] = json!("label_values(job");
        },
    },
    Rule {
        name: "template-on-time-change-reload-rule",
        wrong: |dashboard| {
            let queries = variables(dashboard).filter(|variable| variable["type"] == "query");
            let stale = queries.filter(|variable| variable["refresh"] != 2);
            stale.map(|variable| variable["name"].to_string()).collect()
        },
        breaks: |dashboard| dashboard["templating"]["list"][1]["refresh"] = json!(1),
    },
    Rule {
        name: "panel-datasource-rule",
        wrong: |dashboard| {
            of_panels(dashboard, |panel| panel["datasource"]["uid"] == "${datasource}")
        },
        breaks: |dashboard| dashboard["panels"][1]["datasource"]["uid"] = json!("prometheus"),
    },
    Rule {
        name: "panel-title-description-rule",
        wrong: |dashboard| {
            let says =
                |panel: &Value, key: &str| panel[key].as_str().is_some_and(|text| !text.is_empty());
            of_panels(dashboard, |panel| says(panel, "title") && says(panel, "description"))
        },
        breaks: |dashboard| dashboard["panels"][1]["description"] = json!(""),
    },
    Rule {
        name: "panel-units-rule",
        wrong: |dashboard| {
            // Those of Grafana's units that are in use here.
            let known = ["short", "percentunit", "bytes", "Bps", "s", "ops", "reqps"];
            of_panels(dashboard, |panel| {
                let unit = panel["fieldConfig"]["defaults"]["unit"].as_str();
                unit.is_some_and(|unit| known.contains(&unit))
            })
        },
        breaks: |dashboard| {
            dashboard["panels"][1]["fieldConfig"]["defaults"]["unit"] = json!("per second");
        },
    },
    Rule {
        name: "panel-no-targets-rule",
        wrong: |dashboard| {
            of_panels(dashboard, |panel| {
                panel["targets"].as_array().is_some_and(|all| !all.is_empty())
            })
        },
        breaks: |dashboard| dashboard["panels"][1]["targets"] = json!([]),
    },
    Rule {
        // The rules for Loki: nothing here asks it.
        name: "target-logql-rule",
        wrong: |dashboard| {
            of_targets(dashboard, |target, _| target["datasource"]["type"] == "prometheus")
        },
        breaks: |dashboard| {
            dashboard["panels"][1]["targets"][0]["datasource"]["type"] = json!("loki");
        },
    },
    Rule {
        name: "target-logql-auto-rule",
        wrong: |dashboard| of_targets(dashboard, |_, expression| !expression.contains("[$__auto]")),
        breaks: |dashboard| rewritten(dashboard, "[$__rate_interval]", "[$__auto]"),
    },
    Rule {
        name: "target-promql-rule",
        wrong: |dashboard| {
            of_targets(dashboard, |_, expression| {
                let count = |one: char| expression.matches(one).count();
                let pairs = [('(', ')'), ('[', ']'), ('{', '}')];
                pairs.iter().all(|(open, close)| count(*open) == count(*close))
                    && count('"') % 2 == 0
                    && !selectors(expression).is_empty()
            })
        },
        breaks: |dashboard| rewritten(dashboard, "]))", "])"),
    },
    Rule {
        name: "target-rate-interval-rule",
        wrong: |dashboard| {
            // `increase` and its like may ask for the whole range that is shown; a fixed one fits no zoom.
            let ranges = Regex::new(r"(\w+)\([^()\[\]]*\[([^\]]*)\]").expect("a regex");
            of_targets(dashboard, |_, expression| {
                let mut found =
                    ranges.captures_iter(expression).map(|f| (f[1].to_owned(), f[2].to_owned()));
                let fits = found.all(|(function, range)| {
                    let is_rate = ["rate", "irate"].contains(&&*function);
                    range == "$__rate_interval" || !is_rate && range == "$__range"
                });
                fits && ranges.find_iter(expression).count() == expression.matches('[').count()
            })
        },
        breaks: |dashboard| rewritten(dashboard, "$__rate_interval", "5m"),
    },
    Rule {
        name: "target-job-rule",
        wrong: |dashboard| has_matcher(dashboard, "job=~\"$job\""),
        breaks: |dashboard| rewritten(dashboard, "job=~\"$job\"", "job=\"tidegate\""),
    },
    Rule {
        name: "target-instance-rule",
        wrong: |dashboard| has_matcher(dashboard, "instance=~\"$instance\""),
        breaks: |dashboard| rewritten(dashboard, ",instance=~\"$instance\"", ""),
    },
    Rule {
        name: "target-counter-agg-rule",
        wrong: |dashboard| {
            let counter = Regex::new(r"(\w+)\((\w+_total)\{[^{}]*\}\[").expect("a regex");
            of_targets(dashboard, |_, expression| {
                let counted = counter.captures_iter(expression);
                let inside: Vec<String> = counted
                    .filter(|found| ["rate", "irate", "increase"].contains(&&found[1]))
                    .map(|found| found[2].to_owned())
                    .collect();
                let all = selectors(expression);
                let all: Vec<_> = all.iter().filter(|(name, _)| name.ends_with("_total")).collect();
                all.len() == inside.len()
            })
        },
        breaks: |dashboard| rewritten(dashboard, "rate(", "deriv("),
    },
    Rule {
        name: "uneditable-dashboard",
        wrong: |dashboard| complaint(dashboard["editable"] == false, "can be edited"),
        breaks: |dashboard| dashboard["editable"] = json!(true),
    },
];

fn dashboard() -> Value {
    let path = project().join("config/grafana/tidegate-overview.json");
    let text = std::fs::read_to_string(path).expect("the dashboard");
    serde_json::from_str(&text).expect("JSON")
}

fn complaint(fits: bool, what: &str) -> Vec<String> {
    if fits { Vec::new() } else { vec![what.to_owned()] }
}

fn variables(dashboard: &Value) -> impl Iterator<Item = &Value> {
    dashboard["templating"]["list"].as_array().into_iter().flatten()
}

fn variable<'d>(dashboard: &'d Value, name: &str) -> &'d Value {
    variables(dashboard).find(|variable| variable["name"] == name).unwrap_or(&Value::Null)
}

/// Whether a variable lets people choose all series or some.
fn is_all_or_some(dashboard: &Value, name: &str) -> bool {
    let variable = variable(dashboard, name);
    variable["type"] == "query"
        && variable["label"] == name
        && variable["datasource"]["uid"] == "${datasource}"
        && variable["multi"] == true
        && variable["includeAll"] == true
        && variable["allValue"] == ".+"
}

fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    let all = dashboard["panels"].as_array().into_iter().flatten();
    all.filter(|panel| panel["type"] != "row")
}

/// Titles of panels that do not fit.
fn of_panels(dashboard: &Value, fits: impl Fn(&Value) -> bool) -> Vec<String> {
    panels(dashboard).filter(|panel| !fits(panel)).map(|panel| panel["title"].to_string()).collect()
}

/// Expressions of targets that do not fit.
fn of_targets(dashboard: &Value, mut fits: impl FnMut(&Value, &str) -> bool) -> Vec<String> {
    let targets = panels(dashboard).filter_map(|panel| panel["targets"].as_array()).flatten();
    let asked = targets.map(|target| (target, target["expr"].as_str().unwrap_or_default()));
    asked.filter(|(target, text)| !fits(target, text)).map(|(_, text)| text.to_owned()).collect()
}

/// The series that an expression selects: their name, and their matchers.
fn selectors(expression: &str) -> Vec<(String, String)> {
    static SELECTOR: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"([a-z_]+)\{([^{}]*)\}").expect("a regex"));
    let found = SELECTOR.captures_iter(expression);
    found.map(|found| (found[1].to_owned(), found[2].to_owned())).collect()
}

fn has_matcher(dashboard: &Value, matcher: &str) -> Vec<String> {
    of_targets(dashboard, |_, expression| {
        selectors(expression).iter().all(|(_, matchers)| matchers.contains(matcher))
    })
}

/// Changes the expression of the first panel.
fn rewritten(dashboard: &mut Value, from: &str, to: &str) {
    let target = &mut dashboard["panels"][1]["targets"][0]["expr"];
    let text = target.as_str().unwrap_or_default().to_owned();
    assert!(text.contains(from), "{text}");
    *target = json!(text.replace(from, to));
}

#[test]
fn the_dashboard_keeps_every_rule_of_the_linter() {
    for Rule { name, wrong, breaks } in RULES {
        let mut dashboard = dashboard();
        assert_eq!(wrong(&dashboard), [""; 0], "{name}");
        breaks(&mut dashboard);
        assert!(!wrong(&dashboard).is_empty(), "{name} notices nothing");
    }
}

#[test]
fn panels_ask_for_metrics_and_labels_that_the_gate_has() {
    let listed = tidegate(project(), &["list", "metrics", "--format", "json"]).out;
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    let find = |name: &str| {
        let ends = ["_bucket", "_sum", "_count"];
        let base = ends.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        let items = listed["items"].as_array().into_iter().flatten();
        items.clone().find(|item| item["name"] == name || item["name"] == base).cloned()
    };
    let matcher = Regex::new(r"(\w+)\s*(?:=~|!~|!=|=)").expect("a regex");
    let grouped = Regex::new(r"by \(([^)]*)\)").expect("a regex");
    let mut asked = BTreeSet::new();
    of_targets(&dashboard(), |_, expression| {
        let mut labels: BTreeSet<String> = ["job", "instance", "le"].map(str::to_owned).into();
        for (name, matchers) in selectors(expression) {
            if name.starts_with("process_") {
                continue;
            }
            let metric = find(&name).unwrap_or_else(|| panic!("{name} is no metric: {expression}"));
            let own = metric["labels"].as_str().unwrap_or_default().split(", ");
            labels.extend(own.map(str::to_owned));
            for label in matcher.captures_iter(&matchers) {
                assert!(labels.contains(&label[1]), "{} in {expression}", &label[1]);
            }
            asked.insert(metric["name"].to_string());
        }
        for groups in grouped.captures_iter(expression) {
            for label in groups[1].split(',') {
                assert!(labels.contains(label.trim()), "{label} in {expression}");
            }
        }
        true
    });
    assert!(asked.len() > 20, "{asked:?}");
}

#[test]
fn panels_have_numbers_of_their_own_and_do_not_overlap() {
    let dashboard = dashboard();
    let mut taken = BTreeSet::new();
    let mut numbers = BTreeSet::new();
    for panel in dashboard["panels"].as_array().into_iter().flatten() {
        assert!(numbers.insert(panel["id"].as_u64()), "{}", panel["title"]);
        let at = |key: &str| panel["gridPos"][key].as_u64().expect("a place");
        assert!(at("x") + at("w") <= 24, "{}", panel["title"]);
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(taken.insert((x, y)), "{} lies on another panel", panel["title"]);
            }
        }
    }
}

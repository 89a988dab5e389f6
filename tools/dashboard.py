"""Writes config/grafana/tidegate-overview.json. The rows and panels stand at the end; `--check` only says whether the file is theirs.

    python3 tools/dashboard.py [--check]

`$M` in an expression stands for the matchers of the variables `job` and `instance`, `$R` for the range of a rate, `$A` for the
whole range that is shown.
"""

import json
import pathlib
import sys

FILE = pathlib.Path(__file__).parent.parent / "config/grafana/tidegate-overview.json"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
MATCH = 'job=~"$job",instance=~"$instance"'
COLUMNS = 24
HEIGHT = 8

# Colours say how bad something is, and every series has its name beside it.
ACTIONS = {
    "allow": "green", "tag": "blue", "redact": "yellow", "review": "purple", "respond": "orange", "block": "red",
    "unscannable": "dark-red", "unavailable": "dark-orange",
}


def expression(text):
    return text.replace("$M", MATCH).replace("$R", "$__rate_interval").replace("$A", "$__range")


def quantiles(metric, by="", more="", shown=(0.5, 0.95, 0.99)):
    """Quantiles of a histogram; `by` are labels to tell apart."""
    labels = ", ".join(filter(None, ["le", by]))
    legend = f" {{{{{by}}}}}" if by else ""
    return [
        (f"histogram_quantile({q}, sum by ({labels}) (rate({metric}_bucket{{$M{more}}}[$R])))", f"p{q * 100:g}{legend}")
        for q in shown
    ]


def panel(kind, title, about, unit, *targets, width=8, options=None, defaults=None, overrides=None):
    """A panel; a target is an expression, or one with what its series are called."""
    pairs = [(target, "__auto") if isinstance(target, str) else target for target in targets]
    return {
        "type": kind,
        "title": title,
        "description": about,
        "datasource": SOURCE,
        "gridPos": {"w": width, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": unit, **(defaults or {})}, "overrides": overrides or []},
        "options": options or {},
        "targets": [
            {"refId": chr(ord("A") + number), "datasource": SOURCE, "expr": expression(text), "legendFormat": legend}
            for number, (text, legend) in enumerate(pairs)
        ],
    }


def lines(title, about, unit, *targets, stacked=False, **more):
    custom = {"fillOpacity": 10, "showPoints": "never", "spanNulls": True}
    if stacked:
        custom |= {"fillOpacity": 40, "stacking": {"mode": "normal", "group": "A"}}
    options = {
        "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"]},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    defaults = {"custom": custom, "min": 0, **more.pop("defaults", {})}
    return panel("timeseries", title, about, unit, *targets, options=options, defaults=defaults, **more)


def number(title, about, unit, target, bad_from=None, width=4, mappings=None):
    steps = [{"color": "green", "value": None}] + ([] if bad_from is None else [{"color": "red", "value": bad_from}])
    defaults = {"thresholds": {"mode": "absolute", "steps": steps}, "mappings": mappings or []}
    options = {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value", "graphMode": "area"}
    return panel("stat", title, about, unit, target, width=width, options=options, defaults=defaults)


def bars(title, about, unit, target, **more):
    options = {"orientation": "horizontal", "displayMode": "basic", "reduceOptions": {"calcs": ["lastNotNull"]}}
    made = panel("bargauge", title, about, unit, target, options=options, defaults={"min": 0}, **more)
    made["targets"][0] |= {"instant": True, "range": False}
    return made


def table(title, about, target, hidden, **more):
    made = panel("table", title, about, "short", (target, ""), **more)
    made["targets"][0] |= {"instant": True, "range": False, "format": "table"}
    made["transformations"] = [{"id": "organize", "options": {"excludeByName": {name: True for name in hidden}}}]
    return made


def heatmap(title, about, unit, target, **more):
    made = panel("heatmap", title, about, unit, (target, "{{le}}"), **more)
    made["options"] = {"calculate": False, "yAxis": {"unit": unit}, "color": {"scheme": "Oranges", "mode": "scheme"}}
    made["targets"][0]["format"] = "heatmap"
    return made


def timeline(title, about, words, target, **more):
    """States over time; `words` are number, word and colour."""
    values = {str(value): {"text": text, "color": colour} for value, text, colour in words}
    defaults = {"mappings": [{"type": "value", "options": values}], "custom": {"fillOpacity": 70}}
    return panel("state-timeline", title, about, "short", target, defaults=defaults, **more)


def words(**options):
    return [{"type": "value", "options": {key[1:]: {"text": text, "color": colour} for key, (text, colour) in options.items()}}]


def coloured(colours):
    return [
        {
            "matcher": {"id": "byName", "options": name},
            "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": colour}}],
        }
        for name, colour in colours.items()
    ]


def variable(name, query):
    return {
        "name": name,
        "label": name,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "sort": 1,
        "includeAll": True,
        "multi": True,
        "allValue": ".+",
        "current": {"text": "All", "value": "$__all"},
    }


def annotation(name, colour, text):
    return {
        "name": name,
        "enable": True,
        "datasource": SOURCE,
        "expr": expression(text),
        "step": "60s",
        "titleFormat": name,
        "textFormat": "{{instance}}",
        "iconColor": colour,
    }


def laid_out(rows):
    """Gives panels their numbers and places, row by row, from left to right."""
    panels, down = [], 0
    for title, members in rows:
        panels.append({"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": {"x": 0, "y": down, "w": COLUMNS, "h": 1}})
        down, across = down + 1, 0
        for one in members:
            if across + one["gridPos"]["w"] > COLUMNS:
                down, across = down + HEIGHT, 0
            one["gridPos"] = {"x": across, "y": down, **one["gridPos"]}
            across += one["gridPos"]["w"]
            panels.append(one)
        down += HEIGHT
    return [{"id": number, **one} for number, one in enumerate(panels, 1)]


STOPS = 'action=~"block|respond"'


def verdicts(which, by):
    """What people said of items in the whole range. Gates that share a store all count it, so it is the most that any of them counted."""
    return f"sum by ({by}) (max by (job, queue, rule, verdict) (increase(tidegate_review_decisions_total{{$M,{which}}}[$A])))"


def ratings(which=""):
    return f"sum by (scale) (increase(tidegate_feedback_ratings_total{{$M{which}}}[$A]))"


ALL_DECISIONS = "sum(rate(tidegate_decisions_total{$M}[$R]))"

ROWS = [
    ("Overview", [
        lines("Decisions by action", "Decisions that took effect, one for each prompt and each answer.", "ops",
              'sum by (action) (rate(tidegate_decisions_total{$M,mode="enforce"}[$R]))',
              width=12, stacked=True, overrides=coloured(ACTIONS)),
        number("Blocked", "Share of decisions that blocked a text or answered in the model's place.", "percentunit",
               f'sum(rate(tidegate_decisions_total{{$M,{STOPS},mode="enforce"}}[$R])) / {ALL_DECISIONS}'),
        number("Would have blocked", "Share of decisions that policies and rules on trial (shadow) would have blocked.", "percentunit",
               f'sum(rate(tidegate_decisions_total{{$M,{STOPS},mode="shadow"}}[$R])) / {ALL_DECISIONS}'),
        number("Not screened", "Texts and parts that passed unscreened or could not be screened. Should be 0; the alert "
               "TidegateUnmoderatedTraffic says what to do.", "ops",
               "sum(rate(tidegate_unmoderated_total{$M}[$R]))", bad_from=0.001),
        lines("Added latency", "What the gate adds to an exchange: its whole time less that of the upstream; the time of screening of streams.", "s",
              *quantiles("tidegate_overhead_duration_seconds"), width=12),
        table("Policies in force", "Names and revisions; the revision is a hash of the policy's files. Two revisions of one name mean that instances differ.",
              "sum by (policy, revision) (tidegate_policy_info{$M})", ["Time"], width=8),
        number("Last edit", "Whether the last edit of policies was applied. On refused, the policy before it is still in force: TidegatePolicyReloadFailed.",
               "short", "min(tidegate_policy_last_reload_successful{$M})", mappings=words(_0=("refused", "red"), _1=("in force", "green"))),
    ]),
    ("Rules", [
        bars("Rules that match most", "Matches of the ten busiest rules, those on trial included.", "ops",
             "topk(10, sum by (rule, mode) (rate(tidegate_rule_matches_total{$M}[$R])))"),
        lines("Decisions by category", "Decisions in which a rule with a category had a say, with what would have been done.", "ops",
              'sum by (category) (rate(tidegate_decisions_total{$M,category!="none"}[$R]))', stacked=True),
        heatmap("Scores", "How high the totals of scores were, decision by decision.", "short",
                "sum by (le) (increase(tidegate_decision_score_bucket{$M}[$R]))"),
        lines("Redactions by detector", "Spans that were replaced, by the name that stands in their place.", "ops",
              "sum by (detector) (rate(tidegate_redactions_total{$M}[$R]))", stacked=True),
        lines("Rules on trial", "Matches of rules in shadow mode: what they would have touched.", "ops",
              'topk(10, sum by (rule) (rate(tidegate_rule_matches_total{$M,mode="shadow"}[$R])))'),
        bars("Overturned by reviewers", "Share of judgements of a rule's decisions in the time that is shown that say that it was wrong; the ten worst rules. "
             "Who is unsure says neither. The alert TidegateRuleOverturned says what to do.", "percentunit",
             "topk(10, " + verdicts('rule!="none",verdict="overturned"', "rule") + " / ("
             + verdicts('rule!="none",verdict=~"upheld|overturned"', "rule") + " > 0))"),
        lines("Not screened, by reason", "Why texts and parts were not or could not be screened.", "ops",
              "sum by (phase, reason) (rate(tidegate_unmoderated_total{$M}[$R]))", width=24, stacked=True),
    ]),
    ("Classifiers", [
        lines("Texts judged, by outcome", "What came of texts that a classifier was to judge; all but ok and cached went without its answer.", "ops",
              "sum by (classifier, outcome) (rate(tidegate_classifier_requests_total{$M}[$R]))", width=12, stacked=True),
        lines("Time of an answer", "Until a classifier had answered about a text or was given up, queueing included.", "s",
              *quantiles("tidegate_classifier_duration_seconds", by="classifier", shown=(0.5, 0.95)), width=12),
        lines("Decided without it", "Texts about which a classifier did not answer, by what was done instead; skip is failing open.", "ops",
              "sum by (classifier, fallback) (rate(tidegate_fallbacks_total{$M}[$R]))", stacked=True),
        timeline("Circuits", "Whether a classifier is asked: an open circuit asks nobody for a while. The worst of all instances.",
                 [(0, "closed", "green"), (1, "half open", "yellow"), (2, "open", "red")],
                 'max by (classifier) (2 * tidegate_classifier_circuit_state{$M,state="open"} or '
                 'tidegate_classifier_circuit_state{$M,state="half_open"} or 0 * tidegate_classifier_circuit_state{$M,state="closed"})'),
        lines("Who found something", "Texts that a classifier judged: found by it alone, by other rules alone, by both, by neither.", "ops",
              "sum by (classifier, found_by) (rate(tidegate_classifier_agreement_total{$M}[$R]))", stacked=True),
    ]),
    ("Streams", [
        lines("Text held now", "Bytes of answers that are kept back from clients now.", "bytes",
              "sum by (instance) (tidegate_stream_held_bytes{$M})", width=6),
        lines("Text held, by piece", "Bytes that were kept back when a piece of an answer went out.", "bytes",
              *quantiles("tidegate_stream_hold_bytes", shown=(0.5, 0.99)), width=6),
        lines("Time held, by piece", "How long the oldest text of a piece was kept back before it went out.", "s",
              *quantiles("tidegate_stream_hold_seconds", shown=(0.5, 0.99)), width=6),
        lines("Streams cut", "Streams that a decision cut, by action and by whether the client had text before.", "ops",
              "sum by (action, text_already_sent) (rate(tidegate_stream_cut_total{$M}[$R]))", width=6, stacked=True),
    ]),
    ("Proxy and upstream", [
        lines("Requests by status", "Requests that were answered, by final status code.", "reqps",
              "sum by (code) (rate(tidegate_http_requests_total{$M}[$R]))", stacked=True),
        lines("In flight", "Requests that are being handled now, open streams included, and open connections.", "short",
              ("sum by (route) (tidegate_http_requests_in_flight{$M})", "requests {{route}}"),
              ("sum by (listener) (tidegate_http_connections{$M})", "connections {{listener}}")),
        lines("Refused", "Requests that were refused before a policy was asked, by reason.", "reqps",
              "sum by (reason) (rate(tidegate_http_rejected_total{$M}[$R]))", stacked=True),
        lines("Upstream calls by outcome", "How calls of model servers ended.", "reqps",
              "sum by (upstream, outcome) (rate(tidegate_upstream_requests_total{$M}[$R]))", stacked=True),
        lines("Time to first chunk", "From asking a model server to the first chunk of a streamed answer.", "s",
              *quantiles("tidegate_upstream_time_to_first_chunk_seconds", by="upstream", shown=(0.5, 0.95))),
        lines("Time of an answer of the upstream", "From asking a model server to the last byte of its answer.", "s",
              *quantiles("tidegate_upstream_request_duration_seconds", by="upstream", shown=(0.5, 0.95))),
    ]),
    ("People", [
        lines("Items in review", "Items of the review queues that nobody has settled yet. Gates that share a store all show it, so it is the most that any of them shows.",
              "short", 'max by (queue, state) (tidegate_review_items{$M,state!="settled"})', stacked=True),
        lines("Oldest open item", "How long the oldest item of a review queue has waited; the alert TidegateReviewBacklog is at a day.", "s",
              "max by (queue) (tidegate_review_oldest_item_age_seconds{$M})"),
        lines("Judgements", "What reviewers said of decisions: they were right (upheld), wrong (overturned), or it cannot be told (unsure).", "ops",
              "sum by (verdict) (max by (job, queue, rule, verdict) (rate(tidegate_review_decisions_total{$M}[$R])))", stacked=True),
        lines("Feedback", "What users said of decisions, by what it was and its label.", "ops",
              "sum by (source, label) (rate(tidegate_feedback_total{$M}[$R]))", stacked=True),
        number("Net promoter score", "Ratings in the time that is shown: promoters less detractors, per hundred ratings, for each scale. From -100 to 100.", "short",
               ("100 * (" + ratings(',answer="promoter"') + " - " + ratings(',answer="detractor"') + ") / (" + ratings() + " > 0)", "to {{scale}}")),
        number("Store", "Whether the gates reach their store; the worst of them. Nothing where there is none. On away: TidegateStoreAway.", "short",
               "min(tidegate_store_up{$M})", mappings=words(_0=("away", "red"), _1=("in reach", "green"))),
        lines("Not kept", "Decisions that the store did not take, so that nobody can speak of them. Should be 0.", "ops",
              'sum by (instance) (rate(tidegate_audit_events_dropped_total{$M,sink="store"}[$R]))'),
        lines("Moving thresholds", "Thresholds of rules that follow what reviewers judge: as written, in force, and in shadow where they would stand.", "short",
              "max by (policy, rule, state) (tidegate_adapt_threshold{$M})"),
    ]),
    ("Process", [
        lines("Busy threads", "Share of its time that each serving thread works; 100 % is one core.", "percentunit",
              "max by (runtime) (rate(tokio_busy_seconds_total{$M}[$R]))", width=6),
        lines("Memory", "Resident memory of the process.", "bytes",
              "sum by (instance) (process_resident_memory_bytes{$M})", width=6),
        lines("Text screened", "Bytes of prompts and answers that were screened.", "Bps",
              "sum by (phase) (rate(tidegate_moderated_bytes_total{$M}[$R]))", width=6, stacked=True),
        lines("Contained mistakes, lost records", "Panics that were contained and decision records that could not be written. Should be 0.", "ops",
              ("sum by (part) (rate(tidegate_panics_total{$M}[$R]))", "panics {{part}}"),
              ("sum by (sink) (rate(tidegate_audit_events_dropped_total{$M}[$R]))", "records {{sink}}"), width=6),
    ]),
]

DASHBOARD = {
    "uid": "tidegate-overview",
    "title": "Tidegate",
    "description": "Moderation of LLM traffic: decisions, rules, classifiers, streams, proxy, people.",
    "tags": ["tidegate", "llm", "moderation"],
    "schemaVersion": 39,
    "editable": False,
    "graphTooltip": 1,
    "refresh": "30s",
    "time": {"from": "now-6h", "to": "now"},
    "annotations": {
        "list": [
            annotation("Policy changed", "blue", "changes(tidegate_policy_last_reload_success_timestamp_seconds{$M}[1m]) > 0"),
            annotation("Policy edit refused", "red", "tidegate_policy_last_reload_successful{$M} == 0"),
        ]
    },
    "templating": {
        "list": [
            {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "current": {}},
            variable("job", "label_values(tidegate_build_info, job)"),
            variable("instance", 'label_values(tidegate_build_info{job=~"$job"}, instance)'),
        ]
    },
    "panels": laid_out(ROWS),
}

if __name__ == "__main__":
    text = json.dumps(DASHBOARD, indent=1, ensure_ascii=False) + "\n"
    if "--check" not in sys.argv[1:]:
        FILE.write_text(text, encoding="utf-8")
    elif FILE.read_text(encoding="utf-8") != text:
        sys.exit(f"{FILE.name} is not what tools/dashboard.py writes; run `make docs`")

DROP INDEX decisions_by_time;
CREATE INDEX decisions_by_time ON decisions (at, id, policy, would_be, enforced, rule, category);
CREATE INDEX decisions_by_rule ON decisions (rule, at, id, policy) WHERE rule IS NOT NULL;
CREATE INDEX decisions_flagged ON decisions (would_be, at, id, policy) WHERE would_be <> 'allow';
CREATE INDEX feedback_by_kind ON feedback (kind, id);
CREATE INDEX items_by_rule ON items (policy, rule, state);
CREATE INDEX ledger_by_actor ON ledger (actor, seq);
CREATE INDEX ledger_by_act ON ledger (act, seq);

CREATE TABLE decisions (
  id TEXT NOT NULL,
  at BIGINT NOT NULL,
  caller TEXT NOT NULL,
  request TEXT NOT NULL,
  route TEXT NOT NULL,
  policy TEXT NOT NULL,
  revision TEXT NOT NULL,
  phase TEXT NOT NULL,
  action TEXT NOT NULL,
  would_be TEXT NOT NULL,
  enforced BIGINT NOT NULL,
  rule TEXT,
  category TEXT,
  score DOUBLE PRECISION NOT NULL,
  model TEXT NOT NULL,
  record TEXT NOT NULL,
  texts TEXT,
  kin TEXT NOT NULL,
  weight BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  PRIMARY KEY (id, policy)
);
CREATE INDEX decisions_by_time ON decisions (at);
CREATE INDEX decisions_by_request ON decisions (request);
CREATE INDEX decisions_by_expiry ON decisions (expires);

CREATE TABLE feedback (
  id TEXT PRIMARY KEY,
  decision TEXT NOT NULL,
  at BIGINT NOT NULL,
  caller TEXT NOT NULL,
  kind TEXT NOT NULL,
  label TEXT,
  category TEXT,
  thumb TEXT,
  rating BIGINT,
  scale BIGINT,
  comment TEXT,
  reporter TEXT,
  replay TEXT NOT NULL,
  digest TEXT NOT NULL,
  route TEXT NOT NULL,
  policy TEXT NOT NULL,
  item TEXT,
  expires BIGINT NOT NULL,
  UNIQUE (caller, replay)
);
CREATE INDEX feedback_by_decision ON feedback (decision);
CREATE INDEX feedback_by_time ON feedback (at);
CREATE INDEX feedback_by_expiry ON feedback (expires);

CREATE TABLE items (
  id TEXT PRIMARY KEY,
  at BIGINT NOT NULL,
  queue TEXT NOT NULL,
  source TEXT NOT NULL,
  decision TEXT NOT NULL,
  policy TEXT NOT NULL,
  rule TEXT,
  category TEXT,
  score DOUBLE PRECISION NOT NULL,
  share DOUBLE PRECISION NOT NULL,
  kin TEXT NOT NULL,
  state TEXT NOT NULL,
  wanted BIGINT NOT NULL,
  claimed_by TEXT,
  claimed_until BIGINT NOT NULL,
  outcome TEXT,
  outcome_category TEXT,
  settled_at BIGINT,
  expires BIGINT NOT NULL,
  UNIQUE (decision, source, policy)
);
CREATE INDEX items_by_state ON items (state, queue, at);
CREATE INDEX items_by_kin ON items (kin);
CREATE INDEX items_by_expiry ON items (expires);

CREATE TABLE judgements (
  id TEXT PRIMARY KEY,
  item TEXT NOT NULL,
  at BIGINT NOT NULL,
  reviewer TEXT NOT NULL,
  judgement TEXT NOT NULL,
  category TEXT,
  note TEXT,
  edited TEXT,
  undone_at BIGINT,
  expires BIGINT NOT NULL
);
CREATE INDEX judgements_by_item ON judgements (item);
CREATE INDEX judgements_by_time ON judgements (at);
CREATE INDEX judgements_by_expiry ON judgements (expires);

CREATE TABLE ledger (
  seq BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  actor TEXT NOT NULL,
  act TEXT NOT NULL,
  object TEXT NOT NULL,
  line TEXT NOT NULL,
  detail TEXT
);
CREATE INDEX ledger_by_time ON ledger (at);
CREATE INDEX ledger_by_object ON ledger (object);

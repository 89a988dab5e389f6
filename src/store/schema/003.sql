ALTER TABLE items ADD COLUMN scores TEXT;
CREATE INDEX items_by_settling ON items (policy, settled_at);

CREATE TABLE thresholds (
  policy TEXT NOT NULL,
  rule TEXT NOT NULL,
  basis TEXT NOT NULL,
  scorer TEXT NOT NULL,
  category TEXT,
  state TEXT NOT NULL,
  target_is TEXT NOT NULL,
  target DOUBLE PRECISION NOT NULL,
  low DOUBLE PRECISION NOT NULL,
  high DOUBLE PRECISION NOT NULL,
  written DOUBLE PRECISION NOT NULL,
  threshold DOUBLE PRECISION NOT NULL,
  begun BIGINT NOT NULL,
  moved BIGINT,
  lowered BIGINT,
  looked BIGINT,
  reason TEXT NOT NULL,
  evidence TEXT NOT NULL,
  PRIMARY KEY (policy, rule, basis)
);

CREATE TABLE adaptations (
  id TEXT PRIMARY KEY,
  at BIGINT NOT NULL,
  policy TEXT NOT NULL,
  rule TEXT NOT NULL,
  act TEXT NOT NULL,
  actor TEXT NOT NULL,
  shadow BIGINT NOT NULL,
  from_threshold DOUBLE PRECISION NOT NULL,
  to_threshold DOUBLE PRECISION NOT NULL,
  evidence TEXT NOT NULL
);
CREATE INDEX adaptations_by_rule ON adaptations (policy, rule, id);

# The targets are the CI steps: `.ci/run` calls `make lint` and `make test`.
CARGO ?= cargo
VENV ?= .venv
FUZZ_SECONDS ?= 60
TIDEGATE_BIN ?= $(shell $(CARGO) metadata --format-version 1 --no-deps 2>/dev/null | python3 -c 'import json,sys;print(json.load(sys.stdin)["target_directory"])' 2>/dev/null)/debug/tidegate

.PHONY: schemas docs book help run test unit policies differential store-test console-test sdk-test eval-test scan-test onnx-test hooks-test observability-test otlp-test deploy-test h2spec fuzz evasion lint bench bench-proxy model manifests release

help: ## list the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

run: ## build, and run the gate on 127.0.0.1:8080 in front of the demo model (TIDEGATE_UPSTREAM=https://… for a real one)
	$(CARGO) run --release --locked --bin tidegate -- serve --config config/tidegate.yaml

test: unit policies differential store-test console-test sdk-test eval-test scan-test onnx-test hooks-test observability-test otlp-test deploy-test fuzz ## everything: unit, property, integration and documentation tests, policy tests, parsers, official SDKs, figures, Parquet, Spark, a real transformer, real classifier servers, SQLite and PostgreSQL, the console in a browser, Prometheus, traces, deployments, fuzzing

unit:
	$(CARGO) test --locked --quiet

policies:
	$(CARGO) build --locked --quiet --bin tidegate
	$(TIDEGATE_BIN) check --config config/tidegate.yaml --deny-warnings
	$(TIDEGATE_BIN) test --config config/tidegate.yaml --coverage

differential: ## the same bytes to the gate and to parsers of Python and Node; DIFFERENTIAL_SEED, DIFFERENTIAL_COUNT
	$(CARGO) build --locked --quiet --bin tidegate
	TIDEGATE_BIN=$(TIDEGATE_BIN) sh tests/differential/run.sh

sdk-test: ## the official SDKs in Python and JavaScript against the binary; docs/dialects.md shows what they see
	$(CARGO) build --locked --quiet --bin tidegate
	TIDEGATE_BIN=$(TIDEGATE_BIN) sh tests/sdk/run.sh

eval-test: ## the figures of `tidegate eval` against scikit-learn; EVAL_SEED for other data
	$(CARGO) build --locked --quiet --bin tidegate
	TIDEGATE_BIN=$(TIDEGATE_BIN) sh tests/eval/run.sh

scan-test: ## `tidegate scan` with Parquet against pyarrow, and under Spark (needs Java); SCAN_SEED for other data
	$(CARGO) build --locked --quiet --bin tidegate
	TIDEGATE_BIN=$(TIDEGATE_BIN) sh tests/scan/run.sh

onnx-test: ## embeddings of a real transformer against onnxruntime
	sh tests/onnx/run.sh

hooks-test: ## remote classifiers of others behind the gate: a Presidio analyzer, MLServer (KServe v2), the detectors of TrustyAI
	$(CARGO) build --locked --quiet --bin tidegate
	TIDEGATE_BIN=$(TIDEGATE_BIN) sh tests/hooks/run.sh

observability-test: ## a real Prometheus scrapes the gate: metrics, every panel of the dashboard, alerts (half a minute)
	$(CARGO) build --locked --quiet --bin tidegate
	TIDEGATE_BIN=$(TIDEGATE_BIN) sh tests/observability/run.sh

otlp-test: ## spans of the gate, read by OpenTelemetry's own definitions
	$(CARGO) build --locked --quiet --bin tidegate
	TIDEGATE_BIN=$(TIDEGATE_BIN) sh tests/otlp/run.sh

deploy-test: ## image, manifests, units and release files by their own tools, and what they start for real
	$(CARGO) build --locked --quiet --bin tidegate
	TIDEGATE_BIN=$(TIDEGATE_BIN) sh tests/deploy/run.sh

store-test: ## the store in SQLite and a real PostgreSQL: one contract, gates that share it, gates and databases that are killed (STORE_KILLS times each, 25)
	$(CARGO) build --locked --quiet --bin tidegate
	TIDEGATE_BIN=$(TIDEGATE_BIN) sh tests/store/run.sh

console-test: ## the console: who may do what, an identity provider, its interface by its own description, every page in Chromium (CONSOLE_IMAGES=1 writes docs/pictures)
	$(CARGO) build --locked --quiet --bin tidegate
	TIDEGATE_BIN=$(TIDEGATE_BIN) sh tests/console/run.sh

h2spec: ## HTTP/2 conformance, where h2spec is installed
	$(CARGO) build --locked --quiet --bin tidegate
	TIDEGATE_BIN=$(TIDEGATE_BIN) sh tests/h2spec.sh

fuzz: ## each fuzz target for FUZZ_SECONDS (60); installs cargo-fuzz where it is missing
	sh fuzz/run.sh $(FUZZ_SECONDS)

evasion: ## all disguises of the catalogue against the gate (minutes); writes docs/evasion.md. EVASION_ROWS=C22,H03 tries these alone
	$(CARGO) test --locked --test evasion -- --ignored --nocapture

lint: ## formatting, clippy, documentation
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check
	$(CARGO) clippy --locked --all-targets --quiet -- -D warnings
	RUSTDOCFLAGS=-Dwarnings $(CARGO) doc --locked --no-deps --document-private-items --quiet
	@if command -v cargo-deny >/dev/null; then $(CARGO) deny check; else echo "skipped: cargo-deny is not installed (cargo install cargo-deny --locked)"; fi

schemas: ## write the JSON schemas that editors check config/ with
	$(CARGO) build --locked --quiet --bin tidegate
	for what in server policy test dialect identities recipe; do $(TIDEGATE_BIN) schema $$what > config/schemas/$$what.schema.json || exit 1; done

docs: ## write what comes from the code: the table of metrics, the dashboard
	$(CARGO) build --locked --quiet --bin tidegate
	$(TIDEGATE_BIN) list metrics --format markdown | python3 tools/metrics_doc.py docs/metrics.md
	python3 tools/dashboard.py

manifests: ## write what manifests take from other files: the alerts, for the Prometheus operator
	python3 tools/prometheus_rule.py

book: ## the pages below docs/ as one book in target/book, where mdBook is installed
	@if command -v mdbook >/dev/null; then mdbook build; else echo "skipped: mdbook is not installed (cargo install mdbook --locked)"; fi

bench: ## how fast text is screened, and what the gate holds; docs/benchmarks.md says what it means
	$(CARGO) bench --locked --bench screening --bench streams --bench views --bench classifier --bench scan

model: ## train config/models/default.tgm and write its figures into its card; DATA=FOLDER has the labelled texts that config/models/default.md lists
	@if [ -z "$(DATA)" ] || [ ! -d "$(DATA)" ]; then echo "make model needs labelled texts: DATA=FOLDER with .jsonl or .jsonl.gz files (config/models/default.md says which); \"$(DATA)\" is no folder"; exit 2; fi
	$(CARGO) run --release --locked --quiet --bin tidegate -- train "$(DATA)" $(wildcard config/models/texts.jsonl.gz) --recipe config/models/recipe.yaml --output config/models/default.tgm --report target/training.json
	$(CARGO) run --release --locked --quiet --bin tidegate -- eval --model config/models/default.tgm --format json > target/balanced.json
	$(CARGO) run --release --locked --quiet --bin tidegate -- eval --model config/models/default.tgm --preset low --format json > target/low.json
	python3 tools/model_card.py target/training.json config/models/recipe.yaml config/models/default.md target/balanced.json target/low.json

bench-proxy: ## what the proxy adds, against nginx where it is installed (some six minutes)
	$(CARGO) bench --locked --bench proxy

release: ## a release build, packed into dist/: binary, completions, man pages, licences, bill of materials, sums
	$(CARGO) build --release --locked --bin tidegate
	python3 tools/release.py --binary $(dir $(TIDEGATE_BIN))../release/tidegate --output dist

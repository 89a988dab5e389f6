"""Writes the object that brings the alerts to the Prometheus operator: config/prometheus/rules.yml below a head of its own.

    python3 tools/prometheus_rule.py          # writes deploy/kubernetes/overlays/monitoring/prometheusrule.yaml
    python3 tools/prometheus_rule.py --check  # fails if that file is not what would be written
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "config/prometheus/rules.yml"
OBJECT = ROOT / "deploy/kubernetes/overlays/monitoring/prometheusrule.yaml"

HEAD = """\
# Written by `make manifests` from config/prometheus/rules.yml; edit that file.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: { name: tidegate, labels: { app.kubernetes.io/name: tidegate } }
spec:
"""


def text() -> str:
    lines = RULES.read_text(encoding="utf-8").splitlines()
    return HEAD + "".join(f"  {line}\n" if line.strip() else "\n" for line in lines)


def main() -> int:
    if sys.argv[1:] == ["--check"]:
        if OBJECT.is_file() and OBJECT.read_text(encoding="utf-8") == text():
            return 0
        print(f"{OBJECT.relative_to(ROOT)} is not what {RULES.relative_to(ROOT)} says; run `make manifests`", file=sys.stderr)
        return 1
    OBJECT.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The built-in detectors of TrustyAI on the loopback address: `python detectors.py PORT`.

The application is the one of the package `guardrails-detectors`, unchanged. Its modules import one another by the names that they
have in its container, so these names are given to the modules of the package first.
"""

import importlib
import sys

import uvicorn

PACKAGE = "guardrails_detectors"
sys.modules["detectors"] = importlib.import_module(PACKAGE)
for name, module in {
    "detectors.common": "common",
    "detectors.common.scheme": "common.scheme",
    "base_detector_registry": "built_in.base_detector_registry",
}.items():
    sys.modules[name] = importlib.import_module(f"{PACKAGE}.{module}")

app = importlib.import_module(f"{PACKAGE}.built_in.app").app

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")

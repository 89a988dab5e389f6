"""A Presidio analyzer on the loopback address: `python presidio.py PORT`.

The engine, its recognizers, its configuration and its reading of a request are Presidio's own, from PyPI. The package does not have
the REST application of Presidio's container, so `/analyze` is served here as that application serves it: the same members in and out,
findings in the order of the engine, offsets in code points, an error as `{"error": …}` with 500.
"""

import json
import pathlib
import sys

import tldextract
from flask import Flask, Response, jsonify, request
from presidio_analyzer import AnalyzerEngineProvider, AnalyzerRequest, BatchAnalyzerEngine
from werkzeug.serving import make_server

HERE = pathlib.Path(__file__).parent


def application():
    # The recognizer of mail addresses would fetch a newer list of public suffixes than its package has.
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    engine = AnalyzerEngineProvider(
        analyzer_engine_conf_file=HERE / "presidio" / "analyzer.yaml",
        nlp_engine_conf_file=HERE / "presidio" / "nlp.yaml",
        recognizer_registry_conf_file=HERE / "presidio" / "recognizers.yaml",
    ).create_engine()
    batches = BatchAnalyzerEngine(engine)
    app = Flask("presidio")

    @app.get("/health")
    def health():
        return "up"

    @app.post("/analyze")
    def analyze():
        try:
            asked = AnalyzerRequest(request.get_json())
            if not asked.text or not asked.language:
                raise ValueError("`text` and `language` are needed")
            texts = asked.text if isinstance(asked.text, list) else [asked.text]
            found = list(batches.analyze_iterator(
                texts=texts, language=asked.language, entities=asked.entities, score_threshold=asked.score_threshold,
                return_decision_process=asked.return_decision_process, ad_hoc_recognizers=asked.ad_hoc_recognizers,
                context=asked.context, allow_list=asked.allow_list))
        except Exception as problem:
            return jsonify(error=str(problem)), 500
        # The container leaves out what the engine notes about the recognizer.
        found = [[{key: value for key, value in one.to_dict().items() if key != "recognition_metadata"} for one in of] for of in found]
        answer = found if isinstance(asked.text, list) else found[0]
        return Response(json.dumps(answer, default=str, sort_keys=True), content_type="application/json")

    return app


if __name__ == "__main__":
    make_server("127.0.0.1", int(sys.argv[1]), application(), threaded=True).serve_forever()

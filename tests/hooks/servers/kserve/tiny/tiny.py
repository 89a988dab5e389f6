"""The tiny classifier of tests/onnx as a model of MLServer: texts in (BYTES), probabilities of three classes out (FP32)."""

import pathlib

import numpy as np
import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.errors import InferenceError
from mlserver.types import InferenceResponse
from tokenizers import Tokenizer

FILES = pathlib.Path(__file__).resolve().parents[4] / "onnx" / "tiny"


class Tiny(MLModel):
    async def load(self) -> bool:
        self.tokenizer = Tokenizer.from_file(str(FILES / "tokenizer.json"))
        self.tokenizer.no_truncation()
        self.tokenizer.enable_padding()
        self.session = onnxruntime.InferenceSession(FILES / "classifier.onnx", providers=["CPUExecutionProvider"])
        return True

    async def predict(self, payload):
        if [one.name for one in payload.inputs] != ["text"]:
            raise InferenceError("one input `text` is needed")
        encoded = self.tokenizer.encode_batch(StringCodec.decode_input(payload.inputs[0]))
        feeds = {
            "input_ids": np.array([one.ids for one in encoded], dtype=np.int64),
            "attention_mask": np.array([one.attention_mask for one in encoded], dtype=np.int64),
        }
        (logits,) = self.session.run(["logits"], feeds)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = powers / powers.sum(axis=1, keepdims=True)
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("probabilities", probabilities)])

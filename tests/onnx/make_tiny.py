"""Writes the tiny models in tiny/: a classifier and an encoder of a few kilobytes, and broken relatives of them.

    python make_tiny.py        (needs `onnx` and `numpy`: see requirements.txt)

Word number `t` has row `t` of a table; the classifier gives a row's sum over the text, the encoder the rows themselves.
The words are chosen so that one can work out by hand what comes of a text; src/detect/onnx/tests.rs does.
"""
import json
import pathlib

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

OUT = pathlib.Path(__file__).parent / "tiny"
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "bad", "day", "vermin", "坏", "好"]


def tokenizer(words):
    """A WordPiece tokenizer as BERT has it; its own padding and truncation have to be left out by whoever reads it."""
    special = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3}
    added = [
        {"id": number, "content": word, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
         "special": True}
        for word, number in special.items()
    ]
    one = lambda name: {"SpecialToken": {"id": name, "type_id": 0}}
    text = {"Sequence": {"id": "A", "type_id": 0}}
    return {
        "version": "1.0",
        "truncation": {"max_length": 8, "strategy": "LongestFirst", "stride": 0, "direction": "Right"},
        "padding": {"strategy": {"Fixed": 8}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0,
                    "pad_type_id": 0, "pad_token": "[PAD]"},
        "added_tokens": added,
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                       "strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [one("[CLS]"), text, one("[SEP]")],
            "pair": [one("[CLS]"), text, one("[SEP]"), {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {name: {"id": name, "ids": [special[name]], "tokens": [name]}
                               for name in ("[CLS]", "[SEP]")},
        },
        "decoder": None,
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100, "vocab": {word: n for n, word in enumerate(words)}},
    }


def table(rows):
    """A row for each word: columns are what each class gets."""
    values = np.zeros((len(WORDS), 3), dtype=np.float32)
    for word, row in rows.items():
        values[WORDS.index(word)] = row
    return values


# Columns: fine, hate, violence. Powers of two are exact in every order of adding.
TABLE = table({
    "good": [2, 0, 0], "好": [2, 0, 0], "day": [0.5, 0, 0],
    "bad": [0, 2, 0.5], "坏": [0, 2, 0.5], "vermin": [0, 4, 0],
})


def number_input(name):
    return helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])


def model(nodes, inputs, output, shape, constants, name):
    info = helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)
    tensors = [numpy_helper.from_array(value, key) for key, value in constants.items()]
    graph = helper.make_graph(nodes, name, inputs, [info], tensors)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="tidegate-tests")
    made.ir_version = 8
    checker.check_model(made)
    save(made, OUT / f"{name}.onnx")


def masked(extra=()):
    """Rows of the words, those that are masked as zeros."""
    return [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["column"]),
        helper.make_node("Mul", ["rows", "column"], ["masked"]),
        *extra,
    ]


BASE = {"table": TABLE, "last": np.array([2]), "middle": np.array([1])}
BOTH = [number_input("input_ids"), number_input("attention_mask")]

def main():
    OUT.mkdir(exist_ok=True)
    write = lambda name, words: (OUT / name).write_text(
        json.dumps(tokenizer(words), ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    write("tokenizer.json", WORDS)
    write("larger.json", WORDS + ["one", "too", "many"])
    summed = helper.make_node("ReduceSum", ["masked", "middle"], ["logits"], keepdims=0)
    model(masked([summed]), BOTH, "logits", ["batch", 3], BASE, "classifier")
    types = masked([
        helper.make_node("Cast", ["token_type_ids"], ["types"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["types", "last"], ["type_column"]),
        helper.make_node("Add", ["masked", "type_column"], ["last_hidden_state"]),
    ])
    model(types, [*BOTH, number_input("token_type_ids")], "last_hidden_state", ["batch", "sequence", 3], BASE, "encoder")
    # An input that nobody knows.
    extra = helper.make_node("Add", ["input_ids", "pixel_values"], ["sum"])
    model([extra, helper.make_node("Cast", ["sum"], ["logits"], to=TensorProto.FLOAT)],
          [number_input("input_ids"), number_input("pixel_values")], "logits", ["batch", "sequence"], {}, "pixels")
    # No place for the tokens.
    model([helper.make_node("Cast", ["tokens"], ["logits"], to=TensorProto.FLOAT)], [number_input("tokens")], "logits",
          ["batch", "sequence"], {}, "nameless")
    # Not a number, once a text has the word `vermin` more than 130 times: the logarithm is that of a negative number.
    nan = helper.make_node("Log", ["shifted"], ["logits"])
    shift = helper.make_node("Sub", ["limit", "sums"], ["shifted"])
    sums = helper.make_node("ReduceSum", ["masked", "middle"], ["sums"], keepdims=0)
    model(masked([sums, shift, nan]), BOTH, "logits", ["batch", 3],
          {**BASE, "limit": np.array([520], dtype=np.float32)}, "nan")
    # Texts of one length.
    fixed = helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, 16])
    cast = helper.make_node("Cast", ["input_ids"], ["logits"], to=TensorProto.FLOAT)
    model([cast], [fixed], "logits", [1, 16], {}, "fixed")
    # Positions up to 64 tokens: longer texts find no row.
    positions = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
        helper.make_node("Add", ["rows", "positions"], ["placed"]),
        helper.make_node("ReduceSum", ["placed", "middle"], ["logits"], keepdims=0),
    ]
    cut = [
        helper.make_node("Shape", ["input_ids"], ["shape"]),
        helper.make_node("Gather", ["shape", "one"], ["length"]),
        helper.make_node("Range", ["zero", "length", "one_more"], ["places"]),
        helper.make_node("Gather", ["places_table", "places"], ["positions"]),
    ]
    model(cut + positions, [number_input("input_ids")], "logits", ["batch", 3],
          {**BASE, "one": np.array(1), "zero": np.array(0), "one_more": np.array(1),
           "places_table": np.zeros((64, 3), dtype=np.float32)}, "short")


if __name__ == "__main__":
    main()

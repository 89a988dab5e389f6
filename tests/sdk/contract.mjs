// What every SDK has to see, whatever its wire format. A suite says how to ask and what its own endings are called.
import assert from "node:assert/strict";
import { REFUSALS, blockedPrompts, describe, gated, proves, raised, received, record, screened, seen, statusOf } from "./common.mjs";

const words = ["all is fine and then ", "一切都好然后"];

export function contract(suite) {
  const {
    sdk, whole, streamed,
    natural = "stop", stopped = "content_filter", called = "tool_calls", // how answers end
    failed = [], // how a stream ends whose model died, where it raises nothing
    refusal, // whether an exception is that of a blocked prompt
    unasked, // how an answer ends whose prompt was blocked, in a format without an exception for it
    outage, // whether an exception is that of a model that is ill
    breaks = outage, // or of one that died
    retries = 0, // how often an ill model is asked again
    callsTools = true, reasons = true,
  } = suite;
  const both = async (text) => [await whole(text), await streamed(text)];
  const isStopped = (finish) => (Array.isArray(stopped) ? stopped.includes(finish) : finish === stopped);
  const note = (outcome, plain, stream) => record(sdk, outcome, { plain, streamed: stream });
  const message = (text) => ["", ...REFUSALS].includes(text.trim());

  proves(`${sdk}: clean text passes unchanged`, async () => {
    for (const text of ["一个普通的回答，没有什么特别的", "a plain answer of seven words here"]) {
      const [plain, stream] = await both(`say: ${text}`);
      assert.deepEqual(plain, seen({ text, finish: natural }));
      assert.deepEqual(stream, plain);
      if (text[0] === "a") note("clean", plain, stream);
    }
  });

  proves(`${sdk}: what keeps a silent stream open is not seen`, async () => {
    const stream = await streamed("rest: 0.4\nsay: fine after a long silence");
    assert.deepEqual(stream, seen({ text: "fine after a long silence", finish: natural }));
  });

  screened(`${sdk}: a redaction reads the same whole and streamed`, async () => {
    const [plain, stream] = await both("say: write to bob@example.com today");
    assert.deepEqual(plain, seen({ text: "write to [EMAIL] today", finish: natural }));
    assert.deepEqual(stream, plain);
    note("answer redacted", plain, stream);
  });

  screened(`${sdk}: a redacted prompt arrives redacted`, async () => {
    const [plain, stream] = await both("call +44 20 7946 0958 now");
    assert.deepEqual(plain, seen({ text: "call [PHONE] now", finish: natural }));
    assert.deepEqual(stream, plain);
    const arrived = (await received()).map((it) => JSON.stringify(it.body));
    assert.equal(arrived.length, 2);
    assert.ok(arrived.every((body) => body.includes("[PHONE]") && !body.includes("7946")));
    note("prompt redacted", plain, stream);
  });

  screened(`${sdk}: a blocked prompt ${unasked ? "has no answer" : "is a typed error"} and is not tried again`, async () => {
    const before = await blockedPrompts();
    const text = "my key is AKIAIOSFODNN7EXAMPLE";
    if (unasked) {
      const [plain, stream] = await both(text);
      assert.deepEqual([plain.text, stream.text], ["", ""]);
      assert.ok(unasked(plain.finish) && unasked(stream.finish));
      note("prompt blocked", plain, stream);
    } else {
      const [plain, stream] = [await raised(() => whole(text), refusal), await raised(() => streamed(text), refusal)];
      for (const error of [plain, stream]) assert.match(`${error.message} ${error.responseBody} ${JSON.stringify(error.body)}`, /Not here\./);
      note("prompt blocked", describe(plain), describe(stream));
    }
    assert.equal((await blockedPrompts()) - before, 2);
    assert.deepEqual(await received(), []);
  });

  screened(`${sdk}: a prompt can be answered in the model's place`, async () => {
    const [plain, stream] = await both("I am sad");
    assert.deepEqual([plain.text.trim(), stream.text.trim()], ["I am here for you.", "I am here for you."]);
    assert.deepEqual(await received(), []);
    note("answered in the model's place", plain, stream);
  });

  screened(`${sdk}: a blocked answer ends in the format's own way`, async () => {
    const plain = await whole(`say: ${words[0]}blorp and more`);
    assert.ok(isStopped(plain.finish) && message(plain.text), JSON.stringify(plain));
    assert.equal((await received()).length, 1);
    note("answer blocked", plain);
  });

  screened(`${sdk}: a blocked stream keeps the text before and ends in the format's own way`, async () => {
    for (const [before, rest] of [[words[1], "坏词还有"], [words[0], "blorp and more"]]) {
      const stream = await streamed(`say: ${before}${rest}`);
      assert.ok(stream.text.startsWith(before) && isStopped(stream.finish), JSON.stringify(stream));
      assert.ok(message(stream.text.slice(before.length)), stream.text);
      if (before === words[0]) note("answer blocked", undefined, stream);
    }
    assert.equal((await received()).length, 2);
  });

  if (callsTools) {
    proves(`${sdk}: a tool call passes`, async () => {
      const [plain, stream] = await both('tool: look_up {"q": "a dog", "n": [1, 2.5]}');
      assert.deepEqual(plain.calls, [["look_up", { q: "a dog", n: [1, 2.5] }]]);
      assert.deepEqual(stream, plain);
      assert.equal(plain.finish, called);
      note("tool call", plain, stream);
    });

    screened(`${sdk}: a tool call is redacted inside its arguments`, async () => {
      const [plain, stream] = await both('tool: look_up {"to": "bob@example.com", "n": 1}');
      assert.deepEqual(plain.calls, [["look_up", { to: "[EMAIL]", n: 1 }]]);
      assert.deepEqual(stream.calls, plain.calls);
      note("tool call redacted", plain, stream);
    });

    screened(`${sdk}: a blocked tool call leaves no trace`, async () => {
      const [plain, stream] = await both('tool: look_up {"q": "a blorp"}');
      assert.deepEqual([plain.calls, stream.calls], [[], []]);
      assert.ok(isStopped(plain.finish) && isStopped(stream.finish), `${plain.finish}, ${stream.finish}`);
      note("tool call blocked", plain, stream);
    });
  }

  if (reasons) {
    proves(`${sdk}: reasoning passes`, async () => {
      const [plain, stream] = await both("reasoning: let me think about it\nsay: fine");
      assert.deepEqual(plain, seen({ text: "fine", finish: natural, reasoning: "let me think about it" }));
      assert.deepEqual(stream, plain);
    });

    screened(`${sdk}: reasoning that is blocked stops the answer`, async () => {
      const answers = await both("reasoning: let me think of blorp and then\nsay: all fine");
      for (const it of answers) {
        assert.ok(isStopped(it.finish) && !it.text.includes("all fine"), JSON.stringify(it));
        assert.ok(!/blorp|then/.test(it.reasoning), it.reasoning);
      }
      note("reasoning blocked", ...answers);
    });
  }

  proves(`${sdk}: an upstream error is typed`, async () => {
    const plain = await raised(() => whole("fail: 503"), outage);
    assert.equal((await received()).length, 1 + retries);
    const stream = await raised(() => streamed("fail: 503"), outage);
    assert.deepEqual([plain, stream].map((error) => statusOf(error.lastError ?? error)), [503, 503]);
    note("model fails (503)", describe(plain), describe(stream));
  });

  proves(`${sdk}: an upstream that breaks off does not look like an end`, async () => {
    const text = "cut: 3\nsay: this breaks off somewhere in the middle of it";
    const blamed = (error) => statusOf(error) >= 400 && statusOf(error) < 500;
    const died = (error) => !blamed(error) && (breaks(error) || !gated);
    const plain = await raised(() => whole(text), (error) => outage(error) || died(error));
    let stream;
    try {
      const it = await streamed(text);
      assert.ok(failed.includes(it.finish), JSON.stringify(it));
      stream = it;
    } catch (error) {
      assert.ok(error.code !== "ERR_ASSERTION" && died(error), error?.stack);
      stream = describe(error);
    }
    note("model breaks off", describe(plain), stream);
  });
}

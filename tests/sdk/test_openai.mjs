// The official openai Node SDK: each outcome of the gate as an application sees it.
import assert from "node:assert/strict";
import test from "node:test";
import OpenAI from "openai";

const client = new OpenAI({ baseURL: `http://${process.env.TIDEGATE_LISTEN}/v1`, apiKey: "test" });
const ask = (content, extra = {}) =>
  client.chat.completions.create({ model: "demo", messages: [{ role: "user", content }], ...extra });

async function streamed(content, extra = {}) {
  let text = "";
  const reasons = [];
  for await (const chunk of await ask(content, { stream: true, ...extra })) {
    for (const choice of chunk.choices) {
      text += choice.delta.content ?? "";
      if (choice.finish_reason) reasons.push(choice.finish_reason);
    }
  }
  return { text, reasons };
}

test("clean text passes, whole and streamed", async () => {
  const answer = await ask("say: 一个普通的回答");
  assert.equal(answer.choices[0].message.content, "一个普通的回答");
  assert.deepEqual(await streamed("say: a plain answer"), { text: "a plain answer", reasons: ["stop"] });
});

test("a blocked prompt is a bad request", async () => {
  await assert.rejects(ask("my key is AKIAIOSFODNN7EXAMPLE"), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    return error.code === "content_policy_violation";
  });
});

test("a redaction reads the same whole and streamed", async () => {
  const answer = await ask("say: to bob@example.com now");
  assert.equal(answer.choices[0].message.content, "to [EMAIL] now");
  assert.equal((await streamed("say: to bob@example.com now")).text, "to [EMAIL] now");
});

test("a blocked stream ends with content_filter", async () => {
  const { text, reasons } = await streamed("say: all is fine and then blorp and more");
  assert.ok(text.startsWith("all is fine and then \n") && !text.includes("blorp"));
  assert.deepEqual(reasons, ["content_filter"]);
});

test("the stream helper reads a blocked stream", async () => {
  const runner = client.chat.completions.stream({
    model: "demo",
    messages: [{ role: "user", content: "say: blorp" }],
  });
  const final = await runner.finalChatCompletion();
  assert.equal(final.choices[0].finish_reason, "content_filter");
});

test("an upstream that breaks off raises an error", async () => {
  await assert.rejects(streamed("cut: 2\nsay: this breaks off in the middle"), OpenAI.APIError);
});

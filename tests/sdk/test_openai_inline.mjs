// The official openai Node SDK on the `moderation` field of chat and Responses requests, which the gate honours itself.
import assert from "node:assert/strict";
import OpenAI from "openai";
import { BASE, UPSTREAM, proves, raised, received } from "./common.mjs";

const client = new OpenAI({ baseURL: `${BASE}/v1`, apiKey: "test", timeout: 20_000 });
const MODEL = "omni-moderation-latest";
const asked = ({ input = "score", output = "score" } = {}) => ({ model: MODEL, policy: { input: { mode: input }, output: { mode: output } } });
const chat = (text, moderation, more) =>
  client.chat.completions.create({ model: "demo", messages: [{ role: "user", content: text }], moderation, ...more });
const respond = (text, moderation, more) => client.responses.create({ model: "demo", input: text, moderation, ...more });
const all = async (stream) => {
  const events = [];
  for await (const event of await stream) events.push(event);
  return events;
};
const unseen = async () => assert.ok((await received()).every((it) => !("moderation" in it.body)));

/** The categories that apply to what a result is about. */
function flagged(result) {
  assert.deepEqual([result.type, result.model], ["moderation_result", MODEL]);
  const names = Object.keys(result.categories).sort();
  for (const other of [result.category_scores, result.category_applied_input_types]) assert.deepEqual(Object.keys(other).sort(), names);
  const found = names.filter((name) => result.categories[name]);
  assert.equal(result.flagged, found.length > 0);
  return found;
}

/** The same of a direction of a chat: one result for the prompt, one for each choice. */
function ofChat(direction) {
  assert.deepEqual([direction.type, direction.model], ["moderation_results", MODEL]);
  return direction.results.map(flagged);
}

// A model that plays the gate knows nothing of the field.
if (UPSTREAM !== BASE) {
  proves("a chat tells what was found and the model does not see the field", async () => {
    for (const [text, found] of [["a fine day", []], ["what a quorl", ["harassment"]], ["一个怪词", ["harassment"]]]) {
      const answer = await chat(text, asked());
      assert.equal(answer.choices[0].finish_reason, "stop");
      assert.deepEqual(ofChat(answer.moderation.input), [found]);
      assert.deepEqual(ofChat(answer.moderation.output), [[]]);
    }
    assert.equal((await received()).length, 3);
    await unseen();
  });

  proves("a streamed chat tells it in a chunk without choices", async () => {
    const chunks = await all(chat("what a quorl", asked(), { stream: true, stream_options: { include_usage: true } }));
    const last = chunks.pop();
    assert.deepEqual([last.choices, ofChat(last.moderation.input), ofChat(last.moderation.output)], [[], [["harassment"]], [[]]]);
    assert.ok(chunks.every((chunk) => !chunk.moderation) && chunks.at(-1).usage);
    await unseen();
  });

  proves("the stream helper of chat puts an answer together that tells it", async () => {
    const stream = client.chat.completions.stream({ model: "demo", messages: [{ role: "user", content: "a fine day" }], moderation: asked() });
    const final = await stream.finalChatCompletion();
    assert.deepEqual([final.choices[0].finish_reason, final.choices[0].message.content], ["stop", "a fine day"]);
  });

  proves("responses tell it in the answer, plain and streamed", async () => {
    for (const [text, found] of [["a fine day", []], ["what a quorl", ["harassment"]], ["一个怪词", ["harassment"]]]) {
      const answer = await respond(text, asked());
      assert.equal(answer.status, "completed");
      assert.deepEqual([flagged(answer.moderation.input), flagged(answer.moderation.output)], [found, []]);
      const last = (await all(respond(text, asked(), { stream: true }))).at(-1);
      assert.equal(last.type, "response.completed");
      assert.deepEqual(last.response.moderation, answer.moderation);
    }
    await unseen();
    const helper = client.responses.stream({ model: "demo", input: "what a quorl", moderation: asked() });
    assert.deepEqual(flagged((await helper.finalResponse()).moderation.input), ["harassment"]);
  });

  proves("what the model says is told, and goes on where only a score was asked for", async () => {
    const answer = await chat("say: a florp", asked());
    assert.deepEqual([answer.choices[0].message.content, ofChat(answer.moderation.output)], ["a florp", [["harassment"]]]);
    const chunk = (await all(chat("say: a florp", asked(), { stream: true }))).at(-1);
    assert.deepEqual([ofChat(chunk.moderation.input), ofChat(chunk.moderation.output)], [[[]], [["harassment"]]]);
    const response = await respond("say: 一句怪话", asked());
    assert.deepEqual([response.output_text, flagged(response.moderation.output)], ["一句怪话", ["harassment"]]);
    const last = (await all(respond("say: 一句怪话", asked(), { stream: true }))).at(-1);
    assert.deepEqual([last.type, flagged(last.response.moderation.output)], ["response.completed", ["harassment"]]);
  });

  proves("a prompt that is flagged is blocked where that is asked for", async () => {
    for (const ask of [chat, respond]) {
      for (const stream of [false, true]) {
        const error = await raised(() => ask("what a quorl", asked({ input: "block" }), { stream }), (it) => it instanceof OpenAI.BadRequestError);
        assert.equal(error.code, "content_policy_violation");
      }
    }
    assert.deepEqual(await received(), []);
  });

  proves("what the model says is stopped where that is asked for, and told", async () => {
    const moderation = asked({ output: "block" });
    const plain = await chat("say: all is well and then florp", moderation);
    assert.equal(plain.choices[0].finish_reason, "content_filter");
    assert.ok(!plain.choices[0].message.content.includes("florp"));
    assert.deepEqual(ofChat(plain.moderation.output), [["harassment"]]);
    const chunks = await all(chat("say: all is well and then florp", moderation, { stream: true }));
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
    assert.ok(text.startsWith("all is well and then ") && !text.includes("florp"), text);
    assert.ok(chunks.some((chunk) => chunk.choices[0]?.finish_reason === "content_filter"));
    assert.deepEqual(ofChat(chunks.at(-1).moderation.output), [["harassment"]]);
    const response = await respond("say: 都很好然后怪话", moderation);
    assert.deepEqual([response.status, response.incomplete_details.reason], ["incomplete", "content_filter"]);
    assert.ok(!response.output_text.includes("怪话"));
    assert.deepEqual(flagged(response.moderation.output), ["harassment"]);
    const last = (await all(respond("say: 都很好然后怪话", moderation, { stream: true }))).at(-1);
    assert.equal(last.type, "response.incomplete");
    assert.ok(last.response.output[0].content[0].text.startsWith("都很好然后") && !JSON.stringify(last).includes("怪话"));
    assert.deepEqual(flagged(last.response.moderation.output), ["harassment"]);
  });

  proves("what cannot be asked raises with its place", async () => {
    for (const ask of [chat, respond]) {
      const error = await raised(() => ask("a fine day", asked({ output: "deny" })), (it) => it instanceof OpenAI.BadRequestError);
      assert.deepEqual([error.code, error.param], ["invalid_field", "moderation.policy.output.mode"]);
    }
    assert.deepEqual(await received(), []);
  });
}

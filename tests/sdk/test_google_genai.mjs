// The official @google/genai.
import assert from "node:assert/strict";
import { ApiError, GoogleGenAI } from "@google/genai";
import { BASE, proves, raised, received, record, screened, seen } from "./common.mjs";
import { contract } from "./contract.mjs";

const client = new GoogleGenAI({ apiKey: "test", httpOptions: { baseUrl: BASE, timeout: 20_000 } });
const config = { tools: [{ functionDeclarations: [{ name: "look_up", parametersJsonSchema: { type: "object" } }] }] };
const asking = (contents, extra = config) => ({ model: "gemini-demo", contents, config: extra });
const sdk = "@google/genai";

function add(made, answer) {
  if (answer.promptFeedback) made.finish = `prompt: ${answer.promptFeedback.blockReason}`;
  for (const { content, finishReason } of (answer.candidates ?? []).slice(0, 1)) {
    for (const part of content?.parts ?? []) {
      if (part.functionCall) made.calls.push([part.functionCall.name, part.functionCall.args]);
      else if (part.thought) made.reasoning += part.text;
      else made.text += part.text ?? "";
    }
    made.finish = finishReason ?? made.finish;
  }
  return made;
}

contract({
  sdk,
  natural: "STOP",
  called: "STOP",
  stopped: ["SAFETY", "SPII", "BLOCKLIST", "PROHIBITED_CONTENT"],
  unasked: (finish) => finish?.startsWith("prompt: "),
  outage: (error) => error instanceof ApiError,
  whole: async (text) => add(seen(), await client.models.generateContent(asking(text))),
  async streamed(text) {
    const made = seen();
    for await (const chunk of await client.models.generateContentStream(asking(text))) add(made, chunk);
    return made;
  },
});

proves("a chat keeps its history", async () => {
  const chat = client.chats.create({ model: "gemini-demo" });
  assert.equal((await chat.sendMessage({ message: "say: one" })).text, "one");
  let text = "";
  for await (const chunk of await chat.sendMessageStream({ message: "say: two three" })) text += chunk.text ?? "";
  assert.equal(text, "two three");
  assert.ok(chat.getHistory().length >= 4);
});

screened("a chat goes on after a blocked prompt", async () => {
  const chat = client.chats.create({ model: "gemini-demo" });
  await chat.sendMessage({ message: "AKIAIOSFODNN7EXAMPLE" });
  assert.equal((await chat.sendMessage({ message: "say: fine" })).text, "fine");
});

const json = { responseMimeType: "application/json", responseJsonSchema: { type: "object", properties: { echo: { type: "string" } } } };

proves("structured output is JSON", async () => {
  assert.deepEqual(JSON.parse((await client.models.generateContent(asking("hello", json))).text), { echo: "hello" });
});

screened("structured output that is blocked has no text", async () => {
  const blocked = await client.models.generateContent(asking("hello blorp", json));
  assert.ok(!blocked.text);
  record(sdk, "structured output blocked", { plain: add(seen(), blocked) });
});

proves("tokens are counted", async () => {
  assert.ok((await client.models.countTokens({ model: "gemini-demo", contents: "one two three" })).totalTokens >= 3);
});

screened("a blocked prompt is not counted either", async () => {
  await raised(() => client.models.countTokens({ model: "gemini-demo", contents: "AKIAIOSFODNN7EXAMPLE" }), (error) => error instanceof ApiError);
  assert.ok(!JSON.stringify(await received()).includes("AKIA"));
});

// No SDK asks for it, but clients by hand do: without alt=sse the stream is one JSON array.
async function array(text) {
  const answer = await fetch(`${BASE}/v1beta/models/gemini-demo:streamGenerateContent`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-goog-api-key": "test" },
    body: JSON.stringify({ contents: [{ parts: [{ text }] }] }),
  });
  assert.equal(answer.status, 200);
  return (await answer.json()).reduce(add, seen());
}

proves("a stream that is one JSON array passes", async () => {
  assert.deepEqual(await array("say: fine and good"), seen({ text: "fine and good", finish: "STOP" }));
});

screened("a stream that is one JSON array stays one when it is redacted or blocked", async () => {
  assert.equal((await array("say: to bob@example.com now")).text, "to [EMAIL] now");
  const blocked = await array("say: all is fine and then blorp and more");
  assert.ok(blocked.text.startsWith("all is fine and then ") && !blocked.text.includes("blorp") && blocked.finish !== "STOP");
  assert.match((await array("AKIAIOSFODNN7EXAMPLE")).finish, /^prompt: /);
});

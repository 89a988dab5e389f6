// The official @mistralai/mistralai.
import assert from "node:assert/strict";
import { Mistral } from "@mistralai/mistralai";
import * as errors from "@mistralai/mistralai/models/errors";
import { z } from "zod";
import { BASE, proves, record, screened, seen } from "./common.mjs";
import { contract } from "./contract.mjs";

const client = new Mistral({ apiKey: "test", serverURL: BASE, timeoutMs: 20_000 });
const tools = [{ type: "function", function: { name: "look_up", description: "Looks up.", parameters: { type: "object", properties: {} } } }];
const asking = (content) => ({ model: "mistral-demo", messages: [{ role: "user", content }], tools });

function add(made, message, finish) {
  const content = message.content ?? "";
  for (const part of typeof content === "string" ? [{ text: content }] : content) {
    if (part.type === "thinking") made.reasoning += part.thinking.map((it) => it.text).join("");
    else made.text += part.text ?? "";
  }
  for (const call of message.toolCalls ?? []) made.calls.push([call.function.name, JSON.parse(call.function.arguments)]);
  made.finish = finish ?? made.finish;
  return made;
}

const whole = (answer) => add(seen(), answer.choices[0].message, answer.choices[0].finishReason);

async function streamed(events) {
  const made = seen();
  for await (const { data } of await events) {
    for (const choice of data.choices) add(made, choice.delta, choice.finishReason);
  }
  return made;
}

const typed = {
  failed: ["error"],
  refusal: (error) => error instanceof errors.SDKError && error.statusCode === 400,
  outage: (error) => error instanceof errors.SDKError && error.statusCode >= 500,
  // An error among the events is not put into one of its own classes: what is raised is the schema's.
  breaks: (error) => error instanceof errors.MistralError || Array.isArray(error.issues),
};

contract({
  sdk: "@mistralai/mistralai",
  ...typed,
  whole: async (text) => whole(await client.chat.complete(asking(text))),
  streamed: (text) => streamed(client.chat.stream(asking(text))),
});

contract({
  sdk: "@mistralai/mistralai, FIM",
  callsTools: false,
  reasons: false,
  ...typed,
  whole: async (prompt) => whole(await client.fim.complete({ model: "mistral-demo", prompt, suffix: "end" })),
  streamed: (prompt) => streamed(client.fim.stream({ model: "mistral-demo", prompt, suffix: "end" })),
});

const parse = async (content) =>
  (await client.chat.parse({ ...asking(content), tools: undefined, responseFormat: z.object({ echo: z.string() }) })).choices[0];

proves("structured output is parsed", async () => {
  assert.deepEqual((await parse("hello")).message.parsed, { echo: "hello" });
});

screened("structured output that is blocked has no parsed value", async () => {
  const blocked = await parse("hello blorp");
  assert.ok(!blocked.message.parsed);
  record("@mistralai/mistralai", "structured output blocked", { plain: `\`parsed\` is empty, \`${blocked.finishReason}\`` });
});

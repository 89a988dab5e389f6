// The official ollama Node SDK.
import assert from "node:assert/strict";
import { Ollama } from "ollama";
import { BASE, proves, record, screened, seen } from "./common.mjs";
import { contract } from "./contract.mjs";

const client = new Ollama({ host: BASE });
const tools = [{ type: "function", function: { name: "look_up", description: "Looks up.", parameters: { type: "object", properties: {} } } }];
const asking = (content, extra = {}) => ({ model: "demo", messages: [{ role: "user", content }], tools, ...extra });
const typed = (status) => (error) => error.name === "ResponseError" && status.includes(error.status_code);

function add(made, line) {
  const { content, thinking, tool_calls } = line.message ?? { content: line.response, thinking: line.thinking };
  made.text += content ?? "";
  made.reasoning += thinking ?? "";
  for (const call of tool_calls ?? []) made.calls.push([call.function.name, call.function.arguments]);
  if (line.done) made.finish = line.done_reason;
  return made;
}

async function all(lines) {
  const made = seen();
  for await (const line of await lines) add(made, line);
  return made;
}

const errors = {
  refusal: typed([400]),
  outage: typed([502, 503]),
  breaks: (error) => error instanceof Error && error.message !== "",
};

contract({
  sdk: "ollama",
  called: "stop",
  ...errors,
  whole: async (text) => add(seen(), await client.chat(asking(text))),
  streamed: (text) => all(client.chat(asking(text, { stream: true }))),
});

contract({
  sdk: "ollama, generate",
  callsTools: false,
  ...errors,
  whole: async (text) => add(seen(), await client.generate({ model: "demo", prompt: text })),
  streamed: (text) => all(client.generate({ model: "demo", prompt: text, stream: true })),
});

const format = { type: "object", properties: { echo: { type: "string" } } };

proves("structured output is JSON", async () => {
  assert.deepEqual(JSON.parse((await client.chat(asking("hello", { format }))).message.content), { echo: "hello" });
});

screened("structured output that is blocked is empty", async () => {
  const blocked = add(seen(), await client.chat(asking("hello blorp", { format })));
  assert.deepEqual([blocked.text, blocked.finish], ["", "content_filter"]);
  record("ollama", "structured output blocked", { plain: blocked });
});

proves("models are listed", async () => {
  assert.deepEqual((await client.list()).models.map((model) => model.name), ["demo:latest"]);
});

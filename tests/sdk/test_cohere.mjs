// The official cohere-ai, v2.
import assert from "node:assert/strict";
import { CohereClientV2, CohereError } from "cohere-ai";
import { BASE, proves, record, screened, seen } from "./common.mjs";
import { contract } from "./contract.mjs";

const client = new CohereClientV2({ token: "test", environment: BASE, timeoutInSeconds: 20 });
const tools = [{ type: "function", function: { name: "look_up", description: "Looks up.", parameters: { type: "object", properties: {} } } }];
const asking = (content, extra = {}) => ({ model: "command-demo", messages: [{ role: "user", content }], tools, ...extra });
const typed = (status) => (error) => error instanceof CohereError && status(error.statusCode);

function read(answer) {
  const made = seen({ finish: answer.finishReason });
  for (const part of answer.message.content ?? []) {
    made.text += part.text ?? "";
    made.reasoning += part.thinking ?? "";
  }
  made.calls = (answer.message.toolCalls ?? []).map((call) => [call.function.name, JSON.parse(call.function.arguments)]);
  return made;
}

contract({
  sdk: "cohere-ai",
  natural: "COMPLETE",
  stopped: "COMPLETE",
  called: "TOOL_CALL",
  failed: ["ERROR"],
  refusal: typed((status) => status === 400),
  outage: typed((status) => status >= 500),
  breaks: (error) => error instanceof CohereError,
  retries: 2,
  whole: async (text) => read(await client.chat(asking(text))),
  async streamed(text) {
    const made = seen();
    for await (const event of await client.chatStream(asking(text))) {
      const message = event.delta?.message;
      if (event.type === "content-delta") {
        made.text += message.content.text ?? "";
        made.reasoning += message.content.thinking ?? "";
      } else if (event.type === "tool-call-start") {
        made.calls.push([message.toolCalls.function.name, message.toolCalls.function.arguments ?? ""]);
      } else if (event.type === "tool-call-delta") {
        made.calls.at(-1)[1] += message.toolCalls.function.arguments;
      } else if (event.type === "message-end") made.finish = event.delta.finishReason;
    }
    made.calls = made.calls.map(([name, json]) => [name, JSON.parse(json)]);
    return made;
  },
});

const responseFormat = { type: "json_object", jsonSchema: { type: "object", properties: { echo: { type: "string" } }, required: ["echo"] } };

proves("structured output is JSON", async () => {
  assert.deepEqual(JSON.parse(read(await client.chat({ ...asking("hello", { responseFormat }), tools: undefined })).text), { echo: "hello" });
});

screened("structured output that is blocked is empty", async () => {
  const blocked = read(await client.chat({ ...asking("hello blorp", { responseFormat }), tools: undefined }));
  assert.equal(blocked.text, "");
  record("cohere-ai", "structured output blocked", { plain: blocked });
});

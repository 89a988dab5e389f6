// The official openai Node SDK on chat; what is special to it stands in test_openai.mjs.
import OpenAI from "openai";
import { BASE, seen } from "./common.mjs";
import { contract } from "./contract.mjs";

const client = new OpenAI({ baseURL: `${BASE}/v1`, apiKey: "test", timeout: 20_000 });
const tools = [{ type: "function", function: { name: "look_up", parameters: { type: "object", properties: {} } } }];
const asking = (content) => ({ model: "demo", messages: [{ role: "user", content }], tools });

contract({
  sdk: "openai",
  refusal: (error) => error instanceof OpenAI.BadRequestError && error.code === "content_policy_violation",
  outage: (error) => error instanceof OpenAI.InternalServerError,
  breaks: (error) => error instanceof OpenAI.APIError,
  retries: 2,
  async whole(text) {
    const { message, finish_reason } = (await client.chat.completions.create(asking(text))).choices[0];
    const calls = (message.tool_calls ?? []).map((call) => [call.function.name, JSON.parse(call.function.arguments)]);
    return seen({ text: message.content ?? "", finish: finish_reason, reasoning: message.reasoning_content ?? "", calls });
  },
  async streamed(text) {
    const made = seen();
    const calls = [];
    for await (const chunk of await client.chat.completions.create({ ...asking(text), stream: true })) {
      for (const { delta, finish_reason } of chunk.choices) {
        made.text += delta.content ?? "";
        made.reasoning += delta.reasoning_content ?? "";
        made.finish = finish_reason ?? made.finish;
        for (const part of delta.tool_calls ?? []) {
          const call = (calls[part.index] ??= ["", ""]);
          call[0] += part.function.name ?? "";
          call[1] += part.function.arguments ?? "";
        }
      }
    }
    made.calls = calls.map(([name, json]) => [name, JSON.parse(json)]);
    return made;
  },
});

// Vercel's AI SDK with its providers for OpenAI (chat and Responses), Anthropic and Google.
import assert from "node:assert/strict";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { APICallError, RetryError, generateObject, generateText, jsonSchema, streamText, tool } from "ai";
import { z } from "zod";
import { BASE, describe, proves, record, screened, seen } from "./common.mjs";
import { contract } from "./contract.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false;
const openai = createOpenAI({ baseURL: `${BASE}/v1`, apiKey: "test" });
const anthropic = createAnthropic({ baseURL: `${BASE}/v1`, apiKey: "test" });
const google = createGoogleGenerativeAI({ baseURL: `${BASE}/v1beta`, apiKey: "test" });
const tools = { look_up: tool({ description: "Looks up.", inputSchema: jsonSchema({ type: "object", properties: {} }) }) };

const suites = [
  ["ai, OpenAI", openai.chat("demo"), { reasons: false }],
  ["ai, OpenAI Responses", openai.responses("demo"), {}],
  ["ai, Anthropic", anthropic("claude-demo"), {}],
  ["ai, Google", google("gemini-demo"), { unasked: (finish) => finish === "content-filter" }],
];

const last = (error) => (RetryError.isInstance(error) ? error.lastError : error);

for (const [sdk, model, more] of suites) {
  const asking = (prompt) => ({ model, prompt, tools, maxRetries: 1 });
  contract({
    sdk,
    stopped: "content-filter",
    called: "tool-calls",
    failed: ["error"],
    refusal: (error) => APICallError.isInstance(error) && error.statusCode === 400 && !error.isRetryable,
    outage: (error) => APICallError.isInstance(last(error)) && last(error).statusCode >= 500,
    breaks: (error) => error !== undefined,
    retries: 1,
    async whole(text) {
      const made = await generateText(asking(text));
      const calls = made.toolCalls.map((call) => [call.toolName, call.input]);
      return seen({ text: made.text, finish: made.finishReason, reasoning: made.reasoningText ?? "", calls });
    },
    async streamed(text) {
      const made = seen();
      const { fullStream } = streamText({ ...asking(text), onError: () => {} });
      for await (const part of fullStream) {
        if (part.type === "error") throw part.error;
        if (part.type === "text-delta") made.text += part.text;
        if (part.type === "reasoning-delta") made.reasoning += part.text;
        if (part.type === "tool-call") made.calls.push([part.toolName, part.input]);
        if (part.type === "finish") made.finish = part.finishReason;
      }
      return made;
    },
    ...more,
  });

  const object = (prompt) => generateObject({ model, prompt, schema: z.object({ echo: z.string() }), maxRetries: 0 });

  proves(`${sdk}: structured output is parsed`, async () => {
    assert.deepEqual((await object("hello")).object, { echo: "hello" });
  });

  screened(`${sdk}: structured output that is blocked is no value`, async () => {
    let error;
    await assert.rejects(object("hello blorp"), (it) => ((error = it), !String(it.text).includes("blorp")));
    record(sdk, "structured output blocked", { plain: describe(error) });
  });
}

// The official openai Node SDK on the Responses API.
import assert from "node:assert/strict";
import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import { BASE, proves, raised, record, screened, seen } from "./common.mjs";
import { contract } from "./contract.mjs";

const client = new OpenAI({ baseURL: `${BASE}/v1`, apiKey: "test", timeout: 20_000 });
const tools = [{ type: "function", name: "look_up", parameters: { type: "object", properties: {} }, strict: false }];
const asking = (input, extra = {}) => ({ model: "demo", input, tools, ...extra });
const sdk = "openai, Responses";

const ending = (response) =>
  response.incomplete_details ? `${response.status}: ${response.incomplete_details.reason}` : response.status;

function read(response) {
  const made = seen({ finish: ending(response) });
  for (const item of response.output) {
    if (item.type === "message") made.text += item.content.map((part) => part.text ?? part.refusal).join("");
    if (item.type === "reasoning") made.reasoning += item.summary.map((part) => part.text).join("");
    if (item.type === "function_call") made.calls.push([item.name, JSON.parse(item.arguments)]);
  }
  return made;
}

contract({
  sdk,
  natural: "completed",
  called: "completed",
  stopped: "incomplete: content_filter",
  failed: ["failed"],
  refusal: (error) => error instanceof OpenAI.BadRequestError && error.code === "content_policy_violation" && error.param === "input",
  outage: (error) => error instanceof OpenAI.InternalServerError,
  breaks: (error) => error instanceof OpenAI.APIError,
  retries: 2,
  whole: async (text) => read(await client.responses.create(asking(text))),
  async streamed(text) {
    const made = seen();
    let last;
    for await (const event of await client.responses.create(asking(text, { stream: true }))) {
      if (event.type === "response.output_text.delta" || event.type === "response.refusal.delta") made.text += event.delta;
      if (event.type === "response.reasoning_summary_text.delta") made.reasoning += event.delta;
      if (event.type === "response.function_call_arguments.done") made.calls.push(["look_up", JSON.parse(event.arguments)]);
      if (/^response\.(completed|incomplete|failed)$/.test(event.type)) last = event.response;
    }
    made.finish = ending(last);
    if (last.status !== "failed") assert.deepEqual(read(last), made, "the snapshot agrees with the deltas");
    return made;
  },
});

const helper = (input, extra) => client.responses.stream(asking(input, extra)).finalResponse();

proves("the stream helper puts a clean response together", async () => {
  assert.equal((await helper("say: fine and good")).output_text, "fine and good");
  assert.deepEqual(read(await helper('reasoning: hm\ntool: look_up {"q": 1}')).calls, [["look_up", { q: 1 }]]);
});

screened("the stream helper reads redacted and blocked streams", async () => {
  assert.equal((await helper("say: to bob@example.com now")).output_text, "to [EMAIL] now");
  const blocked = await helper("say: all is fine and then blorp");
  assert.equal(blocked.status, "incomplete");
  assert.ok(blocked.output_text.startsWith("all is fine and then "));
  record(sdk, "stream helper, answer blocked", { streamed: read(blocked) });
});

const text = { format: zodTextFormat(z.object({ echo: z.string() }), "echo") };
const parse = (input) => client.responses.parse({ model: "demo", input, text });

proves("structured output is parsed", async () => {
  assert.deepEqual((await parse("hello")).output_parsed, { echo: "hello" });
});

screened("structured output that is blocked has no parsed value", async () => {
  const blocked = await parse("hello blorp");
  assert.equal(blocked.output_parsed ?? null, null);
  record(sdk, "structured output blocked", { plain: `\`output_parsed\` is \`null\`, \`${ending(blocked)}\`` });
});

screened("a blocked text to embed is a bad request", async () => {
  await raised(() => client.embeddings.create({ model: "demo", input: "AKIAIOSFODNN7EXAMPLE" }), (error) => error instanceof OpenAI.BadRequestError);
});

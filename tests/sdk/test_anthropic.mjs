// The official @anthropic-ai/sdk.
import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import { z } from "zod";
import { BASE, REFUSALS, proves, record, screened, seen } from "./common.mjs";
import { contract } from "./contract.mjs";

const client = new Anthropic({ baseURL: BASE, apiKey: "test", timeout: 20_000 });
const tools = [{ name: "look_up", description: "Looks up.", input_schema: { type: "object", properties: {} } }];
const asking = (content, extra = {}) => ({ model: "claude-demo", max_tokens: 500, messages: [{ role: "user", content }], tools, ...extra });
const sdk = "@anthropic-ai/sdk";

function read(message) {
  const made = seen({ finish: message.stop_reason });
  for (const block of message.content) {
    if (block.type === "text") made.text += block.text;
    else if (block.type === "thinking") made.reasoning += block.thinking;
    else made.calls.push([block.name, block.input]);
  }
  return made;
}

contract({
  sdk,
  natural: "end_turn",
  stopped: "refusal",
  called: "tool_use",
  refusal: (error) => error instanceof Anthropic.BadRequestError && error.error.error.type === "invalid_request_error",
  outage: (error) => error instanceof Anthropic.InternalServerError,
  breaks: (error) => error instanceof Anthropic.APIError,
  retries: 2,
  whole: async (text) => read(await client.messages.create(asking(text))),
  async streamed(text) {
    const made = seen();
    const blocks = [];
    const json = {};
    for await (const event of await client.messages.create(asking(text, { stream: true }))) {
      if (event.type === "content_block_start") {
        assert.equal(event.index, blocks.length, "indices have no gaps");
        blocks.push(event.content_block);
      } else if (event.type === "content_block_delta") {
        made.text += event.delta.text ?? "";
        made.reasoning += event.delta.thinking ?? "";
        if (event.delta.type === "input_json_delta") json[event.index] = (json[event.index] ?? "") + event.delta.partial_json;
      } else if (event.type === "message_delta") made.finish = event.delta.stop_reason;
    }
    made.calls = Object.entries(json).map(([index, input]) => [blocks[index].name, JSON.parse(input)]);
    return made;
  },
});

const helper = (content) => client.messages.stream(asking(content)).finalMessage();

proves("the stream helper puts a clean message together", async () => {
  assert.deepEqual(read(await helper("say: fine and good")), seen({ text: "fine and good", finish: "end_turn" }));
  const made = await helper('reasoning: hm\ntool: look_up {"q": 1}');
  assert.deepEqual(read(made), seen({ finish: "tool_use", reasoning: "hm", calls: [["look_up", { q: 1 }]] }));
  assert.equal(made.content[0].signature, "c2lnbmVk");
});

screened("the stream helper reads redacted and blocked streams", async () => {
  assert.equal(read(await helper("say: to bob@example.com now")).text, "to [EMAIL] now");
  const blocked = await helper("say: all is fine and then blorp");
  assert.equal(blocked.stop_reason, "refusal");
  assert.equal(blocked.content[0].text, "all is fine and then ");
  assert.ok(["", ...REFUSALS].includes(blocked.content.slice(1).map((block) => block.text).join("").trim()));
  record(sdk, "stream helper, answer blocked", { streamed: read(blocked) });
});

screened("a refusal is explained in its details", async () => {
  const blocked = await client.messages.create(asking("say: fine blorp"));
  assert.equal(blocked.content[0].text, "Not here.");
  assert.equal(blocked.stop_details.explanation, "Not here.");
});

const format = zodOutputFormat(z.object({ echo: z.string() }));
const parse = (content) => client.messages.parse({ ...asking(content), tools: undefined, output_config: { format } });

proves("structured output is parsed", async () => {
  assert.deepEqual((await parse("hello")).parsed_output, { echo: "hello" });
});

screened("structured output that is blocked has no parsed value", async () => {
  const blocked = await parse("hello blorp");
  assert.equal(blocked.parsed_output, null);
  assert.deepEqual(blocked.content, []);
  record(sdk, "structured output blocked", { plain: `\`parsed_output\` is \`null\`, \`${blocked.stop_reason}\`` });
});

// The official openai Node SDK on forms: transcriptions, translations of speech, and changes of images.
import assert from "node:assert/strict";
import OpenAI, { toFile } from "openai";
import { BASE, UPSTREAM, blockedPrompts, describe, gated, proves, raised, received, record, screened } from "./common.mjs";

const client = new OpenAI({ baseURL: `${BASE}/v1`, apiKey: "test", timeout: 20_000 });
// Bytes that are no text, with what looks like the end of a field.
const BYTES = Buffer.concat([Buffer.from("ID3\x00\xff\xfe\r\n--not the boundary\r\n\x80", "latin1"), Buffer.from([...Array(256).keys()])]);
const KEY = "my key is AKIAIOSFODNN7EXAMPLE";
const BREAKS = "cut: 3\nsay: this breaks off somewhere in the middle of it";
const quoted = (text) => `\`${JSON.stringify(text)}\``;

function form(suite) {
  const { sdk, field = "file", file: [name, type], code = "content_policy_violation", ask, stream, last } = suite;
  const note = (outcome, plain, streamed) => record(`openai, ${sdk}`, outcome, { plain, streamed });
  const file = () => toFile(BYTES, name, { type });
  const says = async (text, api = client) => ask(api, await file(), text);
  const refused = (text, wanted) =>
    raised(() => says(text), (error) => error instanceof OpenAI.BadRequestError && error.code === wanted);

  /** The prompts that have arrived; every file has to be what was sent. */
  async function arrived() {
    const bodies = (await received()).map((it) => it.body);
    for (const body of bodies) assert.deepEqual(body[field], { filename: name, type, hex: BYTES.toString("hex") });
    return bodies.map((body) => body.prompt);
  }

  /** The events of a stream, as far as it gets, and what it raises then. */
  async function events(text) {
    const got = [];
    try {
      for await (const event of await stream(client, await file(), text)) got.push(event);
    } catch (error) {
      return { got, error };
    }
    return { got };
  }

  proves(`${sdk}: clean text passes and the file arrives byte for byte`, async () => {
    for (const text of ["一个普通的回答，没有什么特别的", "a plain answer of seven words here"]) {
      assert.equal(await says(`say: ${text}`), text);
      assert.equal((await arrived()).at(-1), `say: ${text}`);
      if (text[0] === "a") note("clean", quoted(text));
    }
  });

  screened(`${sdk}: a redacted prompt arrives redacted and the file unchanged`, async () => {
    const answer = await says("call +44 20 7946 0958 now");
    assert.equal(answer, "call [PHONE] now");
    assert.deepEqual(await arrived(), ["call [PHONE] now"]);
    note("prompt redacted", quoted(answer));
  });

  screened(`${sdk}: an answer is redacted`, async () => {
    const answer = await says("say: write to bob@example.com today");
    assert.equal(answer, "write to [EMAIL] today");
    note("answer redacted", quoted(answer));
  });

  screened(`${sdk}: a blocked prompt is a typed error and is not tried again`, async () => {
    const before = await blockedPrompts();
    const error = await refused(KEY, code);
    assert.match(error.message, /Not here\./);
    assert.match((await refused("密钥 AKIAIOSFODNN7EXAMPLE", code)).message, /不行。/);
    assert.equal((await blockedPrompts()) - before, 2);
    assert.deepEqual(await received(), []);
    note("prompt blocked", describe(error));
  });

  screened(`${sdk}: a blocked answer is a typed error and is not asked for again`, async () => {
    const error = await refused("say: a blorp and more", "content_policy_violation");
    assert.ok(error.message.includes("Not here.") && !error.message.includes("blorp"), error.message);
    assert.equal((await received()).length, 1);
    note("answer blocked", describe(error));
  });

  screened(`${sdk}: what is said in the model's place is the message of an error`, async () => {
    const error = await refused("I am sad", code);
    assert.match(error.message, /I am here for you\./);
    assert.deepEqual(await received(), []);
    note("answered in the model's place", describe(error));
  });

  proves(`${sdk}: an upstream error is typed`, async () => {
    const error = await raised(() => says("fail: 503"), (it) => it instanceof OpenAI.InternalServerError && it.status === 503);
    assert.equal((await arrived()).length, 3);
    note("model fails (503)", describe(error));
  });

  proves(`${sdk}: an upstream that breaks off does not look like an end`, async () => {
    const error = await raised(() => says(BREAKS), (it) => it instanceof OpenAI.APIError && (it.status === 502 || !gated));
    note("model breaks off", describe(error));
  });

  if (UPSTREAM !== BASE) {
    proves(`${sdk}: a file that no policy lets through is refused by its place`, async () => {
      const closed = client.withOptions({ baseURL: `${BASE}/closed/v1` });
      const error = await raised(() => says("a dog", closed), (it) => it.code === "content_not_screenable");
      assert.ok(error instanceof OpenAI.BadRequestError && error.message.includes(`\`${field}\``), error.message);
      assert.deepEqual(await received(), []);
      note("file not allowed", describe(error));
    });
  }

  if (!stream) return undefined;

  screened(`${sdk}: a blocked prompt is refused before a stream begins`, async () => {
    const { got, error } = await events(KEY);
    assert.ok(error instanceof OpenAI.BadRequestError && error.code === code, error?.stack);
    assert.deepEqual([got, await received()], [[], []]);
    note("prompt blocked", undefined, describe(error));
  });

  proves(`${sdk}: an upstream error is typed before a stream begins`, async () => {
    const { got, error } = await events("fail: 503");
    assert.ok(error instanceof OpenAI.InternalServerError && got.length === 0, error?.stack);
    note("model fails (503)", undefined, describe(error));
  });

  proves(`${sdk}: a stream that breaks off does not look like an end`, async () => {
    const { got, error } = await events(`rest: 0.4\n${BREAKS}`);
    assert.ok(error && got.every((event) => event.type !== last));
    note("model breaks off", undefined, describe(error));
  });

  return { events, arrived, note };
}

const heard = form({
  sdk: "transcriptions",
  file: ["a dog.mp3", "audio/mpeg"],
  last: "transcript.text.done",
  ask: async (api, file, prompt) => (await api.audio.transcriptions.create({ model: "whisper-1", file, prompt })).text,
  stream: (api, file, prompt) => api.audio.transcriptions.create({ model: "gpt-4o-transcribe", file, prompt, stream: true }),
});

/** What the pieces of a streamed transcript say. */
const said = (got) => got.map((event) => (event.type === "transcript.text.delta" ? event.delta : "")).join("");

async function transcribed(outcome, prompt, text) {
  const { got, error } = await heard.events(prompt);
  assert.equal(error, undefined);
  assert.deepEqual([said(got), got.at(-1).type, got.at(-1).text], [text, "transcript.text.done", text]);
  await heard.arrived();
  heard.note(outcome, undefined, quoted(text));
}

proves("transcriptions: a clean stream passes and its silences are not seen", async () => {
  const text = "a plain answer of seven words here";
  await transcribed("clean", `rest: 0.4\nsay: ${text}`, text);
});

screened("transcriptions: a redaction reads the same in pieces and in the last event", async () => {
  await transcribed("answer redacted", "say: write to bob@example.com today", "write to [EMAIL] today");
  await transcribed("prompt redacted", "call +44 20 7946 0958 now", "call [PHONE] now");
});

screened("transcriptions: a blocked stream keeps the text before and raises", async () => {
  for (const [before, rest, message] of [["一切都好然后", "坏词还有", "不行。"], ["all is fine and then ", "blorp and more", "Not here."]]) {
    const { got, error } = await heard.events(`say: ${before}${rest}`);
    assert.deepEqual([said(got), got.filter((event) => event.type === "transcript.text.done")], [before, []]);
    assert.ok(error instanceof OpenAI.APIError && error.code === "content_policy_violation", error?.stack);
    assert.ok(error.message.includes(message), error.message);
    if (rest[0] === "b") heard.note("answer blocked", undefined, `${quoted(before)}, ${describe(error)}`);
  }
  assert.equal((await received()).length, 2);
});

screened("transcriptions: a transcript is screened in whatever form it comes", async () => {
  for (const response_format of ["json", "verbose_json", "text", "srt", "vtt"]) {
    const transcript = async (text) => {
      const file = await toFile(BYTES, "a dog.mp3", { type: "audio/mpeg" });
      return JSON.stringify(await client.audio.transcriptions.create({ model: "whisper-1", file, prompt: `say: ${text}`, response_format }));
    };
    assert.ok((await transcript("a fine day")).includes("a fine day"), response_format);
    const redacted = await transcript("to bob@example.com now");
    assert.ok(redacted.includes("to [EMAIL] now") && !redacted.includes("bob@"), redacted);
    await raised(() => transcript("a blorp"), (error) => error.code === "content_policy_violation");
  }
});

form({
  sdk: "translations",
  file: ["a dog.mp3", "audio/mpeg"],
  ask: async (api, file, prompt) => (await api.audio.translations.create({ model: "whisper-1", file, prompt })).text,
});

const drawn = form({
  sdk: "image edits",
  field: "image",
  file: ["a dog.png", "image/png"],
  code: "moderation_blocked",
  last: "image_edit.completed",
  ask: async (api, image, prompt) => (await api.images.edit({ model: "gpt-image-2", image, prompt })).data[0].revised_prompt,
  stream: (api, image, prompt) => api.images.edit({ model: "gpt-image-2", image, prompt, stream: true, partial_images: 2 }),
});

screened("image edits: a stream of pictures passes whole", async () => {
  for (const [outcome, text, sent] of [["clean", "say: a plain dog", "say: a plain dog"], ["prompt redacted", "call +44 20 7946 0958 now", "call [PHONE] now"]]) {
    const { got, error } = await drawn.events(text);
    assert.equal(error, undefined);
    const types = got.map((event) => event.type);
    assert.equal(types.pop(), "image_edit.completed");
    assert.ok(types.length > 0 && types.every((type) => type === "image_edit.partial_image"), types.join());
    assert.equal((await drawn.arrived()).at(-1), sent);
    drawn.note(outcome, undefined, "pictures, `image_edit.completed`");
  }
});

screened("image edits: several pictures and a mask arrive as they are", async () => {
  const parts = [0, 1, 2].map((number) => BYTES.subarray(number));
  const files = await Promise.all(parts.map((part, number) => toFile(part, `${number}.png`, { type: "image/png" })));
  await client.images.edit({ model: "gpt-image-2", image: files.slice(0, 2), mask: files[2], prompt: "call +44 20 7946 0958 now" });
  const [{ body }] = await received();
  assert.equal(body.prompt, "call [PHONE] now");
  const sent = parts.map((part, number) => ({ filename: `${number}.png`, type: "image/png", hex: part.toString("hex") }));
  assert.deepEqual([...body["image[]"], body.mask], sent);
});

// What the Node suites share; common.py says what the variables mean.
import assert from "node:assert/strict";
import fs from "node:fs";
import test from "node:test";

export const BASE = (process.env.SDK_BASE ?? "").replace(/\/$/, "");
export const UPSTREAM = process.env.SDK_UPSTREAM || BASE;
const METRICS = process.env.SDK_METRICS || `${BASE}/metrics`;
export const REFUSALS = ["Not here.", "不行。"];

const model = async (method = "GET") => (await fetch(`${UPSTREAM}/received`, { method })).json();
export const received = async () => (await model()).requests;
export const forget = () => model("DELETE");
export const gated = UPSTREAM !== BASE || (await model()).plays;

/** How many prompts the gate has stopped so far, each try of a client counted. */
export async function blockedPrompts() {
  const lines = (await (await fetch(METRICS)).text()).split("\n");
  const counts = lines.filter((line) => /^tidegate_decisions_total\{/.test(line) && line.includes('action="block"') && line.includes('phase="prompt"'));
  return counts.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

/** A test; `screened` ones need the gate, or a model that plays it. */
export const proves = (name, body) => test(name, async () => (await forget(), body()));
export const screened = (name, body) => (gated ? proves(name, body) : test.skip(name, () => {}));

/** What an application reads from an answer. */
export const seen = (fields = {}) => ({ text: "", finish: undefined, reasoning: "", calls: [], ...fields });

export function show(it) {
  if (typeof it === "string") return it;
  const parts = it.text ? [`\`${JSON.stringify(it.text)}\``] : it.calls.length ? [] : ["no text"];
  for (const [name, input] of it.calls) parts.push(`call \`${name}(${JSON.stringify(input)})\``);
  return [...parts, `\`${it.finish}\``].join(", ");
}

/** The HTTP status in an exception, where it has one. */
export const statusOf = (error) => [error.status, error.statusCode, error.status_code].find((it) => typeof it === "number");

/** An exception as an application tells it from others. */
export function describe(error) {
  if (error.lastError) return `${describe(error.lastError)} in \`${error.constructor.name}\``;
  const status = statusOf(error);
  const known = [...new Set([status, error.code, error.type])].filter((it) => typeof it === "string" || typeof it === "number");
  const kind = error instanceof Error ? `\`${error.constructor.name}\`` : "error part";
  return kind + (known.length ? ` (${known.join(", ")})` : "");
}

/** Notes for the matrix of docs/dialects.md what the application saw. */
export function record(sdk, outcome, { plain, streamed }) {
  if (!process.env.SDK_MATRIX) return;
  const name = sdk.split(", ")[0];
  const { version } = JSON.parse(fs.readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), "utf8"));
  const entry = { sdk: `${sdk} (Node)`, version, outcome };
  if (plain !== undefined) entry.plain = show(plain);
  if (streamed !== undefined) entry.streamed = show(streamed);
  fs.appendFileSync(process.env.SDK_MATRIX, JSON.stringify(entry) + "\n");
}

/** The exception that an application has to handle. */
export async function raised(ask, is) {
  let error;
  await assert.rejects(ask, (it) => ((error = it), true));
  assert.ok(is(error), `not the error of the format: ${error?.stack}`);
  return error;
}

// Reads bodies, one a line in base64, as a Node server would; writes what it read, one a line.
import { createInterface } from "node:readline";

const texts = (value) => {
  if (typeof value === "string") return [value];
  if (value === null || typeof value !== "object") return [];
  if (Array.isArray(value)) return value.flatMap(texts);
  return Object.keys(value).flatMap((key) => [key, ...texts(value[key])]);
};

for await (const line of createInterface({ input: process.stdin })) {
  const bytes = Buffer.from(line, "base64");
  let read = null;
  try {
    read = texts(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    // Not JSON for Node.
  }
  console.log(JSON.stringify(read));
}

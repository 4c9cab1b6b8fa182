// `codex exec` with the configuration of its page, against a model that has room for its 17,000 tokens of prompt.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { check, main } from "./checklist.mjs";
import { run } from "./command.mjs";
import { blocks } from "./page.mjs";

// Weights are random, so the answer is noise; bound to this it is short, and `codex` can tell that it is whole.
const SCHEMA = {
  type: "object",
  properties: { weather: { type: "string", enum: ["sunny", "rainy"] }, warm: { type: "boolean" } },
  required: ["weather", "warm"],
  additionalProperties: false,
};

function withSession(test) {
  return (url) => {
    const folder = mkdtempSync(join(tmpdir(), "codex-"));
    try {
      const config = blocks("toml", url)[0].replace('model = "tiny"', 'model = "long"');
      writeFileSync(join(folder, "config.toml"), config);
      writeFileSync(join(folder, "schema.json"), JSON.stringify(SCHEMA));
      test(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
}

function turn(folder, ...args) {
  const options = ["--skip-git-repo-check", "--json", "--output-schema", "schema.json", "-o", "answer.txt"];
  const events = run("codex", folder, "exec", ...args, ...options, "Say whether it is sunny.");
  const { usage } = events.find((event) => event.type === "turn.completed");
  const messages = events.filter((event) => event.item?.type === "agent_message");
  assert.equal(messages.at(-1).item.text, readFileSync(join(folder, "answer.txt"), "utf8").trim());
  const answer = JSON.parse(messages.at(-1).item.text);
  assert(["sunny", "rainy"].includes(answer.weather) && typeof answer.warm === "boolean", JSON.stringify(answer));
  return usage;
}

check(
  "a whole turn: the prompt, all tools, the stream, usage, and an answer bound to --output-schema",
  withSession((folder) => {
    const usage = turn(folder);
    assert(usage.input_tokens > 10_000 && usage.output_tokens > 0, JSON.stringify(usage));
  }),
);

check(
  "a second turn of the same session, its prompt taken from the cache",
  withSession((folder) => {
    turn(folder);
    const usage = turn(folder, "resume", "--last");
    assert(usage.cached_input_tokens > 10_000, JSON.stringify(usage));
  }),
);

await main();

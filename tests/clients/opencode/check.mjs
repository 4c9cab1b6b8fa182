// `opencode run` with the configuration of its page.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { check, main } from "./checklist.mjs";
import { run } from "./command.mjs";
import { blocks } from "./page.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));

// A model that has room for the agent's own prompt and tools; its weights are random, so it needs an end.
const LONG = { name: "long", limit: { context: 65_536, output: 64 } };

// An agent whose prompt is short enough for `tiny`, with one tool of a tool server.
const WEATHER = {
  mode: "primary",
  model: "mlxkernel/tiny",
  prompt: "You are a helpful assistant.",
  temperature: 0,
  tools: { "*": false, weather_get_weather: true },
};

function turn(url, agent, prompt) {
  const folder = mkdtempSync(join(tmpdir(), "opencode-"));
  try {
    const config = JSON.parse(blocks("json", url)[0]);
    config.model = config.small_model = "mlxkernel/long";
    config.provider.mlxkernel.models.long = LONG;
    config.mcp = { weather: { type: "local", command: [process.execPath, join(HERE, "weather.mjs")] } };
    config.agent = { weather: WEATHER };
    writeFileSync(join(folder, "opencode.json"), JSON.stringify(config));
    return run("opencode", folder, "run", "--agent", agent, "--format", "json", prompt);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

check("a whole turn of its own agent: the prompt, all tools, the stream, usage", (url) => {
  const events = turn(url, "build", "Say whether it is sunny.");
  assert(events.some((event) => event.type === "text" && event.part.text));
  const { tokens } = events.findLast((event) => event.type === "step_finish").part;
  assert(tokens.input + tokens.cache.read > 10_000 && tokens.output > 0, JSON.stringify(tokens));
});

check("a tool is called, its result is sent back, and the answer ends by itself", (url) => {
  const events = turn(url, "weather", "What is the weather in Paris?");
  const { tool, state } = events.find((event) => event.type === "tool_use").part;
  assert.deepEqual([tool, state.status, state.input], ["weather_get_weather", "completed", { city: "Paris" }]);
  assert.equal(state.output, "18 degrees and sunny");
  const finishes = events.filter((event) => event.type === "step_finish").map((event) => event.part.reason);
  assert.deepEqual(finishes, ["tool-calls", "stop"]);
  assert(events.some((event) => event.type === "text" && event.part.text));
});

await main();

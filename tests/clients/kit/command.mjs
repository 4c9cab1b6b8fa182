// Programs: a command that a package installed, run with a home of its own.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));

/**
 * Run node_modules/.bin/NAME in this folder, where it also finds its settings: it shall see none of whoever runs
 * this. Returns the objects that it prints, one a line; throws with what it said when its exit code is not 0.
 */
export function run(name, folder, ...args) {
  const env = { PATH: process.env.PATH, HOME: folder, CODEX_HOME: folder, OPENCODE_DISABLE_MODELS_FETCH: "1" };
  const command = join(HERE, "node_modules", ".bin", name);
  const done = spawnSync(command, args, {
    cwd: folder,
    env,
    encoding: "utf8",
    input: "",
    timeout: 300_000,
    maxBuffer: 64 * 2 ** 20,
  });
  assert.equal(done.status, 0, `${done.error ?? ""} ${done.stdout.slice(-300)} ${done.stderr.slice(-300)}`);
  return done.stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
}

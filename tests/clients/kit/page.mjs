// The code that a client's page gives to copy, run as it stands: only the server's address is put in (see page.py).
// The command line names the page; the examples run beside the packages that they import.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

// What stands in the pages.
const ADDRESS = "http://127.0.0.1:8000";

/** The blocks of this language in the page of the client that is checked, made for this server. */
export function blocks(language, url) {
  const page = process.argv[3];
  const text = readFileSync(page, "utf8");
  const found = [...text.matchAll(new RegExp("^```" + language + "\\n([^]*?)^```$", "gm"))];
  assert(found.length, `${page} has no block of ${language}`);
  return found.map(([, block]) => block.replaceAll(ADDRESS, url));
}

/** Run each block by itself; one says with a comment such as "// … Alice …" what is in that which it prints. */
export function runPage(url) {
  const script = join(dirname(fileURLToPath(import.meta.url)), "example.mjs");
  for (const block of blocks("javascript", url)) {
    writeFileSync(script, block);
    const done = spawnSync(process.execPath, [script], { encoding: "utf8", timeout: 600_000 });
    rmSync(script);
    assert.equal(done.status, 0, done.stderr.slice(-2000));
    const expected = [...block.matchAll(/\/\/ … (.+) …$/gm)].map(([, word]) => word);
    assert(expected.length, `nothing is said of what this prints:\n${block}`);
    for (const word of expected) assert(done.stdout.includes(word), `${word} is not in ${done.stdout}`);
  }
}

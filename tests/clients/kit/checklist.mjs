// What a client's check.mjs is made of: named checks, each a line of JSON on stdout (see checklist.py).

const checks = [];

/** Add a check under this title; the function gets the server's address and throws when something is wrong. */
export function check(title, run) {
  checks.push([title, run]);
}

/** Run every check against the server that the command line names; the exit code is 1 if one fails. */
export async function main() {
  const url = process.argv[2].replace(/\/$/, "");
  let failed = 0;
  for (const [title, run] of checks) {
    try {
      await run(url);
      console.log(JSON.stringify({ check: title, ok: true }));
    } catch (error) {
      failed += 1;
      console.error(error);
      console.log(JSON.stringify({ check: title, ok: false, detail: String(error).slice(0, 500) }));
    }
  }
  process.exit(failed ? 1 : 0);
}

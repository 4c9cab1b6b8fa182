// Ollama's package, as its documentation uses it.

import assert from "node:assert/strict";

import { Ollama } from "ollama";

import { check, main } from "./checklist.mjs";
import { runPage } from "./page.mjs";

const WEATHER = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Get the current weather in a city",
    parameters: {
      type: "object",
      properties: { city: { type: "string", description: "The city" } },
      required: ["city"],
    },
  },
};

const GREEDY = { temperature: 0 };

const user = (content) => ({ role: "user", content });
const client = (url) => new Ollama({ host: url });

check("chat, and a conversation over two turns", async (url) => {
  const messages = [user("My name is Alice.")];
  const first = await client(url).chat({ model: "tiny", messages, options: GREEDY });
  messages.push(first.message, user("What is my name?"));
  const second = await client(url).chat({ model: "tiny", messages, options: GREEDY });
  assert.match(second.message.content, /Alice/);
  assert.deepEqual([second.done, second.done_reason], [true, "stop"]);
  assert(second.eval_duration > 0 && second.eval_duration <= second.total_duration);
  assert(second.prompt_eval_count > first.prompt_eval_count);
});

check("a stream says what the whole answer says", async (url) => {
  const asked = { model: "tiny", messages: [user("Hello!")], options: GREEDY };
  const parts = [];
  for await (const part of await client(url).chat({ ...asked, stream: true })) parts.push(part);
  const whole = await client(url).chat(asked);
  assert.equal(parts.map((part) => part.message.content).join(""), whole.message.content);
  assert.equal(parts.filter((part) => part.done).length, 1);
  assert.equal(parts.at(-1).eval_count, whole.eval_count);
});

check("a stream that is aborted", async (url) => {
  const stream = await client(url).chat({
    model: "random",
    messages: [user("Hello!")],
    options: { num_predict: 4000 },
    stream: true,
  });
  let parts = 0;
  await assert.rejects(
    async () => {
      for await (const _ of stream) {
        parts += 1;
        if (parts === 3) stream.abort();
      }
    },
    { name: "AbortError" },
  );
  assert(parts < 100, `${parts} parts came`);
});

check("the tool round trip", async (url) => {
  const messages = [user("What is the weather in Paris?")];
  const ask = () => client(url).chat({ model: "tiny", messages, tools: [WEATHER], options: GREEDY });
  const first = (await ask()).message;
  assert.deepEqual(
    first.tool_calls.map((call) => [call.function.name, call.function.arguments]),
    [["get_weather", { city: "Paris" }]],
  );
  messages.push(first, { role: "tool", tool_name: "get_weather", content: "18 degrees and sunny" });
  assert.match((await ask()).message.content, /18/);
});

check("a streamed tool call", async (url) => {
  const calls = [];
  for await (const part of await client(url).chat({
    model: "tiny",
    messages: [user("What is the weather in Paris?")],
    tools: [WEATHER],
    options: GREEDY,
    stream: true,
  })) {
    calls.push(...(part.message.tool_calls ?? []));
  }
  assert.deepEqual(calls.map((call) => call.function.arguments), [{ city: "Paris" }]);
});

check("format with a schema, filled by a model with random weights too", async (url) => {
  const format = {
    type: "object",
    properties: { name: { type: "string", maxLength: 24 }, close: { type: "boolean" } },
    required: ["name", "close"],
  };
  for (const model of ["tiny", "random"]) {
    const reply = await client(url).chat({
      model,
      messages: [user("Alice is 7 years old.")],
      format,
      options: { ...GREEDY, num_predict: 400 },
    });
    assert.equal(typeof JSON.parse(reply.message.content).close, "boolean");
  }
});

check("thinking", async (url) => {
  const asked = { model: "tiny", messages: [user("What is 3 plus 4?")], options: GREEDY };
  const thoughtful = await client(url).chat({ ...asked, think: true });
  assert(thoughtful.message.thinking);
  assert.match(thoughtful.message.content, /7/);
  assert(!(await client(url).chat({ ...asked, think: false })).message.thinking);
});

check("generate, whole and streamed", async (url) => {
  const asked = {
    model: "tiny",
    prompt: "What is your name?",
    system: "Your name is Nora.",
    options: GREEDY,
  };
  const whole = await client(url).generate(asked);
  assert.match(whole.response, /Nora/);
  let text = "";
  for await (const part of await client(url).generate({ ...asked, stream: true })) text += part.response;
  assert.equal(text, whole.response);
});

check("embed", async (url) => {
  const { embeddings } = await client(url).embed({ model: "tiny", input: ["a red ball", "a blue box"] });
  assert.equal(embeddings.length, 2);
  assert(embeddings[0].length > 0 && embeddings[0].length === embeddings[1].length);
});

check("list, show, ps and version", async (url) => {
  const { models } = await client(url).list();
  assert(models.some((model) => model.model === "tiny:latest" && model.size > 0), JSON.stringify(models));
  assert((await client(url).show({ model: "tiny" })).capabilities.includes("tools"));
  assert((await client(url).ps()).models.some((model) => model.model === "tiny:latest"));
  assert((await client(url).version()).version);
});

check("errors are the package's own exceptions", async (url) => {
  const asked = { model: "tiny", messages: [user("Hello!")] };
  for (const [change, status] of [
    [{ model: "nothing" }, 404],
    [{ options: { temperatur: 0 } }, 400],
  ]) {
    for (const stream of [false, true]) {
      await assert.rejects(client(url).chat({ ...asked, ...change, stream }), {
        name: "ResponseError",
        status_code: status,
      });
    }
  }
});

check("the examples of its page, as they stand", runPage);

await main();

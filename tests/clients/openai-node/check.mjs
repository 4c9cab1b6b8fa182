// The official package, as its documentation uses it.

import assert from "node:assert/strict";

import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";

import { check, main } from "./checklist.mjs";
import { runPage } from "./page.mjs";

const PARAMETERS = {
  type: "object",
  properties: { city: { type: "string", description: "The city" } },
  required: ["city"],
};
const FUNCTION = {
  name: "get_weather",
  description: "Get the current weather in a city",
  parameters: PARAMETERS,
};
const WEATHER = { type: "function", function: FUNCTION };

// For a model with random weights, which would write a name without an end.
const SHORT = {
  type: "object",
  properties: { city: { type: "string", maxLength: 24 } },
  required: ["city"],
};

const user = (content) => ({ role: "user", content });
const client = (url) => new OpenAI({ baseURL: `${url}/v1`, apiKey: "any", maxRetries: 0 });

check("models are listed and looked up", async (url) => {
  const names = [];
  for await (const model of client(url).models.list()) names.push(model.id);
  assert(names.includes("tiny"), String(names));
  assert.equal((await client(url).models.retrieve("tiny")).id, "tiny");
});

check("a conversation over two turns", async (url) => {
  const ask = (messages) =>
    client(url).chat.completions.create({ model: "tiny", messages, temperature: 0 });
  const first = await ask([user("My name is Alice.")]);
  const second = await ask([
    user("My name is Alice."),
    first.choices[0].message,
    user("What is my name?"),
  ]);
  assert.match(second.choices[0].message.content, /Alice/);
  assert.equal(second.choices[0].finish_reason, "stop");
  assert(second.usage.completion_tokens > 0);
});

check("a stream says what the whole answer says, and the usage comes last", async (url) => {
  const asked = { model: "tiny", messages: [user("Hello!")], temperature: 0 };
  const whole = await client(url).chat.completions.create(asked);
  const chunks = [];
  for await (const chunk of await client(url).chat.completions.create({
    ...asked,
    stream: true,
    stream_options: { include_usage: true },
  })) {
    chunks.push(chunk);
  }
  const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
  assert.equal(text, whole.choices[0].message.content);
  // How much of the prompt was found in the cache differs.
  assert.equal(chunks.at(-1).usage.total_tokens, whole.usage.total_tokens);
});

check("the stream helper", async (url) => {
  const words = [];
  const stream = client(url)
    .chat.completions.stream({ model: "tiny", messages: [user("Hello!")], temperature: 0 })
    .on("content", (delta) => words.push(delta));
  const final = await stream.finalChatCompletion();
  assert(words.length > 1);
  assert.equal(words.join(""), final.choices[0].message.content);
});

check("a stream that is aborted", async (url) => {
  const stream = await client(url).chat.completions.create({
    model: "random",
    messages: [user("Hello!")],
    max_tokens: 4000,
    stream: true,
  });
  let chunks = 0;
  for await (const _ of stream) {
    chunks += 1;
    if (chunks === 3) stream.controller.abort();
  }
  assert(chunks < 100, `${chunks} chunks came`);
});

check("the function-calling round trip", async (url) => {
  const messages = [user("What is the weather in Paris?")];
  const ask = () =>
    client(url).chat.completions.create({ model: "tiny", messages, tools: [WEATHER], temperature: 0 });
  const first = (await ask()).choices[0];
  assert.equal(first.finish_reason, "tool_calls");
  const [call] = first.message.tool_calls;
  assert.deepEqual([call.function.name, JSON.parse(call.function.arguments)], ["get_weather", { city: "Paris" }]);
  messages.push(first.message, { role: "tool", tool_call_id: call.id, content: "18 degrees and sunny" });
  assert.match((await ask()).choices[0].message.content, /18/);
});

check("runTools, whole and streamed", async (url) => {
  for (const stream of [false, true]) {
    const asked = [];
    const get_weather = ({ city }) => {
      asked.push(city);
      return "18 degrees and sunny";
    };
    const runner = client(url).chat.completions.runTools({
      model: "tiny",
      messages: [user("What is the weather in Paris?")],
      tools: [{ type: "function", function: { ...FUNCTION, function: get_weather, parse: JSON.parse } }],
      temperature: 0,
      stream,
    });
    assert.match(await runner.finalContent(), /18/);
    assert.deepEqual(asked, ["Paris"]);
  }
});

check("a call forced on a model with random weights, streamed through the helper", async (url) => {
  const stream = client(url).chat.completions.stream({
    model: "random",
    messages: [user("Hello!")],
    tools: [{ type: "function", function: { ...FUNCTION, parameters: SHORT } }],
    tool_choice: { type: "function", function: { name: "get_weather" } },
    max_tokens: 400,
  });
  const [call] = (await stream.finalChatCompletion()).choices[0].message.tool_calls;
  assert.equal(typeof JSON.parse(call.function.arguments).city, "string");
});

check("chat.completions.parse fills a zod schema", async (url) => {
  const Person = z.object({ name: z.string(), age: z.number().int() });
  const reply = await client(url).chat.completions.parse({
    model: "tiny",
    messages: [user("Alice is 7 years old.")],
    response_format: zodResponseFormat(Person, "person"),
    temperature: 0,
  });
  assert.equal(typeof reply.choices[0].message.parsed.age, "number");
});

check("embeddings", async (url) => {
  const reply = await client(url).embeddings.create({
    model: "tiny",
    input: ["a red ball", "a blue box"],
    dimensions: 16,
  });
  assert.deepEqual(reply.data.map((item) => item.embedding.length), [16, 16]);
});

check("responses, whole and streamed, going on from one another", async (url) => {
  const first = await client(url).responses.create({ model: "tiny", input: "My name is Alice.", temperature: 0 });
  assert(first.output_text);
  const stream = client(url).responses.stream({
    model: "tiny",
    input: "What is my name?",
    previous_response_id: first.id,
    temperature: 0,
  });
  assert.match((await stream.finalResponse()).output_text, /Alice/);
});

check("the function-calling round trip over responses", async (url) => {
  const shared = {
    model: "tiny",
    tools: [{ type: "function", ...FUNCTION, strict: false }],
    temperature: 0,
  };
  const first = await client(url).responses.create({ ...shared, input: "What is the weather in Paris?" });
  const call = first.output.find((item) => item.type === "function_call");
  assert.deepEqual(JSON.parse(call.arguments), { city: "Paris" });
  const second = await client(url).responses.create({
    ...shared,
    previous_response_id: first.id,
    input: [{ type: "function_call_output", call_id: call.call_id, output: "18 degrees and sunny" }],
  });
  assert.match(second.output_text, /18/);
});

check("errors are the package's own exceptions", async (url) => {
  const hello = { model: "tiny", messages: [user("Hello!")] };
  for (const [change, expected] of [
    [{ model: "nothing" }, OpenAI.NotFoundError],
    [{ temperature: 9 }, OpenAI.BadRequestError],
    [{ tools: [{ type: "web_search" }] }, OpenAI.BadRequestError],
  ]) {
    for (const stream of [false, true]) {
      const error = await client(url)
        .chat.completions.create({ ...hello, ...change, stream })
        .then(() => null, (reason) => reason);
      assert(error instanceof expected, `${JSON.stringify(change)}: ${error}`);
      assert(error.requestID);
    }
  }
});

check("the examples of its page, as they stand", runPage);

await main();

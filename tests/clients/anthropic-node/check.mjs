// The official package, as its documentation uses it.

import assert from "node:assert/strict";

import Anthropic from "@anthropic-ai/sdk";
import { betaTool } from "@anthropic-ai/sdk/helpers/beta/json-schema";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import { z } from "zod";

import { check, main } from "./checklist.mjs";
import { runPage } from "./page.mjs";

const WEATHER = {
  name: "get_weather",
  description: "Get the current weather in a city",
  input_schema: {
    type: "object",
    properties: { city: { type: "string", description: "The city" } },
    required: ["city"],
  },
};

// For a model with random weights, which would write a name without an end.
const SHORT = {
  type: "object",
  properties: { city: { type: "string", maxLength: 24 } },
  required: ["city"],
};

const user = (content) => ({ role: "user", content });
const client = (url) => new Anthropic({ baseURL: url, apiKey: "any", maxRetries: 0 });
const said = (message) =>
  message.content
    .filter((block) => block.type === "text")
    .map((block) => block.text)
    .join("");

check("a message, and a conversation over two turns", async (url) => {
  const asked = { model: "tiny", max_tokens: 1024, temperature: 0 };
  const messages = [user("My name is Alice.")];
  const first = await client(url).messages.create({ ...asked, messages });
  assert.deepEqual([first.role, first.model, first.stop_reason], ["assistant", "tiny", "end_turn"]);
  messages.push({ role: "assistant", content: first.content }, user("What is my name?"));
  const second = await client(url).messages.create({ ...asked, messages });
  assert.match(said(second), /Alice/);
  assert(second.usage.output_tokens > 0);
});

check("a system text", async (url) => {
  const reply = await client(url).messages.create({
    model: "tiny",
    max_tokens: 1024,
    temperature: 0,
    system: "Your name is Nora.",
    messages: [user("What is your name?")],
  });
  assert.match(said(reply), /Nora/);
});

check("the stream helper says what the whole message says", async (url) => {
  const asked = { model: "tiny", max_tokens: 1024, temperature: 0, messages: [user("Hello!")] };
  const words = [];
  const stream = client(url).messages.stream(asked).on("text", (delta) => words.push(delta));
  const final = await stream.finalMessage();
  const whole = await client(url).messages.create(asked);
  assert(words.length > 1);
  assert.equal(words.join(""), said(final));
  assert.equal(said(final), said(whole));
  assert.equal(final.usage.output_tokens, whole.usage.output_tokens);
});

check("the raw events of a stream, from message_start to message_stop", async (url) => {
  const types = [];
  for await (const event of await client(url).messages.create({
    model: "tiny",
    max_tokens: 1024,
    messages: [user("Hello!")],
    stream: true,
  })) {
    types.push(event.type);
  }
  assert.deepEqual([types[0], types.at(-1)], ["message_start", "message_stop"]);
});

check("the tool round trip", async (url) => {
  const asked = { model: "tiny", max_tokens: 1024, temperature: 0, tools: [WEATHER] };
  const messages = [user("What is the weather in Paris?")];
  const first = await client(url).messages.create({ ...asked, messages });
  assert.equal(first.stop_reason, "tool_use");
  const call = first.content.find((block) => block.type === "tool_use");
  assert.deepEqual([call.name, call.input], ["get_weather", { city: "Paris" }]);
  messages.push(
    { role: "assistant", content: first.content },
    user([{ type: "tool_result", tool_use_id: call.id, content: "18 degrees and sunny" }]),
  );
  const second = await client(url).messages.create({ ...asked, messages });
  assert.equal(second.stop_reason, "end_turn");
  assert.match(said(second), /18/);
});

check("a call forced on a model with random weights, streamed through the helper", async (url) => {
  const parts = [];
  const stream = client(url)
    .messages.stream({
      model: "random",
      max_tokens: 400,
      tools: [{ ...WEATHER, input_schema: SHORT }],
      tool_choice: { type: "tool", name: "get_weather" },
      messages: [user("Hello!")],
    })
    .on("inputJson", (part) => parts.push(part));
  const [call] = (await stream.finalMessage()).content;
  assert(parts.length > 1);
  assert.equal(typeof call.input.city, "string");
});

check("the tool runner, whole and streamed", async (url) => {
  for (const stream of [false, true]) {
    const asked = [];
    const tool = betaTool({
      name: WEATHER.name,
      description: WEATHER.description,
      inputSchema: WEATHER.input_schema,
      run: ({ city }) => {
        asked.push(city);
        return "18 degrees and sunny";
      },
    });
    const final = await client(url).beta.messages.toolRunner({
      model: "tiny",
      max_tokens: 1024,
      temperature: 0,
      tools: [tool],
      messages: [user("What is the weather in Paris?")],
      stream,
    }).runUntilDone();
    assert.deepEqual(asked, ["Paris"]);
    assert.match(said(final), /18/);
  }
});

check("thinking, and its blocks sent back", async (url) => {
  const asked = {
    model: "tiny",
    max_tokens: 2048,
    temperature: 0,
    thinking: { type: "enabled", budget_tokens: 1024 },
  };
  const messages = [user("What is 3 plus 4?")];
  const first = await client(url).messages.create({ ...asked, messages });
  assert.deepEqual(first.content.map((block) => block.type), ["thinking", "text"]);
  assert(first.content[0].thinking && first.content[0].signature);
  messages.push({ role: "assistant", content: first.content }, user("What is 2 plus 2?"));
  const second = await client(url).messages.stream({ ...asked, messages }).finalMessage();
  assert.equal(second.content[0].type, "thinking");
});

check("messages.parse fills a zod schema", async (url) => {
  const reply = await client(url).messages.parse({
    model: "tiny",
    max_tokens: 1024,
    temperature: 0,
    messages: [user("Alice is 7 years old.")],
    output_config: { format: zodOutputFormat(z.object({ name: z.string(), age: z.number().int() })) },
  });
  assert.equal(typeof reply.parsed_output.age, "number");
});

check("countTokens counts what a message then uses", async (url) => {
  const asked = { model: "tiny", tools: [WEATHER], messages: [user("Hello!")] };
  const count = (await client(url).messages.countTokens(asked)).input_tokens;
  const { usage } = await client(url).messages.create({ ...asked, max_tokens: 1 });
  assert.equal(count, usage.input_tokens + usage.cache_read_input_tokens);
});

check("errors are the package's own exceptions", async (url) => {
  const hello = { model: "tiny", max_tokens: 5, messages: [user("Hello!")] };
  for (const [change, expected] of [
    [{ model: "nothing" }, Anthropic.NotFoundError],
    [{ temperature: 9 }, Anthropic.BadRequestError],
    [{ tools: [{ type: "web_search_20250305", name: "web_search" }] }, Anthropic.BadRequestError],
  ]) {
    for (const stream of [false, true]) {
      const error = await client(url)
        .messages.create({ ...hello, ...change, stream })
        .then(() => null, (reason) => reason);
      assert(error instanceof expected, `${JSON.stringify(change)}: ${error}`);
      assert(error.requestID);
    }
  }
});

check("the examples of its page, as they stand", runPage);

await main();

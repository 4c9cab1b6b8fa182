// The AI SDK through three of its providers, as its documentation uses it.

import assert from "node:assert/strict";

import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, embedMany, generateObject, generateText, stepCountIs, streamObject, streamText, tool } from "ai";
import { z } from "zod";

import { check, main } from "./checklist.mjs";
import { runPage } from "./page.mjs";

const compatible = (url) =>
  createOpenAICompatible({
    name: "mlxkernel",
    baseURL: `${url}/v1`,
    apiKey: "any",
    includeUsage: true,
    supportsStructuredOutputs: true,
  });

const PROVIDERS = [
  ["openai-compatible", (url, name) => compatible(url)(name)],
  ["openai, Responses", (url, name) => createOpenAI({ baseURL: `${url}/v1`, apiKey: "any" })(name)],
  ["anthropic", (url, name) => createAnthropic({ baseURL: `${url}/v1`, apiKey: "any" })(name)],
];

const greedy = { temperature: 0, maxRetries: 0 };

const weather = (asked, city = z.string().describe("The city")) =>
  tool({
    description: "Get the current weather in a city",
    inputSchema: z.object({ city }),
    execute: async (input) => {
      asked.push(input.city);
      return "18 degrees and sunny";
    },
  });

for (const [name, model] of PROVIDERS) {
  check(`${name}: generateText over two turns`, async (url) => {
    const messages = [{ role: "user", content: "My name is Alice." }];
    const first = await generateText({ model: model(url, "tiny"), messages, ...greedy });
    messages.push(...first.response.messages, { role: "user", content: "What is my name?" });
    const second = await generateText({ model: model(url, "tiny"), messages, ...greedy });
    assert.match(second.text, /Alice/);
    assert.equal(second.finishReason, "stop");
    assert(second.usage.inputTokens > 0 && second.usage.outputTokens > 0, JSON.stringify(second.usage));
  });

  check(`${name}: streamText says what generateText says, with usage`, async (url) => {
    const asked = { model: model(url, "tiny"), prompt: "Hello!", ...greedy };
    const stream = streamText(asked);
    const words = [];
    for await (const word of stream.textStream) words.push(word);
    assert(words.length > 1);
    assert.equal(words.join(""), (await generateText(asked)).text);
    assert((await stream.totalUsage).outputTokens > 0);
  });

  check(`${name}: a tool in a loop, whole and streamed`, async (url) => {
    for (const run of [generateText, streamText]) {
      const asked = [];
      const result = await run({
        model: model(url, "tiny"),
        prompt: "What is the weather in Paris?",
        tools: { get_weather: weather(asked) },
        stopWhen: stepCountIs(3),
        ...greedy,
      });
      assert.match(await result.text, /18/);
      assert.deepEqual(asked, ["Paris"]);
      assert.equal((await result.steps).length, 2);
    }
  });

  check(`${name}: a call forced on a model with random weights`, async (url) => {
    for (const toolChoice of ["required", { type: "tool", toolName: "get_weather" }]) {
      const asked = [];
      await generateText({
        model: model(url, "random"),
        prompt: "Hello!",
        // Short, since a model with random weights would write a name without an end.
        tools: { get_weather: weather(asked, z.string().max(24)) },
        toolChoice,
        maxOutputTokens: 400,
        ...greedy,
      });
      assert.equal(asked.length, 1);
    }
  });

  check(`${name}: generateObject and streamObject fill a zod schema`, async (url) => {
    const schema = z.object({ name: z.string().max(24), close: z.boolean() });
    const asked = { model: model(url, "tiny"), schema, prompt: "Alice is 7 years old.", ...greedy };
    const { object } = await generateObject(asked);
    assert.equal(typeof object.close, "boolean");
    const stream = streamObject(asked);
    const parts = [];
    for await (const part of stream.partialObjectStream) parts.push(part);
    assert.deepEqual(await stream.object, object);
    assert.deepEqual(parts.at(-1), object);
  });

  check(`${name}: an unknown model is an APICallError`, async (url) => {
    const error = await generateText({ model: model(url, "nothing"), prompt: "Hello!", maxRetries: 0 }).then(
      () => null,
      (reason) => reason,
    );
    assert(APICallError.isInstance(error), String(error));
    assert.equal(error.statusCode, 404);
    assert.match(error.message, /nothing/);
  });
}

check("openai-compatible: embedMany", async (url) => {
  const model = compatible(url).textEmbeddingModel("tiny");
  const { embeddings } = await embedMany({ model, values: ["a red ball", "a blue box"], maxRetries: 0 });
  assert.equal(embeddings.length, 2);
  assert.equal(embeddings[0].length, embeddings[1].length);
});

check("the examples of its page, as they stand", runPage);

await main();

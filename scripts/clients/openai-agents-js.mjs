// OpenAI's Agents SDK: `previousResponseId`, or the result's `history`.

import { Agent, OpenAIResponsesModel, run, setTracingDisabled, tool } from "@openai/agents";
import OpenAI from "openai";
import { z } from "zod";
import {
  baseURL,
  byId,
  description,
  getWeather,
  instructions,
  model,
  questions,
  saw,
  way,
} from "./conversation.mjs";

setTracingDisabled(true);
const sdk = new OpenAI({ baseURL, apiKey: "none", maxRetries: 0 });
const agent = new Agent({
  name: "Meteorologist",
  instructions,
  model: new OpenAIResponsesModel(sdk, model),
  tools: [
    tool({
      name: "get_weather",
      description,
      parameters: z.object({ city: z.string() }),
      execute: getWeather,
    }),
  ],
});
let history = [];
let previousResponseId;
for await (const question of questions) {
  const input = [...(byId ? [] : history), { role: "user", content: question }];
  const options = byId ? { previousResponseId } : {};
  const result = await run(agent, input, { ...options, stream: way === "streamed" });
  if (way === "streamed") {
    for await (const event of result) void event;
    await result.completed;
  }
  history = result.history;
  previousResponseId = result.lastResponseId;
  saw(result.finalOutput);
}

// OpenAI's Agents SDK: what it makes of a stream is as its own protocol declares it.

import { OpenAIResponsesModel } from "@openai/agents";
import { protocol } from "@openai/agents-core";
import OpenAI from "openai";
import { fetchOf, readAll } from "./recorded.js";

await readAll("openai-agents-js", async (events) => {
  const sdk = new OpenAI({ apiKey: "none", maxRetries: 0, fetch: fetchOf(events) });
  const model = new OpenAIResponsesModel(sdk, "scripted");
  const request = {
    input: "hi",
    modelSettings: {},
    tools: [],
    handoffs: [],
    outputType: "text",
    tracing: false,
  };
  let done;
  try {
    for await (const event of model.getStreamedResponse(request)) {
      protocol.StreamEvent.parse(event);
      if (event.type === "response_done") done = event.response;
    }
  } catch (error) {
    // What it makes of every answer that was cut short.
    if (error.message.includes('terminal state "response.incomplete"')) return;
    throw error;
  }
  const { output } = events.at(-1).response;
  if (done.output.length !== output.length) {
    throw new Error(`of ${output.length} items ${done.output.length} are kept`);
  }
});

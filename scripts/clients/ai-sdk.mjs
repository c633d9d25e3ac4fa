// Vercel's AI SDK: `previousResponseId`, or all messages.

import { createOpenAI } from "@ai-sdk/openai";
import { generateText, stepCountIs, streamText, tool } from "ai";
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

const openai = createOpenAI({ baseURL, apiKey: "none" });
const tools = {
  get_weather: tool({
    description,
    inputSchema: z.object({ city: z.string() }),
    execute: getWeather,
  }),
};

async function ask(messages, previousResponseId) {
  const options = {
    model: openai.responses(model),
    instructions,
    tools,
    messages,
    maxRetries: 0,
    providerOptions: { openai: { previousResponseId } },
    stopWhen: stepCountIs(byId ? 1 : 20),
  };
  if (way === "plain") return generateText(options);
  let failure;
  const onError = ({ error }) => (failure ??= error);
  const result = streamText({ ...options, onError });
  await result.consumeStream();
  if (failure) throw failure;
  return result;
}

let messages = [];
let previousResponseId;
for await (const question of questions) {
  messages.push({ role: "user", content: question });
  let result;
  do {
    result = await ask(messages, previousResponseId);
    // Those of all steps.
    const added = await result.responseMessages;
    if (byId) {
      previousResponseId = (await result.response).id;
      messages = added.filter((message) => message.role === "tool");
    } else {
      messages.push(...added);
    }
  } while (byId && messages.length);
  saw(await result.text);
}

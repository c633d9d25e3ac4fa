// OpenAI's SDK: `create`, `create` with `stream: true`, and `stream`.

import OpenAI from "openai";
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

const sdk = new OpenAI({ baseURL, apiKey: "none", maxRetries: 0 });
const tool = {
  type: "function",
  name: "get_weather",
  description,
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
  strict: true,
};

async function send(body) {
  if (way === "plain") return sdk.responses.create(body);
  if (way === "helper") return sdk.responses.stream(body).finalResponse();
  let response;
  for await (const event of await sdk.responses.create({ ...body, stream: true })) {
    if (event.type === "response.completed") response = event.response;
  }
  return response;
}

function results(response) {
  return response.output
    .filter((item) => item.type === "function_call")
    .map((item) => ({
      type: "function_call_output",
      call_id: item.call_id,
      output: getWeather(JSON.parse(item.arguments)),
    }));
}

function textOf(response) {
  return response.output
    .filter((item) => item.type === "message")
    .flatMap((item) => item.content.map((part) => part.text))
    .join("");
}

const body = { model, instructions, tools: [tool] };
let history = [];
for await (const question of questions) {
  let newInput = [{ role: "user", content: question }];
  let response;
  while (newInput.length) {
    history.push(...newInput);
    response = await send({ ...body, input: byId ? newInput : history });
    history.push(...response.output);
    if (byId) body.previous_response_id = response.id;
    newInput = results(response);
  }
  saw(textOf(response));
}

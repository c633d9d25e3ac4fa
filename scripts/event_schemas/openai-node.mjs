// OpenAI's SDK for Node: `.stream()` follows the items and parts that events name.

import OpenAI from "openai";
import { fetchOf, readAll } from "./recorded.js";

await readAll("openai-node", async (events) => {
  const sdk = new OpenAI({ apiKey: "none", maxRetries: 0, fetch: fetchOf(events) });
  const stream = sdk.responses.stream({ model: "scripted", input: "hi" });
  let read = 0;
  for await (const event of stream) read += event.type ? 1 : 0;
  const response = await stream.finalResponse();
  if (read !== events.length) throw new Error(`${read} of ${events.length} events`);
  if (response.id !== events.at(-1).response.id) throw new Error("another response");
});

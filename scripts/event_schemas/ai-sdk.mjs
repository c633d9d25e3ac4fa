// Vercel's AI SDK: the parts that it makes of a stream have its errors among them.

import { createOpenAI } from "@ai-sdk/openai";
import { fetchOf, readAll } from "./recorded.js";

await readAll("ai-sdk", async (events) => {
  const openai = createOpenAI({ apiKey: "none", fetch: fetchOf(events) });
  const { stream } = await openai.responses("scripted").doStream({
    prompt: [{ role: "user", content: [{ type: "text", text: "hi" }] }],
  });
  const parts = await Array.fromAsync(stream);
  for (const part of parts) {
    if (part.type === "error") throw part.error;
  }
  const { usage } = parts.find((part) => part.type === "finish");
  if (!(usage.outputTokens.total > 0)) throw new Error("no usage");
});

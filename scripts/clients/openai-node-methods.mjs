// What OpenAI's SDK has beside `create`: `retrieve`, `inputItems.list`, `cancel`,
// `delete`. Ends in an error if one of them does not do what it should.
//
//   node openai-node-methods.mjs BASE_URL

import assert from "node:assert/strict";
import OpenAI from "openai";

const sdk = new OpenAI({
  baseURL: process.argv[2],
  apiKey: "none",
  maxRetries: 0,
});
const { responses } = sdk;
const model = "scripted";

const first = await responses.create({ model, input: "One." });
const second = await responses.create({
  model,
  input: [{ role: "user", content: "Two." }],
  previous_response_id: first.id,
});
const read = await responses.retrieve(second.id);
assert.equal(read.id, second.id);
assert.equal(read.output_text, second.output_text);
assert.deepEqual(read.output, second.output);

async function listed(query) {
  const texts = [];
  for await (const item of responses.inputItems.list(second.id, query)) {
    texts.push(item.content[0].text);
  }
  return texts;
}
const texts = ["One.", first.output_text, "Two."];
const include = ["message.input_image.image_url"];
// Page after page: the list asks for the next one by itself.
assert.deepEqual(await listed({ order: "asc", limit: 1, include }), texts);
assert.deepEqual(await listed({ limit: 2 }), texts.toReversed());
const page = await responses.inputItems.list(second.id, { limit: 2 });
assert.equal(page.data.length, 2);
assert.ok(page.hasNextPage());
await assert.rejects(
  responses.inputItems.list(second.id, { include: ["nothing"] }),
  (error) => error instanceof OpenAI.BadRequestError && error.param === "include",
);

// The model generates nothing for this one.
const running = await responses.create({
  model,
  input: "Never.",
  background: true,
});
assert.equal((await responses.cancel(running.id)).status, "cancelled");
assert.equal((await responses.cancel(running.id)).status, "cancelled");

await responses.delete(second.id);
for (const gone of [
  () => responses.retrieve(second.id),
  () => responses.inputItems.list(second.id),
  () => responses.cancel(second.id),
  () => responses.delete(second.id),
]) {
  await assert.rejects(gone, OpenAI.NotFoundError);
}
await assert.rejects(
  responses.create({ model, input: "Go on.", previous_response_id: second.id }),
  (error) => error.code === "previous_response_not_found",
);
assert.equal((await responses.retrieve(first.id)).id, first.id);

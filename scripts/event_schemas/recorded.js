// The streams that were recorded, read by an SDK one after the other.

import { readFileSync } from "node:fs";

/** The events of each stream, by its name. */
export const streams = JSON.parse(readFileSync(process.argv[2], "utf8"));

/**
 * Let `read` read each stream; prints what it throws, and sets the exit code.
 * @param {string} sdk its name, for what is printed.
 * @param {(events: object[]) => Promise<void>} read throws if it does not like an event.
 */
export async function readAll(sdk, read) {
  const all = Object.entries(streams);
  let refused = 0;
  for (const [name, events] of all) {
    try {
      await read(events);
    } catch (error) {
      refused += 1;
      console.log(`${sdk}, ${name}: ${error.message}`);
    }
  }
  console.log(`${sdk}: ${all.length - refused} of ${all.length} streams are read`);
  process.exitCode = refused ? 1 : 0;
}

/** A `fetch` that answers with a stream of events, as the server sends it. */
export function fetchOf(events) {
  const lines = events.map((e) => `event: ${e.type}\ndata: ${JSON.stringify(e)}\n\n`);
  const headers = { "content-type": "text/event-stream" };
  return async () => new Response(lines.join(""), { headers });
}

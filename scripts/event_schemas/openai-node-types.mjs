// OpenAI's SDK for Node: what it declares events to be, asked of TypeScript.

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { readAll, streams } from "./recorded.js";

// A generic parameter may have more fields than its bound, as vLLM's objects have.
const HEAD = `import type { ResponseStreamEvent } from "openai/resources/responses/responses";
declare function event<T extends ResponseStreamEvent>(event: T): void;
`;
// What the server sends of a response is for the other SDKs: this one adds to it.
const shown = (events) => events.filter((event) => !("response" in event));
const source = (events) =>
  HEAD + shown(events).map((e) => `event(${JSON.stringify(e)});\n`).join("");

const files = new Map();
for (const [number, events] of Object.values(streams).entries()) {
  const file = fileURLToPath(new URL(`stream-${number}.ts`, import.meta.url));
  writeFileSync(file, source(events));
  files.set(JSON.stringify(events), file);
}
const program = ts.createProgram([...files.values()], {
  strict: true,
  // vLLM writes null for what is not there, as OpenAI's types for Python have it.
  strictNullChecks: false,
  noEmit: true,
  skipLibCheck: true,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ESNext,
  types: [],
});

await readAll("openai-node-types", async (events) => {
  const file = program.getSourceFile(files.get(JSON.stringify(events)));
  const found = ts.getPreEmitDiagnostics(program, file).map(({ messageText, start }) => {
    const { line } = file.getLineAndCharacterOfPosition(start);
    const said = ts.flattenDiagnosticMessageText(messageText, " ");
    return `${file.text.split("\n")[line]} ${said}`;
  });
  if (found.length) throw new Error(`${found.length} errors, the first: ${found[0]}`);
});

// OpenAI's Codex CLI: `codex exec`, and `codex exec resume` for each further question. It
// has tools of its own, and never continues by id.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { baseURL, model, questions, saw } from "./conversation.mjs";

const home = mkdtempSync(join(tmpdir(), "codex-"));
const answer = join(home, "answer");
const program = fileURLToPath(import.meta.resolve("@openai/codex/bin/codex.js"));
const settings = {
  model_provider: "scripted",
  "model_providers.scripted.name": "scripted",
  "model_providers.scripted.base_url": baseURL,
  "model_providers.scripted.wire_api": "responses",
  "model_providers.scripted.request_max_retries": 0,
  "model_providers.scripted.stream_max_retries": 0,
  "analytics.enabled": false,
  check_for_update_on_startup: false,
  // vLLM refuses a tool that it can not run, on gpt-oss.
  web_search: "disabled",
};
const options = [
  ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
  ...["--model", model, "--output-last-message", answer, "--skip-git-repo-check"],
  // All that is run is what the script of the model says.
  "--dangerously-bypass-approvals-and-sandbox",
];

function ask(command, question) {
  const { status, stderr } = spawnSync(
    process.execPath,
    [program, ...command, ...options, question],
    {
      cwd: home,
      env: { ...process.env, CODEX_HOME: home },
      stdio: ["ignore", "ignore", "pipe"],
      encoding: "utf8",
    },
  );
  if (status !== 0) {
    throw new Error(stderr.trim().split("\n").at(-1));
  }
  saw(readFileSync(answer, "utf8"));
}

try {
  let command = ["exec"];
  for await (const question of questions) {
    ask(command, question);
    command = ["exec", "resume", "--last"];
  }
} finally {
  rmSync(home, { recursive: true });
}

// What the programs for Node have in common; as conversation.py.

import { createInterface } from "node:readline";

const [baseURL, history, way] = process.argv.slice(2);
export { baseURL, way };
export const byId = history === "id";
export const model = "scripted";
export const instructions = "Be brief.";
export const questions = createInterface({ input: process.stdin });
export const description = "Get the current weather of a city.";

export function saw(text) {
  console.log(JSON.stringify({ text }));
}

export function getWeather({ city }) {
  return `${city}: ${-city.length} degrees`;
}

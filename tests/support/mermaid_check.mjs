// Reads a JSON list of Mermaid texts on standard input, and writes for each what Mermaid's own parser says of it:
// null, or its complaint. The folder that holds node_modules is the argument.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { join, resolve } from "node:path";
import { readFileSync } from "node:fs";

const folder = resolve(process.argv[2]);
const require = createRequire(pathToFileURL(join(folder, "package.json")));
const { JSDOM } = require("jsdom");
const page = new JSDOM("<!DOCTYPE html><body></body>");
globalThis.window = page.window;
globalThis.document = page.window.document;
const mermaid = (await import(pathToFileURL(join(folder, "node_modules/mermaid/dist/mermaid.core.mjs")))).default;

const said = [];
for (const text of JSON.parse(readFileSync(0, "utf-8"))) {
  try {
    const found = await mermaid.parse(text);
    said.push(found && found.diagramType === "gantt" ? null : `a ${found && found.diagramType}`);
  } catch (error) {
    said.push(String(error.message || error));
  }
}
process.stdout.write(JSON.stringify(said));

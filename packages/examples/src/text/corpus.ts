import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../usage-error.js";

/** A text to learn, and what to call it. */
export interface Corpus {
  readonly name: string;
  readonly text: string;
}

const mostBytes = 1_000_000;

/** Reads a file of text; a missing, empty or binary one is a {@link UsageError}. */
export function readCorpus(file: string): Corpus {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    if (code === "ENOENT") throw new UsageError(`there is no file ${file}`);
    if (code === "EISDIR") throw new UsageError(`${file} is a folder, not a text file`);
    throw new UsageError(`cannot read ${file}${typeof code === "string" && code !== "" ? ` (${code})` : ""}`);
  }
  if (bytes.length === 0) throw new UsageError(`${file} is empty`);
  if (bytes.includes(0)) throw new UsageError(`${file} is not a text: it has zero bytes in it`);
  try {
    return { name: file, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    throw new UsageError(`${file} is not a text in UTF-8`);
  }
}

/** This repository's own sources, in the order of their paths, up to a megabyte. */
export function ownSources(): Corpus {
  const packages = fileURLToPath(new URL("../../../", import.meta.url));
  const files = readdirSync(packages, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => sourcesIn(join(packages, entry.name, "src")))
    .sort();
  const parts: string[] = [];
  let size = 0;
  for (const file of files) {
    const part = `// ${relative(packages, file).split(sep).join("/")}\n${readFileSync(file, "utf8")}\n`;
    if (size + part.length > mostBytes) break;
    size += part.length;
    parts.push(part);
  }
  if (parts.length === 0)
    throw new UsageError("this repository's sources are not there; name a file: npm start -- text FILE");
  return { name: `this repository's own sources (${parts.length} files)`, text: parts.join("") };
}

function sourcesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

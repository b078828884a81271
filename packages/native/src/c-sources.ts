import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The folder of the C sources that come with this package. */
export const sourceFolder: string = fileURLToPath(new URL("../c/", import.meta.url));

let known: ReadonlyMap<string, string> | undefined;
/** The C sources by name, in a fixed order. */
export function cSources(): ReadonlyMap<string, string> {
  known ??= new Map(
    readdirSync(sourceFolder)
      .filter((name) => /\.[ch]$/.test(name))
      .sort()
      .map((name) => [name, readFileSync(`${sourceFolder}${name}`, "utf8")]),
  );
  return known;
}

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

const here: string = dirname(fileURLToPath(import.meta.url));
/** The folder of the whole repository. */
export const repository: string = join(here, "..", "..", "..", "..");

const generated = new Set(["node_modules", "dist", ".git", "site"]);

/** Paths relative to the repository, with `/`, of the files under a folder whose names end so; what is generated is left out. */
export function filesUnder(folder: string, ending: string): string[] {
  const found: string[] = [];
  const walk = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (generated.has(entry.name)) continue;
      const child = join(path, entry.name);
      if (entry.isDirectory()) walk(child);
      else if (entry.name.endsWith(ending)) found.push(relative(repository, child).split(sep).join("/"));
    }
  };
  const start = join(repository, folder);
  if (existsSync(start)) walk(start);
  return found.sort();
}

export const read = (path: string): string => readFileSync(join(repository, path), "utf8");

import { join, posix } from "node:path";
import { pathToFileURL } from "node:url";
import { allEntries } from "./entries.js";
import type { Surroundings } from "./example-program.js";
import { repository } from "./source-files.js";

type Names = Readonly<Record<string, unknown>>;

/** The module of a source file, by its path in the repository. */
export const importSource = async (path: string): Promise<Names> =>
  (await import(/* @vite-ignore */ pathToFileURL(join(repository, path)).href)) as Names;

const packages = new Map<string, Names>();
for (const [specifier, path] of allEntries()) packages.set(specifier, await importSource(path));

/** Everything that examples may name without an import; a name that means two things is a fault of the packages. */
export function publicNames(): Map<string, unknown> {
  const names = new Map<string, unknown>();
  for (const [specifier, module] of packages)
    for (const [name, value] of Object.entries(module)) {
      if (names.has(name) && names.get(name) !== value)
        throw new Error(`${specifier} exports a ${name} that differs from that of another package`);
      names.set(name, value);
    }
  return names;
}

/** Surroundings of an example; `folder` is where its relative imports start. */
export function surroundingsOf(names: ReadonlyMap<string, unknown>, folder?: string): Surroundings {
  return {
    names,
    load: async (specifier) => {
      const entry = packages.get(specifier);
      if (entry !== undefined) return entry;
      if (specifier.startsWith("node:") || specifier === "fast-check")
        return (await import(/* @vite-ignore */ specifier)) as Names;
      if (specifier.startsWith(".") && folder !== undefined)
        return importSource(posix.join(folder, specifier).replace(/\.js$/, ".ts"));
      throw new Error(
        `an example cannot import ${specifier}: only the packages, node: modules, fast-check, and relative paths where the fence says "in FOLDER"`,
      );
    },
  };
}

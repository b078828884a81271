import { read } from "./source-files.js";

/** Every entry of all packages by what one imports, with its source file: read from the manifests, so that a new one cannot be forgotten. */
export function allEntries(): Map<string, string> {
  const found = new Map<string, string>();
  for (const folder of ["packages/autodiff", "packages/nn", "packages/native"]) {
    const { name, exports } = JSON.parse(read(`${folder}/package.json`)) as {
      name: string;
      exports: Record<string, { types?: string }>;
    };
    for (const [entry, { types }] of Object.entries(exports))
      if (types !== undefined)
        found.set(
          `${name}${entry.slice(1)}`,
          types.replace(/^\.\/dist\/(.*)\.d\.ts$/, `${folder}/src/$1.ts`),
        );
  }
  return found;
}

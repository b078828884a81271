import { join, posix } from "node:path";
import { pathToFileURL } from "node:url";
import * as autodiff from "@scope/autodiff";
import * as compiler from "@scope/autodiff/compile";
import * as functions from "@scope/autodiff/functions";
import * as testing from "@scope/autodiff/testing";
import * as arbitraries from "@scope/autodiff/testing/arbitraries";
import * as nn from "@scope/nn";
import type { Surroundings } from "./example-program.js";
import { repository } from "./source-files.js";

type Names = Readonly<Record<string, unknown>>;

const packages: { readonly [specifier: string]: Names } = {
  "@scope/autodiff": autodiff,
  "@scope/autodiff/compile": compiler,
  "@scope/autodiff/functions": functions,
  "@scope/autodiff/testing": testing,
  "@scope/autodiff/testing/arbitraries": arbitraries,
  "@scope/nn": nn,
};

/** Everything that examples may name without an import; a name that means two things is a fault of the packages. */
export function publicNames(): Map<string, unknown> {
  const names = new Map<string, unknown>();
  for (const [specifier, module] of Object.entries(packages))
    for (const [name, value] of Object.entries(module)) {
      if (names.has(name) && names.get(name) !== value)
        throw new Error(`${specifier} exports a ${name} that differs from that of another package`);
      names.set(name, value);
    }
  return names;
}

/** The module of a source file, by its path in the repository. */
export const importSource = async (path: string): Promise<Names> =>
  (await import(/* @vite-ignore */ pathToFileURL(join(repository, path)).href)) as Names;

/** Surroundings of an example; `folder` is where its relative imports start. */
export function surroundingsOf(names: ReadonlyMap<string, unknown>, folder?: string): Surroundings {
  return {
    names,
    load: async (specifier) => {
      if (Object.hasOwn(packages, specifier)) return packages[specifier];
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

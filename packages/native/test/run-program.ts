import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { sourceFolder } from "../src/c-sources.js";
import { openCache } from "../src/cache.js";
import { compileAll, type Job, openToolchain } from "../src/toolchain.js";

const sources = ["gemm-f32", "gemm-f64", "gemm-i32", "gemm-plan", "pool", "cores"];

let folder: string | null = null;
const pathOf = (name: string): string => {
  folder ??= mkdtempSync(join(tmpdir(), "scope-native-test-"));
  return join(folder, name);
};
afterAll(() => {
  if (folder !== null) rmSync(folder, { recursive: true });
  folder = null;
});
const compile = (jobs: readonly Job[]): void => compileAll(openToolchain(openCache()), jobs, () => null);

const compiled = new Map<number, readonly string[]>();
/** The objects of products and threads, for vectors of a width. */
function objectsFor(vectorBytes: number): readonly string[] {
  const known = compiled.get(vectorBytes);
  if (known !== undefined) return known;
  const objects = sources.map((name) => pathOf(`${name}-${vectorBytes}.o`));
  const more = ["-c", "-USCOPE_VECTOR_BYTES", `-DSCOPE_VECTOR_BYTES=${vectorBytes}`];
  compile(sources.map((name, i) => ({ source: `${sourceFolder}${name}.c`, output: objects[i], more })));
  compiled.set(vectorBytes, objects);
  return objects;
}

/** Compiles a program of `test/programs` with the sources of products and threads, for vectors of any width, and runs it.
 * @returns what it printed, and its exit code */
export function runProgram(
  name: string,
  vectorBytes: number,
  { input = "", args = [] }: { readonly input?: string; readonly args?: readonly string[] } = {},
): { readonly output: string; readonly status: number | null } {
  const output = pathOf(`${name}-${vectorBytes}`);
  const source = fileURLToPath(new URL(`programs/${name}.c`, import.meta.url));
  const more = [
    ...objectsFor(vectorBytes),
    "-lm",
    "-lpthread",
    ...(process.platform === "linux" ? ["-ldl"] : []),
  ];
  compile([{ source, output, more }]);
  const { stdout, stderr, status } = spawnSync(output, args, { input, encoding: "utf8" });
  return { output: `${stdout}${stderr}`, status };
}

import { execFile } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterEach, beforeEach, expect, it } from "vitest";
import { cacheLimits, digestOf, ObjectCache, openCache } from "../src/cache.js";
import { Machine } from "../src/machine.js";
import { describeNative } from "./describe-native.js";

let folder: string;
const { XDG_CACHE_HOME } = process.env;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "scope-native-test-"));
});
afterEach(() => {
  if (XDG_CACHE_HOME === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = XDG_CACHE_HOME;
  rmSync(folder, { recursive: true, force: true });
});

const add = (cache: ObjectCache, key: string, content: string): string => {
  const workshop = cache.workshop();
  writeFileSync(join(workshop, "made.so"), content);
  const path = cache.keep(join(workshop, "made.so"), key, ".so");
  rmSync(workshop, { recursive: true });
  return path;
};

it("gives a file back under its key, as long as it is what was taken in", () => {
  const cache = new ObjectCache(folder);
  const [key, other] = [digestOf("a"), digestOf("b")];
  expect(cache.find(key, ".so")).toBeNull();
  const path = add(cache, key, "content");
  expect(cache.find(key, ".so")).toBe(path);
  expect(cache.find(other, ".so")).toBeNull();
  writeFileSync(path, "contents");
  expect(cache.find(key, ".so")).toBeNull();
  expect(readdirSync(folder)).toEqual([]);
});

it.skipIf(process.getuid === undefined)("takes no file that others may write to", () => {
  const cache = new ObjectCache(folder);
  const key = digestOf("a");
  const path = add(cache, key, "content");
  chmodSync(path, 0o622);
  expect(cache.find(key, ".so")).toBeNull();
});

it("keeps what was used last", () => {
  const cache = new ObjectCache(folder, { bytes: 1000, files: 3 });
  const content = "x".repeat(300);
  const keys = ["a", "b", "c", "d"].map((name) => digestOf(name));
  for (const [i, key] of keys.slice(0, 3).entries()) {
    const then = Date.now() / 1000 - 1000 + i;
    utimesSync(add(cache, key, content), then, then);
  }
  expect(cache.find(keys[0], ".so")).not.toBeNull();
  add(cache, keys[3], content);
  expect(keys.map((key) => cache.find(key, ".so") !== null)).toEqual([true, false, true, true]);
  add(cache, digestOf("large"), "y".repeat(900));
  expect(readdirSync(folder).length).toBe(1);
  expect(cacheLimits.bytes).toBeLessThanOrEqual(2 ** 30);
});

it.skipIf(process.platform === "win32")("lies in the user's folder, which is nobody else's business", () => {
  process.env.XDG_CACHE_HOME = folder;
  if (process.platform === "darwin") return;
  const cache = openCache();
  expect(cache.folder).toBe(join(folder, "scope-native"));
  expect(statSync(cache.folder).mode & 0o777).toBe(0o700);
  chmodSync(cache.folder, 0o755);
  expect(statSync(openCache().folder).mode & 0o777).toBe(0o700);
  // Where the folder cannot be made, the process has one of its own.
  process.env.XDG_CACHE_HOME = join(folder, "file", "deeper");
  writeFileSync(join(folder, "file"), "");
  expect(openCache().folder.startsWith(tmpdir())).toBe(true);
});

const program = (value: number): string =>
  `#include "scalar-math.h"\n#include "program.h"\nstatic void set_up(char *m, scope_pool *pool, int32_t *c) {}\nstatic void run(char *m, scope_pool *pool, int32_t *c) { *(int_at *)m = ${value}; }\nPROGRAM(0)\n`;

describeNative("objects", () => {
  const resultOf = (machine: Machine, value: number): number => {
    const { addon, program: loaded } = machine.load(program(value));
    const memory = addon.allocate(64);
    addon.run(loaded, memory, 1, -1);
    return new Int32Array(memory)[0];
  };
  const objects = (): string[] => readdirSync(folder).filter((name) => name.endsWith(".so"));

  it("are compiled once", () => {
    const machine = new Machine(new ObjectCache(folder));
    expect(resultOf(machine, 3)).toBe(3);
    const before = readdirSync(folder).sort();
    expect(before.map((name) => name.replace(/^.*\./, "")).sort()).toEqual(["json", "node", "so"]);
    expect(resultOf(new Machine(new ObjectCache(folder)), 3)).toBe(3);
    expect(readdirSync(folder).sort()).toEqual(before);
    expect(resultOf(machine, 4)).toBe(4);
    expect(objects().length).toBe(2);
  });

  it("are compiled again where the file is damaged", () => {
    const machine = new Machine(new ObjectCache(folder));
    resultOf(machine, 5);
    const [name] = objects();
    const path = join(folder, name);
    const intact = readFileSync(path);
    // A file that is cut off, one of zeros, and another program under this name.
    const damaged = [intact.subarray(0, 100), Buffer.alloc(intact.length), Buffer.from("")];
    for (const content of damaged) {
      rmSync(path, { force: true });
      writeFileSync(path, content);
      expect(resultOf(new Machine(new ObjectCache(folder)), 5)).toBe(5);
      expect(objects().length).toBe(1);
    }
  });

  it("are made by two processes at once without harm", async () => {
    const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
    mkdirSync(join(folder, "package", "src"), { recursive: true });
    cpSync(source("../c"), join(folder, "package", "c"), { recursive: true });
    const objectsFolder = mkdtempSync(join(folder, "objects-"));
    const script = join(folder, "package", "src", "one.mjs");
    await build({
      stdin: {
        contents: `import { Machine } from "./machine.js"; import { ObjectCache } from "./cache.js";
          const machine = new Machine(new ObjectCache(${JSON.stringify(objectsFolder)}));
          const { addon, program } = machine.load(${JSON.stringify(program(7))});
          const memory = addon.allocate(64);
          addon.run(program, memory, 1, -1);
          console.log(new Int32Array(memory)[0]);`,
        resolveDir: source("../src"),
      },
      alias: { "@scope/autodiff/backend": source("../../autodiff/src/backend.ts") },
      bundle: true,
      platform: "node",
      format: "esm",
      outfile: script,
    });
    const runs = await Promise.all([1, 2, 3].map(() => promisify(execFile)(process.execPath, [script])));
    expect(runs.map(({ stdout }) => stdout.trim())).toEqual(["7", "7", "7"]);
    const names = readdirSync(objectsFolder);
    expect(names.filter((name) => name.startsWith("making"))).toEqual([]);
    expect(new Set(names.map((name) => name.split(".")[0])).size).toBe(3);
  });
});

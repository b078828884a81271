import { describe, expect, test } from "vitest";
import {
  foreignImports,
  type ImportTable,
  importCycle,
  importsOf,
  upwardImports,
  valueImportsOf,
} from "./layers.js";
import { filesUnder, read } from "./source-files.js";

const tableOf = (folder: string, readImports = importsOf): ImportTable =>
  new Map(filesUnder(folder, ".ts").map((path) => [path.slice(folder.length + 1), readImports(read(path))]));

describe("the checks themselves", () => {
  test("imports of every form are seen", () => {
    const source = `import a from "./a.js"; import type { B } from "./b.js"; export * from "./c.js";
      const d = await import("./d.js"); type E = import("./e.js").E; // import "./f.js"`;
    expect(importsOf(source).sort()).toEqual(["./a.js", "./b.js", "./c.js", "./d.js", "./e.js"]);
  });
  test("imports of types do not exist at run time", () => {
    const source =
      'import type { A } from "./a.js";\nimport { b, type B } from "./b.js";\nexport type { C } from "./c.js";';
    expect(valueImportsOf(source)).toEqual(["./b.js"]);
  });
  test("an upward import is found, and a folder that is no layer", () => {
    const table = new Map([
      ["base/shape.ts", ["../ops/add.js", "./errors.js"]],
      ["ops/add.ts", ["../base/shape.js", "../index.js"]],
      ["misc/x.ts", []],
      ["index.ts", ["./ops/add.js"]],
    ]);
    expect(upwardImports(table)).toEqual([
      "base/shape.ts -> ops/add.ts",
      "ops/add.ts -> index.ts",
      "misc/x.ts is in no layer",
    ]);
  });
  test("a cycle is found", () => {
    const table = new Map([
      ["base/a.ts", ["./b.js"]],
      ["base/b.ts", ["./c.js"]],
      ["base/c.ts", ["./b.js"]],
    ]);
    expect(importCycle(table)).toEqual(["base/b.ts", "base/c.ts", "base/b.ts"]);
    expect(importCycle(new Map([["base/a.ts", ["./b.js"]]]))).toBeUndefined();
  });
});

describe("@scope/autodiff", () => {
  const table = tableOf("packages/autodiff/src");
  test("no file imports from a layer above its own", () => expect(upwardImports(table)).toEqual([]));
  test("no cycle", () =>
    expect(importCycle(tableOf("packages/autodiff/src", valueImportsOf))).toBeUndefined());
  test("tensors of devices are reached from nothing but the contract with backends", () => {
    const values = tableOf("packages/autodiff/src", valueImportsOf);
    const importersOf = (name: string): string[] =>
      [...values]
        .filter(([, from]) => from.some((path) => path.endsWith(`/${name}.js`)))
        .map(([file]) => file);
    expect(importersOf("device-instance")).toEqual(["backend.ts"]);
    expect(importersOf("device-tensor")).toEqual(["compiler/device-instance.ts"]);
    expect(importersOf("run-outcome")).toEqual(["compiler/device-instance.ts"]);
    const toEntry = (file: string): string => (file.includes("/") ? "../backend.js" : "./backend.js");
    const direct = [...values].filter(
      ([file, from]) => file.split("/").length <= 2 && from.includes(toEntry(file)),
    );
    expect(direct).toEqual([]);
  });
  test("no package is imported, but fast-check for arbitraries, which nothing else reaches", () => {
    const allowed = (file: string, specifier: string): boolean =>
      specifier === "fast-check" && file === "testing/arbitraries.ts";
    expect(foreignImports(table, allowed)).toEqual([]);
    const importers = [...table].filter(([, from]) => from.some((path) => path.endsWith("arbitraries.js")));
    expect(importers).toEqual([]);
  });
});

describe("@scope/nn", () => {
  const table = tableOf("packages/nn/src");
  test("no cycle", () => expect(importCycle(tableOf("packages/nn/src", valueImportsOf))).toBeUndefined());
  test("only what autodiff exports beside its methods, and declared packages, are imported", () => {
    const { dependencies } = JSON.parse(read("packages/nn/package.json")) as {
      dependencies: Record<string, string>;
    };
    const { exports } = JSON.parse(read("packages/autodiff/package.json")) as {
      exports: Record<string, unknown>;
    };
    // Not the main entry: with it, whoever imports one layer loads every op as a method.
    const entries = Object.keys(exports)
      .filter((entry) => entry !== ".")
      .map((entry) => entry.replace(/^\./, "@scope/autodiff"));
    const allowed = (_file: string, specifier: string): boolean =>
      specifier.startsWith("@scope/")
        ? entries.includes(specifier)
        : specifier.startsWith("node:") || specifier in dependencies;
    expect(foreignImports(table, allowed)).toEqual([]);
    const leaving = [...table].filter(([file, specifiers]) =>
      specifiers.some((each) => each.startsWith("../".repeat(file.split("/").length))),
    );
    expect(leaving).toEqual([]);
  });
});

describe("@scope/native", () => {
  const table = tableOf("packages/native/src");
  test("no cycle", () => expect(importCycle(tableOf("packages/native/src", valueImportsOf))).toBeUndefined());
  test("only the contract with backends and Node are imported", () => {
    const allowed = (_file: string, specifier: string): boolean =>
      specifier === "@scope/autodiff/backend" || specifier.startsWith("node:");
    expect(foreignImports(table, allowed)).toEqual([]);
  });
});

test("no file is called utils, helpers or common", () => {
  const names = ["packages", "scripts"].flatMap((folder) => [
    ...filesUnder(folder, ".ts"),
    ...filesUnder(folder, ".mjs"),
  ]);
  expect(names.filter((path) => /(^|\/)(utils?|helpers?|common)(\.|\/)/.test(path))).toEqual([]);
});

test("the lock file names no host", () => {
  expect(read("pnpm-lock.yaml")).not.toMatch(/https?:/);
});

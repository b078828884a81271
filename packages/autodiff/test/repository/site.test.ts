import { expect, test } from "vitest";
import { allEntries } from "./entries.js";
import { read } from "./source-files.js";

test("the site shows every entry that has names of its own", () => {
  const { entryPoints } = JSON.parse(read("packages/autodiff/typedoc.json")) as { entryPoints: string[] };
  // The names of functions are those of the main entry, and accelerate has none.
  const unnamed = ["functions", "accelerate"].map((entry) => `packages/autodiff/src/${entry}.ts`);
  const named = [...allEntries().values()].filter(
    (path) => path.startsWith("packages/autodiff") && !unnamed.includes(path),
  );
  expect(entryPoints.map((path) => `packages/autodiff/${path}`)).toEqual(named);
});

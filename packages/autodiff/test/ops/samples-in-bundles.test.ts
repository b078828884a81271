import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { expect, test } from "vitest";

test("samples leave no bytes in a bundle", () => {
  const entry = fileURLToPath(new URL("../../src/index.ts", import.meta.url));
  const { outputFiles } = buildSync({
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    write: false,
    logLevel: "silent",
  });
  const [{ text }] = outputFiles;
  expect(text.match(/\w+Samples\b|rejects:/g) ?? []).toEqual([]);
});

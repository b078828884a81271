import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

// Tests run from the sources of every package, so that no build is needed before one.
export default defineConfig({
  resolve: {
    alias: [
      { find: /^@scope\/autodiff$/, replacement: source("packages/autodiff/src/index.ts") },
      { find: /^@scope\/autodiff\/functions$/, replacement: source("packages/autodiff/src/functions.ts") },
      { find: /^@scope\/autodiff\/testing$/, replacement: source("packages/autodiff/src/testing.ts") },
      { find: /^@scope\/nn$/, replacement: source("packages/nn/src/index.ts") },
    ],
  },
  test: {
    include: ["packages/*/test/**/*.test.ts"],
    setupFiles: ["packages/autodiff/test/repository/fail-on-console.ts"],
    allowOnly: false,
    testTimeout: 60_000,
  },
});

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { timeLimitMs } from "./packages/autodiff/test/repository/case-counts.js";

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
// As Node resolves it: with eager products in WebAssembly.
const autodiffSource = { find: /^@scope\/autodiff$/, replacement: source("packages/autodiff/src/server.ts") };
const compileSource = {
  find: /^@scope\/autodiff\/compile$/,
  replacement: source("packages/autodiff/src/compile-server.ts"),
};
const functionsSource = {
  find: /^@scope\/autodiff\/functions$/,
  replacement: source("packages/autodiff/src/functions.ts"),
};
const otherSources = [
  { find: /^@scope\/autodiff\/backend$/, replacement: source("packages/autodiff/src/backend.ts") },
  { find: /^@scope\/native$/, replacement: source("packages/native/src/index.ts") },
  { find: /^@scope\/autodiff\/checks$/, replacement: source("packages/autodiff/src/checks.ts") },
  { find: /^@scope\/autodiff\/accelerate$/, replacement: source("packages/autodiff/src/accelerate.ts") },
  { find: /^@scope\/autodiff\/testing$/, replacement: source("packages/autodiff/src/testing.ts") },
  {
    find: /^@scope\/autodiff\/testing\/arbitraries$/,
    replacement: source("packages/autodiff/src/testing/arbitraries.ts"),
  },
  {
    find: /^@scope\/autodiff\/testing\/conformance$/,
    replacement: source("packages/autodiff/src/testing/conformance.ts"),
  },
  { find: /^@scope\/autodiff\/threads$/, replacement: source("packages/autodiff/src/threads.ts") },
  { find: /^@scope\/autodiff\/backend$/, replacement: source("packages/autodiff/src/backend.ts") },
  { find: /^@scope\/nn$/, replacement: source("packages/nn/src/index.ts") },
];
const setupFiles = ["fail-on-console", "verify-every-pass"].map(
  (name) => `packages/autodiff/test/repository/${name}.ts`,
);

/** Tests of transforms import them from their files; in the second run they get those that compile. */
const compiledTransforms = {
  name: "compiled-transforms",
  enforce: "pre",
  resolveId(id: string, importer: string | undefined): string | undefined {
    const ofTransforms =
      /\/src\/transforms\/(gradient|products|scan|vmap|jacobian|checkpoint|cond)\.js$/.test(id);
    return ofTransforms && importer?.includes("/packages/autodiff/test/transforms/")
      ? source("packages/autodiff/test/compiled/compiled-transforms.ts")
      : undefined;
  },
} as const;

// Tests run from the sources of every package, so that no build is needed before one.
export default defineConfig({
  test: {
    allowOnly: false,
    testTimeout: timeLimitMs,
    projects: [
      {
        extends: true,
        resolve: { alias: [autodiffSource, functionsSource, compileSource, ...otherSources] },
        test: { name: "eager", include: ["packages/*/test/**/*.test.ts"], setupFiles },
      },
      {
        // The second run: what computes anything goes through the compiler, and each file fails where no program ran.
        extends: true,
        plugins: [compiledTransforms],
        resolve: {
          alias: [
            { ...autodiffSource, replacement: source("packages/autodiff/test/compiled/autodiff.ts") },
            { ...functionsSource, replacement: source("packages/autodiff/test/compiled/autodiff.ts") },
            { ...compileSource, replacement: source("packages/autodiff/test/compiled/compile.ts") },
            ...otherSources,
          ],
        },
        test: {
          name: "compiled",
          include: [
            "packages/autodiff/test/transforms/*.test.ts",
            "packages/nn/test/{cells,layers,losses,optimizers,training,diagnostics}/*.test.ts",
            "packages/nn/test/{modules,initializers,schedules,data}/computation.test.ts",
            "packages/nn/test/{ten-programs,workloads}.test.ts",
          ],
          exclude: [
            // About which function told a mistake, before anything is computed; about eager costs; compiled already.
            "packages/autodiff/test/transforms/{argument-checks,errors,costs,random-stacks-compiled}.test.ts",
            // About plain arrays, and about mistakes.
            "packages/nn/test/diagnostics/spectra.test.ts",
            "packages/nn/test/losses/losses.test.ts",
          ],
          setupFiles: [...setupFiles, "packages/autodiff/test/compiled/count-programs.ts"],
        },
      },
    ],
  },
});

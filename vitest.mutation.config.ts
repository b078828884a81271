// The tests that mutants are held against: those that compute, not those that read sources, start other processes or measure.
import base from "./vitest.config.js";

const notAboutValues = [
  "packages/{bench,examples}/**",
  "packages/*/test/{repository,platforms,fuzz}/**",
  "packages/autodiff/test/ops/samples-in-bundles.test.ts",
];
const { test } = base;
const projects = (test?.projects ?? []).map((project) => {
  if (typeof project !== "object" || !("test" in project)) return project;
  const exclude = [...(project.test?.exclude ?? []), ...notAboutValues, "**/node_modules/**"];
  const setupFiles = ["scripts/mutant-setup.mjs", ...(project.test?.setupFiles ?? [])];
  return { ...project, test: { ...project.test, exclude, setupFiles, sequence: { setupFiles: "list" } } };
});

export default { ...base, test: { ...test, projects } };

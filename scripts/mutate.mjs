// npm run mutate -- FILES: changes the files here and there (Stryker's mutants) and says which changes no test notices; each mutant meets only the
// tests that reach it. `--sample N --seed S` draws N mutants from each of five areas instead.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { install, root, runTool } from "./prepare.mjs";

const areas = {
  ops: "packages/autodiff/src/ops",
  transforms: "packages/autodiff/src/transforms",
  compiler: "packages/autodiff/src/compiler",
  backends: "packages/autodiff/src/backends",
  nn: "packages/nn/src",
};
/** Texts are for readers: messages have tests of their own. */
const mutator = { excludedMutations: ["StringLiteral"] };
const folder = join(root, ".stryker-tmp");

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: "string" },
    seed: { type: "string", default: "1" },
    area: { type: "string", multiple: true, default: Object.keys(areas) },
    tests: { type: "string", multiple: true },
    workers: { type: "string", default: "2" },
  },
});
if (positionals.length === 0 && values.sample === undefined) {
  console.error(
    "npm run mutate -- FILES, or -- --sample N [--seed S] [--area NAME …]; --tests GLOB … names the tests to run",
  );
  process.exit(2);
}

/** Whole numbers below a bound, from a seed (mulberry32). */
function seeded(seed) {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

async function mutantsOf(files) {
  const { Instrumenter } = await import("@stryker-mutator/instrumenter");
  const silent = { debug() {}, info() {}, warn() {}, isDebugEnabled: () => false };
  const sources = files.map((name) => ({
    name,
    mutate: true,
    content: readFileSync(join(root, name), "utf8"),
  }));
  const options = { plugins: null, ignorers: [], noHeader: true, ...mutator };
  return (await new Instrumenter(silent).instrument(sources, options)).mutants;
}

async function drawn(count, seed) {
  const chosen = [];
  for (const name of values.area) {
    const files = readdirSync(join(root, areas[name]), { recursive: true })
      .map((file) => `${areas[name]}/${file.replaceAll("\\", "/")}`)
      .filter((file) => file.endsWith(".ts") && !file.includes("samples"));
    const mutants = await mutantsOf(files.sort());
    const below = seeded(seed);
    for (let i = 0; i < count && mutants.length > 0; i++)
      chosen.push(...mutants.splice(below(mutants.length), 1));
  }
  return chosen;
}
/** Lines from 1, columns from 0. */
const range = ({ fileName, location: { start, end } }) =>
  `${fileName}:${start.line + 1}:${start.column}-${end.line + 1}:${end.column}`;

const installed = await install();
if (installed.code !== 0) {
  process.stderr.write(installed.output);
  process.exit(installed.code);
}
const sample = values.sample === undefined ? null : await drawn(Number(values.sample), Number(values.seed));
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const report = join(folder, "report.json");
const chosenFile = join(folder, "sample.json");
if (sample !== null)
  writeFileSync(
    chosenFile,
    JSON.stringify(
      sample.map(({ fileName, mutatorName, replacement, location }) => ({
        fileName,
        mutatorName,
        replacement,
        location,
      })),
    ),
  );
const config = {
  testRunner: "vitest",
  plugins: [
    "@stryker-mutator/vitest-runner",
    ...(sample === null ? [] : [join(root, "scripts/sample-checker.mjs")]),
  ],
  checkers: sample === null ? [] : ["sample"],
  vitest: { configFile: "vitest.mutation.config.ts", related: true },
  mutate: sample === null ? positionals : [...new Set(sample.map(range))],
  ...(values.tests === undefined ? {} : { testFiles: values.tests }),
  mutator,
  ignorePatterns: ["**/dist", "docs/site", "packages/bench/results", ".stryker-tmp"],
  tempDirName: join(folder, "sandbox"),
  reporters: ["json", "clear-text", "progress-append-only"],
  jsonReporter: { fileName: report },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  concurrency: Number(values.workers),
  timeoutMS: 60_000,
  dryRunTimeoutMinutes: 60,
  allowConsoleColors: false,
  disableTypeChecks: false,
};
const configFile = join(folder, "stryker.config.json");
writeFileSync(configFile, JSON.stringify(config, null, 1));
const { code } = await runTool("@stryker-mutator/core/bin/stryker.js", ["run", configFile]);
if (code !== 0) process.exit(code);

const { files } = JSON.parse(readFileSync(report, "utf8"));
const isCaught = ({ status }) => status === "Killed" || status === "Timeout";

/** Replaces a mutant's text in a source. */
function mutated(source, { location: { start, end }, replacement }) {
  const lines = source.split("\n");
  const offset = ({ line, column }) =>
    lines.slice(0, line - 1).reduce((n, text) => n + text.length + 1, 0) + column - 1;
  return source.slice(0, offset(start)) + replacement + source.slice(offset(end));
}
/** What a module does while it is loaded (the records of ops) Stryker does not switch under Vitest 4: such mutants are written into the file for
 * one run of the tests that import it. */
async function caughtInPlace(file, source, mutant) {
  const path = join(root, file);
  const restore = () => writeFileSync(path, source);
  process.once("SIGINT", restore);
  try {
    writeFileSync(path, mutated(source, mutant));
    const tests = values.tests === undefined ? ["related", file] : ["run", ...globbed(values.tests)];
    const options = ["--run", "--bail", "1", "--config", "vitest.mutation.config.ts"];
    return (await runTool("vitest/vitest.mjs", [...tests, ...options], { quiet: true })).code !== 0;
  } finally {
    restore();
    process.off("SIGINT", restore);
  }
}
/** The folder before the first star: Vitest filters by parts of paths. */
const globbed = (patterns) => patterns.map((pattern) => pattern.split("*")[0]);

const counts = {};
for (const [file, { source, mutants }] of Object.entries(files)) {
  const area = Object.keys(areas).find((name) => file.startsWith(areas[name])) ?? file;
  for (const mutant of mutants) {
    // What was not drawn counts as if it did not compile.
    if (mutant.status === "CompileError" || mutant.status === "Ignored") continue;
    counts[area] ??= { caught: 0, missed: 0 };
    const caught = isCaught(mutant) || (mutant.static && (await caughtInPlace(file, source, mutant)));
    counts[area][caught ? "caught" : "missed"]++;
    if (!caught)
      console.log(
        `missed: ${file}:${mutant.location.start.line} ${mutant.mutatorName}: ${mutant.replacement}`,
      );
  }
}
console.log(sample === null ? "" : `seed ${values.seed}`);
for (const [area, { caught, missed }] of Object.entries(counts))
  console.log(`${area}: ${caught} of ${caught + missed} caught`);

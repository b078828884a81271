// npm run mutate -- FILES: changes the files here and there (Stryker's mutants) and says which changes no test notices.
// `--sample N --seed S` draws N mutants from each of five areas instead.
import { fork, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { install, root } from "./prepare.mjs";

const areas = {
  ops: "packages/autodiff/src/ops",
  transforms: "packages/autodiff/src/transforms",
  compiler: "packages/autodiff/src/compiler",
  backends: "packages/autodiff/src/backends",
  nn: "packages/nn/src",
};
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: "string" },
    seed: { type: "string", default: "1" },
    area: { type: "string", multiple: true, default: Object.keys(areas) },
    tests: { type: "string", multiple: true, default: [] },
    seconds: { type: "string", default: "600" },
    workers: { type: "string", default: "2" },
  },
});
if (positionals.length === 0 && values.sample === undefined) {
  console.error(
    "npm run mutate -- FILES, or -- --sample N [--seed S] [--area NAME …]; --tests PART … runs only test files whose path has the part; " +
      "--seconds N stops a mutant's tests there",
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

/** Sources with switches for their mutants, which mutant-setup.mjs answers. Texts are for readers, and messages have tests of their own. */
async function instrument(sources) {
  const { Instrumenter } = await import("@stryker-mutator/instrumenter");
  const silent = { debug() {}, info() {}, warn() {}, isDebugEnabled: () => false };
  const options = { plugins: null, ignorers: [], noHeader: true, excludedMutations: ["StringLiteral"] };
  const { files, mutants } = await new Instrumenter(silent).instrument(sources, options);
  return { files, mutants: mutants.filter(({ status }) => status !== "Ignored") };
}
const sourceOf = (name, mutate = true) => ({ name, mutate, content: readFileSync(join(root, name), "utf8") });
const keyOf = ({ fileName, mutatorName, replacement, location }) =>
  JSON.stringify([fileName, mutatorName, replacement, location]);

async function drawn(count, seed) {
  const chosen = [];
  for (const name of values.area) {
    const files = readdirSync(join(root, areas[name]), { recursive: true })
      .map((file) => `${areas[name]}/${file.replaceAll("\\", "/")}`)
      .filter((file) => file.endsWith(".ts") && !file.includes("samples"));
    const { mutants } = await instrument(files.sort().map((file) => sourceOf(file)));
    const below = seeded(seed);
    for (let i = 0; i < count && mutants.length > 0; i++)
      chosen.push(...mutants.splice(below(mutants.length), 1));
  }
  return chosen;
}

const installed = await install();
if (installed.code !== 0) {
  process.stderr.write(installed.output);
  process.exit(installed.code);
}
const folder = join(root, ".stryker-tmp");
const sandbox = join(folder, "sandbox");
const coverage = join(folder, "coverage");
rmSync(folder, { recursive: true, force: true });
mkdirSync(coverage, { recursive: true });

/** A copy of the tree, with the switches in it. */
async function fillSandbox() {
  const { stdout } = spawnSync("git", ["ls-files", "-co", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
  });
  for (const file of stdout.trim().split("\n"))
    if (existsSync(join(root, file))) cpSync(join(root, file), join(sandbox, file));
  for (const name of readdirSync(join(root, "packages"))) {
    const modules = join(root, "packages", name, "node_modules");
    if (existsSync(modules))
      symlinkSync(modules, join(sandbox, "packages", name, "node_modules"), "junction");
  }
  const sample = values.sample === undefined ? null : await drawn(Number(values.sample), Number(values.seed));
  const names = sample === null ? positionals : [...new Set(sample.map(({ fileName }) => fileName))];
  const sources = names.map((name) =>
    sourceOf(
      name,
      sample === null
        ? true
        : sample.filter(({ fileName }) => fileName === name).map(({ location }) => location),
    ),
  );
  const { files, mutants } = await instrument(sources);
  for (const { name, content } of files) writeFileSync(join(sandbox, name), content);
  if (sample === null) return mutants;
  // Others may lie in the same places as those that were drawn. Each area in turn, so that a run that is stopped has measured all alike.
  const turns = new Map(sample.map((mutant, i) => [keyOf(mutant), i % Number(values.sample)]));
  const turnOf = (mutant) => turns.get(keyOf(mutant));
  return mutants.filter((mutant) => turnOf(mutant) !== undefined).sort((a, b) => turnOf(a) - turnOf(b));
}

/** Seconds of processor that a process and those of its group have used, so that a busy machine makes no mutant late; null where the system does not tell. */
function workOf(group) {
  if (!existsSync("/proc/self/stat")) return null;
  let ticks = 0;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      // Behind the name, which may hold blanks: state, parent, group, ..., user and system time of the process (fields 14 and 15) and of its ended children.
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ")
        .map(Number);
      if (fields[2] === group) ticks += fields[11] + fields[12] + fields[13] + fields[14];
    } catch {
      // It has ended meanwhile.
    }
  }
  return ticks / 100;
}
/** How many times as long as its work a mutant may take by the clock. */
const patience = 20;
/** Tests that in this many seconds have used less than this many of processor wait for each other and will not end. */
const idleSeconds = 120;
const leastWork = 0.5;

/** Ends a runner and the workers of Vitest, which stay in its group, also those that it has left behind. */
function endGroup(pid) {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

/** A process that runs test files on demand; one that does not answer in time is ended with all its workers, and null is its answer. */
class TestRunner {
  #child = null;
  #reply = null;
  #late = false;
  #begin() {
    this.#child = fork(join(root, "scripts/mutant-runner.mjs"), [sandbox, values.workers], {
      cwd: sandbox,
      detached: true,
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#child.on("message", (answer) => this.#reply?.(answer));
    const { pid } = this.#child;
    this.#child.on("exit", () => {
      endGroup(pid);
      this.#child = null;
      // Ended for another reason than the clock, it has said nothing about the mutant.
      if (!this.#late) throw new Error("the process that runs the tests ended by itself");
      this.#reply?.(null);
    });
  }
  async ask(order, seconds) {
    this.#late = false;
    if (this.#child === null) this.#begin();
    const start = { time: performance.now(), work: workOf(this.#child.pid) };
    let active = { time: start.time, work: start.work };
    const timer = setInterval(() => {
      const time = performance.now();
      const work = start.work === null ? null : workOf(this.#child?.pid ?? 0);
      const waited = (time - start.time) / 1000;
      if (work === null || work - active.work > leastWork) active = { time, work };
      const idle = (time - active.time) / 1000;
      const worked = work === null ? waited : work - start.work;
      if (worked > seconds || waited > patience * seconds || idle > idleSeconds) this.end();
    }, 1000);
    const answer = await new Promise((resolve) => {
      this.#reply = resolve;
      this.#child.send(order);
    });
    clearInterval(timer);
    this.#reply = null;
    return answer;
  }
  end() {
    this.#late = true;
    if (this.#child !== null) endGroup(this.#child.pid);
  }
}

const mutants = await fillSandbox();
const runners = Array.from({ length: Number(values.workers) }, () => new TestRunner());
// Runners have groups of their own, which no signal to this process reaches; `exit` comes after errors too.
process.once("exit", () => {
  for (const runner of runners) runner.end();
});
for (const [signal, number] of Object.entries({ SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }))
  process.once(signal, () => process.exit(128 + number));
console.log(`${mutants.length} mutants; the tests run once without any`);
const dryRun = await runners[0].ask({ coverage, tests: values.tests }, 3600);
if (dryRun === null) {
  console.error("the tests do not end");
  process.exit(1);
}
for (const file of dryRun.failed) console.log(`left out, as it fails without a mutant: ${file}`);
/** Each: { project, path, ms, hits }, hits the mutants that it reaches. */
const testFiles = readdirSync(coverage)
  .map((file) => JSON.parse(readFileSync(join(coverage, file), "utf8")))
  .filter(({ path }) => !dryRun.failed.some((failed) => path.endsWith(failed)));

/** The test files that reach a mutant, most promising first: named like its file, of its folder, quick. */
function testsOf({ id, fileName }) {
  const name = basename(fileName, ".ts");
  const folders = dirname(fileName).split("/").slice(3);
  const rank = ({ path, ms }) =>
    ms *
    (path.includes(`/${name}`) ? 0.1 : 1) *
    folders.reduce((w, part) => (path.includes(`/${part}/`) ? w * 0.3 : w), 1);
  return testFiles.filter(({ hits }) => hits.includes(id)).sort((a, b) => rank(a) - rank(b));
}

async function judge(runner, mutant) {
  const reached = testsOf(mutant);
  const most = 1000 * Number(values.seconds);
  let spent = 0;
  const files = reached.filter(({ ms }, i) => {
    spent += ms;
    return i === 0 || spent <= most;
  });
  if (files.length === 0) return { caught: false, how: "no test reaches it" };
  const order = { files: files.map(({ project, path }) => ({ project, path })), active: mutant.id };
  const answer = await runner.ask(order, 60 + (5 * spent) / 1000);
  if (answer === null) return { caught: true, how: "does not end" };
  if (answer.failed !== null) return { caught: true, how: answer.failed };
  return { caught: false, how: `${files.length} of the ${reached.length} test files that reach it pass` };
}

const counts = {};
const waiting = [...mutants];
async function work(runner) {
  for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
    const { fileName, location, mutatorName, replacement } = mutant;
    const area = Object.keys(areas).find((name) => fileName.startsWith(areas[name])) ?? fileName;
    const { caught, how } = await judge(runner, mutant);
    counts[area] ??= { caught: 0, missed: 0 };
    counts[area][caught ? "caught" : "missed"]++;
    const place = `${fileName}:${location.start.line + 1}:${location.start.column + 1}`;
    console.log(
      `${caught ? "caught" : "MISSED"} ${place} ${mutatorName}: ${replacement.replace(/\s+/g, " ").slice(0, 160)} (${how})`,
    );
  }
}
await Promise.all(runners.map(work));
if (values.sample !== undefined) console.log(`seed ${values.seed}`);
for (const [area, { caught, missed }] of Object.entries(counts))
  console.log(`${area}: ${caught} of ${caught + missed} caught`);
process.exit(0);

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { compile } from "@scope/autodiff/compile";
import { Command, InvalidArgumentError } from "commander";
import { duration, table } from "./report/format.js";
import { median } from "./run/statistics.js";
import { sequenceWorks } from "./work-data.js";
import { longCheckpoint } from "./workloads/long-checkpoint.js";
import { type SequenceTask, sequenceTask } from "./workloads/sequence-train.js";
import { smallLstm } from "./workloads/small-lstm.js";

const exitForBadArguments = 2;
const mebibyte = 2 ** 20;
const eagerSteps = 20_000;
const compiledSteps = 100_000;
// The divisors of 100,000 nearest its root.
const longChunks = 400;
const longChunkLength = 250;
const limits = { longMegabytes: 500, firstCallMs: 400, lengthRatio: 1.2 } as const;
const shortTime = 64;
const longTime = 1000;
const compileRounds = 5;

const megabytes = (bytes: number, digits: number): string => (bytes / mebibyte).toFixed(digits);
const verdict = (holds: boolean): string => (holds ? "holds" : "MISSED");

/** Memory after each tenth of so many training steps; the collector runs first, so what is left is what is held. */
function memoryOverSteps(steps: number, compiled: boolean): string {
  const step = smallLstm(compiled);
  const rows = [["steps", "RSS MB", "heap MB", "arrayBuffers MB", "per step", "loss"]];
  const tenth = steps / 10;
  const start = performance.now();
  for (let done = 1; done <= steps; done++) {
    const loss = step();
    if (done % tenth !== 0) continue;
    const perStep = (performance.now() - start) / done;
    globalThis.gc?.();
    const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
    const memory = [megabytes(rss, 0), megabytes(heapUsed, 1), megabytes(arrayBuffers, 2)];
    rows.push([String(done), ...memory, duration(perStep), loss.item().toExponential(1)]);
  }
  return table(rows);
}

/** Peak memory of this process after one gradient through 100,000 steps. */
function longPeak(): string {
  const { step } = longCheckpoint(longChunks, longChunkLength);
  // The array that the input was copied from is garbage now; whether it is collected by itself decides over 200 MB.
  globalThis.gc?.();
  const start = performance.now();
  const loss = step();
  const spent = performance.now() - start;
  // maxRSS counts in kibibytes.
  const peak = process.resourceUsage().maxRSS / 1024;
  return table([
    ["T", "peak RSS MB", "at most", "", "first call", "loss"],
    [
      String(longChunks * longChunkLength),
      peak.toFixed(0),
      String(limits.longMegabytes),
      verdict(peak <= limits.longMegabytes),
      duration(spent),
      loss.toExponential(4),
    ],
  ]);
}

function lstmTask(time: number): SequenceTask {
  const sizes = sequenceWorks["lstm-train"];
  if (sizes === undefined) throw new RangeError('no work is called "lstm-train"');
  return sequenceTask({ ...sizes, time });
}

/** Milliseconds to trace and compile; `explain` does both and runs nothing. */
function compileTime({ train, x, y }: SequenceTask): number {
  const compiled = compile(train);
  const start = performance.now();
  compiled.explain(x, y);
  const spent = performance.now() - start;
  compiled.dispose();
  return spent;
}

/** The first call of lstm-train in a process that has compiled nothing yet, then compiling by the length in time. */
function compileTimes(): string {
  const short = lstmTask(shortTime);
  const long = lstmTask(longTime);
  const start = performance.now();
  const firstTask = compile(short.train);
  firstTask(short.x, short.y).item();
  const first = performance.now() - start;
  firstTask.dispose();
  // In turns, so that the warming of the compiler's own code favours neither.
  const spent = Array.from({ length: compileRounds }, () => [compileTime(short), compileTime(long)] as const);
  const shortMs = median(spent.map(([ms]) => ms));
  const longMs = median(spent.map(([, ms]) => ms));
  const ratio = longMs / shortMs;
  return table([
    ["lstm-train", "measured", "at most", ""],
    [
      `first call, T = ${shortTime}`,
      duration(first),
      duration(limits.firstCallMs),
      verdict(first <= limits.firstCallMs),
    ],
    [`trace and compile, T = ${shortTime}`, duration(shortMs), "", ""],
    [`trace and compile, T = ${longTime}`, duration(longMs), "", ""],
    ["their ratio", ratio.toFixed(2), String(limits.lengthRatio), verdict(ratio <= limits.lengthRatio)],
  ]);
}

interface Part {
  readonly about: string;
  readonly run: () => string;
}

const parts: ReadonlyMap<string, Part> = new Map([
  [
    "eager",
    {
      about: `${eagerSteps} eager training steps of a small LSTM`,
      run: () => memoryOverSteps(eagerSteps, false),
    },
  ],
  [
    "compiled",
    {
      about: `${compiledSteps} compiled training steps of the same`,
      run: () => memoryOverSteps(compiledSteps, true),
    },
  ],
  ["long", { about: "long-bptt with checkpoint, compiled", run: longPeak }],
  ["compile", { about: "how long compiling takes", run: compileTimes }],
]);

function parsedParts(text: string): string[] {
  const names = text.split(",").filter((name) => name !== "");
  const wrong = names.find((name) => !parts.has(name));
  if (wrong !== undefined || names.length === 0)
    throw new InvalidArgumentError(`"${wrong ?? text}" is none of ${[...parts.keys()].join(", ")}.`);
  return names;
}

/** Runs one part here; several each in a process of its own, so that none sees another's memory or warm code. */
function run(names: readonly string[]): void {
  const [only] = names;
  const part = names.length === 1 && only !== undefined ? parts.get(only) : undefined;
  if (part !== undefined) {
    console.log(`${part.about}\n${part.run()}\n`);
    return;
  }
  for (const name of names) {
    const argv = [...process.execArgv, fileURLToPath(import.meta.url), "--only", name];
    const { status } = spawnSync(process.execPath, argv, { stdio: "inherit" });
    if (status !== 0) process.exitCode = 1;
  }
}

const command = new Command("bench:soak")
  .description(
    "Long runs: memory over many steps, memory of a very long sequence, and the time of compiling.",
  )
  .option("--only <parts>", `some of ${[...parts.keys()].join(",")}`, parsedParts)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : exitForBadArguments));
command.parse();
if (globalThis.gc === undefined) {
  console.error("bench:soak: run node with --expose-gc, as pnpm bench:soak does.");
  process.exit(exitForBadArguments);
}
run(command.opts<{ only?: string[] }>().only ?? [...parts.keys()]);

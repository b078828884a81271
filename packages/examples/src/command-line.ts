import { existsSync } from "node:fs";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { AddingOptions } from "./classic/adding-problem.js";
import { runAdding } from "./classic/run-adding.js";
import { backendNames, type MachineOptions, useMachine } from "./machine.js";
import { onInterrupt } from "./terminal/interrupt.js";
import { runText, type TextOptions } from "./text/run-text.js";
import { UsageError } from "./usage-error.js";
import { cellNames } from "./weather/forecaster.js";
import { type Output, runWeather, type WeatherOptions } from "./weather/run-weather.js";

/** Where a program writes. */
export interface Streams {
  readonly out: { write(text: string): unknown };
  readonly error: NodeJS.WriteStream | { readonly isTTY?: boolean; write(text: string): unknown };
}

/** Reads a whole number from an argument. */
const count =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };

function temperatureOf(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value >= 0 && value <= 100) return value;
  throw new InvalidArgumentError("It must be a number from 0 to 100.");
}

const seedOption = (): Option =>
  new Option("--seed <number>", "where random numbers start").argParser(count(0, 2 ** 31 - 1)).default(0);

/** Every job can run on each backend. */
const withMachine = (job: Command): Command =>
  job
    .addOption(new Option("--backend <name>", "what compiled programs run on (wasm)").choices(backendNames))
    .option("--threads <number>", "threads that share the work of one step", count(1, 256));

function addWeather(program: Command, output: Output, streams: Streams): void {
  withMachine(program.command("weather", { isDefault: true }))
    .description(
      "train RNN, LSTM and GRU to forecast the weather of Seattle, compare them on a held-out year, and write a report (the default)",
    )
    .addOption(seedOption())
    .option("--runs <number>", "networks of each kind, each with its own seed", count(1, 100), 3)
    .option("--epochs <number>", "most passes over the training years", count(1, 10_000), 60)
    .option("--hidden <number>", "size of the hidden state", count(1, 4096), 32)
    .option("--report <file>", "where the report goes", "report.html")
    .action((options: WeatherOptions) =>
      interruptible(streams, (signal) => runWeather(options, output, signal)),
    );
}

function addText(program: Command, output: Output, streams: Streams): void {
  withMachine(program.command("text"))
    .description("train a character model on a text and let it write")
    .argument("[file]", "a text in UTF-8 (default: this repository's own sources)")
    .addOption(new Option("--cell <name>", "recurrent cell").choices(cellNames).default("lstm"))
    .option("--hidden <number>", "size of the hidden state", count(1, 4096), 128)
    .addOption(seedOption())
    .option("--steps <number>", "training steps", count(1, 10_000_000), 500)
    .option("--length <number>", "characters that the gradient goes back through", count(1, 100_000), 64)
    .option(
      "--temperature <number>",
      "how daring it writes; 0 takes the likeliest character",
      temperatureOf,
      0.7,
    )
    .option("--sample <number>", "characters to write at the end", count(0, 1_000_000), 500)
    .action((file: string | undefined, options: TextOptions) =>
      interruptible(streams, (signal) => runText(file, options, output, signal)),
    );
}

function addAdding(program: Command, output: Output, streams: Streams): void {
  withMachine(program.command("adding"))
    .description("the adding problem: which of RNN, LSTM and GRU carries a number over a long time")
    .option("--length <number>", "steps of a sequence", count(2, 10_000), 50)
    .option("--hidden <number>", "size of the hidden state", count(1, 4096), 32)
    .option("--steps <number>", "training steps", count(1, 10_000_000), 1500)
    .addOption(seedOption())
    .action((options: Omit<AddingOptions, "signal" | "reporter">) =>
      interruptible(streams, (signal) => runAdding(options, output, signal)),
    );
}

/** Commander would hand an unknown name to the default command, as one argument too many. */
function refuseUnknownCommand(name: string | undefined, program: Command): void {
  const names = [...program.commands.map((command) => command.name()), "help"];
  if (name === undefined || name.startsWith("-") || names.includes(name)) return;
  throw new UsageError(
    `unknown command '${name}': there are ${names.join(", ")}${existsSync(name) ? ` (a text to learn? npm start -- text ${name})` : ""}`,
  );
}

/** Runs the program with arguments (those after the program's name); resolves to the exit code. */
export async function runCommandLine(args: readonly string[], streams: Streams): Promise<number> {
  const output: Output = { print: (text) => void streams.out.write(`${text}\n`), progress: streams.error };
  const program = new Command("npm start --")
    .description("Scope's examples: recurrent networks on real data.")
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureOutput({
      writeOut: (text) => void streams.out.write(text),
      // One line: what is wrong, and what was probably meant.
      writeErr: (text) => void streams.error.write(text.replace(/\n\((.*)\)\n$/, " ($1)\n")),
    });
  addWeather(program, output, streams);
  addText(program, output, streams);
  addAdding(program, output, streams);
  program.hook("preAction", (_, job) => useMachine(job.opts<MachineOptions>()));
  try {
    refuseUnknownCommand(args[0], program);
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    // Commander has printed its line already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof UsageError)) throw error;
    streams.error.write(`error: ${error.message}\n`);
    return 2;
  }
}

async function interruptible({ error }: Streams, job: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const interrupt = onInterrupt(
    () => void error.write("\nStopping after this step; once more to quit at once.\n"),
  );
  try {
    await job(interrupt.signal);
  } finally {
    interrupt.release();
  }
}

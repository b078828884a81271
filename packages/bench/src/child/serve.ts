import { createInterface } from "node:readline";
import Benchmark from "benchmark";
import { answerMark, type Failed, type Measured, type Prepared, type Question } from "./protocol.js";

/** A work that is ready to run in this process. */
export interface Runner {
  /** One iteration, finished when it returns; its value is compared with the other libraries'. */
  readonly step: () => number;
  /** Units in one iteration. */
  readonly units?: number;
  readonly note?: string;
}

const minimumCycleSeconds = 0.01;

/** Benchmark.js's own sampling, bounded: cycles until `seconds` have passed, at least one. */
function sample(runner: Runner, seconds: number): Measured {
  const units = runner.units ?? 1;
  const benchmark = new Benchmark(runner.step, {
    maxTime: seconds,
    minSamples: 1,
    minTime: minimumCycleSeconds,
  });
  benchmark.run({ async: false });
  // Benchmark.js keeps an exception for its events instead of throwing it.
  const { error } = benchmark as { error?: unknown };
  if (error !== undefined) throw error;
  return {
    samplesMs: benchmark.stats.sample.map((s) => (s * 1000) / units),
    peakMb: process.resourceUsage().maxRSS / 1024,
  };
}

function warmUp(runner: Runner, seconds: number): void {
  const enough = { iterations: 5, atMostSeconds: 8 };
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  for (let i = 0; elapsed() < seconds || (i < enough.iterations && elapsed() < enough.atMostSeconds); i++)
    runner.step();
}

/** Answers the benchmark's questions on standard input until it closes.
 * @param prepare - builds a work; throws what stands in the table as the reason why it cannot */
export async function serve(
  version: string,
  prepare: (work: string) => Runner | Promise<Runner>,
): Promise<void> {
  let runner: Runner | undefined;
  const answer = async (question: Question): Promise<Prepared | Measured> => {
    if (question.ask === "measure") {
      if (runner === undefined) throw new Error("asked to measure before a work was prepared");
      return sample(runner, question.seconds);
    }
    runner = await prepare(question.work);
    const start = performance.now();
    const check = runner.step();
    const firstCallMs = performance.now() - start;
    runner.step();
    const third = runner.step();
    warmUp(runner, question.warmUpSeconds);
    return {
      version,
      check,
      third,
      firstCallMs,
      ...(runner.note === undefined ? {} : { note: runner.note }),
    };
  };
  for await (const line of createInterface({ input: process.stdin })) {
    let reply: Prepared | Measured | Failed;
    try {
      reply = await answer(JSON.parse(line) as Question);
    } catch (error) {
      reply = { error: error instanceof Error ? error.message : String(error) };
    }
    process.stdout.write(`${answerMark}${JSON.stringify(reply)}\n`);
  }
}

/** The error of a work that a library cannot do, with the reason. */
export function cannot(reason: string): never {
  throw new Error(reason);
}

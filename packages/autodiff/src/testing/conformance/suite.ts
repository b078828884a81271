import { allDTypes, type DType } from "../../base/dtype.js";
import type { Backend } from "../../kernel/backend.js";
import type { Program } from "../../kernel/program.js";
import { foreignDType, refusalOf } from "../../kernel/refusal.js";
import { demand } from "./assertions.js";
import {
  comparable,
  demandOutcome,
  elementsOf,
  naiveOutcome,
  type Outcome,
  runOnce,
} from "./compare-programs.js";
import { SeededNumbers } from "./program-builder.js";

/** One thing that a backend must do. */
export interface ConformanceCase {
  /** "reductions: sum over inner, outer and all axes". */
  readonly name: string;
  /** Rejects with a {@link ConformanceError} if the backend does not do it. */
  run(): Promise<void>;
}

/** How a backend is tried. */
export interface ConformanceOptions {
  /** Numbers of threads, all of which must leave the same bits in every program of the suite; left out, the backend chooses. */
  readonly threads?: readonly number[];
  /** How many random programs are drawn (300). */
  readonly samples?: number;
  /** What random programs are drawn from (20). */
  readonly seed?: number;
  /** How many programs of a case may run as one, where each is held against the naive evaluator (1): more for backends that take long to make a program ready. */
  readonly joined?: number;
}

/** What was not tried, and why. */
export interface LeftOut {
  /** "no float64", or what the backend said when it refused a kernel. */
  readonly reason: string;
  /** Cases of which nothing was tried. */
  readonly cases: number;
  /** Programs of the other cases. */
  readonly programs: number;
}

/** Collects cases for one backend. */
export class Suite {
  readonly backend: Backend;
  readonly options: Required<ConformanceOptions>;
  /** What the backend has, in the order of all. */
  readonly dtypes: readonly DType[];
  readonly cases: ConformanceCase[] = [];
  readonly #without: string[] = [];
  readonly #trials = new Map<string, Trial>();
  #group = "";

  constructor(backend: Backend, options: Required<ConformanceOptions>) {
    this.backend = backend;
    this.options = options;
    this.dtypes = allDTypes.filter((dtype) => backend.capabilities.dtypes.includes(dtype));
  }

  /** Names the cases that follow. */
  group(name: string): void {
    this.#group = name;
  }

  /** Adds a case that needs these dtypes; it is left out where the backend lacks one. */
  add(name: string, needs: readonly DType[], body: (trial: Trial) => Promise<void>): void {
    const missing = needs.find((dtype) => !this.dtypes.includes(dtype));
    if (missing !== undefined) {
      this.#without.push(`no ${missing}`);
      return;
    }
    const title = `${this.#group}: ${name}`;
    const run = async (): Promise<void> => {
      const { threads, seed, joined } = this.options;
      const trial = new Trial(this.backend, threads, new SeededNumbers(seed + hashOf(title)), joined);
      this.#trials.set(title, trial);
      await body(trial);
      await trial.finish();
    };
    this.cases.push({ name: title, run });
  }

  /** How many programs were run, up to now. */
  programs(): number {
    return [...this.#trials.values()].reduce((sum, { programs }) => sum + programs, 0);
  }

  /** What was left out, up to now. */
  leftOut(): readonly LeftOut[] {
    const all = new Map<string, { cases: number; programs: number }>();
    const count = (reason: string, what: "cases" | "programs"): void => {
      const counts = all.get(reason) ?? { cases: 0, programs: 0 };
      counts[what]++;
      all.set(reason, counts);
    };
    for (const reason of this.#without) count(reason, "cases");
    for (const { programs, refusals } of this.#trials.values()) {
      if (programs === 0 && refusals.length > 0) count(refusals[0], "cases");
      else for (const reason of refusals) count(reason, "programs");
    }
    return [...all].map(([reason, counts]) => ({ reason, ...counts }));
  }
}

/** A whole number for a text. */
const hashOf = (text: string): number =>
  [...text].reduce((hash, letter) => (Math.imul(hash, 31) + letter.charCodeAt(0)) | 0, 7);

/** One run of a case: runs programs, and counts them. */
export class Trial {
  readonly backend: Backend;
  /** Each number of threads that programs are to be run with; null leaves it to the backend. */
  readonly threads: readonly (number | null)[];
  /** Drawn from the seed and the case's name: the same whichever cases run. */
  readonly numbers: SeededNumbers;
  /** Programs that were run. */
  programs = 0;
  /** Why each of the others was not. */
  readonly refusals: string[] = [];

  /** Programs that wait to be run as one. */
  #waiting: Program[] = [];
  readonly #joined: number;

  constructor(backend: Backend, threads: readonly number[], numbers: SeededNumbers, joined: number) {
    this.backend = backend;
    this.numbers = numbers;
    this.#joined = joined;
    this.threads = threads.length === 0 ? [null] : threads;
  }

  /** Whether the backend can run a program; one way or the other, it is counted. */
  runs(program: Program): boolean {
    const { capabilities } = this.backend;
    const foreign = foreignDType(program, capabilities.dtypes);
    const reason = foreign === null ? refusalOf(program, capabilities) : `no ${foreign.dtype}`;
    if (reason === null) this.programs++;
    else this.refusals.push(reason);
    return reason === null;
  }

  /** Runs a program, with every number of threads, and looks at what it leaves. */
  async expectOutcome(program: Program, look: (outcome: Outcome) => void): Promise<void> {
    if (!this.runs(program)) return;
    let first: Outcome | null = null;
    for (const threads of this.threads) {
      const { executable, outcome } = await runOnce(this.backend, program, threads);
      executable.dispose();
      if (first === null) look(outcome);
      else demandOutcome(`${program.name} with ${threads} threads, not ${this.threads[0]}`, outcome, first);
      first ??= outcome;
    }
  }

  /** Demands that a program leaves what it leaves naively. */
  async expectAsNaive(program: Program): Promise<void> {
    demand(
      comparable(program).length > 0,
      program.name,
      "nothing to compare",
      "a buffer that the host reads",
    );
    if (this.#joined === 1 || !canJoin(program)) return this.#compare(program, [program]);
    if (!this.runs(program)) return;
    const taken = new Set(this.#waiting.flatMap(({ buffers }) => buffers));
    if (program.buffers.some((buffer) => taken.has(buffer))) await this.finish();
    this.#waiting.push(program);
    if (this.#waiting.length >= this.#joined) await this.finish();
  }

  /** Runs what still waits. */
  async finish(): Promise<void> {
    const parts = this.#waiting;
    this.#waiting = [];
    if (parts.length === 0) return;
    // Each has been counted already.
    this.programs--;
    await this.#compare(joined(parts), parts);
  }

  async #compare(program: Program, parts: readonly Program[]): Promise<void> {
    await this.expectOutcome(program, (outcome) => {
      for (const part of parts) {
        const own = comparable(part).map((b) => [b, elementsOf(outcome, b)] as const);
        demandOutcome(part.name, new Map(own), naiveOutcome(part));
      }
    });
  }
}

/** Whether a program may be one of several that run as one: a check that fails would end the others as well. */
const canJoin = ({ status, setup, flushSubnormals }: Program): boolean =>
  status === null && setup.length === 0 && !flushSubnormals;

/** Programs one after the other, each with its own buffers. */
const joined = (programs: readonly Program[]): Program => ({
  ...programs[0],
  name: programs.map(({ name }) => name).join(", "),
  buffers: programs.flatMap(({ buffers }) => buffers),
  kernels: programs.flatMap(({ kernels }) => kernels),
});

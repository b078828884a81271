/** What goes between the benchmark and a library's process: one JSON line each way, answers marked so that a library's own
 * printing cannot be taken for one. */
export const answerMark = "@bench ";

export type Question =
  | { readonly ask: "prepare"; readonly work: string; readonly warmUpSeconds: number }
  | { readonly ask: "measure"; readonly seconds: number };

/** The work is built, ran once, and is warm. */
export interface Prepared {
  readonly version: string;
  /** The value of the first iteration. */
  readonly check: number;
  /** The value of the third iteration, after two updates where the work trains. */
  readonly third: number;
  /** The first iteration, compiling included. */
  readonly firstCallMs: number;
  readonly note?: string;
}

export interface Measured {
  /** Milliseconds per unit, one for each of the timer's cycles. */
  readonly samplesMs: readonly number[];
  /** The process's largest resident size so far. */
  readonly peakMb: number;
}

export interface Failed {
  readonly error: string;
}

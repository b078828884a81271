/** The library of one built checkout. */
export interface Library {
  readonly autodiff: typeof import("@scope/autodiff");
  readonly compile: typeof import("@scope/autodiff/compile").compile;
  readonly nn: typeof import("@scope/nn");
  readonly sequenceTask: typeof import("../workloads/sequence-train.js").sequenceTask;
}

/** What is wanted of a trap: at most so much, or so many times what PyTorch needs for the same. */
export type Wanted = { readonly atMost: number } | { readonly timesTorch: number };

/** A program that was much slower, or took much more memory, than its user could expect. */
export interface Trap {
  readonly name: string;
  readonly about: string;
  readonly unit: "ms" | "s" | "µs" | "MB" | "×";
  readonly wanted: Wanted;
  /** Runs it once in a process of its own and measures; throws if the results are not right. */
  measure(library: Library): number | Promise<number>;
}

/** The least time of some runs, in milliseconds. */
export function leastMs(run: () => void, runs = 15): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    run();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

/** The least time of a call that takes microseconds. */
export function leastMicroseconds(run: () => void): number {
  const calls = 2000;
  const block = (): void => {
    for (let i = 0; i < calls; i++) run();
  };
  return (leastMs(block, 30) * 1000) / calls;
}

/** The time of one call, in seconds. */
export function secondsOf(run: () => void): number {
  const start = performance.now();
  run();
  return (performance.now() - start) / 1000;
}

/** Throws if a measured program did not compute what it should. */
export function expectNear(what: string, value: number, wanted: number, tolerance: number): void {
  if (!(Math.abs(value - wanted) <= tolerance))
    throw new Error(`${what} is ${value} instead of ${wanted}: what was measured is wrong`);
}

import { checkCount, checkOptions } from "@scope/autodiff/checks";
import { ShapeError, Tensor } from "@scope/autodiff/functions";
import { showShape } from "../option-checks.js";
import { takeRows } from "./tensor-tree.js";

/** Options of {@link windows}. */
export interface WindowOptions {
  /** Steps in each window. */
  readonly length: number;
  /** Steps from the last one of a window to its target (1: the very next). */
  readonly horizon?: number;
  /** Steps between the starts of neighbouring windows (1). */
  readonly stride?: number;
  /** The series that targets are taken from, on the same time axis as the inputs (the inputs' own series). */
  readonly targets?: Tensor;
  /** Whether every step of a window has its target, `horizon` steps after it, as a language model needs (false: the last step only). */
  readonly everyStep?: boolean;
}

/** Examples cut from a series: what is seen, and what comes after it. */
export interface Windows {
  /** `[windows, length, ...features]` */
  readonly inputs: Tensor;
  /** `[windows, ...features]`, or `[windows, length, ...features]` with `everyStep`. */
  readonly targets: Tensor;
}

/** Cuts a series into windows and their targets. Only whole windows with a target inside the series are made.
 * inputs[i] = series[i·stride … i·stride + length − 1], targets[i] = targets[i·stride + length − 1 + horizon]
 * @param series - `[time, ...features]`
 * @param options - `length`, `horizon` (1), `stride` (1), `targets` (the series), `everyStep` (false)
 * @throws {@link ShapeError} if the series is too short for one window, or `targets` has another length; {@link ValueError} if an option is no count
 * @example
 * const { inputs, targets } = windows(tensor([10, 20, 30, 40]), { length: 2 })
 * inputs.toArray() // => [[10, 20], [20, 30]]
 * targets.toArray() // => [30, 40]
 * windows(tensor([1, 2, 3, 4, 5]), { length: 2, stride: 2, everyStep: true }).targets.toArray() // => [[2, 3], [4, 5]]
 */
export function windows(series: Tensor, options: WindowOptions): Windows {
  checkOptions("windows", options, ["length", "horizon", "stride", "targets", "everyStep"]);
  const { length, horizon = 1, stride = 1, targets = series, everyStep = false } = options ?? {};
  checkCount("windows", "length", length);
  checkCount("windows", "horizon", horizon, 0);
  checkCount("windows", "stride", stride);
  const time = checkSeries(series, targets);
  const count = Math.floor((time - length - horizon) / stride) + 1;
  if (count < 1) {
    throw new ShapeError({
      code: "data/short-series",
      op: "windows",
      problem: "the series is too short for one window and its target.",
      got: `${time} steps`,
      expected: `at least ${length + horizon}: length ${length} and horizon ${horizon}`,
      mend: "pass a longer series, or a smaller length or horizon",
    });
  }
  const steps = (shift: number): Int32Array =>
    Int32Array.from(
      { length: count * length },
      (_, k) => Math.floor(k / length) * stride + (k % length) + shift,
    );
  const ends = Int32Array.from({ length: count }, (_, i) => i * stride + length - 1 + horizon);
  return {
    inputs: takeRows(series, steps(0), [count, length]),
    targets: everyStep ? takeRows(targets, steps(horizon), [count, length]) : takeRows(targets, ends),
  };
}

function checkSeries(series: Tensor, targets: Tensor): number {
  const show = (t: unknown): string =>
    t instanceof Tensor ? showShape(t.shape) : t === null ? "null" : typeof t;
  const fits = series instanceof Tensor && targets instanceof Tensor && series.rank > 0 && targets.rank > 0;
  if (fits && series.shape[0] === targets.shape[0]) return series.shape[0];
  throw new ShapeError({
    code: "data/series",
    op: "windows",
    problem: "series and targets do not share a time axis.",
    got: series === targets ? `series ${show(series)}` : `series ${show(series)}, targets ${show(targets)}`,
    expected: "tensors [time, ...features] with the same number of steps",
    mend: "put time on the first axis of both",
  });
}

import {
  checkBoolean,
  checkChoice,
  checkCount,
  checkFunction,
  checkNumber,
  checkOptions,
} from "@scope/autodiff/checks";

/** A learning rate for every step, counted from 0. */
export type Schedule = (step: number) => number;

/** A schedule that is asked for steps only. */
const checkedSchedule =
  (op: string, schedule: Schedule): Schedule =>
  (step) => {
    checkNumber(op, "step", step, 0);
    return schedule(step);
  };

/** The same rate at every step.
 * @param rate - learning rate
 * @throws {@link ValueError} if the rate is not a finite number ≥ 0
 * @example
 * constantRate(0.1)(1000) // => 0.1
 */
export function constantRate(rate: number): Schedule {
  checkNumber("constantRate", "rate", rate, 0);
  return checkedSchedule("constantRate", () => rate);
}

/** Options of {@link stepRate}. */
export interface StepRateOptions {
  /** Steps between two drops, or the steps at which the rate drops. */
  readonly every: number | readonly number[];
  /** Factor of each drop (0.1). */
  readonly factor?: number;
}

/** A rate that drops by a factor at regular or given steps.
 * @param rate - learning rate at the start
 * @param options - `every`: a number of steps, or a list of steps; `factor` (0.1)
 * @throws {@link ValueError} if a number is out of range
 * @source torch.optim.lr_scheduler.StepLR and MultiStepLR
 * @example
 * [0, 9, 10, 20].map(stepRate(1, { every: 10, factor: 0.5 })) // => [1, 1, 0.5, 0.25]
 */
export function stepRate(rate: number, options: StepRateOptions): Schedule {
  checkOptions("stepRate", options, ["every", "factor"]);
  const { every, factor = 0.1 } = options ?? {};
  checkNumber("stepRate", "rate", rate, 0);
  checkNumber("stepRate", "factor", factor, 0);
  if (typeof every === "number") {
    checkCount("stepRate", "every", every);
    return checkedSchedule("stepRate", (now) => rate * factor ** Math.floor(now / every));
  }
  const drops = Array.isArray(every) ? [...every] : [every];
  for (const each of drops) checkCount("stepRate", "every", each, 0);
  return checkedSchedule("stepRate", (now) => rate * factor ** drops.filter((drop) => drop <= now).length);
}

/** A rate that is multiplied by the same factor at every step.
 * @param rate - learning rate at the start
 * @param options - `factor`
 * @throws {@link ValueError} if a number is out of range
 * @source torch.optim.lr_scheduler.ExponentialLR
 * @example
 * [0, 1, 2].map(exponentialRate(1, { factor: 0.5 })) // => [1, 0.5, 0.25]
 */
export function exponentialRate(rate: number, options: { readonly factor: number }): Schedule {
  checkOptions("exponentialRate", options, ["factor"]);
  const { factor } = options ?? {};
  checkNumber("exponentialRate", "rate", rate, 0);
  checkNumber("exponentialRate", "factor", factor, 0);
  return checkedSchedule("exponentialRate", (now) => rate * factor ** now);
}

/** Options of {@link cosineRate}. */
export interface CosineRateOptions {
  /** Steps until the least rate. */
  readonly steps: number;
  /** Rate at the end and after (0). */
  readonly minimum?: number;
}

/** A rate that falls along half a cosine: minimum + (rate − minimum)(1 + cos(π t / steps))/2.
 * @param rate - learning rate at the start
 * @param options - `steps`, `minimum` (0)
 * @throws {@link ValueError} if a number is out of range
 * @source arXiv:1608.03983, without restarts
 * @example
 * [0, 5, 10, 11].map(cosineRate(1, { steps: 10 })) // => [1, 0.5, 0, 0]
 */
export function cosineRate(rate: number, options: CosineRateOptions): Schedule {
  checkOptions("cosineRate", options, ["steps", "minimum"]);
  const { steps, minimum = 0 } = options ?? {};
  checkNumber("cosineRate", "rate", rate, 0);
  checkCount("cosineRate", "steps", steps);
  checkNumber("cosineRate", "minimum", minimum, 0);
  return checkedSchedule("cosineRate", (now) => alongCosine(rate, minimum, Math.min(now / steps, 1)));
}

/** Options of {@link warmUp}. */
export interface WarmUpOptions {
  /** Steps of rising. */
  readonly steps: number;
  /** Part of the rate at step 0; if left out, step t has (t + 1)/steps of it. */
  readonly startFactor?: number;
}

/** Rises linearly to the first rate of another schedule, then follows it from its beginning.
 * @param schedule - what follows
 * @param options - `steps`, `startFactor`
 * @throws {@link ValueError} if a number is out of range
 * @example
 * [0, 1, 2, 3].map(warmUp(constantRate(1), { steps: 2 })) // => [0.5, 1, 1, 1]
 */
export function warmUp(schedule: Schedule, options: WarmUpOptions): Schedule {
  checkFunction("warmUp", "schedule", schedule, "warmUp(constantRate(0.1), { steps: 100 })");
  checkOptions("warmUp", options, ["steps", "startFactor"]);
  const { steps, startFactor } = options ?? {};
  checkCount("warmUp", "steps", steps);
  if (startFactor !== undefined) checkNumber("warmUp", "startFactor", startFactor, 0, 1);
  const part = (now: number): number =>
    startFactor === undefined ? (now + 1) / steps : startFactor + (1 - startFactor) * (now / steps);
  return checkedSchedule("warmUp", (now) => (now < steps ? schedule(0) * part(now) : schedule(now - steps)));
}

/** Options of {@link oneCycleRate}. */
export interface OneCycleRateOptions {
  /** Steps of the whole cycle. */
  readonly steps: number;
  /** Part of the steps in which the rate rises (0.3). */
  readonly riseFraction?: number;
  /** How much less than the maximum the first rate is (25). */
  readonly startDivisor?: number;
  /** How much less than the first rate the last one is (1e4). */
  readonly endDivisor?: number;
  /** How the rate moves (`"cosine"`). */
  readonly shape?: "cosine" | "linear";
  /** Whether the rate falls as fast as it rose, and only then to its end (false). */
  readonly threePhases?: boolean;
}

/** A rate that rises to a maximum and falls far below its start, once.
 * @param maximum - greatest learning rate
 * @param options - `steps`, `riseFraction` (0.3), `startDivisor` (25), `endDivisor` (1e4), `shape` ("cosine"), `threePhases` (false)
 * @throws {@link ValueError} if a number is out of range
 * @source arXiv:1708.07120; torch.optim.lr_scheduler.OneCycleLR
 * @example
 * const rate = oneCycleRate(1, { steps: 11, riseFraction: 0.2, startDivisor: 10, shape: "linear" });
 * [0, 1.2, 10].map(rate) // => [0.1, 1, 0.00001]
 */
export function oneCycleRate(maximum: number, options: OneCycleRateOptions): Schedule {
  checkOptions("oneCycleRate", options, [
    "steps",
    "riseFraction",
    "startDivisor",
    "endDivisor",
    "shape",
    "threePhases",
  ]);
  const {
    steps,
    riseFraction = 0.3,
    startDivisor = 25,
    endDivisor = 1e4,
    shape = "cosine",
    threePhases = false,
  } = options ?? {};
  checkNumber("oneCycleRate", "maximum", maximum, 0);
  checkCount("oneCycleRate", "steps", steps);
  checkNumber("oneCycleRate", "riseFraction", riseFraction, 0, 1);
  checkNumber("oneCycleRate", "startDivisor", startDivisor, Number.MIN_VALUE);
  checkNumber("oneCycleRate", "endDivisor", endDivisor, Number.MIN_VALUE);
  checkChoice("oneCycleRate", "shape", shape, ["cosine", "linear"]);
  checkBoolean("oneCycleRate", "threePhases", threePhases);
  const start = maximum / startDivisor;
  const end = start / endDivisor;
  const rise = riseFraction * steps - 1;
  const phases = threePhases
    ? [
        [rise, start, maximum],
        [2 * rise, maximum, start],
        [steps - 1, start, end],
      ]
    : [
        [rise, start, maximum],
        [steps - 1, maximum, end],
      ];
  const along =
    shape === "cosine" ? alongCosine : (from: number, to: number, part: number) => from + (to - from) * part;
  return checkedSchedule("oneCycleRate", (now) => {
    let before = 0;
    for (const [last, from, to] of phases) {
      if (now <= last) return along(from, to, last === before ? 1 : (now - before) / (last - before));
      before = last;
    }
    return end;
  });
}

/** From one rate to another, slowly at both ends. */
const alongCosine = (from: number, to: number, part: number): number =>
  to + ((from - to) * (1 + Math.cos(Math.PI * part))) / 2;

import { checkCount, checkFunction, checkOptions, isList, outOfRange } from "@scope/autodiff/checks";
import { ValueError } from "@scope/autodiff/functions";
import type { Schedule } from "./schedule.js";

/** What a scheduler sets: an optimiser. */
export interface Scheduled {
  /** One for each group of parameters. */
  readonly learningRates: readonly unknown[];
  /** Sets them all. */
  setLearningRates(rates: readonly number[]): void;
}

/** Gives an optimiser the learning rates of a schedule, step by step. The rate is a Variable, so that nothing is compiled again.
 * @example
 * const optimizer = new SGD([new Parameter(tensor(1))], { learningRate: 1 })
 * const scheduler = new Scheduler(optimizer, stepRate(1, { every: 1, factor: 0.5 }))
 * optimizer.learningRate // => 1
 * scheduler.step() // => 0.5
 * optimizer.learningRate // => 0.5
 */
export class Scheduler {
  readonly #optimizer: Scheduled;
  readonly #schedules: readonly Schedule[];
  #steps: number;

  /** Sets the rate of the first step.
   * @param optimizer - whose learning rates are set
   * @param schedule - for all groups of parameters, or one for each
   * @param options - `from` (0): the step to go on from
   * @throws {@link ValueError} if there is not one schedule for each group */
  constructor(
    optimizer: Scheduled,
    schedule: Schedule | readonly Schedule[],
    options?: { readonly from?: number },
  ) {
    checkOptions("Scheduler", options, ["from"]);
    const rates: unknown =
      typeof optimizer === "object" && optimizer !== null ? optimizer.learningRates : undefined;
    if (!isList(rates) || typeof optimizer.setLearningRates !== "function")
      throw outOfRange(
        "Scheduler",
        "optimizer",
        optimizer,
        "an optimiser",
        "new Scheduler(optimizer, constantRate(0.1))",
      );
    const groups = rates.length;
    const each = isList(schedule) ? [...schedule] : new Array<Schedule>(groups).fill(schedule);
    for (const f of each)
      checkFunction("Scheduler", "schedule", f, "new Scheduler(optimizer, constantRate(0.1))");
    if (each.length !== groups) {
      throw new ValueError({
        code: "schedule/groups",
        op: "Scheduler",
        problem: "there is not one schedule for each group of parameters.",
        got: `${each.length} schedules`,
        expected: `${groups} schedules, or one for all`,
        mend: "pass one function, or as many as there are groups",
      });
    }
    this.#optimizer = optimizer;
    this.#schedules = each;
    this.#steps = options?.from ?? 0;
    checkCount("Scheduler", "from", this.#steps, 0);
    this.#apply();
  }

  /** Steps done. */
  get steps(): number {
    return this.#steps;
  }

  /** Call it after each step of the optimiser: sets the rate of the next one.
   * @returns the new rate of the first group */
  step(): number {
    this.#steps++;
    return this.#apply();
  }

  #apply(): number {
    const rates = this.#schedules.map((schedule) => schedule(this.#steps));
    this.#optimizer.setLearningRates(rates);
    return rates[0];
  }
}

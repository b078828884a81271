import { tensor } from "@scope/autodiff";
import {
  constantRate,
  cosineRate,
  exponentialRate,
  oneCycleRate,
  Parameter,
  type Schedule,
  Scheduler,
  SGD,
  stepRate,
  warmUp,
} from "@scope/nn";
import { describe, expect, test } from "vitest";
import { readCases } from "../fixture-cases.js";
import { thrownCode } from "../thrown-code.js";

interface OneCycleTorch {
  readonly total_steps: number;
  readonly pct_start?: number;
  readonly anneal_strategy?: "linear";
  readonly div_factor?: number;
  readonly final_div_factor?: number;
  readonly three_phase?: boolean;
}

type ScheduleCase = { readonly rates: readonly number[]; readonly rate: number } & (
  | { readonly schedule: "step"; readonly stepSize: number; readonly gamma: number }
  | { readonly schedule: "multistep"; readonly milestones: readonly number[]; readonly gamma: number }
  | { readonly schedule: "exponential"; readonly gamma: number }
  | { readonly schedule: "cosine"; readonly steps: number; readonly minimum: number }
  | { readonly schedule: "onecycle"; readonly maximum: number; readonly options: OneCycleTorch }
  | { readonly schedule: "linear-warm-up"; readonly startFactor: number; readonly steps: number }
  | { readonly schedule: "linear-warm-up-then-cosine"; readonly warmUpSteps: number; readonly steps: number }
);

function scheduleOf(each: ScheduleCase): Schedule {
  switch (each.schedule) {
    case "step":
      return stepRate(each.rate, { every: each.stepSize, factor: each.gamma });
    case "multistep":
      return stepRate(each.rate, { every: each.milestones, factor: each.gamma });
    case "exponential":
      return exponentialRate(each.rate, { factor: each.gamma });
    case "cosine":
      return cosineRate(each.rate, { steps: each.steps, minimum: each.minimum });
    case "onecycle": {
      const { total_steps, pct_start, anneal_strategy, div_factor, final_div_factor, three_phase } =
        each.options;
      return oneCycleRate(each.maximum, {
        steps: total_steps,
        riseFraction: pct_start,
        shape: anneal_strategy,
        startDivisor: div_factor,
        endDivisor: final_div_factor,
        threePhases: three_phase,
      });
    }
    case "linear-warm-up":
      return warmUp(constantRate(each.rate), { steps: each.steps, startFactor: each.startFactor });
    case "linear-warm-up-then-cosine": {
      const { rate, warmUpSteps, steps } = each;
      return warmUp(cosineRate(rate, { steps: steps - warmUpSteps }), { steps: warmUpSteps });
    }
  }
}

describe("schedules agree with PyTorch", () => {
  test.each(
    readCases<ScheduleCase>("schedules.json").map((each, k) => [`${k} ${each.schedule}`, each] as const),
  )("%s", (_name, each) => {
    const schedule = scheduleOf(each);
    each.rates.forEach((rate, step) => {
      expect(Math.abs(schedule(step) - rate), `step ${step}`).toBeLessThanOrEqual(1e-12);
    });
  });
});

test("a rate stays at its end after the last step", () => {
  expect(cosineRate(1, { steps: 3, minimum: 0.25 })(100)).toBe(0.25);
  expect(oneCycleRate(1, { steps: 10 })(100)).toBeCloseTo(1 / 25 / 1e4, 12);
});

describe("mistakes", () => {
  test.each([
    ["a NaN rate", () => constantRate(Number.NaN), "value/range"],
    ["no steps", () => cosineRate(1, { steps: 0 }), "value/count"],
    ["a fractional interval", () => stepRate(1, { every: 1.5 }), "value/count"],
    ["a negative factor", () => exponentialRate(1, { factor: -1 }), "value/range"],
    ["a warm-up from above", () => warmUp(constantRate(1), { steps: 2, startFactor: 2 }), "value/range"],
    ["a rise of more than all", () => oneCycleRate(1, { steps: 10, riseFraction: 2 }), "value/range"],
  ])("%s", (_what, run, code) => expect(thrownCode(run)).toBe(code));
});

describe("Scheduler", () => {
  const optimizer = (): SGD =>
    new SGD([{ parameters: [new Parameter(tensor(1))] }, { parameters: [new Parameter(tensor(1))] }], {
      learningRate: 9,
    });
  test("sets all groups, or each its own", () => {
    const one = optimizer();
    const scheduler = new Scheduler(one, exponentialRate(1, { factor: 0.5 }));
    scheduler.step();
    expect(one.learningRates.map((rate) => rate.value.item())).toEqual([0.5, 0.5]);
    expect(scheduler.steps).toBe(1);
    const two = optimizer();
    new Scheduler(two, [constantRate(1), constantRate(2)]);
    expect(two.learningRates.map((rate) => rate.value.item())).toEqual([1, 2]);
  });
  test("goes on from a step", () => {
    const one = optimizer();
    new Scheduler(one, exponentialRate(1, { factor: 0.5 }), { from: 2 });
    expect(one.learningRate).toBe(0.25);
  });
  test("needs a schedule for each group", () => {
    expect(thrownCode(() => new Scheduler(optimizer(), [constantRate(1)]))).toBe("schedule/groups");
  });
});

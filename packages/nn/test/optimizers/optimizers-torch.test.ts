import { type DType, lossAndGradients, mul, pow, square, sub, sum } from "@scope/autodiff";
import {
  Adagrad,
  Adam,
  AdamW,
  clipByGlobalNorm,
  clipByValue,
  globalNorm,
  Parameter,
  RMSProp,
  SGD,
} from "@scope/nn";
import { describe, expect, test } from "vitest";
import { expectClose, readCases, type StoredTensor, stored } from "../fixture-cases.js";

interface TorchOptions {
  readonly lr?: number;
  readonly momentum?: number;
  readonly dampening?: number;
  readonly nesterov?: boolean;
  readonly weight_decay?: number;
  readonly betas?: readonly [number, number];
  readonly eps?: number;
  readonly amsgrad?: boolean;
  readonly alpha?: number;
  readonly centered?: boolean;
  readonly lr_decay?: number;
  readonly initial_accumulator_value?: number;
}

interface OptimizerCase {
  readonly optimizer: "SGD" | "Adam" | "AdamW" | "RMSprop" | "Adagrad";
  readonly options: TorchOptions & { readonly groups?: readonly TorchOptions[] };
  readonly curvatures: readonly StoredTensor[];
  readonly targets: readonly StoredTensor[];
  readonly start: readonly StoredTensor[];
  readonly steps: readonly {
    readonly loss: StoredTensor;
    readonly gradients: readonly StoredTensor[];
    readonly parameters: readonly StoredTensor[];
  }[];
}

const names: { readonly [K in keyof TorchOptions]-?: string } = {
  lr: "learningRate",
  momentum: "momentum",
  dampening: "dampening",
  nesterov: "nesterov",
  weight_decay: "weightDecay",
  betas: "betas",
  eps: "epsilon",
  amsgrad: "amsgrad",
  alpha: "smoothing",
  centered: "centered",
  lr_decay: "learningRateDecay",
  initial_accumulator_value: "initialAccumulator",
};
const renamed = (options: TorchOptions): object =>
  Object.fromEntries(
    Object.entries(options).map(([name, value]) => [names[name as keyof TorchOptions], value]),
  );

const optimizers = { SGD, Adam, AdamW, RMSprop: RMSProp, Adagrad };
const cases = readCases<OptimizerCase>("optimizers.json");

describe.each([
  ["float64", 1e-10],
  ["float32", 2e-5],
] as const)("optimisers in %s take PyTorch's steps", (dtype: DType, tolerance) => {
  test.each(cases.map((each) => [`${each.optimizer} ${JSON.stringify(each.options)}`, each] as const))(
    "%s",
    (_name, each) => {
      const { groups, ...shared } = each.options;
      const parameters = each.start.map((start) => new Parameter(stored(start, dtype)));
      const trained =
        groups === undefined
          ? parameters
          : parameters.map((parameter, k) => ({ ...renamed(groups[k]), parameters: [parameter] }));
      const optimizer = new optimizers[each.optimizer](trained, renamed(shared));
      const curvatures = each.curvatures.map((value) => stored(value, dtype));
      const targets = each.targets.map((value) => stored(value, dtype));
      each.steps.forEach((step, t) => {
        const [loss, gradients] = lossAndGradients(
          () =>
            parameters
              .map((parameter, k) => {
                const away = sub(parameter, targets[k]);
                return sum(mul(mul(curvatures[k], square(away)), 0.5)).add(mul(sum(pow(away, 4)), 0.05));
              })
              .reduce((a, b) => a.add(b)),
          optimizer.parameters(),
        );
        expectClose(loss, step.loss, tolerance, `loss ${t}`);
        optimizer.step(gradients);
        for (const [k, expected] of step.parameters.entries())
          expectClose(parameters[k].value, expected, tolerance, `parameter ${k} after step ${t}`);
      });
    },
  );
});

interface GivenCase {
  readonly optimizer: OptimizerCase["optimizer"];
  readonly options: TorchOptions;
  readonly start: StoredTensor;
  readonly steps: readonly { readonly gradient: StoredTensor; readonly parameter: StoredTensor }[];
}

describe("steps with given gradients, that fall, rise, change sign and vanish", () => {
  const given = readCases<GivenCase>("given-gradients.json");
  test.each(given.map((each) => [`${each.optimizer} ${JSON.stringify(each.options)}`, each] as const))(
    "%s",
    (_name, each) => {
      const parameter = new Parameter(stored(each.start));
      const optimizer = new optimizers[each.optimizer]([parameter], renamed(each.options));
      each.steps.forEach((step, t) => {
        optimizer.step([stored(step.gradient)]);
        expectClose(parameter.value, step.parameter, 1e-13, `after step ${t}`);
      });
    },
  );
  test("no two of them take the same steps", () => {
    const paths = given.map(({ steps }) => JSON.stringify(steps.map(({ parameter }) => parameter)));
    // Without weight decay, Adam and AdamW are one: with and without AMSGrad.
    expect(new Set(paths).size).toBe(given.length - 2);
  });
});

interface ClipCase {
  readonly clip: "norm" | "value";
  readonly limit: number;
  readonly normType?: 1 | 2 | "Infinity";
  readonly gradients: readonly StoredTensor[];
  readonly norm?: StoredTensor;
  readonly clipped: readonly StoredTensor[];
}

describe("clipping agrees with PyTorch", () => {
  test.each(
    readCases<ClipCase>("clipping.json").map(
      (each) => [`${each.clip} ${each.limit} ${each.normType ?? ""}`, each] as const,
    ),
  )("%s", (_name, each) => {
    const gradients = each.gradients.map((gradient) => stored(gradient));
    const order = each.normType === "Infinity" ? Number.POSITIVE_INFINITY : each.normType;
    if (each.norm !== undefined) expectClose(globalNorm(gradients, { order }), each.norm, 1e-12, "norm");
    const clipped =
      each.clip === "norm"
        ? clipByGlobalNorm(gradients, each.limit, { order })
        : clipByValue(gradients, each.limit);
    expect(clipped).toHaveLength(each.clipped.length);
    for (const [k, expected] of each.clipped.entries())
      expectClose(clipped[k], expected, 1e-12, `gradient ${k}`);
  });
});

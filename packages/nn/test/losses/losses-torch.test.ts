import { type DType, mul, sum, type Tensor, valueAndGrad } from "@scope/autodiff";
import {
  binaryCrossEntropyWithLogits,
  crossEntropy,
  huber,
  klDivergence,
  meanAbsoluteError,
  meanSquaredError,
  nll,
} from "@scope/nn";
import { describe, expect, test } from "vitest";
import {
  expectClose,
  precisions,
  readCases,
  type StoredTensor,
  type StoredTensors,
  stored,
  storedRecord,
} from "../fixture-cases.js";

interface LossCase {
  readonly loss: string;
  readonly options: {
    readonly reduction: "mean" | "sum" | "none" | "batchmean";
    readonly label_smoothing?: number;
    readonly ignore_index?: number;
    readonly delta?: number;
    readonly beta?: number;
    readonly log_target?: boolean;
  };
  readonly inputs: StoredTensors;
  readonly output: StoredTensor;
  readonly cotangent: StoredTensor;
  readonly gradients: StoredTensors;
}

type Inputs = Readonly<Record<string, Tensor>>;

function lossOf({ loss, options }: LossCase, { input, target, weight, positiveWeight }: Inputs): Tensor {
  const { reduction: named, label_smoothing = 0, ignore_index, delta, beta = 1, log_target } = options;
  const reduction = named === "batchmean" ? "mean" : named;
  switch (loss) {
    case "cross_entropy":
      return crossEntropy(input, target, {
        reduction,
        labelSmoothing: label_smoothing,
        ignoreIndex: ignore_index,
        weights: weight,
      });
    case "nll_loss":
      return nll(input, target, { reduction, ignoreIndex: ignore_index, weights: weight });
    case "mse_loss":
      return meanSquaredError(input, target, { reduction });
    case "l1_loss":
      return meanAbsoluteError(input, target, { reduction });
    case "huber_loss":
      return huber(input, target, { reduction, delta });
    case "smooth_l1_loss":
      return huber(input, target, { reduction, delta: beta }).div(beta);
    case "binary_cross_entropy_with_logits":
      return binaryCrossEntropyWithLogits(input, target, { reduction, positiveWeight });
    case "kl_div":
      return klDivergence(input, target, {
        reduction: named === "batchmean" ? "batchMean" : named,
        logTarget: log_target,
      });
    default:
      throw new Error(`no loss is called ${loss}`);
  }
}

const cases = readCases<LossCase>("losses.json");

describe.each(precisions)(
  "losses in %s agree with PyTorch, values and gradients",
  (dtype: DType, tolerance) => {
    test.each(cases.map((each, k) => [`${k} ${each.loss} ${JSON.stringify(each.options)}`, each] as const))(
      "%s",
      (_name, each) => {
        const fixed = storedRecord(each.inputs, dtype);
        const leaves = Object.fromEntries(Object.keys(each.gradients).map((name) => [name, fixed[name]]));
        const cotangent = stored(each.cotangent, dtype);
        const [, gradients, output] = valueAndGrad((now: Inputs) => {
          const loss = lossOf(each, { ...fixed, ...now });
          return [sum(mul(loss, cotangent)), loss] as const;
        })(leaves);
        expectClose(output, each.output, tolerance, "output");
        for (const [name, expected] of Object.entries(each.gradients))
          expectClose(gradients[name], expected, tolerance, `gradient of ${name}`);
      },
    );
  },
);

test("every loss is among the fixtures", () => {
  expect(new Set(cases.map(({ loss }) => loss)).size).toBe(8);
});

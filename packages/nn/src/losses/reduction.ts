import { checkOperand, checkOptions, outOfRange } from "@scope/autodiff/checks";
import { mean, ShapeError, sum, Tensor, type TensorLike, Variable } from "@scope/autodiff/functions";
import { improving } from "../metrics/direction.js";
import { sameShape, showShape } from "../option-checks.js";

/** How the losses of single elements become the result: their mean, their sum, or themselves. */
export type Reduction = "mean" | "sum" | "none";

/** Options of most losses. */
export interface LossOptions {
  /** `"mean"` of all elements (default; 0 of none), `"sum"`, or `"none"` for the losses of single elements. */
  readonly reduction?: Reduction;
}

/** The mean of all elements; of none it is 0, with a gradient of 0: a batch that says nothing changes nothing. */
export const meanOrZero = (x: Tensor): Tensor => (x.size === 0 ? sum(x) : mean(x));

/** Reduces the losses of single elements. */
export function reduced(op: string, losses: Tensor, reduction: Reduction | undefined): Tensor {
  switch (reduction) {
    case undefined:
    case "mean":
      return improving("min", meanOrZero(losses));
    case "sum":
      return improving("min", sum(losses));
    case "none":
      return losses;
    default:
      throw outOfRange(op, "reduction", reduction, '"mean", "sum" or "none"');
  }
}

/** Throws unless two operands have one shape: broadcasting would pair predictions with the wrong targets. Numbers go with everything.
 * Throws for unknown options as well. */
export function checkPair(
  op: string,
  prediction: TensorLike,
  target: TensorLike,
  options: unknown,
  ownOptions: readonly string[] = [],
): void {
  checkOptions(op, options, [...ownOptions, "reduction"]);
  checkOperand(op, prediction);
  checkOperand(op, target);
  const shapes = [prediction, target].flatMap((x) =>
    x instanceof Tensor || x instanceof Variable ? [x.shape] : [],
  );
  if (shapes.length < 2 || sameShape(shapes[0], shapes[1])) return;
  throw new ShapeError({
    code: "loss/shapes",
    op,
    problem: "predictions and targets differ in shape.",
    got: `${showShape(shapes[0])} and ${showShape(shapes[1])}`,
    expected: "one shape",
    mend: "reshape one of them, or broadcastTo where that is meant; [n] against [n, 1] rarely is",
  });
}

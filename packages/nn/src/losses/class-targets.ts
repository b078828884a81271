import { checkOptions, outOfRange } from "@scope/autodiff/checks";
import { checkedIndices, ShapeError, type Tensor } from "@scope/autodiff/functions";
import { checkTensor, sameShape, showShape } from "../option-checks.js";

/** Targets as they came, and as they are looked up: 0 where they are ignored. */
export interface Targets {
  readonly targets: Tensor;
  readonly classes: Tensor;
}

/** Throws unless there is one class for each row of scores, and one weight for each class.
 * @param known - names of the options that there are */
export function checkTargets(
  op: string,
  scores: Tensor,
  targets: Tensor,
  options: { readonly ignoreIndex?: number; readonly weights?: Tensor } | undefined,
  known: readonly string[],
): Targets {
  checkOptions(op, options, known);
  const { weights, ignoreIndex } = options ?? {};
  checkTensor(op, "scores", scores, "a tensor [..., classes]");
  checkTensor(op, "targets", targets, "an int32 tensor [...]");
  const classes = scores.shape[scores.rank - 1];
  if (scores.rank === 0 || !sameShape(scores.shape.slice(0, -1), targets.shape)) {
    throw new ShapeError({
      code: "loss/targets",
      op,
      problem: "there is not one target for each row of scores.",
      got: `scores ${showShape(scores.shape)}, targets ${showShape(targets.shape)}`,
      expected: "scores [..., classes] and targets [...]",
      mend: "put the classes on the last axis; targets are whole numbers, not one-hot rows",
    });
  }
  if (weights !== undefined) checkTensor(op, "weights", weights, `a tensor [${classes}]`);
  if (ignoreIndex !== undefined && !Number.isInteger(ignoreIndex))
    throw outOfRange(op, "ignoreIndex", ignoreIndex, "a whole number");
  if (weights !== undefined && !sameShape(weights.shape, [classes])) {
    throw new ShapeError({
      code: "loss/weights",
      op,
      problem: "there is not one weight for each class.",
      got: showShape(weights.shape),
      expected: showShape([classes]),
      mend: "pass a weight for every class",
    });
  }
  const named = { op, what: "targets", ...(ignoreIndex === undefined ? {} : { ignored: ignoreIndex }) };
  return { targets, classes: checkedIndices(targets, classes, named) };
}

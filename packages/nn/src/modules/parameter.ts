import { checkFunction } from "@scope/autodiff/checks";
import { type Tensor, Variable } from "@scope/autodiff/functions";

// Who asks which parameters are read; null almost always.
let observed: Set<Parameter> | null = null;

/** A Variable that is trained: what `module.parameters()` lists and optimisers update.
 * @example
 * const rate = new Parameter(tensor(0.5))
 * rate.value.item() // => 0.5
 */
export class Parameter extends Variable {
  /** The tensor that it holds now. Reading under a tape makes it a leaf of the tape. */
  override get value(): Tensor {
    observed?.add(this);
    return super.value;
  }

  /** Replaces the tensor; shape and dtype stay. */
  override set value(next: Tensor) {
    super.value = next;
  }
}

/** The parameters that are read, by whomever, while `run` runs. */
export function parametersReadBy(run: () => void): ReadonlySet<Parameter> {
  checkFunction("unlistedParameters", "run", run, "model.unlistedParameters(() => model.forward(x))");
  const outer = observed;
  const inner = new Set<Parameter>();
  observed = inner;
  try {
    run();
  } finally {
    observed = outer;
    for (const parameter of inner) outer?.add(parameter);
  }
  return inner;
}

import { DTypeError, IndexError, SymbolicValueError, type Tensor } from "@scope/autodiff";
import { checkTensor, showShape } from "./option-checks.js";

/** The values of a tensor, or nothing while it is a symbol: what is being traced cannot be checked. */
export function knownValues(t: Tensor): Iterable<number> {
  try {
    return t.data;
  } catch (error) {
    if (error instanceof SymbolicValueError) return [];
    throw error;
  }
}

/** Throws unless `indices` are whole numbers from 0 to `count` − 1, or `ignored`: those that a look-up would take, without counting from the end.
 * @param name - what one of them is called */
export function checkIndices(
  op: string,
  name: string,
  indices: Tensor,
  count: number,
  ignored?: number,
): void {
  checkTensor(op, name, indices, "int32");
  if (indices.dtype !== "int32") {
    throw new DTypeError({
      code: "dtype/indices",
      op,
      problem: `each ${name} is a whole number.`,
      got: `${indices.dtype}${showShape(indices.shape)}`,
      expected: "int32",
      mend: 'make them with { dtype: "int32" }, or cast(x, "int32")',
    });
  }
  for (const index of knownValues(indices)) {
    if ((index >= 0 && index < count) || index === ignored) continue;
    throw new IndexError({
      code: "index/value",
      op,
      problem: `a ${name} is out of range.`,
      got: `${name} ${index}`,
      expected: `whole numbers from 0 to ${count - 1}`,
      mend: `look for the wrong ${name} in the data, or make room for it`,
    });
  }
}

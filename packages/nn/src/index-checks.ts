import { DTypeError, IndexError, SymbolicValueError, Tensor } from "@scope/autodiff";
import { showShape } from "./option-checks.js";

/** The values of a tensor, or nothing while it is a symbol: what is being traced cannot be checked. */
function knownValues(t: Tensor): Iterable<number> {
  try {
    return t.data;
  } catch (error) {
    if (error instanceof SymbolicValueError) return [];
    throw error;
  }
}

/** Throws unless `indices` are whole numbers from 0 to `count` − 1, or `ignored`: those that a look-up would take, without counting from the end.
 * @param name - what they are called, in the plural */
export function checkIndices(
  op: string,
  name: string,
  indices: Tensor | readonly number[],
  count: number,
  ignored?: number,
): void {
  const isTensor = indices instanceof Tensor;
  if (isTensor && indices.dtype !== "int32") {
    throw new DTypeError({
      code: "dtype/indices",
      op,
      problem: `${name} are whole numbers.`,
      got: `${indices.dtype}${showShape(indices.shape)}`,
      expected: "int32",
      mend: 'make them with { dtype: "int32" }, or cast(x, "int32")',
    });
  }
  for (const index of isTensor ? knownValues(indices) : indices) {
    if ((index >= 0 && index < count && Number.isInteger(index)) || index === ignored) continue;
    throw new IndexError({
      code: "index/value",
      op,
      problem: `one of the ${name} is out of range.`,
      got: String(index),
      expected: `whole numbers from 0 to ${count - 1}`,
      mend: "look for the wrong one in the data",
    });
  }
}

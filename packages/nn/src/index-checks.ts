import { DTypeError, IndexError, less, SymbolicValueError, Tensor, where } from "@scope/autodiff/functions";
import { showShape } from "./option-checks.js";

/** The values of a tensor, or null while it is a symbol: what is being traced cannot be looked at. */
function knownValues(t: Tensor): Iterable<number> | null {
  try {
    return t.data;
  } catch (error) {
    if (error instanceof SymbolicValueError) return null;
    throw error;
  }
}

/** {@link checkIndices}, for a look-up: what it returns is looked up. A compiled function checks its arguments when it is called, and would count negative ones from the end;
 * here they are made to point behind it. */
export function checkedIndices(
  op: string,
  name: string,
  indices: Tensor,
  count: number,
  ignored?: number,
): Tensor {
  checkIndices(op, name, indices, count, ignored);
  return knownValues(indices) === null ? where(less(indices, 0), count, indices) : indices;
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
  for (const index of isTensor ? (knownValues(indices) ?? []) : indices) {
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

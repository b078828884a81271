import { ShapeError, Tensor } from "@scope/autodiff/functions";
import { showShape } from "../option-checks.js";

/** The elements of a matrix in double precision, row by row.
 * @throws {@link ShapeError} if it is no matrix, or `square` is asked for and it is not */
export function matrixElements(
  op: string,
  matrix: Tensor,
  square: boolean,
): { readonly rows: number; readonly columns: number; readonly elements: Float64Array } {
  const shape = matrix instanceof Tensor ? matrix.shape : [];
  if (shape.length !== 2 || (square && shape[0] !== shape[1])) {
    throw new ShapeError({
      code: "diagnostics/matrix",
      op,
      problem: square ? "the tensor is not a square matrix." : "the tensor is not a matrix.",
      got: matrix instanceof Tensor ? showShape(shape) : typeof matrix,
      expected: square ? "[n, n]" : "[rows, columns]",
      mend: "take one matrix at a time: weights of several gates are split first, batches with at(i)",
    });
  }
  return { rows: shape[0], columns: shape[1], elements: Float64Array.from(matrix.data) };
}

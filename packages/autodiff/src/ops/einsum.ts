import { ShapeError, ValueError } from "../base/errors.js";
import { showShape, sizeOf } from "../base/shape.js";
import { show } from "../base/show.js";
import type { Tensor } from "../tensor/tensor.js";
import { diagonal } from "./diagonal.js";
import { matmul } from "./linear-algebra.js";
import { promoted, type TensorLike } from "./operands.js";
import { sum } from "./reduction.js";
import { broadcastTo, permute, reshape } from "./shape.js";

/** A tensor whose axes have names. */
interface Labelled {
  readonly t: Tensor;
  readonly labels: readonly string[];
}

const invalid = (problem: string, got: unknown, expected: string): ValueError =>
  new ValueError({
    code: "value/einsum",
    op: "einsum",
    problem,
    got: typeof got === "string" ? got : show(got),
    expected,
    mend: 'a letter per axis: einsum("ij,jk->ik", a, b)',
  });

// Terms of letters with at most one ellipsis each: those of the operands, and that of the result behind an arrow.
const wellFormed = /^[a-z]*(\.{3}[a-z]*)?(,[a-z]*(\.{3}[a-z]*)?)*(->[a-z]*(\.{3}[a-z]*)?)?$/i;

/** The labels of a term; an ellipsis stands for `missing` axes, named by their place from the end. */
function labelsOf(term: string, missing: number): string[] {
  const [before, after] = term.split("...");
  if (after === undefined) return [...before];
  return [...before, ...Array.from({ length: missing }, (_, i) => `.${missing - i}`), ...after];
}

/** Operand terms and the result's term. */
function parse(
  equation: string,
  operands: readonly Tensor[],
): readonly [inputs: string[][], output: string[]] {
  const text = typeof equation === "string" ? equation.replaceAll(" ", "") : "?";
  if (!wellFormed.test(text)) {
    throw invalid(
      "this is not an equation.",
      equation,
      "letters, at most one ... per operand, at most one arrow",
    );
  }
  const [left, right] = text.split("->");
  const terms = left.split(",");
  if (terms.length !== operands.length) {
    throw invalid(
      "not one term per operand.",
      `${equation} for ${operands.length} operands`,
      `${terms.length} operands`,
    );
  }
  let widest = 0;
  const inputs = terms.map((term, i) => {
    const { sizes: shape } = operands[i];
    const missing = shape.length - term.replace("...", "").length;
    const labels = labelsOf(term, missing);
    if (labels.length !== shape.length) {
      throw new ShapeError({
        code: "shape/einsum-rank",
        op: "einsum",
        problem: "not one letter per axis.",
        got: `"${term}" for shape ${showShape(shape)}`,
        expected: `${shape.length} letters`,
        mend: "name every axis, or put ... for those that only broadcast",
      });
    }
    if (term.includes("...")) widest = Math.max(widest, missing);
    return labels;
  });
  if (right !== undefined) return [inputs, labelsOf(right, widest)];
  // Without an arrow: the ellipsis, then the letters that appear once, in alphabetic order.
  const all = inputs.flat().filter((label) => !label.startsWith("."));
  const once = all.filter((label) => all.indexOf(label) === all.lastIndexOf(label)).sort();
  return [inputs, [...labelsOf("...", widest), ...once]];
}

/** The size of each label; axes of an ellipsis broadcast, others are equal. */
function sizesOf(
  equation: string,
  inputs: readonly (readonly string[])[],
  operands: readonly Tensor[],
): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const [i, labels] of inputs.entries()) {
    for (const [k, label] of labels.entries()) {
      const size = operands[i].sizes[k];
      const known = sizes.get(label) ?? size;
      const broadcasts = label.startsWith(".") && (known === 1 || size === 1);
      if (known !== size && !broadcasts) {
        throw new ShapeError({
          code: "shape/einsum",
          op: "einsum",
          problem: "one letter stands for two sizes.",
          got: `"${label}" is ${known} and ${size} in ${equation}: ${operands.map((t) => showShape(t.sizes)).join(", ")}`,
          expected: "one size per letter",
          mend: "other sizes take other letters",
        });
      }
      sizes.set(label, known === 1 ? size : known);
    }
  }
  return sizes;
}

/** A label that appears twice in one operand means its diagonal. */
function withoutRepeats({ t, labels }: Labelled): Labelled {
  const k = labels.findIndex((label, i) => labels.indexOf(label) < i);
  if (k < 0) return { t, labels };
  const first = labels.indexOf(labels[k]);
  const rest = labels.map((_, i) => i).filter((i) => i !== k && i !== first);
  const matrix = permute(t, [...rest, first, k]);
  return withoutRepeats({ t: diagonal(matrix), labels: [...rest.map((i) => labels[i]), labels[k]] });
}

/** Sums over the labels that nobody needs. */
function sumOut({ t, labels }: Labelled, needed: ReadonlySet<string>): Labelled {
  const gone = labels.map((_, k) => k).filter((k) => !needed.has(labels[k]));
  return gone.length === 0
    ? { t, labels }
    : { t: sum(t, { axis: gone }), labels: labels.filter((label) => needed.has(label)) };
}

/** Sizes of labelled axes. */
type Extent = (labels: readonly string[]) => number[];

/** Axes in the order of labels; those that are missing are made, all of their full size. */
function arranged({ t, labels }: Labelled, order: readonly string[], extent: Extent): Tensor {
  const present = order.filter((label) => labels.includes(label));
  const moved = permute(
    t,
    present.map((label) => labels.indexOf(label)),
  );
  const shape = order.map((label) => (labels.includes(label) ? moved.sizes[present.indexOf(label)] : 1));
  return broadcastTo(reshape(moved, shape), extent(order));
}

/** Two operands as one product of (batches of) matrices. */
function contract(a: Labelled, b: Labelled, needed: ReadonlySet<string>, extent: Extent): Labelled {
  const left = sumOut(a, new Set([...needed, ...b.labels]));
  const right = sumOut(b, new Set([...needed, ...a.labels]));
  const shared = left.labels.filter((label) => right.labels.includes(label));
  const batch = shared.filter((label) => needed.has(label));
  const inner = shared.filter((label) => !needed.has(label));
  const rows = left.labels.filter((label) => !shared.includes(label));
  const columns = right.labels.filter((label) => !shared.includes(label));
  const blocks = (operand: Labelled, first: readonly string[], second: readonly string[]): Tensor =>
    reshape(arranged(operand, [...batch, ...first, ...second], extent), [
      ...(batch.length === 0 ? [] : [sizeOf(extent(batch))]),
      sizeOf(extent(first)),
      sizeOf(extent(second)),
    ]);
  const product = matmul(blocks(left, rows, inner), blocks(right, inner, columns));
  const labels = [...batch, ...rows, ...columns];
  return { t: reshape(product, extent(labels)), labels };
}

/** Sums of products over named axes, in Einstein's notation: letters that the result does not name are summed over. `...` stands for axes that broadcast.
 * Operands are multiplied from the left, each time as one product of matrices.
 * @param equation - one term of letters per operand, and after `->` that of the result (left out: the letters that appear once, in alphabetic order)
 * @param operands - as many tensors as terms; dtypes are promoted
 * @returns the axes that the result names
 * @throws {@link ValueError} if the equation is not well-formed; {@link ShapeError} if axes and letters do not fit
 * @example
 * einsum("ij,jk->ik", tensor([[1, 2]]), tensor([[3], [4]])).toArray() // => [[11]]
 * einsum("ii->", tensor([[1, 2], [3, 4]])).item() // => 5
 */
export function einsum(equation: string, ...operands: readonly TensorLike[]): Tensor {
  const tensors = promoted("einsum", operands);
  const [inputs, output] = parse(equation, tensors);
  const sizes = sizesOf(equation, inputs, tensors);
  if (new Set(output).size < output.length || output.some((label) => !sizes.has(label))) {
    throw invalid(
      "the result names an axis twice, or one that no operand has.",
      equation,
      "letters of the operands, each once",
    );
  }
  const parts = tensors.map((t, i) => withoutRepeats({ t, labels: inputs[i] }));
  const extent: Extent = (labels) => labels.map((label) => sizes.get(label)!);
  let sofar = parts[0];
  for (let i = 1; i < parts.length; i++) {
    const needed = new Set([...output, ...parts.slice(i + 1).flatMap(({ labels }) => labels)]);
    sofar = contract(sofar, parts[i], needed, extent);
  }
  return arranged(sumOut(sofar, new Set(output)), output, extent);
}

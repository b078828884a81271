import { Tensor } from "@scope/autodiff/functions";
import { kindOf } from "../option-checks.js";

/** What there is to say of a step that was not taken: which of loss and gradient is not finite, and what of the batch is not. */
export async function describeNotFinite(loss: number, gradientNorm: number, batch: unknown): Promise<string> {
  const what = Number.isFinite(loss)
    ? `the loss is ${loss}, but the norm of its gradient is ${gradientNorm}`
    : `the loss is ${loss}`;
  const inputs = await notFiniteLeaves(batch, "batch");
  return `${what}; ${inputs.length === 0 ? "every number of the batch is finite" : `of the batch, ${inputs.join(", ")}`}`;
}

/** Which tensors of a batch hold numbers that are not finite, with the place of the first. */
async function notFiniteLeaves(tree: unknown, path: string): Promise<string[]> {
  if (tree instanceof Tensor) {
    const elements = await tree.read();
    let count = 0;
    let first = -1;
    for (let k = 0; k < elements.length; k++) {
      if (Number.isFinite(elements[k])) continue;
      if (count++ === 0) first = k;
    }
    if (count === 0) return [];
    const place = indexOf(first, tree.shape).join(", ");
    return [`${path} has ${elements[first]} at [${place}] (${count} of ${tree.size} are not finite)`];
  }
  const found: string[] = [];
  if (Array.isArray(tree))
    for (const [k, part] of tree.entries()) found.push(...(await notFiniteLeaves(part, `${path}[${k}]`)));
  else if (kindOf(tree) === "object")
    for (const [key, part] of Object.entries(Object(tree)))
      found.push(...(await notFiniteLeaves(part, `${path}.${key}`)));
  return found;
}

/** The index of the k-th element in row-major order. */
function indexOf(k: number, shape: readonly number[]): number[] {
  let rest = k;
  return shape
    .map((_, axis) => shape[shape.length - 1 - axis])
    .map((size) => {
      const at = rest % size;
      rest = Math.floor(rest / size);
      return at;
    })
    .reverse();
}

import { isFloatDType } from "../base/dtype.js";
import type { Tensor } from "../tensor/tensor.js";
import { ForwardTape } from "../trace/forward-tape.js";
import { alias } from "../trace/identity.js";
import type { Maybe } from "../trace/op.js";
import type { Variable } from "../trace/variable.js";
import { type Flat, withTape } from "./sweep.js";

type Leaves = readonly Tensor[];

/** Forward mode over lists of tensors: primal and tangents of the outputs, in one run that keeps no list.
 * @param seeds - tangents of Variables, taken up when they are first read */
export function jvpFlat(
  f: Flat,
  inputs: Leaves,
  tangents: readonly Maybe<Tensor>[],
  seeds: ReadonlyMap<Variable, Tensor> = new Map(),
): readonly [outputs: Leaves, tangents: Maybe<Tensor>[]] {
  const stream = new ForwardTape(seeds);
  const leaves = inputs.map(alias);
  leaves.forEach((t, i) => {
    const tangent = tangents[i];
    if (tangent !== null && isFloatDType(t.dtype)) stream.tangents.set(t, tangent);
  });
  const outputs = withTape(stream, () => f(leaves));
  return [outputs, outputs.map((t) => stream.tangents.get(t) ?? null)];
}

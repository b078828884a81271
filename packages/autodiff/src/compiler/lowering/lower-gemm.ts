import { sizeOf } from "../../base/shape.js";
import { joinAxes } from "../../kernel/layout.js";
import type { Access, GemmKernel, Kernel } from "../../kernel/program.js";
import type { Block } from "./lower-block.js";
import { accessOf, type View, wholeView } from "./views.js";

/** A matrix operand: strides of the last two axes, and of those before them. */
const lastTwo = (view: View): readonly [number, number] => [
  view.strides[view.shape.length - 2],
  view.strides[view.shape.length - 1],
];

/** All axes but the last as one, if they lie evenly: its size and stride. */
function joinLeading({ shape, strides }: View): { size: number; stride: number } | null {
  const joined = joinAxes(shape.slice(0, -1), [strides.slice(0, -1)]);
  if (joined.sizes.length > 1) return null;
  const size = joined.sizes[0] ?? 1;
  return { size, stride: size === 1 ? shape[shape.length - 1] : joined.strides[0][0] };
}

/** The kernels of `[..., m, k] × [..., k, n]`, made when the block is complete. Packs operands that do not change outside of the loops. */
export function gemmKernels(
  block: Block,
  name: string,
  a: View,
  b: View,
  c: View,
  mode: GemmKernel["mode"],
  bias: View | null,
): () => readonly Kernel[] {
  const rank = c.shape.length;
  const m = c.shape[rank - 2];
  const n = c.shape[rank - 1];
  const k = a.shape[a.shape.length - 1];
  const shared = b.shape.length === 2;
  const rowsA = shared ? joinLeading(a) : null;
  const rowsC = shared ? joinLeading(c) : null;
  const lead = c.shape.slice(0, -2);
  const [bk, bn] = lastTwo(b);
  const joined = rowsA !== null && rowsC !== null;
  const batch = joined ? [] : lead.filter((d) => d !== 1);
  const inBatch = (view: View): number[] =>
    joined
      ? []
      : lead.map((_, i) => (view.shape.length === 2 ? 0 : view.strides[i])).filter((_, i) => lead[i] !== 1);
  const [am, ak] = lastTwo(a);
  const [cm, cn] = lastTwo(c);
  const gemm: Omit<GemmKernel, "b"> = {
    kind: "gemm",
    name: `${name} ${joined ? rowsC.size : m}×${k}×${n}`,
    batch,
    m: joined ? rowsC.size : m,
    n,
    k,
    a: accessOf(a, joined ? [rowsA.stride, ak] : [...inBatch(a), am, ak]),
    c: accessOf(c, joined ? [rowsC.stride, cn] : [...inBatch(c), cm, cn]),
    mode,
    ...(bias === null ? {} : { bias: accessOf(bias, [bias.strides[bias.strides.length - 1]]) }),
  };
  const plain = { packed: false, at: accessOf(b, [...inBatch(b), bk, bn]) };
  return () => {
    if (sizeOf(c.shape) === 0 || (k === 0 && mode === "accumulate")) return [];
    if (k === 0 && mode === "set")
      return [{ kind: "fill", name, shape: c.shape, value: 0, target: accessOf(c, c.strides) }];
    // A packed operand wants rows of c side by side, and the bias as well.
    const rows = n === 1 || (cn === 1 && (bias === null || bias.strides[bias.strides.length - 1] === 1));
    const packed = batch.length === 0 && rows ? packOutside(block, name, b, k, n) : null;
    return [{ ...gemm, b: packed === null ? plain : { packed: true, at: packed } }];
  };
}

/** Packs an operand where it last changes, if that is outside of the loop of the gemm (or before the program, for what never changes): null where packing
 * per call is all that can be done. */
function packOutside(block: Block, name: string, b: View, k: number, n: number): Access | null {
  const length = block.assembly.capabilities.packedLength(k, n, b.dtype);
  if (length === 0) return null;
  const level = block.levelOf(b);
  if (level === block.depth && !block.isConstant(b)) return null;
  let home = block;
  while (home.depth > level && home.parent !== null) home = home.parent;
  const [bk, bn] = lastTwo(b);
  const key = `${b.buffer.id}+${b.offset}:${bk},${bn}:${b.steps.join()}:${k}x${n}`;
  let packed = home.packed.get(key);
  if (packed === undefined) {
    const constant = block.isConstant(b);
    const role = constant ? "constant" : "temporary";
    packed = block.assembly.buffer(`packed ${b.buffer.name}`, b.dtype, length, role);
    home.packed.set(key, packed);
    const kernel: Kernel = {
      kind: "pack",
      name: `pack ${name}`,
      k,
      n,
      source: accessOf(b, [bk, bn]),
      packed: accessOf(wholeView(packed, [length]), []),
    };
    if (constant) block.assembly.setup.push(kernel);
    else block.hoisted.push({ level, kernel });
  }
  return accessOf(wholeView(packed, [length]), []);
}

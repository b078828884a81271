import { newArray, type TypedArray } from "../../base/dtype.js";
import { InternalError } from "../../base/errors.js";
import type { Shape } from "../../base/shape.js";
import type { Expression, ExpressionNode } from "../../kernel/instruction.js";
import { broadcastStrides, joinAxes, layoutOf } from "../../kernel/layout.js";
import type { Spec } from "../../kernel/lowering.js";
import { allocate, type Tensor } from "../../tensor/tensor.js";
import { castLoop, copyLoop, type InstructionLoops, selectLoop } from "./instructions.js";

/** Elements that one pass over an expression's nodes handles: small enough for the first cache. */
const block = 256;

/** Where operand `k` of a loop comes from: a place in an array and a step. */
interface OperandCursor {
  array: TypedArray;
  offset: number;
  stride: number;
}
type Step = (n: number, out: TypedArray, o: number, places: readonly OperandCursor[]) => void;

/** An expression, ready to run over blocks. */
interface Prepared {
  readonly nodes: readonly ExpressionNode[];
  readonly steps: readonly (Step | null)[];
  readonly places: readonly OperandCursor[];
  readonly result: number;
  readonly reads: number;
}
const prepared = new WeakMap<Expression, Prepared>();

function prepare(expression: Expression, loops: Partial<InstructionLoops>): Prepared {
  const { nodes, results } = expression;
  const empty = new Float32Array(0);
  const places = nodes.map((node, i): OperandCursor => {
    if (node.kind === "constant")
      return { array: newArray(node.dtype, 1).fill(node.value) as TypedArray, offset: 0, stride: 0 };
    if (node.kind === "read" || i === results[0]) return { array: empty, offset: 0, stride: 0 };
    return { array: newArray(node.dtype, block), offset: 0, stride: 1 };
  });
  const steps = nodes.map((node) => stepOf(node, loops));
  const reads = nodes.reduce((n, node) => (node.kind === "read" ? Math.max(n, node.index + 1) : n), 0);
  return { nodes, steps, places, result: results[0], reads };
}

function brought<I extends keyof InstructionLoops>(
  loops: Partial<InstructionLoops>,
  name: I,
): InstructionLoops[I] {
  const loop = loops[name];
  if (loop === undefined) throw new InternalError(`no op brought the loop of ${name} along`);
  return loop;
}

function stepOf(node: ExpressionNode, loops: Partial<InstructionLoops>): Step | null {
  switch (node.kind) {
    case "read":
    case "constant":
      return null;
    case "unary":
    case "cast": {
      const loop = node.kind === "cast" ? castLoop(node.dtype) : brought(loops, node.name);
      const { a } = node;
      return (n, out, o, p) => loop(n, out, o, p[a].array, p[a].offset, p[a].stride);
    }
    case "binary":
    case "compare": {
      const loop = brought(loops, node.name);
      const { a, b } = node;
      return (n, out, o, p) => {
        const x = p[a];
        const y = p[b];
        loop(n, out, o, x.array, x.offset, x.stride, y.array, y.offset, y.stride);
      };
    }
    case "select": {
      const { condition, a, b } = node;
      return (n, out, o, p) => {
        const c = p[condition];
        const x = p[a];
        const y = p[b];
        selectLoop(
          n,
          out,
          o,
          c.array,
          c.offset,
          c.stride,
          x.array,
          x.offset,
          x.stride,
          y.array,
          y.offset,
          y.stride,
        );
      };
    }
    case "index":
      throw new InternalError("map: index");
  }
}

/** The expression over operands that broadcast to the output.
 * @param loops - those of its instructions, at least */
export function mapTensors(
  expression: Expression,
  inputs: readonly Tensor[],
  spec: Spec,
  loops: Partial<InstructionLoops>,
): Tensor {
  let program = prepared.get(expression);
  if (program === undefined) {
    program = prepare(expression, loops);
    prepared.set(expression, program);
  }
  const out = allocate(spec.shape, spec.dtype);
  const n = out.size;
  if (n === 0) return out;
  const to = out.storage!;
  // Everything side by side, or one element for all: one run.
  let plain = true;
  for (let i = 0; i < program.reads; i++) {
    const t = inputs[i];
    const place = program.places[i];
    place.array = t.storage!;
    place.offset = t.offset;
    const size = t.size;
    if (t.strides === null && size === n) place.stride = 1;
    else if (size === 1 || (t.strides !== null && allZero(t.strides))) place.stride = 0;
    else {
      plain = false;
      break;
    }
  }
  if (plain) runFlat(program, n, to, out.offset);
  else runStrided(program, inputs, spec.shape, to, out.offset);
  return out;
}

/** Whether every element is the same one: a number that was broadcast, as the cotangent of a sum is. */
function allZero(strides: readonly number[]): boolean {
  for (let k = 0; k < strides.length; k++) if (strides[k] !== 0) return false;
  return true;
}

/** One stretch of `n` elements from the places of the reads; computed nodes pass through scratch blocks. */
function runFlat(program: Prepared, n: number, to: TypedArray, offset: number): void {
  const { steps, places, result, reads } = program;
  if (result === reads) {
    steps[result]!(n, to, offset, places);
    return;
  }
  if (result < reads) {
    const from = places[result];
    copyLoop(n, to, offset, from.array, from.offset, from.stride);
    return;
  }
  for (let done = 0; done < n; done += block) {
    const count = Math.min(block, n - done);
    for (let i = reads; i <= result; i++) {
      const step = steps[i];
      if (step === null) continue;
      if (i === result) step(count, to, offset + done, places);
      else step(count, places[i].array, 0, places);
    }
    for (let i = 0; i < reads; i++) places[i].offset += count * places[i].stride;
  }
}

function runStrided(
  program: Prepared,
  inputs: readonly Tensor[],
  shape: Shape,
  to: TypedArray,
  offset: number,
): void {
  const { places, reads } = program;
  const operandStrides: number[][] = [];
  for (let i = 0; i < reads; i++) {
    const t = inputs[i];
    places[i].array = t.storage!;
    operandStrides.push(broadcastStrides(layoutOf(t), shape));
  }
  const { sizes, strides } = joinAxes(shape, operandStrides);
  const last = sizes.length - 1;
  const inner = last < 0 ? 1 : sizes[last];
  const at = new Array<number>(reads);
  for (let i = 0; i < reads; i++) {
    at[i] = inputs[i].offset;
    places[i].stride = last < 0 ? 0 : strides[i][last];
  }
  const index = new Array<number>(Math.max(last, 0)).fill(0);
  for (let o = offset; ; o += inner) {
    for (let i = 0; i < reads; i++) places[i].offset = at[i];
    runFlat(program, inner, to, o);
    let k = last - 1;
    for (; k >= 0; k--) {
      for (let i = 0; i < reads; i++) at[i] += strides[i][k];
      if (++index[k] < sizes[k]) break;
      for (let i = 0; i < reads; i++) at[i] -= strides[i][k] * sizes[k];
      index[k] = 0;
    }
    if (k < 0) return;
  }
}

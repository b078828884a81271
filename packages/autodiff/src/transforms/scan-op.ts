import { InternalError } from "../base/errors.js";
import { rowMajor, sizeOf } from "../base/shape.js";
import { batchedUp } from "../ops/batching.js";
import { allocate, copyStrided, renamed, Tensor } from "../tensor/tensor.js";
import { apply } from "../trace/apply.js";
import { interpret } from "../trace/evaluate.js";
import type { Op } from "../trace/op.js";
import { closeBatched } from "./batch-graph.js";
import { memo } from "./close.js";
import { presence } from "./lists.js";
import { type ScanAttributes, settleCarries, withHiddenFirst } from "./loop-operands.js";
import { type JointLoop, jointLoop, jointOperands, jointResults } from "./loop-tangents.js";
import { prepareScan } from "./scan-backward.js";
import { hiddenValues, jvpGraphPush, preparedAs } from "./split.js";
import { moveAxis } from "./vmap.js";

/** A loop over time as one node: its reverse derivative is a scan backwards, its forward derivative one scan of values and tangents. */
export const scanOp: Op<ScanAttributes> = {
  name: "scan",
  infer: (_inputs, { body, carries, length }) =>
    body.outputs.map(({ sizes: shape, dtype }, i) => ({
      shape: i < carries ? shape : [length, ...shape],
      dtype,
    })),
  forward: runScan,
  structure: (attributes) => ({ kind: "loop", ...attributes }),
  prepare: (attributes, active) => preparedAs(scanOp, prepareScan(attributes, active)),
  pullback: () => {
    throw new InternalError("scan: prepare");
  },
  joint(inputs, attributes, tangents) {
    const joint = jointScanOf(attributes, presence(tangents));
    const { body, constants, carries } = joint;
    const operands = jointOperands(attributes, joint, inputs, tangents);
    const made = apply(scanOp, operands, { ...attributes, body, constants, carries });
    return jointResults(attributes, joint, made);
  },
  pushforward: (node, tangents) => jvpGraphPush(scanOp, node, tangents),
  batch(inputs, batched, attributes, n) {
    const { body, constants, carries } = attributes;
    const xs = constants + carries;
    const { mask, made: closed } = settleCarries(
      attributes,
      batched,
      (marks) => closeBatched(body, marks, n, marks.slice(constants, xs)),
      (made) => made.batched,
    );
    const { graph, batched: flags } = closed;
    const hidden = hiddenValues(closed);
    const values = inputs.map((t, i) => {
      if (i >= xs) return batched[i] ? moveAxis(t, 0, 1) : t;
      return mask[i] ? batchedUp(t, batched[i], n) : t;
    });
    const made = apply(scanOp, [...hidden, ...values], {
      ...attributes,
      body: withHiddenFirst(graph, inputs.length),
      constants: constants + hidden.length,
    });
    return [made.map((t, i) => (i >= carries && flags[i] ? moveAxis(t, 1, 0) : t)), flags];
  },
  show: ({ constants, carries, length, reverse }) =>
    `length=${length}${reverse ? " reverse" : ""} constants=${constants} carries=${carries}`,
};

const jointScanOf: (attributes: ScanAttributes, given: readonly boolean[]) => JointLoop = memo(jointLoop);

function runScan(inputs: readonly Tensor[], attributes: ScanAttributes): readonly Tensor[] {
  const { body, constants, carries, length, reverse } = attributes;
  const fixed = inputs.slice(0, constants);
  const xs = inputs.slice(constants + carries);
  let carry: readonly Tensor[] = inputs.slice(constants, constants + carries);
  const ys = body.outputs.slice(carries).map((t) => allocate([length, ...t.sizes], t.dtype));
  for (let k = 0; k < length; k++) {
    const at = reverse ? length - 1 - k : k;
    const made = interpret(body, [...fixed, ...carry, ...xs.map((x) => sliceOf(x, at))]);
    carry = made.slice(0, carries);
    ys.forEach((y, i) => {
      write(made[carries + i], y, at);
    });
  }
  return [...carry.map(renamed), ...ys];
}

function sliceOf(x: Tensor, at: number): Tensor {
  const shape = x.sizes.slice(1);
  const step = x.strides === null ? sizeOf(shape) : x.strides[0];
  const strides = x.strides === null ? null : x.strides.slice(1);
  return new Tensor(shape, x.dtype, strides, x.storage, x.offset + at * step, null);
}

function write(t: Tensor, into: Tensor, at: number): void {
  if (t.storage === null || into.storage === null) throw new InternalError("scan: no values");
  const strides = rowMajor(t.sizes);
  copyStrided(
    t.sizes,
    t.storage,
    t.offset,
    t.strides ?? strides,
    into.storage,
    into.offset + at * t.size,
    strides,
  );
}

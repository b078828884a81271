import { InternalError } from "../base/errors.js";
import { frozenShape, rowMajor, sizeOf, sizesBetween } from "../base/shape.js";
import { batchedUp } from "../ops/batching.js";
import { zerosOf } from "../ops/fill.js";
import { allocate, copyStrided, renamed, Tensor } from "../tensor/tensor.js";
import { apply } from "../trace/apply.js";
import { interpret } from "../trace/evaluate.js";
import type { Graph, Maybe, Op } from "../trace/op.js";
import { type BatchedGraph, closeBatched } from "./batch-graph.js";
import { memo } from "./close.js";
import { filterByMask, nonNull, placeByMask, presence } from "./lists.js";
import { prepareScan } from "./scan-backward.js";
import { type ScanAttributes, settleActive } from "./scan-parts.js";
import { hiddenValues, type JvpGraph, jvpGraphPush, jvpGraphSplit, jvpGraphWith } from "./split.js";
import { moveAxis } from "./vmap.js";

/** A loop over time as one node: its reverse derivative is a scan backwards, its forward derivative one scan of values and tangents. */
export const scanOp: Op<ScanAttributes> = {
  name: "scan",
  infer: (_inputs, { body, carries, length }) =>
    body.outputs.map(({ shape, dtype }, i) => ({ shape: i < carries ? shape : [length, ...shape], dtype })),
  forward: runScan,
  structure: (attributes) => ({ kind: "loop", ...attributes }),
  prepare(attributes, active) {
    const { forward, reads, back } = prepareScan(attributes, active);
    return {
      attributes: forward,
      reads,
      pullback: (node, cotangents) => {
        const call = back(node, cotangents);
        return call.gradients(apply(scanOp, call.inputs, call.attributes));
      },
    };
  },
  pullback: () => {
    throw new InternalError("scan: prepare");
  },
  joint(inputs, attributes, tangents) {
    const { joint, mask, attributes: joined } = jointScanOf(attributes, presence(tangents));
    const full = inputs.map((t, i) => (mask[i] ? (tangents[i] ?? zerosOf(t)) : null));
    const all = [...hiddenValues(joint), ...withTangents(inputParts(attributes), inputs, full)];
    const made = apply(scanOp, all, joined);
    const { carries } = attributes;
    const tangentCarries = made.slice(carries, joined.carries);
    const ys = made.slice(joined.carries);
    const count = joint.has.length - carries;
    return [
      [...made.slice(0, carries), ...ys.slice(0, count)],
      placeByMask(joint.has, [...tangentCarries, ...ys.slice(count)]),
    ];
  },
  pushforward: (node, tangents) => jvpGraphPush(scanOp, node, tangents),
  batch(inputs, batched, attributes, n) {
    const { body, constants, carries } = attributes;
    const xs = constants + carries;
    let mask = batched;
    let grown = batched;
    let closed: BatchedGraph;
    // A carry is batched if the body makes it so.
    do {
      mask = grown;
      closed = closeBatched(body, mask, n, mask.slice(constants, xs));
      grown = [...mask.slice(0, constants), ...closed.batched.slice(0, carries), ...mask.slice(xs)];
    } while (grown.some((m, i) => m !== mask[i]));
    const { graph, batched: flags } = closed;
    const hidden = hiddenValues(closed);
    const count = inputs.length;
    const values = inputs.map((t, i) => {
      if (i >= xs) return batched[i] ? moveAxis(t, 0, 1) : t;
      return mask[i] ? batchedUp(t, batched[i], n) : t;
    });
    const made = apply(scanOp, [...hidden, ...values], {
      ...attributes,
      body: { ...graph, inputs: [...graph.inputs.slice(count), ...graph.inputs.slice(0, count)] },
      constants: constants + hidden.length,
    });
    return [made.map((t, i) => (i >= carries && flags[i] ? moveAxis(t, 1, 0) : t)), flags];
  },
  show: ({ constants, carries, length, reverse }) =>
    `length=${length}${reverse ? " reverse" : ""} constants=${constants} carries=${carries}`,
};

/** Where the kinds of inputs start: constants, carries, xs. */
const inputParts = ({ constants, carries }: ScanAttributes): number[] => [0, constants, constants + carries];

/** The values of each part (which start at `starts`), and behind them those of its tangents that exist. */
const withTangents = (
  starts: readonly number[],
  values: readonly Tensor[],
  tangents: readonly Maybe<Tensor>[],
): Tensor[] =>
  starts.flatMap((from, k) => [
    ...values.slice(from, starts[k + 1]),
    ...nonNull(tangents.slice(from, starts[k + 1])),
  ]);

interface JointScan {
  readonly joint: JvpGraph;
  readonly mask: readonly boolean[];
  readonly attributes: ScanAttributes;
}

const jointScanOf: (attributes: ScanAttributes, given: readonly boolean[]) => JointScan = memo(
  (attributes, given) => {
    const { body, constants, carries } = attributes;
    const mask = settleActive(attributes, given);
    const isActiveCarry = mask.slice(constants, constants + carries);
    const joint = jvpGraphWith(body, mask, isActiveCarry);
    const { inputs, outputs, nodes } = joint.graph;
    const count = body.inputs.length;
    const tangents = placeByMask(mask, inputs, count);
    const hidden = inputs.slice(count + nonNull(tangents).length);
    const [values, made] = jvpGraphSplit(joint, outputs);
    const graph: Graph = {
      nodes,
      inputs: [...hidden, ...withTangents(inputParts(attributes), inputs.slice(0, count), tangents)],
      outputs: withTangents([0, carries], values, made),
    };
    return {
      joint,
      mask,
      attributes: {
        ...attributes,
        body: graph,
        constants: hidden.length + constants + filterByMask(mask.slice(0, constants), mask).length,
        carries: carries + nonNull(made.slice(0, carries)).length,
      },
    };
  },
);

function runScan(inputs: readonly Tensor[], attributes: ScanAttributes): readonly Tensor[] {
  const { body, constants, carries, length, reverse } = attributes;
  const fixed = inputs.slice(0, constants);
  const xs = inputs.slice(constants + carries);
  let carry: readonly Tensor[] = inputs.slice(constants, constants + carries);
  const ys = body.outputs.slice(carries).map((t) => allocate([length, ...t.shape], t.dtype));
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
  const shape = frozenShape(sizesBetween(x.shape, 1));
  const step = x.strides === null ? sizeOf(shape) : x.strides[0];
  const strides = x.strides === null ? null : x.strides.slice(1);
  return new Tensor(shape, x.dtype, strides, x.storage, x.offset + at * step, null);
}

function write(t: Tensor, into: Tensor, at: number): void {
  if (t.storage === null || into.storage === null) throw new InternalError("scan: no values");
  const strides = rowMajor(t.shape);
  copyStrided(
    t.shape,
    t.storage,
    t.offset,
    t.strides ?? strides,
    into.storage,
    into.offset + at * t.size,
    strides,
  );
}

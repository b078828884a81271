import { InternalError } from "../base/errors.js";
import { rowMajor, sizeOf } from "../base/shape.js";
import { zerosOf } from "../ops/fill.js";
import { broadcastTo } from "../ops/shape.js";
import { allocate, copyStrided, renamed, Tensor } from "../tensor/tensor.js";
import { apply } from "../trace/apply.js";
import { interpret } from "../trace/evaluate.js";
import type { Graph, Maybe, Op } from "../trace/op.js";
import { closeBatched } from "./batch-graph.js";
import { memo } from "./close.js";
import { prepareScan } from "./scan-backward.js";
import { countsOf, type ScanAttributes, settleActive, stackedSpec } from "./scan-parts.js";
import { hiddenValues, type Joint, jointWith } from "./split.js";
import { present } from "./sweep.js";
import { moveAxis } from "./vmap.js";

/** A loop over time as one node: its reverse derivative is a scan backwards, its forward derivative one scan of values and tangents. */
export const scanOp: Op<ScanAttributes> = {
  name: "scan",
  infer: (_inputs, { body, carries, length }) =>
    body.outputs.map(({ shape, dtype }, i) =>
      i < carries ? { shape, dtype } : stackedSpec({ shape, dtype }, length),
    ),
  forward: (inputs, attributes) => runScan(inputs, attributes),
  structure: ({ body, constants, carries, length, reverse }) => ({
    kind: "loop",
    body,
    constants,
    carries,
    length,
    reverse,
  }),
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
    throw new InternalError("scan is prepared before it is recorded");
  },
  joint(inputs, attributes, tangents) {
    const {
      joint,
      mask,
      attributes: joined,
    } = jointScanOf(
      attributes,
      tangents.map((t) => t !== null),
    );
    const { constants, carries, ys } = countsOf(attributes);
    const full = inputs.map((t, i) => (mask[i] ? (tangents[i] ?? zerosOf(t)) : null));
    const part = (from: number, to?: number): Tensor[] => [
      ...inputs.slice(from, to),
      ...present(full.slice(from, to)),
    ];
    const all = [
      ...hiddenValues(joint),
      ...part(0, constants),
      ...part(constants, constants + carries),
      ...part(constants + carries),
    ];
    const made = apply(scanOp, all, joined);
    let carry = carries;
    let y = joined.carries + ys;
    return [
      [...made.slice(0, carries), ...made.slice(joined.carries, joined.carries + ys)],
      joint.has.map((has, i) => (!has ? null : i < carries ? made[carry++] : made[y++])),
    ];
  },
  pushforward({ inputs, attributes }, tangents) {
    const pushed = scanOp.joint?.(inputs, attributes as ScanAttributes, tangents);
    if (pushed === undefined) throw new InternalError("scan has a joint derivative");
    return pushed[1];
  },
  batch(inputs, batched, attributes, n) {
    const { constants, carries } = countsOf(attributes);
    let mask = [...batched];
    let closed = closeBatchedScan(attributes, mask, n);
    // A carry is batched if the body makes it so.
    for (;;) {
      const { batched: flags } = closed;
      const grown = mask.map(
        (m, i) => m || (i >= constants && i < constants + carries && flags[i - constants]),
      );
      if (grown.every((m, i) => m === mask[i])) break;
      mask = grown;
      closed = closeBatchedScan(attributes, mask, n);
    }
    const { graph, batched: flags } = closed;
    const hidden = hiddenValues(closed);
    const count = inputs.length;
    const body: Graph = { ...graph, inputs: [...graph.inputs.slice(count), ...graph.inputs.slice(0, count)] };
    const values = inputs.map((t, i) => {
      if (i >= constants + carries) return batched[i] ? moveAxis(t, 0, 1) : t;
      return mask[i] && !batched[i] ? broadcastTo(t, [n, ...t.shape]) : t;
    });
    const made = apply(scanOp, [...hidden, ...values], {
      ...attributes,
      body,
      constants: constants + hidden.length,
    });
    return [
      made.map((t, i) => (i >= carries && flags[i] ? moveAxis(t, 1, 0) : t)),
      made.map((_, i) => (i < carries ? mask[constants + i] : flags[i])),
    ];
  },
  show: ({ constants, carries, length, reverse }) =>
    `length=${length}${reverse ? " reverse" : ""} constants=${constants} carries=${carries}`,
};

const closeBatchedScan = (
  attributes: ScanAttributes,
  mask: readonly boolean[],
  n: number,
): ReturnType<typeof closeBatched> => {
  const { constants, carries } = countsOf(attributes);
  return closeBatched(attributes.body, mask, n, mask.slice(constants, constants + carries));
};

interface JointScan {
  readonly joint: Joint;
  readonly mask: readonly boolean[];
  readonly attributes: ScanAttributes;
}

const jointScanOf: (attributes: ScanAttributes, given: readonly boolean[]) => JointScan = memo(
  (attributes, given) => {
    const { constants, carries } = countsOf(attributes);
    const { body } = attributes;
    const mask = settleActive(attributes, given);
    const joint = jointWith(body, mask, mask.slice(constants, constants + carries));
    const { inputs, outputs, nodes } = joint.graph;
    const count = body.inputs.length;
    let next = count;
    const tangents = mask.map((m) => (m ? inputs[next++] : null));
    const hidden = inputs.slice(next);
    const part = (from: number, to?: number): Tensor[] => [
      ...inputs.slice(from, Math.min(to ?? count, count)),
      ...present(tangents.slice(from, to)),
    ];
    let out = body.outputs.length;
    const made: Maybe<Tensor>[] = joint.has.map((has) => (has ? outputs[out++] : null));
    const graph: Graph = {
      nodes,
      inputs: [
        ...hidden,
        ...part(0, constants),
        ...part(constants, constants + carries),
        ...part(constants + carries),
      ],
      outputs: [
        ...outputs.slice(0, carries),
        ...present(made.slice(0, carries)),
        ...outputs.slice(carries, body.outputs.length),
        ...present(made.slice(carries)),
      ],
    };
    const active = (from: number, to: number): number => mask.slice(from, to).filter(Boolean).length;
    return {
      joint,
      mask,
      attributes: {
        ...attributes,
        body: graph,
        constants: hidden.length + constants + active(0, constants),
        carries: carries + present(made.slice(0, carries)).length,
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
  const shape = x.shape.slice(1);
  const step = x.strides === null ? sizeOf(shape) : x.strides[0];
  const strides = x.strides === null ? null : x.strides.slice(1);
  return new Tensor(shape, x.dtype, strides, x.storage, x.offset + at * step, null);
}

function write(t: Tensor, into: Tensor, at: number): void {
  if (t.storage === null || into.storage === null)
    throw new InternalError("a scan ran on tensors without values");
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

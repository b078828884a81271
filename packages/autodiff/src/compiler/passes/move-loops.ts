import { InternalError } from "../../base/errors.js";
import { add, mul } from "../../ops/arithmetic.js";
import { zerosOf } from "../../ops/fill.js";
import { reshaped, stretched, sumOp } from "../../ops/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import { apply, applyOne } from "../../trace/apply.js";
import type { Graph, Node } from "../../trace/op.js";
import { hasEffect } from "../../trace/trace.js";
import { type Loop, loopInputs } from "../operands.js";
import { countUses, rewriteGraph, structureOf } from "../rewrite.js";
import { hasNoNegativeZero } from "../signed-zeros.js";
import { isFill, type Motion, type MotionPlan, motionOf, partsOf, planMotion } from "./plan-motion.js";

/** Moves work out of loops over time. What does not change is done once; expensive work that does not need the carry is done before the loop for all
 * steps at once; expensive work that no later step reads is done after it at once, sums over time included: the gradient of a weight becomes one product. */
export function moveLoops(
  graph: Graph,
  optimizeBody: (body: Graph) => Graph,
  report: (motion: Motion) => void,
): Graph {
  const uses = countUses(graph);
  return rewriteGraph(graph, (node, around) => {
    const structure = structureOf(node);
    if (structure?.kind !== "loop" || structure.length === 0) return null;
    const used = node.outputs.map((t) => uses.has(t.id));
    // A sum of what comes from a loop is added to its start afterwards, which loses the sign of a start of −0.
    const isSummable = loopInputs(structure, node.inputs).carries.map((t) => hasNoNegativeZero(t, around));
    const loop = { ...structure, body: optimizeBody(structure.body) };
    const plan = planMotion(loop, used, isSummable);
    report(motionOf(plan));
    return applyPlan(node, loop, plan, used);
  });
}

/** Builds what takes the place of a loop: the work before it, the loop that is left, the work after it. */
function applyPlan(node: Node, loop: Loop, plan: MotionPlan, used: readonly boolean[]): readonly Tensor[] {
  const { carries: h, length } = loop;
  const given = loopInputs(loop, node.inputs);
  const parts = partsOf(loop);
  const outside = new OutsideValues(length, loop.body.nodes.filter(isFill));
  parts.constants.forEach((t, i) => outside.set(t, { value: given.constants[i], batched: false }));
  parts.xs.forEach((t, i) => outside.set(t, { value: given.xs[i], batched: true }));
  for (const n of plan.before) outside.run(n);
  const finals = applyLoop(node, loop, plan, outside);
  for (const n of plan.after) outside.run(n);
  return node.outputs.map((out, i) => {
    if (!used[i]) return zerosOf(out);
    if (i >= h) {
      const { value, batched } = outside.get(parts.ys[i - h]);
      return batched ? value : stretched(value, out.sizes);
    }
    const terms = plan.sums.get(i);
    if (terms === undefined) return finals[plan.carries.indexOf(i)];
    return terms
      .map((t) => outside.sumOverTime(t))
      .reduce((total, term) => add(total, term), given.carries[i]);
  });
}

/** Applies the loop that is left, if anything is; its stacks become values outside. Returns the last values of its carries. */
function applyLoop(node: Node, loop: Loop, plan: MotionPlan, outside: OutsideValues): readonly Tensor[] {
  const { carries, stacked, inside } = plan;
  if (carries.length === 0 && stacked.length === 0 && !inside.some(hasEffect)) return [];
  const parts = partsOf(loop);
  const starts = loopInputs(loop, node.inputs).carries;
  const asConstant = plan.handed.filter((t) => !outside.get(t).batched);
  const asSlice = plan.handed.filter((t) => outside.get(t).batched);
  // What comes in from outside keeps its name inside: the nodes of the body stay as they are.
  const body: Graph = {
    inputs: [...asConstant, ...carries.map((i) => parts.carries[i]), ...asSlice],
    nodes: inside,
    outputs: [...carries.map((i) => parts.carryOuts[i]), ...stacked],
  };
  const outputs = apply(
    node.op,
    [
      ...asConstant.map((t) => outside.get(t).value),
      ...carries.map((i) => starts[i]),
      ...asSlice.map((t) => outside.get(t).value),
    ],
    { ...(node.attributes as object), body, constants: asConstant.length, carries: carries.length },
  );
  stacked.forEach((t, k) => outside.set(t, { value: outputs[carries.length + k], batched: true }));
  return outputs.slice(0, carries.length);
}

/** A value of the body as it is outside of the loop: the same for all steps, or with an axis of time in front. */
interface OutsideValue {
  readonly value: Tensor;
  readonly batched: boolean;
}

/** The values of a body that are known outside of its loop, by the body's names. */
class OutsideValues {
  private readonly length: number;
  private readonly fills: ReadonlyMap<number, Node>;
  private readonly known: Map<number, OutsideValue> = new Map();

  constructor(length: number, fills: readonly Node[]) {
    this.length = length;
    this.fills = new Map(fills.map((n) => [n.outputs[0].id, n]));
  }

  set(t: Tensor, value: OutsideValue): void {
    this.known.set(t.id, value);
  }

  get(t: Tensor): OutsideValue {
    const fill = this.fills.get(t.id);
    // Fills are made wherever they are needed.
    if (fill !== undefined && !this.known.has(t.id)) this.run(fill);
    const known = this.known.get(t.id);
    if (known === undefined)
      throw new InternalError("loop motion: a value that stays inside is read outside");
    return known;
  }

  /** Carries out a node of the body, for all steps at once where it needs to. */
  run({ op, inputs, attributes, outputs }: Node): void {
    const args = inputs.map((t) => this.get(t));
    const values = args.map((a) => a.value);
    const batched = args.map((a) => a.batched);
    const [made, flags] = batched.includes(true)
      ? op.batch(values, batched, attributes, this.length)
      : [apply(op, values, attributes), []];
    outputs.forEach((t, i) => this.set(t, { value: made[i], batched: flags[i] ?? false }));
  }

  /** The sum of a value over all steps. */
  sumOverTime(t: Tensor): Tensor {
    const { value, batched } = this.get(t);
    return batched ? reshaped(applyOne(sumOp, [value], [0]), value.sizes.slice(1)) : mul(value, this.length);
  }
}

import { sizeOf } from "../../base/shape.js";
import type { Kernel } from "../../kernel/program.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Node } from "../../trace/op.js";
import { type Loop, loopInputs, loopOutputs } from "../operands.js";
import { deliver, handedIn, inMemory, writeKernel } from "./deliver.js";
import { inPlace } from "./in-place.js";
import { Block } from "./lower-block.js";
import { copyKernel } from "./simple-kernels.js";
import type { Value } from "./values.js";
import { sliceAt, type View, wholeView } from "./views.js";

/** Where the values of a carry lie, by when they are there. */
interface CarryViews {
  /** Before the first step. */
  readonly start: View;
  /** Before a step, at the loop's counter. */
  readonly read: View;
  /** After a step, at the loop's counter. */
  readonly write: View;
  /** After the last step. */
  readonly final: View;
  /** The stacks of the values before and after each step, if they are kept. */
  readonly stack: { readonly before: View; readonly after: View } | null;
}
/** One carried value: the body's input, the body's output, and where they lie. */
interface Carry extends CarryViews {
  readonly input: Tensor;
  readonly output: Tensor;
}

/** A value of the body, and where it must be at the end of each step. */
interface Delivery {
  readonly t: Tensor;
  readonly target: View;
}
/** A carry whose next value goes to memory of its own first. */
interface Pending {
  readonly carry: Carry;
  readonly next: View;
}

/** Turns a loop over time into a loop kernel around the kernels of its body. */
export function lowerLoop(block: Block, node: Node, loop: Loop): void {
  const { body } = loop;
  const name = node.op.name;
  const inner = new Block(block.assembly, body, block);
  const given = loopInputs(loop, node.inputs);
  const inputs = loopInputs(loop, body.inputs);
  const outputs = loopOutputs(loop, body.outputs);
  const results = loopOutputs(loop, node.outputs);
  inputs.constants.forEach((t, i) =>
    inner.values.set(t.id, handedIn(block, block.valueOf(given.constants[i]), name)),
  );
  inputs.xs.forEach((t, i) => handSlices(block, inner, t, given.xs[i], name));
  const carries = inputs.carries.map(
    (input, i): Carry => ({
      input,
      output: outputs.carries[i],
      ...carryViews(block, loop, input, outputs.carries[i]),
    }),
  );
  const starts = carries.map(({ start }, i) =>
    writeKernel(block, block.valueOf(given.carries[i]), start, name),
  );
  for (const { input, read } of carries) inner.values.set(input.id, inMemory(read));

  // Producers write straight into stacks and into the next carry where they can.
  const deliveries: Delivery[] = [];
  const deliverTo = (t: Tensor, target: View): void => {
    inner.requestDestination(t, () => target);
    deliveries.push({ t, target });
  };
  const pending = carries.flatMap((carry) => requestCarry(block, carry, deliverTo));
  const stacks = outputs.ys.map((y, k) => requestStack(block, carries, y, results.ys[k], deliverTo));

  const emitSteps = scheduleBody(inner, deliveries, pending, name);
  const item = block.single(() => {
    const steps = emitSteps();
    const packs: Kernel[] = [];
    for (const h of inner.hoisted) h.level >= block.depth ? packs.push(h.kernel) : block.hoisted.push(h);
    const { length, reverse } = loop;
    return [...starts, ...packs, { kind: "loop", name, length, reverse, body: steps }];
  });
  const views = [...carries.map(({ final }) => final), ...stacks];
  node.outputs.forEach((t, i) => block.values.set(t.id, { kind: "stored", view: views[i], item }));
}

/** Gives the body one slice per step of a value from outside. */
function handSlices(block: Block, inner: Block, slice: Tensor, from: Tensor, name: string): void {
  const value = block.valueOf(from);
  if (value.kind === "uniform") {
    const number: Value = { ...value, shape: value.shape.slice(1) };
    inner.values.set(slice.id, number);
    return;
  }
  inner.values.set(slice.id, inMemory(sliceAt(block.stored(value, name), block.depth)));
  if (block.mayOverwrite(from)) inner.donated.add(slice.id);
}

/** Memory for a carry: a buffer of its own, or, where its values are stacked, the stack with one row more than there are steps, so that nothing is copied. */
function carryViews(block: Block, loop: Loop, input: Tensor, output: Tensor): CarryViews {
  const { body, length, reverse } = loop;
  const { ys } = loopOutputs(loop, body.outputs);
  const outputIsInput = body.inputs.some((t) => t.id === output.id);
  const stacked = ys.some((y) => y.id === input.id || (y.id === output.id && !outputIsInput));
  const size = sizeOf(input.sizes);
  const { assembly, depth } = block;
  if (!stacked || length === 0) {
    const view = wholeView(assembly.buffer(`carry ${input.id}`, input.dtype, size), input.sizes);
    assembly.writtenAt.set(view.buffer, depth + 1);
    return { start: view, read: view, write: view, final: view, stack: null };
  }
  const buffer = assembly.buffer(`stack ${input.id}`, input.dtype, size * (length + 1));
  assembly.writtenAt.set(buffer, depth + 1);
  const first = wholeView(buffer, input.sizes);
  const last = { ...first, offset: size * length };
  const steps = [...new Array<number>(depth).fill(0), size];
  // At counter i: row i, and row i + 1. A reversed loop starts from the last row and reads above of what it writes.
  const lower = { ...first, steps };
  const upper = { ...lower, offset: size };
  const lowerRows = wholeView(buffer, [length, ...input.sizes]);
  const upperRows = { ...lowerRows, offset: size };
  return reverse
    ? { start: last, read: upper, write: lower, final: first, stack: { before: upperRows, after: lowerRows } }
    : {
        start: first,
        read: lower,
        write: upper,
        final: last,
        stack: { before: lowerRows, after: upperRows },
      };
}

/** Asks for the next value of a carry where the next step reads it, or beside the present one, which later kernels of this step may still read. */
function requestCarry(
  block: Block,
  carry: Carry,
  deliverTo: (t: Tensor, target: View) => void,
): readonly Pending[] {
  const { input, output } = carry;
  if (carry.stack !== null) {
    deliverTo(output, carry.write);
    return [];
  }
  const { sizes: shape, dtype } = output;
  const next = wholeView(block.assembly.buffer(`next ${output.id}`, dtype, sizeOf(shape)), shape);
  block.assembly.writtenAt.set(next.buffer, block.depth + 1);
  if (input.id === output.id) return [];
  deliverTo(output, next);
  return [{ carry, next }];
}

/** Where the values of `y` are stacked: in the stack of a carry, if they are its values, else where the loop's result is wanted. */
function requestStack(
  block: Block,
  carries: readonly Carry[],
  y: Tensor,
  result: Tensor,
  deliverTo: (t: Tensor, target: View) => void,
): View {
  for (const { input, output, stack } of carries) {
    if (stack === null) continue;
    if (input.id === y.id) return stack.before;
    if (output.id === y.id) return stack.after;
  }
  const home = block.destinationOf(result);
  const { writtenAt } = block.assembly;
  writtenAt.set(home.buffer, Math.max(block.depth, writtenAt.get(home.buffer) ?? 0));
  deliverTo(y, sliceAt(home, block.depth));
  return home;
}

/** Schedules the body; what it gives makes the kernels of one step, and is called when the block around the loop is complete. */
function scheduleBody(
  inner: Block,
  deliveries: readonly Delivery[],
  pending: readonly Pending[],
  name: string,
): () => Kernel[] {
  inner.schedule();
  // A fused kernel stores only those of its results for which `stored` was called (`deliver` does so) before `inner.kernels()`.
  const copies = deliveries.map(({ t, target }) => deliver(inner, t, target, name));
  for (const { carry } of pending) inner.stored(inner.valueOf(carry.output), name);
  return () => {
    const kernels = [...inner.kernels(), ...copies.flat()];
    // Carries are overwritten last: the kernels and copies before read their present values.
    for (const { carry, next } of pending) {
      if (inPlace(kernels, carry.read.buffer, next.buffer)) next.buffer.inPlaceOf = carry.read.buffer;
      else kernels.push(copyKernel(name, next, carry.write));
    }
    return kernels;
  };
}

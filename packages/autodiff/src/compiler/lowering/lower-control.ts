import { InternalError } from "../../base/errors.js";
import { sizeOf } from "../../base/shape.js";
import { type Buffer, bodiesOf, type Kernel } from "../../kernel/program.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Graph, Node, Structure } from "../../trace/op.js";
import { structureOf } from "../rewrite.js";
import { Block } from "./lower-block.js";
import { accessesOf } from "./plan-memory.js";
import { copyKernel, fillKernel } from "./simple-kernels.js";
import type { Value } from "./values.js";
import { accessOf, isRowMajor, sliceAt, type View, wholeView } from "./views.js";

type Loop = Extract<Structure, { kind: "loop" }>;
type Branch = Extract<Structure, { kind: "branch" }>;
type While = Extract<Structure, { kind: "while" }>;

/** Turns an op with a body into control flow around the body's kernels. */
export function lowerControl(block: Block, node: Node): void {
  const structure = structureOf(node);
  switch (structure?.kind) {
    case "loop":
      return lowerLoop(block, node, structure);
    case "branch":
      return lowerBranch(block, node, structure);
    case "while":
      return lowerWhile(block, node, structure);
    default:
      throw new InternalError(`compile: ${node.op.name} has neither a lowering nor a structure`);
  }
}

/** A value as something the inside of a loop can read: a number stays a number. */
const handedIn = (block: Block, value: Value, name: string): Value =>
  value.kind === "uniform" ? value : { kind: "stored", view: block.stored(value, name), item: -1 };

/** Writes a value of a finished block to a place, unless its producer already did. */
function deliver(body: Block, t: Tensor, target: View, name: string): Kernel[] {
  const value = body.valueOf(t);
  if (value.kind === "uniform") return [fillKernel(name, target, value.value)];
  const view = body.stored(value, name);
  if (
    view.buffer === target.buffer &&
    view.offset === target.offset &&
    view.steps.join() === target.steps.join()
  )
    return [];
  return [copyKernel(name, view, target)];
}

/** One carried value: where the body reads it and where it must leave the next one. */
interface Carry {
  readonly read: View;
  readonly write: View;
  readonly start: View;
  readonly final: View;
  /** The stacks of the values before and after each step, if they are kept. */
  readonly stack: { readonly before: View; readonly after: View } | null;
}

function lowerLoop(block: Block, node: Node, loop: Loop): void {
  const { body, constants: c, carries: h, length, reverse } = loop;
  const { depth } = block;
  const name = node.op.name;
  const inputs = node.inputs.map((t) => block.valueOf(t));
  const inner = new Block(block.assembly, body, block);
  body.inputs.slice(0, c).forEach((t, i) => inner.values.set(t.id, handedIn(block, inputs[i], name)));
  body.inputs.slice(c + h).forEach((t, i) => {
    const value = inputs[c + h + i];
    if (value.kind === "uniform") inner.values.set(t.id, { ...value, shape: value.shape.slice(1) });
    else {
      inner.values.set(t.id, { kind: "stored", view: sliceAt(block.stored(value, name), depth), item: -1 });
      if (block.mayOverwrite(node.inputs[c + h + i])) inner.donated.add(t.id);
    }
  });

  // Carries live in a buffer of their own, or, where their values are stacked, in the stack: one row more than steps, nothing is copied.
  const ys = body.outputs.slice(h);
  const carries = body.inputs.slice(c, c + h).map((t, i): Carry => {
    const out = body.outputs[i];
    const own = body.inputs.some((input) => input.id === out.id);
    const stacked = ys.some((y) => y.id === t.id || (y.id === out.id && !own));
    const size = sizeOf(t.shape);
    if (!stacked || length === 0) {
      const view = wholeView(block.assembly.buffer(`carry ${t.id}`, t.dtype, size), t.shape);
      block.assembly.writtenAt.set(view.buffer, depth + 1);
      return { read: view, write: view, start: view, final: view, stack: null };
    }
    const buffer = block.assembly.buffer(`stack ${t.id}`, t.dtype, size * (length + 1));
    block.assembly.writtenAt.set(buffer, depth + 1);
    const row = wholeView(buffer, t.shape);
    const rows = wholeView(buffer, [length, ...t.shape]);
    const steps = [...new Array<number>(depth).fill(0), size];
    const early = { ...row, steps };
    const late = { ...row, steps, offset: size };
    const first = row;
    const last = { ...row, offset: size * length };
    const lateRows = { ...rows, offset: size };
    return reverse
      ? { read: late, write: early, start: last, final: first, stack: { before: lateRows, after: rows } }
      : { read: early, write: late, start: first, final: last, stack: { before: rows, after: lateRows } };
  });
  const starts: (() => Kernel)[] = carries.map((carry, i) => {
    const value = inputs[c + i];
    if (value.kind === "uniform") return () => fillKernel(name, carry.start, value.value);
    const from = block.stored(value, name);
    return () => copyKernel(name, from, carry.start);
  });
  carries.forEach((carry, i) =>
    inner.values.set(body.inputs[c + i].id, { kind: "stored", view: carry.read, item: -1 }),
  );

  // Producers write straight into stacks and into the next carry where they can.
  const after: { t: Tensor; target: View }[] = [];
  const pending: { t: Tensor; carry: Carry; temporary: View }[] = [];
  carries.forEach((carry, i) => {
    const out = body.outputs[i];
    if (carry.stack !== null) {
      inner.requestDestination(out, () => carry.write);
      after.push({ t: out, target: carry.write });
      return;
    }
    // In place if nothing reads the old value later: known only when all kernels are.
    const temporary = wholeView(
      block.assembly.buffer(`next ${out.id}`, out.dtype, sizeOf(out.shape)),
      out.shape,
    );
    block.assembly.writtenAt.set(temporary.buffer, depth + 1);
    if (body.inputs[c + i].id === out.id) return;
    inner.requestDestination(out, () => temporary);
    after.push({ t: out, target: temporary });
    pending.push({ t: out, carry, temporary });
  });
  const stacks = ys.map((y, k): View => {
    const own = carries.findIndex(
      (carry, i) => carry.stack !== null && (body.inputs[c + i].id === y.id || body.outputs[i].id === y.id),
    );
    if (own >= 0) {
      const { before, after: next } = carries[own].stack!;
      return body.inputs[c + own].id === y.id ? before : next;
    }
    const home = block.destinationOf(node.outputs[h + k]);
    block.assembly.writtenAt.set(
      home.buffer,
      Math.max(depth, block.assembly.writtenAt.get(home.buffer) ?? 0),
    );
    const slice = sliceAt(home, depth);
    inner.requestDestination(y, () => slice);
    after.push({ t: y, target: slice });
    return home;
  });
  inner.schedule();
  // Whatever somebody outside of a group wants must be known before the groups become kernels.
  const deliveries = after.map(({ t, target }) => deliver(inner, t, target, name));
  for (const { t } of pending) inner.stored(inner.valueOf(t), name);

  const item = block.single(() => {
    const kernels = [...inner.kernels(), ...delayed(deliveries)];
    // Copies that read old carries come before those that overwrite them.
    for (const { carry, temporary } of pending) {
      if (inPlace(kernels, carry.read.buffer, temporary.buffer))
        block.assembly.aliases.set(temporary.buffer, carry.read.buffer);
      else kernels.push(copyKernel(name, temporary, carry.write));
    }
    const packs: Kernel[] = [];
    for (const h of inner.hoisted) h.level >= depth ? packs.push(h.kernel) : block.hoisted.push(h);
    return [...starts.map((s) => s()), ...packs, { kind: "loop", name, length, reverse, body: kernels }];
  });
  node.outputs.forEach((t, i) => {
    const view = i < h ? carries[i].final : stacks[i - h];
    block.values.set(t.id, { kind: "stored", view, item });
  });
}

const delayed = (lists: readonly (readonly Kernel[])[]): Kernel[] => lists.flat();

/** The buffers that a kernel reads and writes, those of the kernels inside it included. */
function touchedBy(kernel: Kernel): Touched {
  let touched = touchedOf.get(kernel);
  if (touched === undefined) {
    const { reads, writes } = accessesOf(kernel);
    touched = { reads: new Set(reads.map((a) => a.buffer)), writes: new Set(writes.map((a) => a.buffer)) };
    for (const inner of bodiesOf(kernel).flat().map(touchedBy)) {
      for (const buffer of inner.reads) touched.reads.add(buffer);
      for (const buffer of inner.writes) touched.writes.add(buffer);
    }
    touchedOf.set(kernel, touched);
  }
  return touched;
}
interface Touched {
  readonly reads: Set<Buffer>;
  readonly writes: Set<Buffer>;
}
/** Asked for each Variable and each carry of a loop; kernels do not change. */
const touchedOf = new WeakMap<Kernel, Touched>();

/** Whether results written to `next` may be written over `old`: every read of the old value comes before, or is of the very element that is written.
 * @param from - the first kernel that may write them */
export function inPlace(kernels: readonly Kernel[], old: Buffer, next: Buffer, from = 0): boolean {
  let writer = -1;
  let last = -1;
  for (let i = 0; i < kernels.length; i++) {
    const { reads, writes } = touchedBy(kernels[i]);
    if (writes.has(next)) {
      if (writer >= 0) return false;
      writer = i;
    }
    if (reads.has(old)) last = i;
    if (writes.has(old)) return false;
  }
  if (writer < from) return false;
  if (last < writer) return true;
  if (last > writer) return false;
  const kernel = kernels[writer];
  if (
    kernel.kind !== "map" ||
    kernel.reads.some((r) => r.kind === "gathered" && (r.at.buffer === old || r.index.buffer === old))
  )
    return false;
  const write = kernel.writes.find((w) => w.buffer === next)!;
  const same = (a: { offset: number; strides: readonly number[] }): boolean =>
    a.offset === write.offset && a.strides.join() === write.strides.join();
  return kernel.reads.every((r) => r.at.buffer !== old || same(r.at));
}

/** A graph's kernels in a block of their own, its results delivered to the given places. */
function subBlock(
  block: Block,
  graph: Graph,
  inputs: readonly Value[],
  targets: readonly View[],
  name: string,
): Kernel[] {
  // Not a loop: the depth stays, so that accesses keep their steps.
  const inner = new Block(block.assembly, graph, block, block.depth);
  graph.inputs.forEach((t, i) => inner.values.set(t.id, inputs[i]));
  const own = new Set(graph.inputs.map((t) => t.id));
  graph.outputs.forEach((t, i) => {
    if (!own.has(t.id)) inner.requestDestination(t, () => targets[i]);
  });
  inner.schedule();
  const deliveries = graph.outputs.map((t, i) => deliver(inner, t, targets[i], name));
  const kernels = [...inner.kernels(), ...deliveries.flat()];
  // Packed where the loop around reads it too, so it may not depend on the branch taken.
  block.hoisted.push(...inner.hoisted);
  return kernels;
}

function lowerBranch(block: Block, node: Node, branch: Branch): void {
  const name = node.op.name;
  const [condition, ...inputs] = node.inputs.map((t) => handedIn(block, block.valueOf(t), name));
  const at = block.stored(condition, name);
  const targets = node.outputs.map((t) => block.destinationOf(t));
  for (const view of targets) block.assembly.writtenAt.set(view.buffer, block.depth);
  const item = block.single(() => [
    {
      kind: "branch",
      name,
      condition: accessOf(at, []),
      whenTrue: subBlock(block, branch.whenTrue, inputs, targets, name),
      whenFalse: subBlock(block, branch.whenFalse, inputs, targets, name),
    },
  ]);
  node.outputs.forEach((t, i) => block.values.set(t.id, { kind: "stored", view: targets[i], item }));
}

function lowerWhile(block: Block, node: Node, loop: While): void {
  const name = node.op.name;
  const values = node.inputs.map((t) => handedIn(block, block.valueOf(t), name));
  const { testConstants, bodyConstants } = loop;
  const carries = node.outputs.map((t) => {
    const home = block.destinationOf(t);
    const view = isRowMajor(home) ? home : block.allocate(name, t);
    block.assembly.writtenAt.set(view.buffer, block.depth + 1);
    return view;
  });
  const starts = carries.map((carry, i) => {
    const value = values[testConstants + bodyConstants + i];
    return () =>
      value.kind === "uniform"
        ? fillKernel(name, carry, value.value)
        : copyKernel(name, block.stored(value, name), carry);
  });
  const carried = carries.map((view): Value => ({ kind: "stored", view, item: -1 }));
  const flag = block.allocate("while", { shape: [], dtype: "bool" });
  block.assembly.writtenAt.set(flag.buffer, block.depth + 1);
  const next = node.outputs.map((t) => block.allocate("next", t));
  const item = block.single(() => {
    const test = subBlock(block, loop.test, [...values.slice(0, testConstants), ...carried], [flag], name);
    const body = subBlock(
      block,
      loop.body,
      [...values.slice(testConstants, testConstants + bodyConstants), ...carried],
      next,
      name,
    );
    const copies = next.map((view, i) => copyKernel(name, view, carries[i]));
    return [
      ...starts.map((s) => s()),
      { kind: "while", name, test, condition: accessOf(flag, []), body: [...body, ...copies] },
    ];
  });
  node.outputs.forEach((t, i) => block.values.set(t.id, { kind: "stored", view: carries[i], item }));
}

import { InternalError } from "../../base/errors.js";
import type { Kernel } from "../../kernel/program.js";
import type { Graph, Node } from "../../trace/op.js";
import { type Branch, branchInputs, type While, whileInputs } from "../operands.js";
import { structureOf } from "../rewrite.js";
import { deliver, handedIn, inMemory, writeKernel } from "./deliver.js";
import { Block } from "./lower-block.js";
import { lowerLoop } from "./lower-loop.js";
import { copyKernel } from "./simple-kernels.js";
import type { Value } from "./values.js";
import { accessOf, isRowMajor, type View } from "./views.js";

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
  const values = node.inputs.map((t) => handedIn(block, block.valueOf(t), name));
  const { condition, operands } = branchInputs(values);
  const at = block.stored(condition, name);
  const targets = node.outputs.map((t) => block.destinationOf(t));
  for (const view of targets) block.assembly.writtenAt.set(view.buffer, block.depth);
  const item = block.single(() => [
    {
      kind: "branch",
      name,
      condition: accessOf(at, []),
      whenTrue: subBlock(block, branch.whenTrue, operands, targets, name),
      whenFalse: subBlock(block, branch.whenFalse, operands, targets, name),
    },
  ]);
  node.outputs.forEach((t, i) => block.values.set(t.id, { kind: "stored", view: targets[i], item }));
}

function lowerWhile(block: Block, node: Node, loop: While): void {
  const name = node.op.name;
  const values = node.inputs.map((t) => handedIn(block, block.valueOf(t), name));
  const { testConstants, bodyConstants, carries: starts } = whileInputs(loop, values);
  const carries = node.outputs.map((t) => {
    const home = block.destinationOf(t);
    const view = isRowMajor(home) ? home : block.allocate(name, t);
    block.assembly.writtenAt.set(view.buffer, block.depth + 1);
    return view;
  });
  const carried = carries.map(inMemory);
  const flag = block.allocate("while", { shape: [], dtype: "bool" });
  block.assembly.writtenAt.set(flag.buffer, block.depth + 1);
  const next = node.outputs.map((t) => block.allocate("next", t));
  const item = block.single(() => {
    const test = subBlock(block, loop.test, [...testConstants, ...carried], [flag], name);
    const body = subBlock(block, loop.body, [...bodyConstants, ...carried], next, name);
    const copies = next.map((view, i) => copyKernel(name, view, carries[i]));
    return [
      ...starts.map((start, i) => writeKernel(block, start, carries[i], name)),
      { kind: "while", name, test, condition: accessOf(flag, []), body: [...body, ...copies] },
    ];
  });
  node.outputs.forEach((t, i) => block.values.set(t.id, { kind: "stored", view: carries[i], item }));
}

import type { TypedArray } from "../../base/dtype.js";
import { sizeOf } from "../../base/shape.js";
import type { Capabilities } from "../../kernel/backend.js";
import { type Buffer, bodiesOf, type Kernel, type Program } from "../../kernel/program.js";
import type { Graph } from "../../trace/op.js";
import { Assembly } from "./assembly.js";
import { inPlace } from "./in-place.js";
import { Block } from "./lower-block.js";
import { lowerControl } from "./lower-control.js";
import { copyKernel, fillKernel } from "./simple-kernels.js";
import { type View, wholeView } from "./views.js";

/** What the inputs and outputs of a graph are to its program. */
export interface Roles {
  readonly name: string;
  /** For each input: what it is to the program. */
  readonly inputs: readonly ("input" | "constant" | "state")[];
  /** For each input: its content, where that is known and never changes (captures); null elsewhere. */
  readonly content: readonly (TypedArray | null)[];
  /** For each input: whether no run of the program changes it between two uploads (captures, Variables that are only read). */
  readonly constant: readonly boolean[];
  /** For each output: the input (a Variable) that it replaces; null for results. */
  readonly replaces: readonly (number | null)[];
  readonly flushSubnormals: boolean;
}

/** A program and where its host finds arguments and results. */
export interface Built {
  readonly program: Program;
  readonly inputs: readonly Buffer[];
  /** The buffer of each result; null for an output that replaces a Variable. */
  readonly outputs: readonly (Buffer | null)[];
}

const hasCheck = (kernel: Kernel): boolean =>
  kernel.kind === "check" || bodiesOf(kernel).some((list) => list.some(hasCheck));

/** Turns an optimised graph into kernels with a memory plan. */
export function buildProgram(graph: Graph, roles: Roles, capabilities: Capabilities): Built {
  const assembly = new Assembly(capabilities, lowerControl);
  const block = new Block(assembly, graph, null);
  const inputs = graph.inputs.map((t, i) => {
    const { inputs, content } = roles;
    const buffer = assembly.buffer(`in${i}`, t.dtype, sizeOf(t.sizes), inputs[i], content[i] ?? undefined);
    if (roles.constant[i]) assembly.constants.add(buffer);
    block.values.set(t.id, { kind: "stored", view: wholeView(buffer, t.sizes), item: -1 });
    return buffer;
  });
  const targets: View[] = graph.outputs.map((t, i) => {
    const replaces = roles.replaces[i];
    const buffer = assembly.buffer(
      replaces === null ? `out${i}` : `next in${replaces}`,
      t.dtype,
      sizeOf(t.sizes),
      replaces === null ? "output" : "temporary",
    );
    const view = wholeView(buffer, t.sizes);
    block.requestDestination(t, () => view);
    return view;
  });
  block.schedule();
  const deliveries = graph.outputs.flatMap((t, i): Kernel[] => {
    const value = block.valueOf(t);
    if (value.kind === "uniform") return [fillKernel("output", targets[i], value.value)];
    const view = block.stored(value, "output");
    return view.buffer === targets[i].buffer ? [] : [copyKernel("output", view, targets[i])];
  });
  const kernels: Kernel[] = [...block.kernels(), ...deliveries];
  // State is written where no check can fail any more.
  const lastCheck = kernels.reduce((last, kernel, i) => (hasCheck(kernel) ? i : last), -1);
  targets.forEach((target, i) => {
    const replaces = roles.replaces[i];
    if (replaces === null) return;
    if (inPlace(kernels, inputs[replaces], target.buffer, lastCheck + 1))
      target.buffer.inPlaceOf = inputs[replaces];
    else kernels.push(copyKernel("assign", target, wholeView(inputs[replaces], target.shape)));
  });
  return {
    program: {
      name: roles.name,
      buffers: assembly.buffers.filter((b) => b.inPlaceOf === null),
      checks: assembly.checks,
      status: assembly.status,
      setup: assembly.setup,
      kernels,
      flushSubnormals: roles.flushSubnormals,
    },
    inputs,
    outputs: targets.map((t, i) => (roles.replaces[i] === null ? t.buffer : null)),
  };
}

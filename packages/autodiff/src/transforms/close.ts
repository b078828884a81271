import { isFloatDType } from "../base/dtype.js";
import type { Spec } from "../kernel/lowering.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Graph } from "../trace/op.js";
import { live, traceFlat } from "../trace/trace.js";
import type { Variable } from "../trace/variable.js";
import type { Flat } from "./sweep.js";

/** What a traced function uses beside its arguments. */
export interface ClosureInputs {
  /** Tensors of the surroundings. */
  readonly captures: readonly Tensor[];
  /** Variables read or assigned. */
  readonly variables: readonly Variable[];
}

/** A traced function closed over nothing. Inputs: [arguments, captures, Variables]; outputs: [results, Variables assigned]. */
export interface ClosedGraph extends ClosureInputs {
  readonly graph: Graph;
  readonly assigned: readonly Variable[];
}

/** Traces a function of tensors of these shapes and dtypes. */
export function close(f: Flat, specs: readonly Spec[]): ClosedGraph {
  const { trace, inputs, outputs } = traceFlat(f, specs);
  const captures = [...trace.captures.values()];
  const held = [...trace.variables];
  const assigned = held.filter(([, h]) => h.assigned);
  const graph = live({
    inputs: [...inputs, ...captures.map((c) => c.inner), ...held.map(([, h]) => h.input)],
    nodes: trace.nodes,
    outputs: [...outputs, ...assigned.map(([, h]) => h.now)],
  });
  return {
    graph,
    captures: captures.map((c) => c.outer),
    variables: held.map(([v]) => v),
    assigned: assigned.map(([v]) => v),
  };
}

/** The values of the hidden inputs, here and now. */
export const hiddenInputValues = ({ captures, variables }: ClosureInputs): Tensor[] => [
  ...captures,
  ...variables.map((v) => v.value),
];

/** Gives Variables their values, which lie in `values` one after the other from `from` on. */
export function assignVariables(
  variables: readonly Variable[],
  values: readonly Tensor[],
  from: number,
): void {
  variables.forEach((variable, i) => {
    variable.value = values[from + i];
  });
}

/** Assigns the Variables that the function assigned, and returns its results. */
export function commitAssignments(
  { graph, assigned }: ClosedGraph,
  outputs: readonly Tensor[],
): readonly Tensor[] {
  const results = graph.outputs.length - assigned.length;
  assignVariables(assigned, outputs, results);
  return assigned.length === 0 ? outputs : outputs.slice(0, results);
}

const isFloat = (t: Tensor): boolean => isFloatDType(t.dtype);

/** The ids of all values that follow from the inputs marked in `from`; only through values that `keep` holds for (float ones). */
export function reach(
  graph: Graph,
  from: readonly boolean[],
  keep: (t: Tensor) => boolean = isFloat,
): Set<number> {
  const hit = new Set<number>();
  graph.inputs.forEach((t, i) => {
    if (from[i] && keep(t)) hit.add(t.id);
  });
  for (const node of graph.nodes) {
    if (!node.inputs.some((t) => hit.has(t.id))) continue;
    for (const t of node.outputs) if (keep(t)) hit.add(t.id);
  }
  return hit;
}

/** Remembers what was made of a graph (or other object) and a mask: programs compiled for it are found again. */
export function memo<K extends object, M extends readonly (boolean | number)[], V>(
  make: (key: K, mask: M) => V,
): (key: K, mask: M) => V {
  const cache = new WeakMap<K, Map<string, V>>();
  return (key, mask) => {
    let made = cache.get(key);
    if (made === undefined) {
      made = new Map();
      cache.set(key, made);
    }
    const name = mask.join();
    let value = made.get(name);
    if (value === undefined) {
      value = make(key, mask);
      made.set(name, value);
    }
    return value;
  };
}

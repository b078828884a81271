import type { Graph } from "../trace/op.js";

/** Two graphs over the same inputs, with outputs of the same shapes and dtypes. */
export interface CondAttributes {
  readonly whenTrue: Graph;
  readonly whenFalse: Graph;
}

/** Two graphs that share their first inputs: each gets the other's further ones as well, unused. */
export function pair(whenTrue: Graph, whenFalse: Graph, shared: number): CondAttributes {
  const further = [...whenTrue.inputs.slice(shared), ...whenFalse.inputs.slice(shared)];
  const widen = (graph: Graph): Graph => ({
    ...graph,
    inputs: [...graph.inputs.slice(0, shared), ...further],
  });
  return { whenTrue: widen(whenTrue), whenFalse: widen(whenFalse) };
}

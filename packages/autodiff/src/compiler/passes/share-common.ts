import { Tensor } from "../../tensor/tensor.js";
import type { Graph } from "../../trace/op.js";
import { rewriteGraph } from "../rewrite.js";

/** Computes equal things once: the same op with the same attributes on the same inputs. */
export function shareCommon(graph: Graph): Graph {
  const seen = new Map<string, readonly Tensor[]>();
  const names = new Map<object, number>();
  const nameOf = (value: object): number => {
    let name = names.get(value);
    if (name === undefined) {
      name = names.size;
      names.set(value, name);
    }
    return name;
  };
  const keyOf = (value: unknown): string => {
    if (value === null || typeof value !== "object") {
      if (typeof value === "function") return `f${nameOf(value)}`;
      return Object.is(value, -0) ? "-0" : `${typeof value}${String(value)}`;
    }
    if (value instanceof Tensor) return `t${value.id}`;
    if (Array.isArray(value)) return `[${value.map(keyOf).join()}]`;
    // Graphs and class instances go by identity, plain attribute objects by content.
    if ("nodes" in value || Object.getPrototypeOf(value) !== Object.prototype) return `o${nameOf(value)}`;
    return `{${Object.entries(value)
      .map(([k, v]) => `${k}:${keyOf(v)}`)
      .join()}}`;
  };
  return rewriteGraph(graph, (node) => {
    if (node.op.opaque === true) return null;
    let key = `${nameOf(node.op)}`;
    for (const t of node.inputs) key += `,${t.id}`;
    if (node.attributes !== null) key += keyOf(node.attributes);
    const same = seen.get(key);
    if (same === undefined) seen.set(key, node.outputs);
    return same ?? null;
  });
}

import type { Access, Kernel, MapKernel } from "../../kernel/program.js";
import { pruned } from "./expressions.js";
import type { CompletePlan } from "./kernel-plan.js";
import type { Group } from "./values.js";
import { accessOf, squeezeBy } from "./views.js";

/** The kernels of a complete plan, in order. */
export function emitKernels({ fills, items }: CompletePlan): Kernel[] {
  const kernels = [...fills];
  for (const item of items) {
    if (item.kind === "single") kernels.push(...item.emit());
    else {
      const kernel = groupKernel(item);
      if (kernel !== null) kernels.push(kernel);
    }
  }
  return kernels;
}

/** One loop that computes what is stored of a group, and nothing else; null if nothing is. */
export function groupKernel({ slots, names, shape, ...body }: Group): MapKernel | null {
  const results: number[] = [];
  const writes: Access[] = [];
  for (const { view, result, shape: own } of slots) {
    if (view === null) continue;
    results.push(result);
    writes.push(accessOf(view, squeezeBy(view.strides, own)));
  }
  if (results.length === 0) return null;
  const { expression, reads } = pruned(body, results);
  return { kind: "map", name: nameOf(names), shape, reads, expression, writes };
}

/** The names of a kernel's ops, the first three of many. */
function nameOf(ops: readonly string[]): string {
  const names = [...new Set(ops)];
  return names.length > 4 ? `${names.slice(0, 3).join("·")}·…(${ops.length})` : names.join("·");
}

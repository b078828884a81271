import { expect, test } from "vitest";
import { emitKernels, groupKernel } from "../../src/compiler/lowering/emit-kernels.js";
import { newBody } from "../../src/compiler/lowering/expressions.js";
import { fillKernel } from "../../src/compiler/lowering/simple-kernels.js";
import type { Group, GroupResult } from "../../src/compiler/lowering/values.js";
import type { View } from "../../src/compiler/lowering/views.js";
import { spec } from "../../src/compiler/print-graph.js";
import type { Kernel, Read } from "../../src/kernel/program.js";
import { Room } from "./traced-graphs.js";

// Kernels from a complete plan.

const room = new Room();
const [x, y, a, b] = ["x", "y", "a", "b"].map((name) => room.allocate(name, spec([2, 1, 3])));
const read = ({ buffer }: View): Read => ({
  kind: "plain",
  at: { buffer, offset: 0, strides: [3, 1], steps: [] },
});

/** neg x, exp (neg x), sin y over [2, 3]; what is stored of them, and where. */
function groupOf(views: readonly (View | null)[], names: readonly string[] = ["neg", "exp", "sin"]): Group {
  const unary = (name: "neg" | "exp" | "sin", from: number) =>
    ({ kind: "unary", name, a: from, dtype: "float32" }) as const;
  const group: Group = {
    ...newBody(),
    kind: "group",
    index: 0,
    shape: [2, 3],
    slots: [],
    names: [...names],
  };
  group.nodes.push(
    { kind: "read", index: 0, dtype: "float32" },
    unary("neg", 0),
    unary("exp", 1),
    { kind: "read", index: 1, dtype: "float32" },
    unary("sin", 3),
  );
  group.reads.push(read(x), read(y));
  const slots = views.map(
    (view, i): GroupResult => ({
      group,
      result: [1, 2, 4][i],
      dtype: "float32",
      shape: [2, 1, 3],
      view,
      place: () => a,
    }),
  );
  group.slots.push(...slots);
  return group;
}

test("a group computes what is stored of it, and reads what that needs", () => {
  const kernel = groupKernel(groupOf([null, null, b]));
  expect(kernel).toEqual({
    kind: "map",
    name: "neg·exp·sin",
    shape: [2, 3],
    reads: [read(y)],
    expression: {
      nodes: [
        { kind: "read", index: 0, dtype: "float32" },
        { kind: "unary", name: "sin", a: 0, dtype: "float32" },
      ],
      results: [1],
    },
    writes: [{ buffer: b.buffer, offset: 0, strides: [3, 1], steps: [] }],
  });
  const both = groupKernel(groupOf([a, b, null]));
  expect(both?.expression.results).toEqual([1, 2]);
  expect(both?.writes.map(({ buffer }) => buffer)).toEqual([a.buffer, b.buffer]);
});

test("a group of which nothing is stored is no kernel", () => {
  expect(groupKernel(groupOf([null, null, null]))).toBeNull();
});

test("a kernel is named by its ops, each once; by three where there are more than four", () => {
  const named = (...names: string[]) => groupKernel(groupOf([a, null, null], names))?.name;
  expect(named("neg", "exp", "neg", "sin", "tanh")).toBe("neg·exp·sin·tanh");
  expect(named("neg", "exp", "neg", "sin", "tanh", "abs")).toBe("neg·exp·sin·…(6)");
});

test("fills come first, then the items in order", () => {
  const called: string[] = [];
  const single = (index: number, names: readonly string[]) =>
    ({
      kind: "single",
      index,
      emit: (): Kernel[] => {
        called.push(names.join());
        return names.map((name) => fillKernel(name, a, 0));
      },
    }) as const;
  const kernels = emitKernels({
    fills: [fillKernel("first", b, 1)],
    items: [single(0, ["p", "q"]), groupOf([null, null, null]), groupOf([a, null, null]), single(3, ["r"])],
  });
  expect(kernels.map(({ name }) => name)).toEqual(["first", "p", "q", "neg·exp·sin", "r"]);
  expect(called).toEqual(["p,q", "r"]);
});

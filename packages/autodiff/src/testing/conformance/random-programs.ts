import type { DType } from "../../base/dtype.js";
import type { Combine, Expression, ExpressionNode } from "../../kernel/instruction.js";
import type { Access, Buffer, Kernel, Read } from "../../kernel/program.js";
import { access, loop, ProgramBuilder, SeededNumbers } from "./program-builder.js";
import type { Suite } from "./suite.js";

/** Instructions that IEEE 754 rounds correctly, so that every backend must agree to the last bit. */
const exactUnary = {
  float: ["neg", "abs", "sign", "floor", "ceil", "round", "sqrt"],
  int: ["neg", "abs", "sign"],
} as const;
const exactBinary = {
  float: ["add", "sub", "mul", "div", "min", "max"],
  int: ["add", "sub", "mul", "min", "max"],
} as const;
const compares = ["eq", "ne", "lt", "le"] as const;

/** A random expression over reads of the given dtypes; results of any dtype. */
function randomExpression(
  numbers: SeededNumbers,
  dtypes: readonly DType[],
  reads: readonly DType[],
  rank: number,
  length: number,
): Expression {
  const nodes: ExpressionNode[] = reads.map((dtype, index) => ({ kind: "read", index, dtype }));
  const some = (dtype: DType): number | undefined => {
    const fitting = nodes.flatMap((node, i) => (node.dtype === dtype ? [i] : []));
    return fitting.length > 0 ? numbers.pick(fitting) : undefined;
  };
  while (nodes.length < reads.length + length) {
    const dtype = numbers.pick(dtypes);
    const a = some(dtype);
    const b = some(dtype);
    const choice = numbers.whole(0, 6);
    if (a === undefined || b === undefined || choice === 0) {
      const value =
        dtype === "bool" ? numbers.whole(0, 1) : numbers.whole(-4, 4) / (dtype === "int32" ? 1 : 4);
      nodes.push({ kind: "constant", value, dtype });
    } else if (choice === 1 && rank > 0 && dtypes.includes("int32")) {
      nodes.push({ kind: "index", axis: numbers.whole(0, rank - 1), dtype: "int32" });
    } else if (choice === 2) {
      nodes.push({ kind: "cast", a, dtype: numbers.pick(dtypes.filter((other) => other !== dtype)) });
    } else if (choice === 3 && dtypes.includes("bool")) {
      nodes.push({ kind: "compare", name: numbers.pick(compares), a, b, dtype: "bool" });
    } else if (choice === 4) {
      const condition = some("bool");
      if (condition !== undefined) nodes.push({ kind: "select", condition, a, b, dtype });
    } else if (dtype === "bool") {
      nodes.push(
        choice === 5
          ? { kind: "unary", name: "not", a, dtype }
          : { kind: "binary", name: numbers.pick(["and", "or"] as const), a, b, dtype },
      );
    } else {
      const family = dtype === "int32" ? "int" : "float";
      nodes.push(
        choice === 5
          ? { kind: "unary", name: numbers.pick(exactUnary[family]), a, dtype }
          : { kind: "binary", name: numbers.pick(exactBinary[family]), a, b, dtype },
      );
    }
  }
  const results = Array.from({ length: numbers.whole(1, 3) }, (_, i) =>
    i === 0 ? nodes.length - 1 : numbers.whole(0, nodes.length - 1),
  );
  return { nodes, results };
}

const valuesOf = (numbers: SeededNumbers, dtype: DType, length: number): number[] =>
  dtype === "bool"
    ? numbers.wholes(length, 0, 1)
    : numbers.wholes(length, -20, 20).map((x) => (dtype === "int32" ? x : x / 4));

/** A layout of a shape with its axes in any order, gaps, reversed or (for reads) repeated axes, and one block per loop round. */
function randomAccess(
  numbers: SeededNumbers,
  makeBuffer: (length: number) => Buffer,
  shape: readonly number[],
  loops: readonly number[],
  isWrite: boolean,
): Access {
  const strides = shape.map(() => 0);
  const steps = loops.map(() => 0);
  const order = shape.map((_, i) => i);
  if (numbers.chance(0.5))
    for (let i = order.length - 1; i > 0; i--) {
      const j = numbers.whole(0, i);
      [order[i], order[j]] = [order[j], order[i]];
    }
  let span = numbers.chance(0.7) ? 1 : numbers.whole(1, 3);
  let offset = numbers.chance(0.5) ? 0 : numbers.whole(0, 5);
  for (const axis of order.reverse()) {
    if (!isWrite && numbers.chance(0.2)) continue;
    strides[axis] = span;
    if (numbers.chance(0.15)) {
      strides[axis] = -span;
      offset += span * Math.max(0, shape[axis] - 1);
    }
    span *= Math.max(1, shape[axis]) + (numbers.chance(0.8) ? 0 : 1);
  }
  loops.forEach((length, level) => {
    if (numbers.chance(0.3)) return;
    steps[level] = span;
    span *= Math.max(1, length);
  });
  return access(makeBuffer(offset + span + 1), strides, offset, steps);
}

/** A map or a reduction over random layouts, inside of loops of the given lengths. */
export function randomKernel(
  numbers: SeededNumbers,
  dtypes: readonly DType[],
  b: ProgramBuilder,
  loops: readonly number[],
): Kernel {
  const rank = numbers.whole(0, 3);
  const shape = Array.from({ length: rank }, () => numbers.pick([1, 2, 3, 4, 5, 8, 9, 17, 33]));
  if (rank === 1 && numbers.chance(0.2)) shape[0] = 600;
  const filled = (dtype: DType) => (length: number) => b.buffer(dtype, valuesOf(numbers, dtype, length));
  const readDTypes = Array.from({ length: numbers.whole(1, 4) }, () => numbers.pick(dtypes));
  const reads = readDTypes.map((dtype): Read => {
    if (!dtypes.includes("int32") || !numbers.chance(0.15))
      return { kind: "plain", at: randomAccess(numbers, filled(dtype), shape, loops, false) };
    const rows = numbers.whole(1, 6);
    const stride = numbers.whole(1, 9);
    const wider = (length: number): Buffer => filled(dtype)(length + rows * stride);
    const indices = (length: number): Buffer => b.buffer("int32", numbers.wholes(length, 0, rows));
    return {
      kind: "gathered",
      at: randomAccess(numbers, wider, shape, loops, false),
      index: randomAccess(numbers, indices, shape, loops, false),
      stride,
    };
  });
  const expression = randomExpression(numbers, dtypes, readDTypes, rank, numbers.whole(1, 12));
  const writesOf = ({ nodes, results }: Expression, over: readonly number[]): Access[] =>
    results.map((result) => randomAccess(numbers, filled(nodes[result].dtype), over, loops, true));
  if (numbers.chance(0.6)) {
    return { kind: "map", name: "map", shape, reads, expression, writes: writesOf(expression, shape) };
  }
  const reduced = numbers.whole(0, rank);
  const kept = shape.slice(0, rank - reduced);
  const single = { ...expression, results: expression.results.slice(0, 1) };
  const { dtype } = single.nodes[single.results[0]];
  // Only max and min, and sums that wrap, are the same in any order.
  const combine: Combine = numbers.pick(
    dtype === "int32" ? (["sum", "prod", "max", "min"] as const) : (["max", "min"] as const),
  );
  return {
    kind: "reduce",
    name: "reduce",
    shape,
    reduced,
    reads,
    expression: single,
    combine,
    write: writesOf(single, kept)[0],
  };
}

/** Random kernels over random layouts in random loops. */
export function randomProgramConformance(suite: Suite): void {
  const { samples, seed } = suite.options;
  suite.add("kernels in loops leave the same bits as naively", [], async (trial) => {
    const seeds = new SeededNumbers(seed);
    for (let sample = 0; sample < samples; sample++) {
      const own = seeds.whole(1, 2 ** 30);
      const numbers = new SeededNumbers(own);
      const b = new ProgramBuilder();
      const kernels: Kernel[] = [];
      const count = numbers.whole(1, 3);
      for (let i = 0; i < count; i++) {
        const loops = Array.from({ length: numbers.whole(0, 2) }, () => numbers.whole(1, 3));
        let kernel = randomKernel(numbers, suite.dtypes, b, loops);
        for (const length of [...loops].reverse()) kernel = loop(length, numbers.chance(0.5), [kernel]);
        kernels.push(kernel);
      }
      await trial.expectAsNaive({ ...b.program(kernels), name: `seed ${own}` });
    }
  });
}

import type { DType } from "../../base/dtype.js";
import type { Combine, Expression } from "../../kernel/instruction.js";
import type { RowKernel } from "../../kernel/program.js";
import { binaryMeaning, compareReference, roundTo, unaryReference } from "./reference-scalars.js";

// What reductions, routines along rows and expressions make of plain numbers.

/** Where a reduction begins. */
export function neutral(combine: Combine, dtype: DType): number {
  if (combine === "sum") return 0;
  if (combine === "prod") return 1;
  const least = dtype === "bool" ? 0 : dtype === "int32" ? -(2 ** 31) : -Infinity;
  const greatest = dtype === "bool" ? 1 : dtype === "int32" ? 2 ** 31 - 1 : Infinity;
  return combine === "max" ? least : greatest;
}

const combineReference: { readonly [C in Combine]: (x: number, y: number) => number } = {
  sum: (x, y) => x + y,
  prod: (x, y) => x * y,
  max: (x, y) => Math.max(x, y),
  min: (x, y) => Math.min(x, y),
};

/** A reduction's total with one more value; int32 wraps. */
export function combined(combine: Combine, dtype: DType, total: number, value: number): number {
  if (dtype !== "int32") return combineReference[combine](total, value);
  if (combine === "prod") return Number(BigInt.asIntN(32, BigInt(total) * BigInt(value)));
  return combineReference[combine](total, value) | 0;
}

/** What a routine makes of one row. */
export function rowResults(routine: RowKernel["routine"], values: readonly number[]): number[] {
  switch (routine.kind) {
    case "cumulativeSum":
      return values.map((_, i) =>
        (routine.reverse ? values.slice(i) : values.slice(0, i + 1)).reduce((x, y) => x + y),
      );
    case "argExtreme": {
      const best = values.some(Number.isNaN)
        ? Number.NaN
        : routine.largest
          ? Math.max(...values)
          : Math.min(...values);
      // −0 and 0 are ties: the first of them counts.
      return [values.findIndex((x) => x === best || (Number.isNaN(x) && Number.isNaN(best)))];
    }
    case "argSort": {
      const ascending = (x: number, y: number): number => {
        if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
        return x < y ? -1 : x > y ? 1 : 0;
      };
      const order = values.map((_, i) => i);
      return order
        .sort((i, j) => (routine.descending ? -1 : 1) * ascending(values[i], values[j]))
        .slice(0, routine.limit);
    }
  }
}

/** One element of an expression; rounds at every node. */
export function evaluate(
  { nodes, results }: Expression,
  reads: readonly number[],
  index: readonly number[],
): number[] {
  const values: number[] = [];
  for (const node of nodes) {
    let y: number;
    switch (node.kind) {
      case "read":
        y = reads[node.index];
        break;
      case "constant":
        y = node.value;
        break;
      case "unary":
        y = unaryReference[node.name](values[node.a]);
        break;
      case "binary":
        y = binaryMeaning(node.name, node.dtype)(values[node.a], values[node.b]);
        break;
      case "compare":
        y = Number(compareReference[node.name](values[node.a], values[node.b]));
        break;
      case "select":
        y = values[node.condition] !== 0 ? values[node.a] : values[node.b];
        break;
      case "cast":
        y = values[node.a];
        break;
      case "index":
        y = index[node.axis];
        break;
    }
    values.push(roundTo[node.dtype](y));
  }
  return results.map((result) => values[result]);
}

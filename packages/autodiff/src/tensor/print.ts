import { isFloatDType } from "../base/dtype.js";
import { showShape } from "../base/shape.js";
import type { Tensor } from "./tensor.js";

const shownEdge = 3;
const shownAll = 1000;

/** NumPy-like text: nested brackets, at most some digits, long axes shortened to their ends. */
export function printTensor(t: Tensor): string {
  const { data, dtype, sizes: shape, size: count } = t;
  const show = (v: number): string => {
    if (dtype === "bool") return String(v !== 0);
    if (!isFloatDType(dtype) || Number.isInteger(v) || !Number.isFinite(v))
      return Object.is(v, -0) ? "-0" : String(v);
    const size = Math.abs(v);
    return size >= 1e-4 && size < 1e6 ? String(Number(v.toPrecision(6))) : v.toExponential(4);
  };
  const build = (axis: number, from: number, size: number): string => {
    const below = shape.length - 1 - axis;
    if (below < 0) return show(data[from]);
    const n = shape[axis];
    const inner = n === 0 ? 0 : size / n;
    const parts: string[] = [];
    for (let i = 0; i < n; i++) {
      if (count > shownAll && n > 2 * shownEdge + 1 && i === shownEdge) {
        parts.push("…");
        i = n - shownEdge;
      }
      parts.push(build(axis + 1, from + i * inner, inner));
    }
    // Rows begin below the first one, which stands behind "tensor(" and the brackets.
    return `[${parts.join(below === 0 ? ", " : `,${"\n".repeat(below)}${" ".repeat(8 + axis)}`)}]`;
  };
  const parts = [build(0, 0, count)];
  if (dtype !== "float32" && dtype !== "bool") parts.push(dtype);
  if (count === 0) parts.push(`shape ${showShape(shape)}`);
  return `tensor(${parts.join(", ")})`;
}

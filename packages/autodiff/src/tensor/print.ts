import type { Tensor } from "./tensor.js";

const shownEdge = 3;
const shownAll = 1000;

/** NumPy-like text: nested brackets, at most some digits, long axes shortened to their ends. */
export function printTensor(t: Tensor): string {
  const data = t.data;
  const shorten = t.size > shownAll;
  const float = t.dtype === "float32" || t.dtype === "float64";
  const show = (v: number): string => {
    if (t.dtype === "bool") return v === 0 ? "false" : "true";
    if (!float || Number.isInteger(v) || !Number.isFinite(v)) return Object.is(v, -0) ? "-0" : String(v);
    const size = Math.abs(v);
    return size >= 1e-4 && size < 1e6 ? String(Number(v.toPrecision(6))) : v.toExponential(4);
  };
  const build = (axis: number, from: number, size: number, indent: string): string => {
    if (axis === t.shape.length) return show(data[from]);
    const n = t.shape[axis];
    const inner = n === 0 ? 0 : size / n;
    const parts: string[] = [];
    for (let i = 0; i < n; i++) {
      if (shorten && n > 2 * shownEdge + 1 && i === shownEdge) {
        parts.push("…");
        i = n - shownEdge;
      }
      parts.push(build(axis + 1, from + i * inner, inner, `${indent} `));
    }
    const last = axis === t.shape.length - 1;
    return `[${parts.join(last ? ", " : `,${"\n".repeat(t.shape.length - 1 - axis)}${indent} `)}]`;
  };
  const notes: string[] = [];
  if (t.dtype !== "float32" && t.dtype !== "bool") notes.push(t.dtype);
  if (t.size === 0) notes.push(`shape [${t.shape.join(", ")}]`);
  return `tensor(${build(0, 0, t.size, "       ")}${notes.length > 0 ? `, ${notes.join(", ")}` : ""})`;
}

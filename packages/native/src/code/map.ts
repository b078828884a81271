import type { MapKernel } from "@scope/autodiff/backend";
import { ExpressionCode, fullCount } from "./expression.js";
import { type KernelFunction, splitRange } from "./kernel-function.js";
import { nestOf } from "./nest.js";

/** The function of a fused elementwise kernel: vectors along the axis where they are cheapest, plain loops around; null where there is nothing to do. */
export function mapFunction(kernel: MapKernel, vectorBytes: number, flush: boolean): KernelFunction | null {
  const { shape, expression } = kernel;
  if (shape.includes(0)) return null;
  const nest = nestOf({ ...kernel, reduced: 0 }, vectorBytes);
  const body = new ExpressionCode(nest, expression);
  const depth = nest.axes.length;
  const counters = nest.axes.map((_, axis) => `i${axis}`);
  const lanes = fullCount(nest);
  const lines: string[] = [];
  for (const [axis, counter] of counters.slice(0, -1).entries()) {
    lines.push(...body.at(axis, counters, lanes));
    const [from, to] = axis === 0 ? ["begin", "end"] : ["0", String(nest.axes[axis].size)];
    lines.push(`for (long ${counter} = ${from}; ${counter} < ${to}; ${counter}++) {`);
  }
  lines.push(...body.at(depth - 1, counters, lanes));
  const inner = counters[depth - 1];
  const [from, to] = depth === 1 ? ["begin", "end"] : ["0", String(nest.axes[depth - 1].size)];
  lines.push(
    `for (long ${inner} = ${from}; ${inner} < ${to}; ${inner} += ${lanes}) {`,
    `const long n = ${to} - ${inner};`,
    ...body.at(depth, counters, "n"),
    ...nest.writes.map((write, i) => body.store(write, body.result(i), counters, "n", flush)),
    "}",
    ...counters.slice(0, -1).map(() => "}"),
  );
  return { lines, streams: nest.streams, ...splitRange(nest) };
}

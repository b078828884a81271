import { bytesOf, sizeText } from "../base/dtype.js";
import { accessesOf } from "../kernel/accesses.js";
import type { Profile } from "../kernel/backend.js";
import { bytesOfBuffer } from "../kernel/plan-memory.js";
import { type Access, bodiesOf, type Kernel } from "../kernel/program.js";
import { operationsOf } from "../kernel/work.js";
import type { Instance } from "./instance.js";

const countText = (n: number): string =>
  n < 1e3
    ? `${n} `
    : n < 1e6
      ? `${(n / 1e3).toFixed(1)} k`
      : n < 1e9
        ? `${(n / 1e6).toFixed(1)} M`
        : `${(n / 1e9).toFixed(2)} G`;

function detail(kernel: Kernel): string {
  switch (kernel.kind) {
    case "gemm": {
      const batch = kernel.batch.length > 0 ? `${kernel.batch.join("·")} × ` : "";
      return `${batch}${kernel.m} × ${kernel.k} · ${kernel.k} × ${kernel.n}${kernel.b.packed ? ", packed" : ""}${kernel.mode === "set" ? "" : `, ${kernel.mode}`}`;
    }
    case "map":
      return `[${kernel.shape.join(", ")}], ${kernel.reads.length} in, ${kernel.writes.length} out`;
    case "reduce": {
      const outer = kernel.shape.slice(0, kernel.shape.length - kernel.reduced);
      return `[${outer.join(", ")}] over [${kernel.shape.slice(outer.length).join(", ")}], ${kernel.combine}`;
    }
    case "pack":
      return `${kernel.k} × ${kernel.n}`;
    case "fill":
      return `[${kernel.shape.join(", ")}] with ${kernel.value}`;
    case "scatterAdd":
      return `[${kernel.shape.join(", ")}]`;
    case "row":
      return `${kernel.routine.kind}, ${kernel.rows} × ${kernel.n}`;
    case "randomBits":
      return `[${kernel.length}]`;
    case "check":
      return `[${kernel.shape.join(", ")}] from ${kernel.low} to ${kernel.high - 1}`;
    case "loop":
      return `${kernel.length} times${kernel.reverse ? ", backwards" : ""}`;
    case "branch":
    case "while":
      return "";
  }
}

function touched(accesses: readonly Access[]): number {
  return accesses.reduce((n, a) => n + bytesOf[a.buffer.dtype] * Math.min(a.buffer.length, 2 ** 31), 0);
}

function lines(kernels: readonly Kernel[], indent: string): string[] {
  return kernels.flatMap((kernel) => {
    const head = `${indent}${kernel.kind.padEnd(10)} ${kernel.name.padEnd(Math.max(1, 34 - indent.length))} ${detail(kernel)}`;
    const flops = operationsOf(kernel);
    const own = flops > 0 && bodiesOf(kernel).length === 0 ? `${head}   ${countText(flops)}FLOP` : head;
    switch (kernel.kind) {
      case "loop":
        return [own, ...lines(kernel.body, `${indent}  `)];
      case "branch":
        return [
          own,
          `${indent}then`,
          ...lines(kernel.whenTrue, `${indent}  `),
          ...(kernel.whenFalse.length === 0
            ? []
            : [`${indent}else`, ...lines(kernel.whenFalse, `${indent}  `)]),
        ];
      case "while":
        return [own, ...lines(kernel.test, `${indent}? `), ...lines(kernel.body, `${indent}  `)];
      default:
        return [own];
    }
  });
}

/** A program as text, for people. */
export function explainInstance(instance: Instance): string {
  const { program, report, executable } = instance;
  const flops = program.kernels.reduce((n, k) => n + operationsOf(k), 0);
  const traffic = program.kernels.reduce((n, k) => {
    const { reads, writes } = accessesOf(k);
    return n + touched([...reads, ...writes]);
  }, 0);
  const apart = program.buffers.reduce((n, b) => n + bytesOfBuffer(b), 0);
  const motions = report.motions.map(
    (m, i) =>
      `  loop ${i + 1}: ${m.before} before it for all steps, ${m.after} after it for all steps, ${m.accumulators} sums over time`,
  );
  return [
    `${program.name}: ${countText(flops)}FLOP, ${sizeText(traffic)} touched outside of loops, ${sizeText(executable.bytes)} of memory (${program.buffers.length} buffers, ${sizeText(apart)} without sharing), ${sizeText(executable.codeBytes)} of code`,
    `machine: ${executable.machine}`,
    `passes: ${report.passes.map((p) => `${p.pass} ${p.nodes}`).join(" → ")} nodes`,
    ...(motions.length > 0 ? ["moved out of loops:", ...motions] : []),
    ...(program.setup.length > 0 ? ["set up:", ...lines(program.setup, "  ")] : []),
    "kernels:",
    ...lines(program.kernels, "  "),
  ].join("\n");
}

/** Time per kernel as a table, the slowest first. */
export function profileTable(instance: Instance, times: Profile): string {
  const total = times.reduce((n, t) => n + t.milliseconds, 0);
  const rows = [...times].sort((a, b) => b.milliseconds - a.milliseconds);
  const width = Math.max(6, ...rows.map((r) => r.name.length));
  return [
    `${instance.name}: ${total.toFixed(3)} ms in kernels`,
    `${"kernel".padEnd(width)}   calls        ms      %`,
    ...rows.map(
      (r) =>
        `${r.name.padEnd(width)} ${String(r.calls).padStart(7)} ${r.milliseconds.toFixed(3).padStart(9)} ${((100 * r.milliseconds) / Math.max(total, 1e-12)).toFixed(1).padStart(6)}`,
    ),
  ].join("\n");
}

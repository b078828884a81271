import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { environmentOf } from "../run/library-process.js";
import type { Trap } from "./trap.js";

const runs = 3;
const atMostMs = 120_000;
const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const thisCheckout = script("../../../..");

/** What measured traps came to: the least of some runs, or why there is no number. */
export interface TrapResult {
  readonly trap: Trap;
  readonly now: number | Error;
  /** On an older checkout. */
  readonly before: number | Error | null;
  /** Where the trap is compared with PyTorch and there is one. */
  readonly torch: number | Error | null;
}

/** How traps are measured: by which programs, and on which checkouts. */
export interface TrapSetting {
  readonly node: string;
  readonly python: string | null;
  /** The folder of an older checkout, built; null for none. */
  readonly before: string | null;
}

/** The number that a program prints, the least of some processes. */
function leastOf(command: string, args: readonly string[]): number | Error {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < runs; i++) {
    const { status, stdout, stderr } = spawnSync(command, args, {
      encoding: "utf8",
      env: environmentOf(process.env),
      timeout: atMostMs,
    });
    if (status !== 0)
      return new Error(/^\w*Error.*$/m.exec(stderr)?.[0] ?? `no answer within ${atMostMs / 1000} s`);
    const { value } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as { value: number };
    least = Math.min(least, value);
  }
  return least;
}

/** Measures a trap; each run in a process of its own, so that nothing is warm. */
export function runTrap(trap: Trap, { node, python, before }: TrapSetting): TrapResult {
  const on = (folder: string): number | Error =>
    leastOf(node, ["--expose-gc", script("trap-process.js"), trap.name, folder]);
  return {
    trap,
    before: before === null ? null : on(before),
    now: on(thisCheckout),
    torch:
      python === null || "atMost" in trap.wanted
        ? null
        : leastOf(python, [script("../../src/peers/torch-traps.py"), trap.name]),
  };
}

/** What a result may be at most; null if PyTorch is missing to say it. */
export function limitOf({ trap, torch }: TrapResult): number | null {
  if ("atMost" in trap.wanted) return trap.wanted.atMost;
  return typeof torch === "number" ? trap.wanted.timesTorch * torch : null;
}

/** Whether a result was measured, is right, and is within what is wanted. */
export function isWithin(result: TrapResult): boolean {
  const limit = limitOf(result);
  return typeof result.now === "number" && (limit === null || result.now <= limit);
}

const shown = (value: number | Error | null, unit: string): string =>
  value === null ? "" : value instanceof Error ? "failed" : `${Number(value.toPrecision(3))} ${unit}`;

/** A table of traps: before, now, and what is wanted. */
export function trapsText(results: readonly TrapResult[]): string {
  const rows = results.map((result) => {
    const { trap, before, now } = result;
    const limit = limitOf(result);
    const wanted = limit === null ? "no PyTorch" : `≤ ${shown(limit, trap.unit)}`;
    return [
      trap.name,
      shown(before, trap.unit),
      shown(now, trap.unit),
      wanted,
      isWithin(result) ? "" : "missed",
      trap.about,
    ];
  });
  const head = ["trap", "before", "now", "wanted", "", ""];
  const widths = head.map((_, k) => Math.max(...[head, ...rows].map((row) => row[k]?.length ?? 0)));
  const lines = [head, ...rows].map((row) =>
    row
      .map((cell, k) => (k === 1 || k === 2 ? cell.padStart(widths[k] ?? 0) : cell.padEnd(widths[k] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
  const errors = results.flatMap(({ trap, before, now, torch }) =>
    Object.entries({ before, now, torch }).flatMap(([where, value]) =>
      value instanceof Error ? [`${trap.name} (${where}): ${value.message}`] : [],
    ),
  );
  return [...lines, ...errors].join("\n");
}

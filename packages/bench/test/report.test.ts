import { describe, expect, test } from "vitest";
import { multiplyAddModule } from "../src/peers/multiply-add-module.js";
import { chart } from "../src/report/chart.js";
import { duration, table, times } from "../src/report/format.js";
import { reportText } from "../src/report/report-text.js";
import type { Ran, Results } from "../src/run/results.js";
import { median, minimum } from "../src/run/statistics.js";
import { agrees, findWork, works } from "../src/work.js";
import { sequenceWorks, weights } from "../src/work-data.js";

const ran = (id: Ran["id"], label: string, medianMs: number): Ran => ({
  id,
  label,
  ran: true,
  version: `${label} 1.0`,
  medianMs,
  minMs: medianMs / 2,
  rounds: [{ medianMs, minMs: medianMs / 2, samples: 3 }],
  check: 1,
  third: 1.5,
  agrees: id !== "tfjs",
  firstCallMs: 7,
  peakMb: 100,
});

const results: Results = {
  date: "2026-01-01T00:00:00.000Z",
  machine: "a <machine>",
  node: "20.0.0",
  libraryNode: "24.0.0",
  relaxedSimd: true,
  rounds: 1,
  secondsPerMeasurement: 0.1,
  works: [
    {
      work: "lstm-train",
      about: "",
      unit: "step",
      check: 2,
      third: 1.5,
      outcomes: [
        ran("compiled", "Scope compiled", 10),
        ran("torch", "PyTorch", 12),
        ran("tfjs", "tfjs-wasm", 2000),
        { id: "jaxjs", label: "jax-js", ran: false, reason: "no scan" },
      ],
      ratios: [
        { scope: "compiled", peer: "torch", perRound: [1.2], median: 1.2, ofMinima: 1.2, goal: 1.05 },
        { scope: "compiled", peer: "tfjs", perRound: [200], median: 200, ofMinima: 200 },
      ],
    },
  ],
};

describe("the report", () => {
  test("shows times, ratios with their goals, what is wrong and why something is missing", () => {
    const text = reportText(results);
    expect(text).toContain("10 ms (5 ms)");
    expect(text).toMatch(/lstm-train, compiled against torch +1\.2 +1\.2 +1\.2 – 1\.2 +1\.05 reached/);
    expect(text).toContain("2.00 s (1.00 s) ✗");
    expect(text).toContain("first and third value 1, 1.5, not 2, 1.5");
    expect(text).toContain("n/a  lstm-train, jax-js: no scan");
  });

  test("the chart has a bar for each time, and escapes its text", () => {
    const svg = chart(results);
    expect(svg.match(/<rect x="150" y="\d+" width="[\d.]+" height="12"/g)).toHaveLength(3 + 1);
    expect(svg).toContain("a &lt;machine&gt;");
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  test("durations and factors have three figures and two", () => {
    expect([0.0331, 18.44, 2310].map(duration)).toEqual(["33.1 µs", "18.4 ms", "2.31 s"]);
    expect([12.3, 3.44, 0.816].map(times)).toEqual(["12", "3.4", "0.82"]);
  });

  test("a table lines up", () => {
    expect(
      table([
        ["a", "bb"],
        ["long", "1"],
      ]),
    ).toBe("a     bb\n────  ──\nlong   1");
  });
});

describe("statistics", () => {
  test("median and minimum", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(minimum([3, 1, 2])).toBe(1);
    expect(() => median([])).toThrow(RangeError);
    expect(() => minimum([])).toThrow(RangeError);
  });
});

describe("the works", () => {
  test("first values have to agree to 1e-5", () => {
    const work = findWork("lstm-train");
    const { check, third } = work;
    expect(agrees(work, { check: check * (1 + 2.9e-6), third: third * (1 - 2.9e-6) })).toBe(true);
    expect(agrees(work, { check: check * (1 + 3.1e-6), third })).toBe(false);
    expect(agrees(work, { check: Number.NaN, third })).toBe(false);
    expect(agrees(work, { check, third: Number.NaN })).toBe(false);
    // A run that never updates its weights, or only once.
    expect(agrees(work, { check, third: check })).toBe(false);
    expect(agrees(work, { check, third: 4.174657316976321 })).toBe(false);
  });

  test("an unknown name is told the names there are", () => {
    expect(() => findWork("nope")).toThrow(/eager-small, lstm-stream/);
  });

  test("every recurrent training is a work", () => {
    expect(works.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(sequenceWorks)));
  });

  test("weights follow the formula, scaled by the last axis", () => {
    expect(weights([2, 4], 3)[5]).toBeCloseTo((0.1 * Math.sin(1.7 * 5 + 3) * 3) / 2, 7);
  });
});

describe("the multiply-add module", () => {
  test("is valid and counts down to a finite sum", () => {
    expect(WebAssembly.validate(multiplyAddModule(false))).toBe(true);
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(multiplyAddModule(false)));
    const run = exports.run as (iterations: number) => number;
    // 12 accumulators, 4 times 0.5 · 0.001 an iteration
    expect(run(10)).toBeCloseTo(12 * 4 * 10 * 0.5 * 0.001, 5);
  });
});

import type { ContestantId } from "../contestants.js";
import type { Outcome, Ran, Results, WorkResult } from "../run/results.js";
import { duration, table, times } from "./format.js";

const columns: readonly (readonly [ContestantId, string])[] = [
  ["compiled", "Scope compiled"],
  ["wasm2", "WASM 2"],
  ["native", "native 1"],
  ["native2", "native 2"],
  ["eager", "Scope eager"],
  ["torch", "PyTorch"],
  ["tfjs", "tfjs-wasm"],
  ["jaxjs", "jax-js"],
  ["peak", "WASM peak"],
  ["nativePeak", "C peak"],
];

const peakNames: { readonly [id: string]: string } = { peak: "the WASM peak", nativePeak: "the C peak" };

const find = (result: WorkResult, id: ContestantId): Outcome | undefined =>
  result.outcomes.find((outcome) => outcome.id === id);

const present = (results: Results): typeof columns =>
  columns.filter(([id]) => results.works.some((work) => find(work, id) !== undefined));

const cellOf = (outcome: Outcome | undefined, show: (ran: Ran) => string): string =>
  outcome === undefined ? "" : outcome.ran ? show(outcome) : "n/a";

function timesTable(results: Results): string {
  const shown = present(results);
  return table([
    ["median (minimum)", ...shown.map(([, label]) => label)],
    ...results.works.map((work) => [
      work.work,
      ...shown.map(([id]) =>
        cellOf(
          find(work, id),
          (ran) => `${duration(ran.medianMs)} (${duration(ran.minMs)})${ran.agrees ? "" : " ✗"}`,
        ),
      ),
    ]),
  ]);
}

function ratiosTable(results: Results): string {
  const rows = results.works.flatMap((work) =>
    work.ratios.map(({ scope, peer, perRound, median, ofMinima, goal }) => [
      `${work.work}, ${scope} against ${peakNames[peer] ?? peer}`,
      times(median),
      times(ofMinima),
      `${times(Math.min(...perRound))} – ${times(Math.max(...perRound))}`,
      goal === undefined ? "" : `${goal} ${median >= goal ? "reached" : "missed"}`,
    ]),
  );
  return rows.length === 0
    ? ""
    : table([["times as fast", `median of ${results.rounds}`, "of minima", "rounds", "goal"], ...rows]);
}

function gigaflopsTable(results: Results): string {
  const works = results.works.filter(({ work }) => work.startsWith("matmul-") || work === "gemm-peak");
  if (works.length === 0) return "";
  const shown = present(results);
  return table([
    ["GFLOP/s, median (best)", ...shown.map(([, label]) => label)],
    ...works.map((work) => [
      work.work,
      ...shown.map(([id]) =>
        cellOf(find(work, id), ({ medianMs, minMs }) => {
          const rate = (ms: number): string => (((work.gigaflops ?? 0) * 1000) / ms).toFixed(1);
          return `${rate(medianMs)} (${rate(minMs)})`;
        }),
      ),
    ]),
  ]);
}

function costsTable(results: Results): string {
  const shown = present(results).filter(([id]) => id !== "peak" && id !== "nativePeak");
  return table([
    ["first call, peak memory", ...shown.map(([, label]) => label)],
    ...results.works
      .filter(({ work }) => work !== "gemm-peak")
      .map((work) => [
        work.work,
        ...shown.map(([id]) =>
          cellOf(find(work, id), (ran) => `${duration(ran.firstCallMs)}, ${ran.peakMb.toFixed(0)} MB`),
        ),
      ]),
  ]);
}

function remarks(results: Results): string {
  const lines = results.works.flatMap((work) =>
    work.outcomes.flatMap((outcome) => {
      const where = `${work.work}, ${outcome.label}`;
      if (!outcome.ran) return [`n/a  ${where}: ${outcome.reason}`];
      const wrong = outcome.agrees
        ? []
        : [
            `✗    ${where}: first and third value ${outcome.check}, ${outcome.third}, not ${work.check}, ${work.third}`,
          ];
      return outcome.note === undefined ? wrong : [...wrong, `     ${where}: ${outcome.note}`];
    }),
  );
  return [...new Set(lines)].join("\n");
}

/** The whole report for a terminal. */
export function reportText(results: Results): string {
  const versions = new Set(
    results.works.flatMap(({ outcomes }) => outcomes.flatMap((o) => (o.ran ? [o.version] : []))),
  );
  const heading = [
    `${results.machine}; float32, one thread where no column says two; ${results.rounds} rounds of ${results.secondsPerMeasurement} s each`,
    `Scope and jax-js in Node ${results.libraryNode} (${results.relaxedSimd ? "with" : "without"} relaxed SIMD), tfjs in Node ${results.node}`,
    [...versions].join(", "),
  ].join("\n");
  const parts = [
    heading,
    timesTable(results),
    ratiosTable(results),
    gigaflopsTable(results),
    costsTable(results),
    remarks(results),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

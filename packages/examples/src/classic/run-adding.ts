import { logChart } from "../terminal/log-chart.js";
import { progressReporter } from "../terminal/progress.js";
import { table } from "../terminal/table.js";
import { cellNames } from "../weather/forecaster.js";
import type { Output } from "../weather/run-weather.js";
import { type AddingOptions, type AddingResult, guessingError, learnAdding } from "./adding-problem.js";

/** Steps of a chart that fit on a terminal. */
const chartSteps = 36;

/** The adding problem: which of RNN, LSTM and GRU can carry a number over a long time, and what their gradients do. */
export async function runAdding(
  options: Omit<AddingOptions, "signal" | "reporter">,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const { length, steps } = options;
  output.print(
    `The adding problem over ${length} steps: two numbers are marked, what is their sum? Always answering 1 is off by ${guessingError.toFixed(4)}.`,
  );
  const results: AddingResult[] = [];
  for (const cell of cellNames) {
    if (signal.aborted) break;
    const reporter = progressReporter(output.progress, {
      label: cell.toUpperCase().padEnd(4),
      position: (record) => `step ${record.steps}/${steps}`,
      describe: ({ loss, validationLoss }) =>
        `squared error ${loss.toFixed(4)}, unseen ${validationLoss?.toFixed(4) ?? "–"}`,
      linesEvery: 5,
    });
    results.push(await learnAdding(cell, { ...options, signal, reporter }));
  }
  output.print(`\n${addingSummary(results)}`);
}

/** The results as text for a terminal. */
export function addingSummary(results: readonly AddingResult[]): string {
  const rows = results.map(({ cell, error, before, after }) => [
    cell.toUpperCase(),
    error.toFixed(4),
    error < guessingError / 10 ? "yes" : "no",
    reach(before.h),
    reach(after.h),
  ]);
  const header = ["", "squared error", "solved", "gradient first/last before", "after"];
  const length = results[0]?.before.h.length ?? 0;
  const shown = shownSteps(length);
  const curves = results.flatMap(({ cell, before: { h, c } }) => {
    const pick = (norms: readonly number[]): number[] => shown.map((t) => norms[t]);
    const hidden = { mark: cell[0].toUpperCase(), values: pick(h) };
    return c === undefined ? [hidden] : [hidden, { mark: "c", values: pick(c) }];
  });
  return [
    table(header, rows),
    "",
    "‖∂L/∂hₜ‖ before training, over the sequence (R = RNN, L = LSTM, c = its memory, G = GRU, * = more than one):",
    "",
    logChart(curves, 14, shown),
  ].join("\n");
}

/** How much of the gradient is left at the first step. */
const reach = (norms: readonly number[]): string => (norms[0] / norms[norms.length - 1]).toExponential(1);

/** The steps that a chart has room for. */
function shownSteps(length: number): number[] {
  const count = Math.min(chartSteps, length);
  return Array.from({ length: count }, (_, k) => Math.round((k * (length - 1)) / Math.max(count - 1, 1)));
}

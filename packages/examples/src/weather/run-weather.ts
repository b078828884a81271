import { accessSync, constants } from "node:fs";
import { dirname, resolve } from "node:path";
import { writeWhole } from "../report/page.js";
import { logChart } from "../terminal/log-chart.js";
import { type ProgressStream, progressReporter } from "../terminal/progress.js";
import { table } from "../terminal/table.js";
import { UsageError } from "../usage-error.js";
import { baselines } from "./baselines.js";
import { type CellName, cellNames } from "./forecaster.js";
import { factorPerStep, gradientCurves, gradientStory } from "./gradients.js";
import { errorRows, networkResult, score, verdict, type WeatherResults } from "./results.js";
import { examplesOf, forecast, type Trained, train } from "./training.js";
import { type Day, parseWeather, readWeather, splitByYear } from "./weather-data.js";
import { weatherReport } from "./weather-report.js";

/** What the main job is asked for. */
export interface WeatherOptions {
  readonly seed: number;
  /** Networks of each kind, with seeds one after the other. */
  readonly runs: number;
  readonly epochs: number;
  readonly hidden: number;
  /** Where the report goes. */
  readonly report: string;
}

/** Days that a network reads before its forecast. */
export const historyDays = 30;

/** Where the job writes: results, and progress beside them. */
export interface Output {
  readonly print: (text: string) => void;
  readonly progress: NodeJS.WriteStream | ProgressStream;
}

/** The main job: train, compare on the held-out year, look at the gradient, report. */
export async function runWeather(
  options: WeatherOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  checkWritable(options.report);
  const days = parseWeather(readWeather());
  output.print(
    `Daily weather of Seattle, ${days[0].date} to ${days[days.length - 1].date}: ${days.length} days.`,
  );
  const results = await weatherResults(days, options, output.progress, signal);
  output.print(`\n${summary(results)}`);
  const path = writeWhole(options.report, weatherReport(results));
  output.print(`\nReport: ${path}`);
}

/** Found out before the training, not after it. */
function checkWritable(report: string): void {
  try {
    accessSync(dirname(resolve(report)), constants.W_OK);
  } catch {
    throw new UsageError(
      `cannot write ${report}: ${dirname(resolve(report))} is not a folder that can be written to`,
    );
  }
}

/** Everything but the printing. */
export async function weatherResults(
  days: readonly Day[],
  { seed, runs, epochs, hidden }: Omit<WeatherOptions, "report">,
  progress: NodeJS.WriteStream | ProgressStream,
  signal: AbortSignal,
): Promise<WeatherResults> {
  const split = splitByYear(days, historyDays);
  const sets = examplesOf(days, split, historyDays);
  const truth = split.test.map((i) => days[i].highest);
  const networks = [];
  const stories = [];
  for (const cell of cellNames) {
    const trained: Trained[] = [];
    for (let run = 0; run < runs && !signal.aborted; run++) {
      const reporter = progressReporter(progress, {
        label: `${cell.toUpperCase().padEnd(4)} ${run + 1}/${runs}`,
        describe: ({ loss, metrics }) =>
          `loss ${loss.toFixed(4)}, validation error ${metrics.error?.toFixed(2) ?? "–"} °C`,
        linesEvery: 10,
      });
      const made = await train(cell, sets, {
        hiddenSize: hidden,
        epochs,
        seed: seed + run,
        signal,
        reporter,
      });
      if (made.history.epochs.length > 0) trained.push(made);
    }
    if (trained.length === 0) continue;
    const forecasts = trained.map(({ model }) => forecast(model, sets.test));
    const network = networkResult(cell, trained, forecasts, truth);
    networks.push(network);
    stories.push(gradientStory(cell, trained[network.chosen].model, sets.test));
  }
  return {
    dates: split.test.map((i) => days[i].date),
    truth,
    baselines: baselines(days, split, historyDays).map((each) => score(each, truth)),
    networks,
    stories,
    history: historyDays,
    interrupted: signal.aborted,
  };
}

const showNorm = (norm: number): string => (norm === 0 ? "0" : norm.toExponential(1));

/** The results as text for a terminal. */
export function summary(results: WeatherResults): string {
  const { stories, dates } = results;
  const errors = table(
    ["forecast", "mean abs. error °C", "root mean square °C", "seeds"],
    errorRows(results).map(({ name, errors: { mean, rootMeanSquare }, span }) => [
      name,
      mean.toFixed(2),
      rootMeanSquare.toFixed(2),
      span === null ? "" : `${span[0].toFixed(2)} to ${span[1].toFixed(2)}`,
    ]),
  );
  const title = `Errors on the held-out year, ${dates[0]} to ${dates[dates.length - 1]}:`;
  if (stories.length === 0) return [title, "", errors, "", verdict(results)].join("\n");
  const curves = gradientCurves(stories);
  const radii = (of: CellName): string => {
    const matrices = stories.find(({ cell }) => cell === of)?.matrices ?? [];
    return matrices
      .map(
        ({ gate, spectralRadius }) =>
          `${matrices.length === 1 ? "" : `${gate} `}${spectralRadius.toFixed(2)}`,
      )
      .join(", ");
  };
  const gradient = table(
    ["", "norm on the first day", "on the last day", "factor per day back", "spectral radius of W_hh"],
    curves.map(({ name, cell, memory, norms }) => [
      name,
      showNorm(norms[0]),
      showNorm(norms[norms.length - 1]),
      factorPerStep(norms).toFixed(2),
      memory ? "" : radii(cell),
    ]),
  );
  const marks = curves.map(({ mark, name }) => `${mark} = ${name}`).join(", ");
  return [
    title,
    "",
    errors,
    "",
    verdict(results),
    "",
    `The gradient that reaches each day, ‖∂L/∂hₜ‖ (${marks}, * = more than one):`,
    "",
    logChart(curves.map(({ mark, norms }) => ({ mark, values: norms }))),
    "",
    gradient,
  ].join("\n");
}

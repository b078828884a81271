import type { Errors, Forecast } from "./baselines.js";
import { errorsOf } from "./baselines.js";
import type { CellName } from "./forecaster.js";
import type { GradientStory } from "./gradients.js";
import type { Trained } from "./training.js";

/** A forecast with how far it is off on the held-out year. */
export interface Scored extends Forecast {
  readonly errors: Errors;
}

/** The networks of one kind, one for each seed. */
export interface NetworkResult {
  readonly cell: CellName;
  readonly runs: readonly {
    readonly trained: Trained;
    readonly predictions: readonly number[];
    readonly errors: Errors;
  }[];
  /** Which of the runs was best on the validation year: the one to look at. The held-out year chooses nothing. */
  readonly chosen: number;
  readonly parameterCount: number;
}

/** Everything that the main job found out. */
export interface WeatherResults {
  /** Dates of the held-out days. */
  readonly dates: readonly string[];
  /** Their highest temperatures, °C. */
  readonly truth: readonly number[];
  readonly baselines: readonly Scored[];
  readonly networks: readonly NetworkResult[];
  readonly stories: readonly GradientStory[];
  readonly history: number;
  readonly interrupted: boolean;
}

/** One line of the table of errors. */
export interface ErrorRow {
  readonly name: string;
  readonly note: string;
  readonly errors: Errors;
  /** The span of mean errors over seeds; null for what is not drawn. */
  readonly span: readonly [least: number, greatest: number] | null;
}

export const score = (forecast: Forecast, truth: readonly number[]): Scored => ({
  ...forecast,
  errors: errorsOf(forecast.predictions, truth),
});

/** The error on the validation year of the weights that a training ended with. */
export function validationError({ history }: Trained): number {
  const kept =
    history.epochs.find(({ epoch }) => epoch === history.restoredEpoch) ??
    history.epochs[history.epochs.length - 1];
  return kept?.metrics.error ?? Number.POSITIVE_INFINITY;
}

export function networkResult(
  cell: CellName,
  trained: readonly Trained[],
  forecasts: readonly (readonly number[])[],
  truth: readonly number[],
): NetworkResult {
  const runs = trained.map((each, i) => ({
    trained: each,
    predictions: forecasts[i],
    errors: errorsOf(forecasts[i], truth),
  }));
  const validation = trained.map(validationError);
  return {
    cell,
    runs,
    chosen: validation.indexOf(Math.min(...validation)),
    parameterCount: trained[0].model.parameters().reduce((sum, { value }) => sum + value.size, 0),
  };
}

const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** The table of errors: baselines first, then networks with the mean over their seeds. */
export function errorRows({ baselines, networks }: WeatherResults): ErrorRow[] {
  return [
    ...baselines.map(({ name, note, errors }) => ({ name, note, errors, span: null })),
    ...networks.map(({ cell, runs, parameterCount }): ErrorRow => {
      const each = runs.map(({ errors }) => errors);
      const means = each.map(({ mean }) => mean);
      return {
        name: cell.toUpperCase(),
        note: `${parameterCount} parameters, ${runs.length === 1 ? "one seed" : `mean of ${runs.length} seeds`}`,
        errors: {
          mean: meanOf(means),
          rootMeanSquare: meanOf(each.map(({ rootMeanSquare }) => rootMeanSquare)),
          bias: meanOf(each.map(({ bias }) => bias)),
        },
        span: [Math.min(...means), Math.max(...means)],
      };
    }),
  ];
}

/** What the table says, in words that follow from its numbers. */
export function verdict(results: WeatherResults): string {
  const rows = errorRows(results);
  const networks = rows.filter(({ span }) => span !== null);
  const persistence = rows.find(({ name }) => name === "persistence");
  const linear = rows.find(({ name }) => name === "linear autoregression");
  if (networks.length === 0 || persistence === undefined || linear === undefined)
    return "No network was trained.";
  const best = networks.reduce((a, b) => (b.errors.mean < a.errors.mean ? b : a));
  const beaten = networks.filter(({ errors }) => errors.mean < persistence.errors.mean).length;
  const gain = linear.errors.mean - best.errors.mean;
  const [subject, verb] =
    networks.length === 1 ? [`The ${best.name}`, "beats"] : [`All ${networks.length} networks`, "beat"];
  const first =
    beaten === networks.length
      ? `${subject} ${verb} persistence`
      : `${beaten} of ${networks.length} networks beat persistence`;
  const name = networks.length === 1 ? "it" : `the best of them, ${best.name},`;
  const against =
    gain > 0
      ? `${name} is ${gain.toFixed(2)} °C better than the linear model`
      : `the linear model, which has ${results.history + 1} numbers in it, is ${(-gain).toFixed(2)} °C better than ${name.replace(/,$/, "")}`;
  return `${first}; ${against}.`;
}

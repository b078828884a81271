import { leastSquares } from "./least-squares.js";
import type { Day, Split } from "./weather-data.js";

/** A forecast of the highest temperature, in °C, for every held-out day. */
export interface Forecast {
  readonly name: string;
  readonly note: string;
  readonly predictions: readonly number[];
}

/** How far a forecast is off, in °C. */
export interface Errors {
  /** Mean absolute error. */
  readonly mean: number;
  /** Root of the mean squared error. */
  readonly rootMeanSquare: number;
  /** Mean signed error: positive if it forecasts too warm. */
  readonly bias: number;
}

export function errorsOf(predictions: readonly number[], truth: readonly number[]): Errors {
  const off = predictions.map((each, i) => each - truth[i]);
  const mean = (f: (error: number) => number): number =>
    off.reduce((sum, each) => sum + f(each), 0) / off.length;
  return { mean: mean(Math.abs), rootMeanSquare: Math.sqrt(mean((e) => e * e)), bias: mean((e) => e) };
}

/** What a network has to beat. Each may use every day before the held-out year, as the networks do (their validation year decides when they stop). */
export function baselines(days: readonly Day[], split: Split, history: number): Forecast[] {
  const { test } = split;
  const known = [...split.training, ...split.validation];
  return [
    { name: "persistence", note: "tomorrow is as today", predictions: test.map((i) => days[i - 1].highest) },
    {
      name: "day-of-year mean",
      note: "the mean of that calendar day in the years before",
      predictions: dayOfYearMeans(days, test),
    },
    {
      name: "linear autoregression",
      note: `least squares on the highest temperatures of ${history} days`,
      predictions: autoregression(days, known, test, history),
    },
  ];
}

function dayOfYearMeans(days: readonly Day[], test: readonly number[]): number[] {
  const seen = new Map<string, number[]>();
  for (const { date, highest } of days.slice(0, test[0])) {
    const calendarDay = date.slice(5);
    seen.set(calendarDay, [...(seen.get(calendarDay) ?? []), highest]);
  }
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const overall = mean(days.slice(0, test[0]).map(({ highest }) => highest));
  // A 29 February may never have been seen.
  return test.map((i) => mean(seen.get(days[i].date.slice(5)) ?? [overall]));
}

function autoregression(
  days: readonly Day[],
  known: readonly number[],
  test: readonly number[],
  history: number,
): number[] {
  const row = (i: number): number[] => [...days.slice(i - history, i).map(({ highest }) => highest), 1];
  const weights = leastSquares(
    known.map(row),
    known.map((i) => days[i].highest),
  );
  return test.map((i) => row(i).reduce((sum, value, k) => sum + value * weights[k], 0));
}

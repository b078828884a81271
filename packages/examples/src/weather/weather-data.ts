import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type Tensor, tensor } from "@scope/autodiff";

/** One day of weather in Seattle. */
export interface Day {
  /** `YYYY-MM-DD` */
  readonly date: string;
  readonly precipitationMm: number;
  /** Daily maximum in °C: what is forecast. */
  readonly highest: number;
  /** Daily minimum in °C. */
  readonly lowest: number;
  readonly wind: number;
}

const columns = ["date", "precipitation", "temp_max", "temp_min", "wind", "weather"];

/** The text of the data set, from the npm package vega-datasets (a U.S. government data set: NOAA, daily records). */
export function readWeather(): string {
  const entry = createRequire(import.meta.url).resolve("vega-datasets");
  return readFileSync(join(entry, "../../data/seattle-weather.csv"), "utf8");
}

/** Reads the table; throws unless every line is a day and the days follow each other without a gap. */
export function parseWeather(text: string): Day[] {
  const [header, ...lines] = text.trim().split(/\r?\n/);
  if (header !== columns.join(","))
    throw new Error(`the weather data has the columns ${header}, expected ${columns.join(",")}`);
  const days = lines.map((line, i) => {
    const [date, ...numbers] = line.split(",");
    const [precipitationMm, highest, lowest, wind] = numbers
      .slice(0, 4)
      .map((each) => (each === "" ? Number.NaN : Number(each)));
    const good =
      /^\d{4}-\d\d-\d\d$/.test(date) && [precipitationMm, highest, lowest, wind].every(Number.isFinite);
    if (!good) throw new Error(`line ${i + 2} of the weather data is not a day: ${line}`);
    return { date, precipitationMm, highest, lowest, wind };
  });
  const dayMs = 24 * 60 * 60 * 1000;
  days.forEach(({ date }, i) => {
    if (i === 0 || Date.parse(date) - Date.parse(days[i - 1].date) === dayMs) return;
    throw new Error(`the weather data has a gap before ${date}`);
  });
  return days;
}

/** What a network sees of a day: highest, lowest, rain, wind, and where in the year it is. */
export const featureCount = 6;

/** Days as numbers, `[days, 6]`; the first feature is the highest temperature in °C. */
export function features(days: readonly Day[]): Tensor {
  return tensor(
    days.map((day) => {
      const angle = 2 * Math.PI * yearFraction(day.date);
      // Rain is mostly zero with a long tail.
      return [
        day.highest,
        day.lowest,
        Math.log1p(day.precipitationMm),
        day.wind,
        Math.sin(angle),
        Math.cos(angle),
      ];
    }),
  );
}

function yearFraction(date: string): number {
  const year = Number(date.slice(0, 4));
  const start = Date.UTC(year, 0, 1);
  return (Date.parse(date) - start) / (Date.UTC(year + 1, 0, 1) - start);
}

/** Indices of the days to forecast, in time order: the last year is held out, the one before it validates. */
export interface Split {
  readonly training: readonly number[];
  readonly validation: readonly number[];
  readonly test: readonly number[];
}

/** Splits by the year of the day that is forecast; the first `history` days have no full history. */
export function splitByYear(days: readonly Day[], history: number): Split {
  const years = [...new Set(days.map(({ date }) => date.slice(0, 4)))].sort();
  const [validationYear, testYear] = years.slice(-2);
  const all = days.map((_, i) => i).slice(history);
  const inYear = (year: string) => all.filter((i) => days[i].date.startsWith(year));
  return {
    training: all.filter((i) => days[i].date < validationYear),
    validation: inYear(validationYear),
    test: inYear(testYear),
  };
}

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeWhole } from "../../src/report/page.js";
import { errorRows, verdict, type WeatherResults } from "../../src/weather/results.js";
import { summary, weatherResults } from "../../src/weather/run-weather.js";
import { parseWeather, readWeather } from "../../src/weather/weather-data.js";
import { weatherReport } from "../../src/weather/weather-report.js";
import { checkMarkup } from "./markup.js";

const folder = mkdtempSync(join(tmpdir(), "scope-report-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("the report of a short job", () => {
  let results: WeatherResults;
  let html = "";
  const lines: string[] = [];
  beforeAll(async () => {
    const stream = { write: (text: string) => void lines.push(text) };
    const options = { seed: 0, runs: 1, epochs: 2, hidden: 4 };
    results = await weatherResults(
      parseWeather(readWeather()),
      options,
      stream,
      new AbortController().signal,
    );
    html = weatherReport(results);
  });

  test("progress is written as plain lines where there is no terminal", () => {
    expect(lines.filter((line) => /^(RNN |LSTM|GRU ) 1\/1 {2}epoch 2\/2 {2}loss \d/.test(line))).toHaveLength(
      3,
    );
    expect(lines.join("")).not.toContain("\u001b");
  });

  test("it is well-formed and needs nothing but itself", () => {
    const { tags, ids } = checkMarkup(html);
    expect(tags.filter((tag) => tag === "svg")).toHaveLength(7);
    expect(tags).not.toContain("script");
    expect(tags).not.toContain("link");
    expect(tags).not.toContain("img");
    expect(ids).toEqual([]);
    expect(html).not.toMatch(/https?:|NaN|undefined|Infinity/);
    expect(html).toContain("prefers-color-scheme: dark");
  });

  test("it is complete: every forecast with its error, every section", () => {
    for (const { name, errors } of errorRows(results)) {
      expect(html).toContain(name);
      expect(html).toContain(`>${errors.mean.toFixed(2)}<`);
    }
    const titles = Array.from(html.matchAll(/<h2>(.*?)<\/h2>/g), ([, title]) => title);
    expect(titles).toEqual([
      "Errors on the held-out year, in °C",
      "The forecast",
      "Learning",
      "The vanishing gradient",
      "The spectrum of W_hh",
    ]);
    expect(html).toContain("vega-datasets");
    expect(html.match(/class="point rnn"/g)?.length).toBeGreaterThan(4);
  });

  test("the terminal says the same", () => {
    const text = summary(results);
    expect(text).toContain("persistence                          2.24");
    expect(text).toContain("‖∂L/∂hₜ‖ (R = RNN, L = LSTM, c = LSTM memory c, G = GRU");
    expect(text).toContain("spectral radius of W_hh");
    for (const line of text.split("\n")) expect(line).toBe(line.trimEnd());
  });

  test("the same seed gives the same report", async () => {
    const again = await weatherResults(
      parseWeather(readWeather()),
      { seed: 0, runs: 1, epochs: 2, hidden: 4 },
      { write: () => undefined },
      new AbortController().signal,
    );
    expect(weatherReport(again)).toBe(html);
  });

  test("a job that was interrupted before its first step still compares the baselines", async () => {
    const controller = new AbortController();
    controller.abort();
    const none = await weatherResults(
      parseWeather(readWeather()),
      { seed: 0, runs: 1, epochs: 2, hidden: 4 },
      { write: () => undefined },
      controller.signal,
    );
    expect(none.networks).toEqual([]);
    expect(verdict(none)).toBe("No network was trained.");
    expect(summary(none)).toContain("2.24");
    checkMarkup(weatherReport(none));
  });
});

test("a verdict follows from the numbers, whichever way they fall", () => {
  const errors = (mean: number) => ({ mean, rootMeanSquare: mean, bias: 0 });
  const baseline = (name: string, mean: number) => ({
    name,
    note: "",
    predictions: [],
    errors: errors(mean),
  });
  const network = (cell: "rnn" | "gru", mean: number) =>
    ({
      cell,
      runs: [{ predictions: [], errors: errors(mean) }],
      chosen: 0,
      parameterCount: 1,
    }) as unknown as WeatherResults["networks"][number];
  const results = (networks: WeatherResults["networks"]): WeatherResults => ({
    dates: [],
    truth: [],
    baselines: [baseline("persistence", 2.2), baseline("linear autoregression", 2.1)],
    networks,
    stories: [],
    history: 30,
    interrupted: false,
  });
  expect(verdict(results([network("rnn", 2.3), network("gru", 2.15)]))).toBe(
    "1 of 2 networks beat persistence; the linear model, which has 31 numbers in it, is 0.05 °C better than the best of them, GRU.",
  );
  expect(verdict(results([network("rnn", 2), network("gru", 2.05)]))).toBe(
    "All 2 networks beat persistence; the best of them, RNN, is 0.10 °C better than the linear model.",
  );
  expect(verdict(results([network("rnn", 2.15)]))).toBe(
    "The RNN beats persistence; the linear model, which has 31 numbers in it, is 0.05 °C better than it.",
  );
});

test("a report is written whole, over an older one, and leaves nothing beside it", () => {
  const path = join(folder, "report.html");
  expect(writeWhole(path, "old")).toBe(path);
  writeWhole(path, "new");
  expect(readFileSync(path, "utf8")).toBe("new");
  expect(readdirSync(folder)).toEqual(["report.html"]);
  expect(() => writeWhole(join(folder, "none", "report.html"), "x")).toThrow();
  expect(existsSync(join(folder, "none"))).toBe(false);
});

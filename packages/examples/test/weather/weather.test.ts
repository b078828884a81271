import { slice, tensor } from "@scope/autodiff";
import { meanAbsoluteError } from "@scope/nn";
import { describe, expect, test } from "vitest";
import { baselines, errorsOf } from "../../src/weather/baselines.js";
import { cellNames } from "../../src/weather/forecaster.js";
import { gradientStory } from "../../src/weather/gradients.js";
import { leastSquares } from "../../src/weather/least-squares.js";
import { type Examples, examplesOf, forecast, train } from "../../src/weather/training.js";
import { features, parseWeather, readWeather, splitByYear } from "../../src/weather/weather-data.js";

const days = parseWeather(readWeather());
const split = splitByYear(days, 30);
const truth = split.test.map((i) => days[i].highest);

/** So few that a network can learn them by heart, or soon goes through them. */
const firstExamples = ({ days, highest }: Examples, count: number): Examples => ({
  days: slice(days, [[0, count]]),
  highest: slice(highest, [[0, count]]),
});

describe("the data", () => {
  test("four whole years, day by day", () => {
    expect(days).toHaveLength(1461);
    expect(days[0]).toEqual({ date: "2012-01-01", precipitationMm: 0, highest: 12.8, lowest: 5, wind: 4.7 });
    expect(days[1460].date).toBe("2015-12-31");
    expect(features(days).shape).toEqual([1461, 6]);
  });

  test("the year ends where it began", () => {
    const angles = features(days.filter(({ date }) => /-(01-01|12-31|07-02)$/.test(date)))
      .slice([null, [4, 6]])
      .toArray();
    expect(angles).toHaveLength(12);
    for (const pair of [angles].flat() as number[][]) expect(Math.hypot(...pair)).toBeCloseTo(1, 6);
  });

  test("what is no table of days is refused", () => {
    const [header, ...lines] = readWeather().trim().split("\n");
    expect(() => parseWeather("a,b\n1,2")).toThrow("has the columns a,b");
    expect(() => parseWeather([header, lines[0].replace("12.8", "")].join("\n"))).toThrow(
      "line 2 of the weather data is not a day",
    );
    expect(() => parseWeather([header, lines[0], lines[2]].join("\n"))).toThrow("gap before 2012-01-03");
  });

  test("splits are in time order: the last year is held out", () => {
    const dates = (indices: readonly number[]): string[] =>
      [indices[0], indices[indices.length - 1]].map((i) => days[i].date);
    expect(dates(split.training)).toEqual(["2012-01-31", "2013-12-31"]);
    expect(dates(split.validation)).toEqual(["2014-01-01", "2014-12-31"]);
    expect(dates(split.test)).toEqual(["2015-01-01", "2015-12-31"]);
    expect(split.test).toHaveLength(365);
  });

  test("an example is the days before, and its answer the day itself", () => {
    const sets = examplesOf(days, split, 30);
    const parts: [Examples, readonly number[]][] = [
      [sets.training, split.training],
      [sets.validation, split.validation],
      [sets.test, split.test],
    ];
    for (const [examples, indices] of parts) {
      expect(examples.days.shape).toEqual([indices.length, 30, 6]);
      for (const k of [0, indices.length - 1]) {
        expect(examples.highest.at(k).item()).toBeCloseTo(days[indices[k]].highest, 5);
        expect(examples.days.at(k).at(29).at(0).item()).toBeCloseTo(days[indices[k] - 1].highest, 5);
        expect(examples.days.at(k).at(0).at(1).item()).toBeCloseTo(days[indices[k] - 30].lowest, 5);
      }
    }
  });
});

describe("what has to be beaten", () => {
  const named = Object.fromEntries(
    baselines(days, split, 30).map((each) => [each.name, errorsOf(each.predictions, truth)]),
  );

  test("persistence is off by 2.2397 °C on the held-out year", () => {
    expect(named.persistence.mean).toBeCloseTo(2.2397, 4);
  });

  test("the day-of-year mean and the linear autoregression, as NumPy finds them", () => {
    expect(named["day-of-year mean"].mean).toBeCloseTo(3.498173515981735, 10);
    expect(named["linear autoregression"].mean).toBeCloseTo(2.1359027024219426, 8);
    expect(named["linear autoregression"].rootMeanSquare).toBeCloseTo(2.7087576043632877, 8);
  });

  test("errors know their sign", () => {
    expect(errorsOf([1, 2], [0, 4])).toEqual({ mean: 1.5, rootMeanSquare: Math.sqrt(2.5), bias: -0.5 });
  });

  test("least squares solves exactly what can be solved, and refuses what cannot", () => {
    const weights = leastSquares(
      [
        [1, 0],
        [1, 1],
        [1, 2],
        [1, 3],
      ],
      [1, 3, 5, 7],
    );
    expect(weights[0]).toBeCloseTo(1, 13);
    expect(weights[1]).toBeCloseTo(2, 13);
    expect(leastSquares([[1], [1]], [0, 1])[0]).toBeCloseTo(0.5, 14);
    expect(() => leastSquares([[1, 2]], [1])).toThrow("at least 2 rows");
    expect(() =>
      leastSquares(
        [
          [0, 1],
          [0, 2],
        ],
        [1, 2],
      ),
    ).toThrow("column 0");
  });
});

describe("networks", () => {
  const sets = examplesOf(days, split, 30);

  for (const cell of cellNames) {
    test(`a small ${cell} learns on a slice: its loss goes down, and its normalisation is saved with it`, async () => {
      const few = {
        training: firstExamples(sets.training, 128),
        validation: firstExamples(sets.validation, 32),
        test: firstExamples(sets.test, 16),
      };
      const { model, history } = await train(cell, few, {
        hiddenSize: 6,
        epochs: 12,
        seed: 1,
        patience: 100,
      });
      expect(history.epochs[11].loss).toBeLessThan(history.epochs[0].loss * 0.97);
      const best = Math.min(...history.epochs.map(({ metrics }) => metrics.error));
      const now = meanAbsoluteError(model.forward(few.validation.days), few.validation.highest).item();
      expect(now).toBeCloseTo(best, 4);
      const names = Object.keys(model.stateDict());
      expect(names).toContain("inputs.mean");
      expect(names).toContain("recurrent.weight_hh_l0");
      const predictions = forecast(model, few.test);
      expect(predictions).toHaveLength(16);
      const { norms, memoryNorms, matrices } = gradientStory(cell, model, few.test);
      expect(norms).toHaveLength(30);
      expect(norms.every((norm) => norm > 0)).toBe(true);
      expect(memoryNorms === null).toBe(cell !== "lstm");
      expect(matrices.every(({ eigenvalues }) => eigenvalues.length === 6)).toBe(true);
    });
  }

  test("an untrained network whose head says nothing is persistence", async () => {
    const few = {
      training: firstExamples(sets.training, 8),
      validation: firstExamples(sets.validation, 8),
      test: firstExamples(sets.test, 8),
    };
    const { model } = await train("gru", few, { hiddenSize: 2, epochs: 1, seed: 0 });
    model.head.weight.value = model.head.weight.value.mul(0);
    if (model.head.bias !== null) model.head.bias.value = tensor([0]);
    forecast(model, few.test).forEach((prediction, i) => {
      expect(prediction).toBeCloseTo(days[split.test[i] - 1].highest, 5);
    });
  });
});

import { expect, test } from "vitest";
import { linearScale, logScale } from "../src/report/scale.js";
import { logChart } from "../src/terminal/log-chart.js";
import { progressReporter } from "../src/terminal/progress.js";
import { table } from "../src/terminal/table.js";
import { checkMarkup } from "./weather/markup.js";

test("numbers stand on the right, words on the left", () => {
  expect(
    table(
      ["name", "°C"],
      [
        ["a", "1.5"],
        ["long name", "−12.25"],
      ],
    ),
  ).toBe(["name           °C", "─────────  ──────", "a             1.5", "long name  −12.25"].join("\n"));
});

test("a chart puts powers of ten where they belong, and stars where curves meet", () => {
  expect(
    logChart(
      [
        { mark: "a", values: [1, 10, 100] },
        { mark: "b", values: [100, 10, 1] },
      ],
      2,
    ),
  ).toBe(["   1e2 │b   a", "   1e1 │  *", "   1e0 │a   b", "       └──────", "        1"].join("\n"));
  const tall = logChart([{ mark: "a", values: [1, 1e-40] }], 10).split("\n");
  expect(tall[0]).toBe("   1e0 │a");
  expect(tall[10]).toBe(" 1e-40 │  a");
  expect(tall).toHaveLength(13);
  expect(
    logChart([{ mark: "a", values: [1, 2] }], 2, [0, 49])
      .split("\n")
      .at(-1),
  ).toBe("        1");
  expect(logChart([{ mark: "a", values: [0, 0] }])).toBe("(nothing to show: every value is 0)");
});

test("axes have round ticks inside their range", () => {
  expect(linearScale(-3, 17, 0, 100).ticks.map(({ text }) => text)).toEqual(["0", "5", "10", "15"]);
  expect(linearScale(0.31, 0.46, 0, 100).ticks.map(({ text }) => text)).toEqual(["0.35", "0.40", "0.45"]);
  expect(linearScale(5, 5, 0, 100).ticks.length).toBeGreaterThan(0);
  const log = logScale(3e-5, 0.04, 0, 100);
  expect(log.ticks.map(({ text }) => text)).toEqual(["10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²", "10⁻¹"]);
  expect(log.place(1e-3)).toBe(50);
  expect(log.place(0)).toBeNaN();
});

test("plain lines: every so many epochs, the last one, and how it ended", () => {
  const lines: string[] = [];
  const reporter = progressReporter(
    { write: (text) => void lines.push(text) },
    {
      label: "net",
      describe: ({ loss }) => `loss ${loss}`,
      linesEvery: 2,
    },
  );
  const record = { steps: 1, validationLoss: null, metrics: {}, best: true, learningRate: 1, seconds: 0 };
  const epochs = [1, 2, 3].map((epoch) => ({ ...record, epoch, loss: epoch }));
  reporter.started?.({ epochs: 9, stepsPerEpoch: 1 });
  for (const epoch of epochs) reporter.epochEnded?.(epoch);
  reporter.ended?.({
    epochs,
    losses: [],
    gradientNorms: [],
    stopped: "not-finite",
    notFiniteStep: 4,
    notFiniteReason: "the loss is NaN",
    restoredEpoch: 2,
  });
  expect(lines).toEqual([
    "net  epoch 2/9  loss 2\n",
    "net  epoch 3/9  loss 3\n",
    "net  stopped: step 4 was not finite and was not taken, weights of epoch 2 kept\n",
  ]);
});

test("markup that is not well-formed is noticed", () => {
  expect(() => checkMarkup("<p><b></p></b>")).toThrow("</p> closes <b>");
  expect(() => checkMarkup("<p>a & b</p>")).toThrow("bare");
  expect(() => checkMarkup("<p>1 < 2</p>")).toThrow("bare");
  expect(() => checkMarkup("<p>")).toThrow("never closed");
});

// Draws docs/figures/gradient-over-time.svg: how much of a loss reaches back to each day, measured on the daily weather of Seattle.
// Run after a build: node scripts/draw-gradient-over-time.mjs
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { tensor } from "@scope/autodiff";
import {
  Adam,
  batches,
  fit,
  GRU,
  gradientFlow,
  Linear,
  LSTM,
  Module,
  meanSquaredError,
  orthogonal,
  RNN,
  windows,
} from "@scope/nn";

const root = join(import.meta.dirname, "..");
const days = 60;
const hidden = 32;

// vega-datasets belongs to the examples; the data is NOAA's daily records.
const entry = createRequire(join(root, "packages/examples/package.json")).resolve("vega-datasets");
const [, ...lines] = readFileSync(join(entry, "../../data/seattle-weather.csv"), "utf8")
  .trim()
  .split(/\r?\n/);
const highest = lines.map((line) => Number(line.split(",")[2]));
const mean = highest.reduce((a, b) => a + b) / highest.length;
const deviation = Math.sqrt(highest.reduce((a, b) => a + (b - mean) ** 2, 0) / highest.length);
const series = tensor(highest.map((x) => [(x - mean) / deviation]));
const { inputs, targets } = windows(series, { length: days });
const trained = inputs.slice([[0, 1000]]);
const answers = targets.slice([[0, 1000]]);
const looked = inputs.slice([[1000, 1128]]);
const expected = targets.slice([[1000, 1128]]);

const persistence =
  expected
    .sub(looked.at(-1, { axis: 1 }))
    .abs()
    .mean()
    .item() * deviation;
console.log(`persistence: mean absolute error ${persistence.toFixed(2)} °C`);

class Forecaster extends Module {
  constructor(recurrent) {
    super();
    this.recurrent = recurrent;
    this.head = new Linear(hidden, 1, { seed: 5 });
  }
  read(outputs) {
    return this.head.forward(outputs.at(-1, { axis: 1 }));
  }
  forward(xs) {
    return this.read(this.recurrent.forward(xs)[0]);
  }
}

/** ‖∂L/∂sₜ‖ for every day, relative to the last day at which there is any: the last cell state of an LSTM is not read by itself. */
function flow(model, state = "h") {
  const norms = gradientFlow(model.recurrent, looked, (outputs) =>
    meanSquaredError(model.read(outputs), expected),
  )[state];
  const unit = norms.findLast((norm) => norm > 0);
  return norms.map((norm) => norm / unit);
}

const untrained = [2, 1.5, 1.2, 1, 0.6].map((radius) => {
  const model = new Forecaster(new RNN(1, hidden, { seed: 3 }));
  const [cell] = model.recurrent.cells;
  cell.weightHh.value = orthogonal([hidden, hidden], { gain: radius, seed: 4 });
  return { label: `ρ = ${radius}`, values: flow(model) };
});

const layers = { LSTM, GRU, RNN };
const nets = [];
for (const [name, Layer] of Object.entries(layers)) {
  const model = new Forecaster(new Layer(1, hidden, { seed: 3 }));
  const history = await fit(
    model,
    batches({ xs: trained, ys: answers }, { size: 50, shuffle: true, seed: 1 }),
    {
      loss: ({ xs, ys }) => meanSquaredError(model.forward(xs), ys),
      optimizer: new Adam(model.parameters(), { learningRate: 3e-3 }),
      epochs: 15,
      clipNorm: 1,
    },
  );
  const error = model.forward(looked).sub(expected).abs().mean().item() * deviation;
  console.log(
    `${name}: loss ${history.epochs.at(-1).loss.toFixed(3)}, mean absolute error ${error.toFixed(2)} °C`,
  );
  if (name === "LSTM") nets.push({ label: "LSTM, c", values: flow(model, "c") });
  nets.push({ label: name === "LSTM" ? "LSTM, h" : name, values: flow(model) });
}
for (const { label, values } of [...untrained, ...nets])
  console.log(
    `${label.padEnd(9)} first day ${values[0].toExponential(1)} of the last, a factor of ${(values[0] ** (1 / (days - 1))).toFixed(3)} a day`,
  );

const colors = ["#c0392b", "#d68910", "#1e8449", "#2471a3", "#6c3483"];
const [width, height, left, top] = [330, 230, 56, 40];

function panel(title, curves, x0, exponents) {
  const [low, high] = exponents;
  const x = (t) => x0 + left + (t / (days - 1)) * width;
  const y = (v) => top + ((high - Math.log10(Math.max(v, 10 ** low))) / (high - low)) * height;
  const parts = [`<text x="${x0 + left}" y="22" font-weight="bold">${title}</text>`];
  const step = Math.ceil((high - low) / 6);
  for (let e = low; e <= high; e += step)
    parts.push(
      `<line x1="${x(0)}" x2="${x(days - 1)}" y1="${y(10 ** e).toFixed(1)}" y2="${y(10 ** e).toFixed(1)}" stroke="#ddd"/>`,
      `<text x="${x(0) - 6}" y="${(y(10 ** e) + 4).toFixed(1)}" text-anchor="end">10<tspan dy="-5" font-size="9">${String(e).replace("-", "−")}</tspan></text>`,
    );
  for (let t = 0; t < days; t += 10)
    parts.push(
      `<text x="${x(days - 1 - t).toFixed(1)}" y="${top + height + 18}" text-anchor="middle">${t === 0 ? "0" : `−${t}`}</text>`,
    );
  curves.forEach(({ label, values }, i) => {
    const points = values
      .map((v, t) => (v > 10 ** low ? `${x(t).toFixed(1)},${y(v).toFixed(1)}` : ""))
      .join(" ");
    const ly = top + 14 + i * 16;
    parts.push(
      `<polyline fill="none" stroke="${colors[i]}" stroke-width="1.8" points="${points.trim()}"/>`,
      `<line x1="${x(days - 1) + 10}" x2="${x(days - 1) + 26}" y1="${ly - 4}" y2="${ly - 4}" stroke="${colors[i]}" stroke-width="3"/>`,
      `<text x="${x(days - 1) + 31}" y="${ly}">${label}</text>`,
    );
  });
  parts.push(
    `<text x="${x((days - 1) / 2)}" y="${top + height + 36}" text-anchor="middle">days before the forecast</text>`,
  );
  return parts.join("\n");
}

const range = (curves) => {
  const all = curves.flatMap(({ values }) => values).filter((v) => v > 0);
  return [Math.max(-14, Math.floor(Math.log10(Math.min(...all)))), Math.ceil(Math.log10(Math.max(...all)))];
};
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 980 320" font-family="system-ui, sans-serif" font-size="12" fill="#222" role="img">
<title>The gradient that reaches each day, relative to the last day</title>
<rect width="980" height="320" fill="white"/>
${panel("untrained RNN, recurrent matrix ρ · orthogonal", untrained, 0, range(untrained))}
${panel(`trained to forecast from ${days} days`, nets, 490, range(nets))}
</svg>
`;
writeFileSync(join(root, "docs/figures/gradient-over-time.svg"), svg);

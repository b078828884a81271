import { complexPlane } from "../report/complex-plane.js";
import { lineChart } from "../report/line-chart.js";
import { page } from "../report/page.js";
import { escapeText } from "../report/svg.js";
import { factorPerStep, gradientCurves } from "./gradients.js";
import { errorRows, type NetworkResult, validationError, verdict, type WeatherResults } from "./results.js";

const section = (title: string, text: string, content: string): string =>
  `<section><h2>${escapeText(title)}</h2><p class="soft">${escapeText(text)}</p>${content}</section>`;
const figure = (svg: string, caption: string): string =>
  `<figure>${svg}<figcaption>${escapeText(caption)}</figcaption></figure>`;
const degrees = (value: number): string => value.toFixed(2).replace("-", "−");

/** The report as one page of HTML. */
export function weatherReport(results: WeatherResults): string {
  const { dates, history, networks, interrupted } = results;
  const title = "Tomorrow's highest temperature in Seattle";
  const intro = [
    `Recurrent networks read the last ${history} days of weather and forecast the next day's highest temperature.`,
    `They never saw the year that they are judged by: ${dates.length} days from ${dates[0]} to ${dates[dates.length - 1]}.`,
    verdict(results),
    ...(interrupted
      ? ["The training was interrupted, so that some networks are missing or unfinished."]
      : []),
  ];
  const parts = [
    `<h1>${escapeText(title)}</h1><p>${escapeText(intro.join(" "))}</p>`,
    errorSection(results),
    ...(networks.length === 0
      ? []
      : [
          forecastSection(results),
          lossSection(networks),
          gradientSection(results),
          spectrumSection(results),
        ]),
    "<footer>Data: NOAA daily records for Seattle, 2012 to 2015, a U.S. government data set, as seattle-weather.csv in the npm package vega-datasets. " +
      "Made by Scope's npm start; the same seed gives the same report.</footer>",
  ];
  return page(title, parts.join("\n"));
}

function errorSection(results: WeatherResults): string {
  const rows = errorRows(results);
  const least = Math.min(...rows.map(({ errors }) => errors.mean));
  const cells = rows.map(({ name, note, errors, span }) => {
    const numbers = [errors.mean, errors.rootMeanSquare, errors.bias].map(
      (value) => `<td class="number">${degrees(value)}</td>`,
    );
    const seeds = span === null ? "" : `${degrees(span[0])} to ${degrees(span[1])}`;
    return `<tr${errors.mean === least ? ' class="best"' : ""}><td>${escapeText(name)}<br><span class="soft">${escapeText(note)}</span></td>${numbers.join("")}<td class="number">${seeds}</td></tr>`;
  });
  const header = ["mean absolute error", "root mean square", "bias", "seeds"].map(
    (name) => `<th class="number">${name}</th>`,
  );
  return section(
    "Errors on the held-out year, in °C",
    "Every forecast may use all days before the held-out year; the networks train on all but the last of those years, which decides when they stop.",
    `<div class="scroll"><table><thead><tr><th>forecast</th>${header.join("")}</tr></thead><tbody>${cells.join("")}</tbody></table></div>`,
  );
}

const chosenRun = ({ runs, chosen }: NetworkResult) => runs[chosen];

function forecastSection({ dates, truth, networks }: WeatherResults): string {
  const network = networks.reduce((a, b) =>
    validationError(chosenRun(b).trained) < validationError(chosenRun(a).trained) ? b : a,
  );
  const { predictions } = chosenRun(network);
  const name = network.cell.toUpperCase();
  const months = dates.flatMap((date, i) =>
    date.endsWith("-01") ? [{ value: i + 1, text: date.slice(0, 7) }] : [],
  );
  const chart = (
    from: number,
    to: number,
    ticks: readonly { readonly value: number; readonly text: string }[],
  ): string =>
    lineChart({
      title: `Highest temperature and its forecast by the ${name}, ${dates[from]} to ${dates[to - 1]}`,
      xLabel: "day that is forecast",
      yLabel: "°C",
      thin: true,
      xTicks: ticks,
      series: [
        { name: "measured", color: "truth", values: truth.slice(from, to) },
        {
          name: `forecast the day before (${name})`,
          color: network.cell,
          values: predictions.slice(from, to),
        },
      ],
    });
  const summer = Math.max(
    dates.findIndex((date) => date.endsWith("-06-01")),
    0,
  );
  const end = Math.min(summer + 61, dates.length);
  const days = dates
    .slice(summer, end)
    .flatMap((date, i) => (i % 10 === 0 ? [{ value: i + 1, text: date.slice(5) }] : []));
  return section(
    "The forecast",
    "By the network that was best on the validation year; the held-out year chooses nothing.",
    figure(
      chart(
        0,
        dates.length,
        months.filter((_, i) => i % 2 === 0),
      ),
      "The whole held-out year.",
    ) + figure(chart(summer, end, days), "Two months of it, closer."),
  );
}

function lossSection(networks: readonly NetworkResult[]): string {
  const series = networks.flatMap((network) => {
    const { epochs } = chosenRun(network).trained.history;
    const name = network.cell.toUpperCase();
    return [
      { name: `${name} training`, color: network.cell, values: epochs.map(({ loss }) => loss), dashed: true },
      {
        name: `${name} validation`,
        color: network.cell,
        values: epochs.map(({ validationLoss }) => validationLoss ?? Number.NaN),
      },
    ];
  });
  const chart = lineChart({ title: "Loss after each epoch", xLabel: "epoch", yLabel: "Huber loss", series });
  return section(
    "Learning",
    "The loss is Huber's, in units of the usual change from day to day.",
    figure(chart, "Dotted: on what is trained on. Solid: on the validation year."),
  );
}

function gradientSection({ stories, history }: WeatherResults): string {
  const curves = gradientCurves(stories);
  const chart = lineChart({
    title: "Norm of the gradient of the loss with respect to the hidden state at every time step",
    xLabel: `day that the network has read (${history} is the last before the forecast)`,
    yLabel: "‖∂L/∂hₜ‖",
    log: true,
    series: curves.map(({ name, cell, memory, norms }) => ({
      name,
      color: cell,
      values: norms,
      dashed: memory,
    })),
  });
  const factors = curves.map(({ name, norms }) => `${name} ${factorPerStep(norms).toFixed(2)}`).join(", ");
  return section(
    "The vanishing gradient",
    "How much of the loss reaches back to each day, over the held-out year. Where the curve falls by powers of ten towards the left, what happened on those days could hardly be learnt from. An LSTM carries its memory past hₜ, in cₜ.",
    figure(chart, `Mean factor for one step into the past: ${factors}.`),
  );
}

const gateColors = ["rnn", "lstm", "gru", "other"];

function spectrumSection({ stories }: WeatherResults): string {
  const pictures = stories.map(({ cell, matrices }) => {
    const name = cell.toUpperCase();
    const groups = matrices.map(({ gate, eigenvalues, spectralRadius }, k) => ({
      name: `${gate} ${spectralRadius.toFixed(2)}`,
      color: matrices.length === 1 ? cell : gateColors[k],
      values: eigenvalues,
    }));
    return figure(
      complexPlane(`Eigenvalues of the recurrent matrices of the ${name} in the complex plane`, groups),
      `${name}: spectral radius of each recurrent matrix`,
    );
  });
  return section(
    "The spectrum of W_hh",
    "Eigenvalues of the recurrent matrices with the unit circle. A plain RNN multiplies the gradient by W_hh and by slopes of tanh, which are at most 1, at every step: where the slopes are near 1, it grows or falls by the spectral radius in the end, and smaller slopes make it fall faster. The gates of LSTM and GRU leave it another way.",
    `<div class="row">${pictures.join("")}</div>`,
  );
}

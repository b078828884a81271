import { linearScale, logScale, type Scale } from "./scale.js";
import { element, label, polyline } from "./svg.js";

/** One curve. */
export interface Series {
  readonly name: string;
  /** The class that colours it. */
  readonly color: string;
  readonly values: readonly number[];
  readonly dashed?: boolean;
}

/** A picture of curves over steps 1, 2, 3, … */
export interface LineChart {
  /** What it shows, for those who cannot see it. */
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
  readonly log?: boolean;
  /** Ticks along the steps; about five round numbers if left out. */
  readonly xTicks?: readonly { readonly value: number; readonly text: string }[];
  /** Curves drawn over each other are thin. */
  readonly thin?: boolean;
}

const width = 760;
const height = 300;
const margin = { left: 62, right: 24, top: 16, bottom: 44 };
const legendLine = 18;

/** The chart as SVG markup. */
export function lineChart({
  title,
  xLabel,
  yLabel,
  series,
  log = false,
  xTicks,
  thin = false,
}: LineChart): string {
  const values = series
    .flatMap((each) => each.values)
    .filter((value) => Number.isFinite(value) && (!log || value > 0));
  const steps = Math.max(2, ...series.map((each) => each.values.length));
  const low = Math.min(...values);
  const high = Math.max(...values);
  const [left, right] = [margin.left, width - margin.right];
  const names = legend(series, left, right);
  const [bottom, top] = [height - margin.bottom, margin.top + legendLine * names.lines];
  const slack = log ? 0 : (high - low) * 0.04;
  const x = linearScale(1, steps, left, right);
  const y = log ? logScale(low, high, bottom, top) : linearScale(low - slack, high + slack, bottom, top);
  const curves = series.map((each) =>
    polyline(
      each.values.map((value, i) => [x.place(i + 1), y.place(value)]),
      { class: `curve ${each.color}${thin ? " thin" : ""}${each.dashed ? " dashed" : ""}` },
    ),
  );
  const parts = [
    gridLines(y, left, right),
    xAxis(xTicks === undefined ? x : { ...x, ticks: xTicks }, left, right, bottom),
    ...curves,
    names.markup,
    label(xLabel, (left + right) / 2, height - 8, { class: "axis", "text-anchor": "middle" }),
    label(yLabel, -(top + bottom) / 2, 14, {
      class: "axis",
      "text-anchor": "middle",
      transform: "rotate(-90)",
    }),
  ];
  return element(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title },
    parts.join(""),
  );
}

const gridLines = (y: Scale, left: number, right: number): string =>
  y.ticks
    .map(({ value, text }) => {
      const at = y.place(value);
      const line = element("line", { x1: left, x2: right, y1: at, y2: at, class: "grid" });
      return line + label(text, left - 8, at + 4, { class: "tick", "text-anchor": "end" });
    })
    .join("");

function xAxis(x: Scale, left: number, right: number, bottom: number): string {
  const line = element("line", { x1: left, x2: right, y1: bottom, y2: bottom, class: "base" });
  const ticks = x.ticks.map(({ value, text }) =>
    label(text, x.place(value), bottom + 17, { class: "tick", "text-anchor": "middle" }),
  );
  return line + ticks.join("");
}

/** Names beside short pieces of their lines, in as many rows as they need. */
function legend(
  series: readonly Series[],
  left: number,
  right: number,
): { readonly markup: string; readonly lines: number } {
  let x = left;
  let lines = 1;
  const markup = series.map(({ name, color, dashed }) => {
    const width = 26 + name.length * 6.4;
    if (x + width > right && x > left) {
      x = left;
      lines++;
    }
    const y = 14 + legendLine * (lines - 1);
    const line = element("line", {
      x1: x,
      x2: x + 20,
      y1: y,
      y2: y,
      class: `curve ${color}${dashed ? " dashed" : ""}`,
    });
    const text = label(name, x + 26, y + 4, { class: "legend" });
    x += width + 20;
    return line + text;
  });
  return { markup: markup.join(""), lines };
}

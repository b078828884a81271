import type { ContestantId } from "../contestants.js";
import type { Ran, Results } from "../run/results.js";
import { duration } from "./format.js";

const colours: { readonly [Id in ContestantId]: string } = {
  compiled: "#0b6e4f",
  wasm2: "#2f8f6b",
  native: "#1d3f72",
  native2: "#3f6cb3",
  eager: "#7bc8a4",
  torch: "#d1495b",
  tfjs: "#edae49",
  jaxjs: "#5b7db1",
  peak: "#8d8d8d",
  nativePeak: "#5e5e5e",
};
const layout = { width: 960, label: 150, bar: 14, gap: 18, top: 64, right: 90 } as const;

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** Bars of the median times, one group per work, on a logarithmic scale that starts at the shortest. */
export function chart(results: Results): string {
  const groups = results.works
    .map(({ work, outcomes }) => ({ work, ran: outcomes.filter((o): o is Ran => o.ran) }))
    .filter(({ ran }) => ran.length > 0);
  const all = groups.flatMap(({ ran }) => ran.map(({ medianMs }) => Math.log10(medianMs)));
  const low = Math.floor(Math.min(0, ...all));
  const high = Math.ceil(Math.max(low + 1, ...all));
  const plot = layout.width - layout.label - layout.right;
  const x = (log: number): number => layout.label + ((log - low) / (high - low)) * plot;

  let y = layout.top;
  const bars: string[] = [];
  for (const { work, ran } of groups) {
    const middle = y + (ran.length * layout.bar) / 2 + 4;
    bars.push(
      `<text x="${layout.label - 10}" y="${middle}" text-anchor="end" font-weight="600">${escaped(work)}</text>`,
    );
    for (const { id, medianMs } of ran) {
      const end = x(Math.log10(medianMs));
      const width = Math.max(1, end - layout.label).toFixed(1);
      bars.push(
        `<rect x="${layout.label}" y="${y}" width="${width}" height="${layout.bar - 2}" fill="${colours[id]}"/>`,
        `<text x="${(end + 5).toFixed(1)}" y="${y + layout.bar - 4}" font-size="11">${duration(medianMs)}</text>`,
      );
      y += layout.bar;
    }
    y += layout.gap;
  }
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => low + i).map((log) => {
    const at = x(log).toFixed(1);
    return `<line x1="${at}" y1="${layout.top - 8}" x2="${at}" y2="${y}" stroke="#ddd"/><text x="${at}" y="${y + 14}" text-anchor="middle" font-size="11">${duration(10 ** log)}</text>`;
  });
  const labels = new Map(groups.flatMap(({ ran }) => ran.map(({ id, label }) => [id, label] as const)));
  const legend = [...labels].map(([id, label], i) => {
    const at = layout.label + i * 130;
    return `<rect x="${at}" y="34" width="12" height="12" fill="${colours[id]}"/><text x="${at + 17}" y="44">${escaped(label)}</text>`;
  });
  const height = y + 30;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${layout.width} ${height}" width="${layout.width}" height="${height}" font-family="system-ui, sans-serif" font-size="13" role="img">`,
    `<title>Time per step, shorter is better</title>`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="${layout.label}" y="22" font-size="15" font-weight="600">Time per step, shorter is better (logarithmic; ${escaped(results.machine)})</text>`,
    ...legend,
    ...ticks,
    ...bars,
    "</svg>",
    "",
  ].join("\n");
}

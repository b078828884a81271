import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { escapeText } from "./svg.js";

const style = `
:root { color-scheme: light dark; --page: #f6f7f9; --card: #ffffff; --ink: #1b1f27; --soft: #5d6675; --line: #dfe3ea;
  --rnn: #c2410c; --lstm: #1d63d8; --gru: #0f8a5f; --truth: #1b1f27; --other: #8a63d2; }
@media (prefers-color-scheme: dark) { :root { --page: #12151b; --card: #1a1f28; --ink: #e8ebf1; --soft: #9aa4b5; --line: #2d3542;
  --rnn: #ff9a5c; --lstm: #7db0ff; --gru: #5bd6a6; --truth: #e8ebf1; --other: #c0a3ff; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 40px 20px 64px; background: var(--page); color: var(--ink); font: 16px/1.6 system-ui, sans-serif; }
main { max-width: 860px; margin: 0 auto; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 8px; letter-spacing: -0.01em; }
h2 { font-size: 19px; margin: 0 0 6px; }
p { margin: 0 0 14px; } .soft, figcaption, footer { color: var(--soft); font-size: 14px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 22px 24px; margin: 22px 0; }
svg { display: block; width: 100%; height: auto; }
figure { margin: 12px 0 0; } figcaption { margin-top: 6px; }
.row { display: grid; grid-template-columns: repeat(auto-fit, minmax(220px, 1fr)); gap: 18px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 15px; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 7px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 500; } td.number, th.number { text-align: right; } tr:last-child td { border-bottom: 0; }
tr.best td { font-weight: 650; } td .soft { white-space: normal; font-weight: 400; }
svg text { font: 12px system-ui, sans-serif; fill: var(--soft); } svg text.legend { fill: var(--ink); }
.grid { stroke: var(--line); } .base { stroke: var(--soft); } .unit { fill: none; stroke: var(--soft); stroke-dasharray: 4 4; }
.curve { stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; } .thin { stroke-width: 1.4; } .dashed { stroke-dasharray: 1 5; }
.point { stroke: var(--card); stroke-width: 0.8; }
.curve.rnn { stroke: var(--rnn); } .curve.lstm { stroke: var(--lstm); } .curve.gru { stroke: var(--gru); } .curve.truth { stroke: var(--truth); }
.point.rnn { fill: var(--rnn); } .point.lstm { fill: var(--lstm); } .point.gru { fill: var(--gru); } .point.truth { fill: var(--truth); } .point.other { fill: var(--other); }
`;

/** A page that needs nothing but itself: no scripts, no other files. `body` is markup. */
export const page = (title: string, body: string): string =>
  [
    "<!doctype html>",
    '<html lang="en">',
    `<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeText(title)}</title>`,
    `<style>${style}</style></head>`,
    `<body><main>${body}</main></body>`,
    "</html>\n",
  ].join("\n");

/** Writes a file so that nobody ever sees half of it: beside its place first, then moved. Returns its full path. */
export function writeWhole(file: string, text: string): string {
  const path = resolve(file);
  const folder = mkdtempSync(join(dirname(path), ".scope-"));
  try {
    const whole = join(folder, "report");
    writeFileSync(whole, text);
    renameSync(whole, path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return path;
}

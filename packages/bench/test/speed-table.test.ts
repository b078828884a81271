import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { times } from "../src/report/format.js";
import type { Results } from "../src/run/results.js";

// The speed table of the README is what this file of results says, and the sentences around it are about the same run.
const root = join(import.meta.dirname, "../../..");
const readme = readFileSync(join(root, "README.md"), "utf8");
const results = JSON.parse(readFileSync(join(root, "packages/bench/results/node24.json"), "utf8")) as Results;

const rows: readonly (readonly [label: string, work: string])[] = [
  ["LSTM, H 256, B 32, T 64: one training step", "lstm-train"],
  ["GRU, the same sizes", "gru-train"],
  ["character RNN, H 128", "rnn-train"],
  ["small LSTM, H 32, B 8, T 32", "lstm-train-small"],
  ["RNN over 1000 steps, gradients", "long-bptt"],
  ["LSTM, one step at a time", "lstm-stream"],
  ["perceptron 784-256-10", "mlp-train"],
  ["product of 512 × 512 matrices", "matmul-512"],
  ["value and gradient of a 16-element expression, eager", "eager-small"],
];
const peers = ["torch", "tfjs", "jaxjs"] as const;

type Column = (typeof peers)[number] | "peak";

/** The median of the ratios of the rounds, and the ratio of the shortest times. */
function ratios(work: string, peer: Column): readonly [median: number, ofMinima: number] | string {
  const found = results.works.find((each) => each.work === work);
  const scope = found?.outcomes.find(({ id }) => id === "compiled") ? "compiled" : "eager";
  const ratio = found?.ratios.find((each) => each.scope === scope && each.peer === peer);
  if (ratio !== undefined) return [ratio.median, ratio.ofMinima];
  return found?.outcomes.some(({ id, ran }) => id === peer && !ran) ? "cannot run it" : "not measured";
}

function cell(work: string, peer: Column): string {
  const found = ratios(work, peer);
  return typeof found === "string" ? found : found.map(times).join(" / ");
}

/** What follows from the results: how they were taken, and the table. */
function measured(): string {
  const { rounds, secondsPerMeasurement, libraryNode, machine } = results;
  const versions = results.works.flatMap(({ outcomes }) =>
    outcomes.flatMap((each) => (each.ran && peers.some((peer) => peer === each.id) ? [each.version] : [])),
  );
  return [
    `How many times as fast as the peers, in one run of \`npm run bench -- --node24 --rounds ${rounds} --seconds ${secondsPerMeasurement}\`:`,
    "the median of the ratios of rounds taken in turns / the ratio of the shortest times. One thread of",
    `${machine}; Scope and jax-js in Node ${libraryNode}; ${[...new Set(versions)].join("; ")}.`,
    "",
    "| work, float32 | PyTorch | TensorFlow.js | jax-js |",
    "|---|---|---|---|",
    ...rows.map(([label, work]) => `| ${[label, ...peers.map((peer) => cell(work, peer))].join(" | ")} |`),
    "",
  ].join("\n");
}

test("the speed table of the README is that of the results", async () => {
  const shown = /(?<=## Speed\n\n)[\s\S]*?^\|(?:[^\n]*\n\|)*[^\n]*\n/m.exec(readme)?.[0] ?? "no table";
  await expect(readme.replace(shown, measured)).toMatchFileSnapshot(join(root, "README.md"));
});

test("the sentences around it are about that run", () => {
  const [about = ""] = /## Speed\n[\s\S]*?(?=\n## )/.exec(readme) ?? [];
  const peak = ratios("matmul-512", "peak");
  expect(results.libraryNode).toMatch(/^24\./);
  expect(peak).toHaveLength(2);
  expect(about).toContain(`about ${Number(peak[0]).toFixed(1)} of the multiply-add peak`);
});

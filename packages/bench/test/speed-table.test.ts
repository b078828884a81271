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

function cell(work: string, peer: (typeof peers)[number] | "peak"): string {
  const found = results.works.find((each) => each.work === work);
  const scope = found?.outcomes.find(({ id }) => id === "compiled") ? "compiled" : "eager";
  const ratio = found?.ratios.find((each) => each.scope === scope && each.peer === peer);
  if (ratio !== undefined) return times(ratio.median);
  return found?.outcomes.some(({ id, ran }) => id === peer && !ran) ? "cannot run it" : "not measured";
}

test("the speed table of the README is that of the results", async () => {
  const table = [
    "| work, float32 | PyTorch | TensorFlow.js | jax-js |",
    "|---|---|---|---|",
    ...rows.map(([label, work]) => `| ${[label, ...peers.map((peer) => cell(work, peer))].join(" | ")} |`),
  ];
  const shown = /^\| work, float32 \|[^\n]*\n(?:\|[^\n]*\n)*/m.exec(readme)?.[0] ?? "no table";
  const current = readme.replace(shown, () => `${table.join("\n")}\n`);
  await expect(current).toMatchFileSnapshot(join(root, "README.md"));
});

test("the sentences around it are about that run", () => {
  const [about = ""] = /## Speed\n[\s\S]*?(?=\n## )/.exec(readme) ?? [];
  const { rounds, secondsPerMeasurement, libraryNode, machine } = results;
  expect(about).toContain(`--node24 --rounds ${rounds} --seconds ${secondsPerMeasurement}`);
  expect(libraryNode).toMatch(/^24\./);
  expect(machine).toContain("EPYC");
  const versions = results.works.flatMap(({ outcomes }) =>
    outcomes.flatMap((each) => (each.ran ? [each.version] : [])),
  );
  for (const [name, version] of about.matchAll(/(?:PyTorch|TensorFlow\.js|jax-js) (\d+(?:\.\d+)+)/g))
    expect(
      versions.some((each) => each.includes(` ${version}`)),
      name,
    ).toBe(true);
  expect(about.match(/(?:PyTorch|TensorFlow\.js|jax-js) \d/g)).toHaveLength(3);
  expect(about).toContain(`about ${Number(cell("matmul-512", "peak")).toFixed(1)} of the multiply-add peak`);
});

import type { ContestantId } from "./contestants.js";

/** Against PyTorch, on a Node with relaxed SIMD and on one without. */
const againstTorch: { readonly [work: string]: { readonly relaxed: number; readonly plain?: number } } = {
  "eager-small": { relaxed: 4, plain: 4 },
  "lstm-stream": { relaxed: 4, plain: 3 },
  "mlp-train": { relaxed: 1 },
  "lstm-train-small": { relaxed: 10, plain: 7 },
  "rnn-train": { relaxed: 1.4, plain: 0.7 },
  "lstm-train": { relaxed: 1.05, plain: 0.6 },
  "gru-train": { relaxed: 1.1, plain: 0.6 },
  "long-bptt": { relaxed: 3.5, plain: 2.5 },
};
const compiledAgainstTfjs: { readonly [work: string]: number } = { "lstm-train": 10, "gru-train": 10 };
const compiledAgainstTfjsElsewhere = 2;
const compiledAgainstJaxjs = 2.5;
const eagerAgainstTfjs: { readonly [work: string]: number } = { "lstm-train": 3, "matmul-512": 1 };
const shareOfPeak: { readonly [work: string]: number } = { "matmul-512": 0.9 };

/** How many times as fast as a peer Scope sets out to be on a work, if that was said. */
export function goalOf(
  work: string,
  scope: ContestantId,
  peer: ContestantId,
  relaxedSimd: boolean,
): number | undefined {
  // eager-small is about eager ops alone, so there the eager figures stand for Scope.
  const headline = scope === (work === "eager-small" ? "eager" : "compiled");
  if (!headline) return peer === "tfjs" ? eagerAgainstTfjs[work] : undefined;
  switch (peer) {
    case "torch":
      return againstTorch[work]?.[relaxedSimd ? "relaxed" : "plain"];
    case "tfjs":
      return compiledAgainstTfjs[work] ?? compiledAgainstTfjsElsewhere;
    case "jaxjs":
      return compiledAgainstJaxjs;
    case "peak":
      return shareOfPeak[work];
    default:
      return undefined;
  }
}

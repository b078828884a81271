import type { ContestantId, ScopeId } from "./contestants.js";

type Goals = { readonly [work: string]: number };

/** WebAssembly with one thread against PyTorch, on a Node with relaxed SIMD and on one without. */
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
const compiledAgainstTfjs: Goals = { "lstm-train": 10, "gru-train": 10 };
const compiledAgainstTfjsElsewhere = 2;
const compiledAgainstJaxjs = 2.5;
const eagerAgainstTfjs: Goals = { "lstm-train": 3, "matmul-512": 1 };
const shareOfPeak: Goals = { "matmul-512": 0.9 };

/** Machine code with one thread against PyTorch, and against the multiply-adds of a C loop. */
const nativeAgainstTorch: Goals = {
  "lstm-train": 1.9,
  "gru-train": 1.9,
  "rnn-train": 3,
  "lstm-train-small": 15,
  "long-bptt": 10,
  "lstm-stream": 5,
  "mlp-train": 1.5,
  "matmul-512": 1.1,
  "matmul-1024": 1.1,
};
const shareOfNativePeak: Goals = { "matmul-512": 0.9, "matmul-1024": 0.82 };

/** Two threads against one. */
const secondThread: Goals = {
  "lstm-train": 1.7,
  "gru-train": 1.7,
  "rnn-train": 1.4,
  "lstm-train-small": 1,
  "long-bptt": 1,
  "lstm-stream": 1,
  "mlp-train": 1.3,
  "matmul-512": 1.75,
  "matmul-1024": 1.75,
};

function compiledGoal(work: string, peer: ContestantId, relaxedSimd: boolean): number | undefined {
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

/** How many times as fast as another contestant a way of running Scope sets out to be on a work, if that was said. */
export function goalOf(
  work: string,
  scope: ScopeId,
  peer: ContestantId,
  relaxedSimd: boolean,
): number | undefined {
  switch (scope) {
    case "compiled":
      return compiledGoal(work, peer, relaxedSimd);
    case "eager":
      // eager-small is about eager ops alone, so there the eager figures stand for Scope.
      if (work === "eager-small") return compiledGoal(work, peer, relaxedSimd);
      return peer === "tfjs" ? eagerAgainstTfjs[work] : undefined;
    case "native":
      if (peer === "nativePeak") return shareOfNativePeak[work];
      return peer === "torch" ? nativeAgainstTorch[work] : undefined;
    case "wasm2":
    case "native2":
      return peer === "compiled" || peer === "native" ? secondThread[work] : undefined;
  }
}

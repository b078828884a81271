import { expectNear, type Library, leastMs, type Trap } from "./trap.js";

const k = 5;

/** Numbers between 0 and 1 in no order, the same in every run. */
function scattered({ autodiff }: Library, shape: readonly number[]): ReturnType<typeof autodiff.tensor> {
  const n = shape.reduce((product, size) => product * size, 1);
  let state = 1;
  const data = Float32Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  });
  return autodiff.tensor(data).reshape([...shape]);
}

const selection = (size: string, shape: readonly number[], compiled: boolean): Trap => ({
  name: `top-k-${size}${compiled ? "-compiled" : ""}`,
  about: `topK(x, ${k}) of [${shape.join(", ")}]${compiled ? ", compiled" : ""}`,
  unit: "ms",
  wanted: { timesTorch: 5 },
  measure(library) {
    const { autodiff, compile } = library;
    const x = scattered(library, shape);
    const values = (t: typeof x): typeof x => autodiff.topK(t, k).values;
    const f = compiled ? compile(values) : values;
    const last = x.data.slice(-(shape[shape.length - 1] ?? 0)).sort();
    const found = f(x).data;
    for (let i = 0; i < k; i++)
      expectNear(
        `element ${i}`,
        found[found.length - k + i] ?? Number.NaN,
        last[last.length - 1 - i] ?? 0,
        0,
      );
    return leastMs(() => void f(x).data);
  },
});

const sizes = [
  ["50k", [50_000]],
  ["32x50k", [32, 50_000]],
  ["1m", [1_000_000]],
] as const;

/** The first few of many. */
export const selections: readonly Trap[] = [false, true].flatMap((compiled) =>
  sizes.map(([size, shape]) => selection(size, shape, compiled)),
);

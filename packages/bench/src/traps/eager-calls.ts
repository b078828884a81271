import { expectNear, type Library, leastMicroseconds, type Trap } from "./trap.js";

const features = 16;
const scalarsKept = 20_000;

const sines = ({ autodiff }: Library): ReturnType<typeof autodiff.tensor> =>
  autodiff.tensor(Float32Array.from({ length: features }, (_, i) => Math.sin(i))).reshape([1, features]);

/** What small eager calls take, and what their results hold on to. */
export const eagerCalls: readonly Trap[] = [
  {
    name: "eager-lstm-step",
    about: `LSTM.step of one example, H = ${features}`,
    unit: "µs",
    wanted: { timesTorch: 1 },
    measure(library) {
      const lstm = new library.nn.LSTM(features, features, { seed: 1 });
      const x = sines(library);
      const state = lstm.initialState(1);
      const [output] = lstm.step(x, state);
      const [sequence] = lstm.forward(x.reshape([1, 1, features]));
      for (let i = 0; i < features; i++)
        expectNear(`output ${i}`, output.data[i] ?? Number.NaN, sequence.data[i] ?? 0, 1e-6);
      return leastMicroseconds(() => void lstm.step(x, state));
    },
  },
  {
    name: "eager-linear",
    about: `Linear(${features}, ${features}) of one example`,
    unit: "µs",
    wanted: { timesTorch: 1 },
    measure(library) {
      const linear = new library.nn.Linear(features, features, { seed: 1 });
      const x = sines(library);
      const [weight, bias, y] = [linear.weight.value.data, linear.bias!.value.data, linear.forward(x).data];
      for (let i = 0; i < features; i++) {
        let want = bias[i] ?? 0;
        for (let j = 0; j < features; j++) want += (weight[i * features + j] ?? 0) * (x.data[j] ?? 0);
        expectNear(`output ${i}`, y[i] ?? Number.NaN, want, 1e-5);
      }
      return leastMicroseconds(() => void linear.forward(x));
    },
  },
  {
    name: "kept-scalars",
    about: `${scalarsKept} losses kept, with other work between`,
    unit: "MB",
    wanted: { atMost: 20 },
    measure({ autodiff }) {
      const kept: ReturnType<typeof autodiff.tensor>[] = [];
      const x = autodiff.ones([256]);
      const memory = (): number => {
        globalThis.gc?.();
        const { heapUsed, external } = process.memoryUsage();
        return (heapUsed + external) / 2 ** 20;
      };
      const before = memory();
      for (let i = 0; i < scalarsKept; i++) {
        kept.push(autodiff.sum(x.mul(i)));
        for (let k = 0; k < 20; k++) x.add(k);
      }
      const megabytes = memory() - before;
      expectNear("the last scalar", kept[scalarsKept - 1]!.item(), 256 * (scalarsKept - 1), 0);
      return megabytes;
    },
  },
];

/** jax-js on its WASM backend. A training step is one `jit`; time is unrolled, since jax-js has no scan. Arrays are owned: `.ref`
 * keeps one for another use. */
import { readFileSync } from "node:fs";
import {
  type Array as Arr,
  defaultDevice,
  init,
  jit,
  nn,
  numpy as np,
  tree,
  valueAndGrad,
} from "@jax-js/jax";
import { cannot, type Runner, serve } from "../child/serve.js";
import {
  characterStride,
  ids,
  learningRates,
  mlpSizes,
  oneHotRows,
  rightWave,
  type SequenceSizes,
  sequenceWorks,
  size,
  smallLength,
  streamSizes,
  targetStride,
  wave,
  weights,
} from "../work-data.js";

await init("wasm");
defaultDevice("wasm");

const parameter = (shape: number[], index: number): Arr => np.array(weights(shape, index), { shape });
const filled = (data: Float32Array, shape: number[]): Arr => np.array(data, { shape });
const zeros = (shape: number[]): Arr => filled(new Float32Array(size(shape)), shape);
const scalar = (x: number): Arr => np.array(x, { dtype: np.float32 });
const first = (x: Arr): number => x.dataSync()[0] ?? Number.NaN;
const at = (list: readonly Arr[], index: number): Arr => {
  const found = list[index];
  if (found === undefined) throw new Error(`no array at ${index}`);
  return found;
};

/** `x` `[B, I]`, weight `[O, I]`. */
const affine = (x: Arr, weight: Arr, bias: Arr): Arr => np.dot(x, weight.transpose()).add(bias);
const summedCrossEntropy = (logits: Arr, oneHot: Arr): Arr =>
  nn.logSoftmax(logits, -1).mul(oneHot).sum().neg();

type Cell = (parts: readonly Arr[], x: Arr, state: readonly Arr[]) => Arr[];
const gates = (kind: keyof typeof cells, parts: readonly Arr[], x: Arr, h: Arr): [Arr, Arr] => {
  if (parts.length !== 4) throw new Error(`${kind} has four parameters`);
  return [affine(x, at(parts, 0).ref, at(parts, 2).ref), affine(h, at(parts, 1).ref, at(parts, 3).ref)];
};
const cells: { readonly rnn: Cell; readonly lstm: Cell; readonly gru: Cell } = {
  rnn: (parts, x, state) => {
    const [fromInput, fromState] = gates("rnn", parts, x, at(state, 0));
    return [np.tanh(fromInput.add(fromState))];
  },
  lstm: (parts, x, state) => {
    const [fromInput, fromState] = gates("lstm", parts, x, at(state, 0));
    const split = np.split(fromInput.add(fromState), 4, 1);
    const kept = nn.sigmoid(at(split, 1)).mul(at(state, 1));
    const next = kept.add(nn.sigmoid(at(split, 0)).mul(np.tanh(at(split, 2))));
    return [nn.sigmoid(at(split, 3)).mul(np.tanh(next.ref)), next];
  },
  gru: (parts, x, state) => {
    const h = at(state, 0);
    const [fromInput, fromState] = gates("gru", parts, x, h.ref);
    const xs = np.split(fromInput, 3, 1);
    const hs = np.split(fromState, 3, 1);
    const r = nn.sigmoid(at(xs, 0).add(at(hs, 0)));
    const z = nn.sigmoid(at(xs, 1).add(at(hs, 1)));
    const n = np.tanh(at(xs, 2).add(r.mul(at(hs, 2))));
    return [n.ref.add(z.mul(h.sub(n)))];
  },
};
const gateCount = { rnn: 1, lstm: 4, gru: 3 } as const;
const stateCount = { rnn: 1, lstm: 2, gru: 1 } as const;

function cellParameters(kind: keyof typeof cells, input: number, hidden: number, index: number): Arr[] {
  const width = gateCount[kind] * hidden;
  return [
    parameter([width, input], index),
    parameter([width, hidden], index + 1),
    parameter([width], index + 2),
    parameter([width], index + 3),
  ];
}

const sgd = (parameters: readonly Arr[], gradients: readonly Arr[]): Arr[] =>
  parameters.map((p, i) => p.sub(at(gradients, i).mul(learningRates.sgd)));

function sgdRunner(loss: (p: Arr[], x: Arr, y: Arr) => Arr, start: Arr[], x: Arr, y: Arr): Runner {
  const both = valueAndGrad(loss);
  const update = jit((p: Arr[], xs: Arr, ys: Arr): [Arr, Arr[]] => {
    const [value, gradients] = both(tree.ref(p), xs, ys);
    return [value, sgd(p, gradients)];
  });
  let current = start;
  return {
    step: () => {
      const [value, next] = update(current, x.ref, y.ref);
      current = next;
      return first(value);
    },
  };
}

function adamRunner(loss: (p: Arr[], x: Arr, y: Arr) => Arr, start: Arr[], x: Arr, y: Arr): Runner {
  const both = valueAndGrad(loss);
  const [decay1, decay2, epsilon] = [0.9, 0.999, 1e-8];
  type Moments = [Arr, Arr[], Arr[], Arr[]];
  const update = jit((p: Arr[], m: Arr[], v: Arr[], c1: Arr, c2: Arr, xs: Arr, ys: Arr): Moments => {
    const [value, g] = both(tree.ref(p), xs, ys);
    const m2 = m.map((a, i) => a.mul(decay1).add(at(g, i).ref.mul(1 - decay1)));
    const v2 = v.map((a, i) =>
      a.mul(decay2).add(
        at(g, i)
          .ref.mul(at(g, i))
          .mul(1 - decay2),
      ),
    );
    const next = p.map((a, i) => {
      const scale = np.sqrt(at(v2, i).ref.mul(c2.ref)).add(epsilon);
      return a.sub(at(m2, i).ref.mul(learningRates.adam).mul(c1.ref).div(scale));
    });
    c1.dispose();
    c2.dispose();
    return [value, next, m2, v2];
  });
  let [p, m, v] = [start, start.map((a) => zeros(a.shape)), start.map((a) => zeros(a.shape))];
  let n = 0;
  return {
    step: () => {
      n++;
      const corrections = [scalar(1 / (1 - decay1 ** n)), scalar(1 / (1 - decay2 ** n))] as const;
      const [value, ...next] = update(p, m, v, ...corrections, x.ref, y.ref);
      [p, m, v] = next;
      return first(value);
    },
  };
}

function sequence(sizes: SequenceSizes): Runner {
  const { kind, input, hidden, batch, time, classes, embedding } = sizes;
  const rows = time * batch;
  const offset = embedding ? 1 : 0;
  const start = [
    ...(embedding ? [parameter([classes, input], 0)] : []),
    ...cellParameters(kind, input, hidden, offset),
    parameter([classes, hidden], offset + 4),
    parameter([classes], offset + 5),
  ];
  const x = embedding
    ? filled(oneHotRows(ids(rows, characterStride, classes), classes), [time, batch, classes])
    : filled(wave(rows * input), [time, batch, input]);
  const y = filled(oneHotRows(ids(rows, targetStride, classes), classes), [time, batch, classes]);
  const loss = (p: Arr[], xs: Arr, ys: Arr): Arr => {
    let state = Array.from({ length: stateCount[kind] }, () => np.zeros([batch, hidden]));
    let total: Arr | null = null;
    for (let t = 0; t < time; t++) {
      const row = xs.ref.slice(t);
      const fed = embedding ? np.dot(row, at(p, 0).ref) : row;
      state = cells[kind](p.slice(offset, offset + 4), fed, state);
      const logits = affine(at(state, 0).ref, at(p, offset + 4).ref, at(p, offset + 5).ref);
      const summed = summedCrossEntropy(logits, ys.ref.slice(t));
      total = total === null ? summed : total.add(summed);
    }
    for (const owned of [...state, ...p, xs, ys]) owned.dispose();
    return (total ?? scalar(0)).mul(1 / rows);
  };
  const note = embedding ? "unrolled; embedding by one-hot rows, since indexing fails under jit" : "unrolled";
  return { ...(embedding ? sgdRunner : adamRunner)(loss, start, x, y), note };
}

function stream(): Runner {
  const { input, hidden, steps } = streamSizes;
  const parameters = cellParameters("lstm", input, hidden, 0);
  const x = filled(wave(input), [1, input]);
  const cell = jit((p: Arr[], row: Arr, h: Arr, c: Arr): Arr[] => {
    const next = cells.lstm(p, row, [h, c]);
    for (const owned of p) owned.dispose();
    return next;
  });
  return {
    units: steps,
    step: () => {
      let state = [zeros([1, hidden]), zeros([1, hidden])];
      let output: ArrayLike<number> = [];
      for (let t = 0; t < steps; t++) {
        state = cell(tree.ref(parameters), x.ref, at(state, 0), at(state, 1));
        output = at(state, 0).ref.dataSync();
      }
      for (const owned of state) owned.dispose();
      return Array.from(output).reduce((a, b) => a + b, 0);
    },
  };
}

function mlp(): Runner {
  const { input, hidden, classes, batch } = mlpSizes;
  const start = [
    parameter([hidden, input], 0),
    parameter([hidden], 1),
    parameter([classes, hidden], 2),
    parameter([classes], 3),
  ];
  const x = filled(wave(batch * input), [batch, input]);
  const y = filled(oneHotRows(ids(batch, targetStride, classes), classes), [batch, classes]);
  const loss = (p: Arr[], xs: Arr, ys: Arr): Arr => {
    const h = nn.relu(affine(xs, at(p, 0), at(p, 1)));
    return summedCrossEntropy(affine(h, at(p, 2), at(p, 3)), ys).mul(1 / batch);
  };
  return sgdRunner(loss, start, x, y);
}

function product(width: number): Runner {
  const a = filled(wave(width * width), [width, width]);
  const b = filled(rightWave(width * width), [width, width]);
  return {
    step: () => {
      const c = np.matmul(a.ref, b.ref);
      return first(c.slice([1, 2], [1, 2]));
    },
  };
}

function small(): Runner {
  const wavesFrom = (k: number): Arr =>
    np.array(Float32Array.from({ length: smallLength }, (_, i) => Math.sin(i + k)));
  const inputs = [wavesFrom(0), wavesFrom(1), wavesFrom(2)] as const;
  const both = valueAndGrad((a: Arr, b: Arr, c: Arr): Arr => np.tanh(a.mul(b).add(c)).sum(), {
    argnums: [0, 1, 2],
  });
  return {
    step: () => {
      const [value, gradients] = both(inputs[0].ref, inputs[1].ref, inputs[2].ref);
      for (const gradient of gradients) gradient.dataSync();
      return first(value);
    },
    note: "gradients are read, since jax-js computes them only then",
  };
}

const others: { readonly [work: string]: () => Runner } = {
  "eager-small": small,
  "lstm-stream": stream,
  "mlp-train": mlp,
  "long-bptt": () => cannot("unrolls T = 1000: 16 to 24 s and 1.3 GB to compile, or a stack overflow"),
  "matmul-256": () => product(256),
  "matmul-512": () => product(512),
  "matmul-1024": () => product(1024),
};

const manifest = new URL("../package.json", import.meta.resolve("@jax-js/jax"));
const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
await serve(`jax-js ${version}`, (work) => {
  const sizes = sequenceWorks[work];
  if (sizes !== undefined) return sequence(sizes);
  return others[work]?.() ?? cannot("no such work");
});

/** The deterministic inputs and initial weights that every library starts from. Flat indices follow PyTorch's layouts. */
export const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

const filled = (length: number, value: (i: number) => number): Float32Array => {
  const data = new Float32Array(length);
  for (let i = 0; i < length; i++) data[i] = value(i);
  return data;
};

/** Weights of the `index`-th parameter: 0.1·sin(1.7 i + index)·3/√fanIn; of a bias, fanIn is its length. */
export function weights(shape: readonly number[], index: number): Float32Array {
  const fanIn = shape.at(-1) ?? 1;
  return filled(size(shape), (i) => (0.1 * Math.sin(1.7 * i + index) * 3) / Math.sqrt(fanIn));
}

/** Inputs: sin(0.9 i). */
export const wave = (length: number): Float32Array => filled(length, (i) => Math.sin(0.9 * i));

/** The right factor of the matmuls: sin(1.7 i + 1). */
export const rightWave = (length: number): Float32Array => filled(length, (i) => Math.sin(1.7 * i + 1));

/** Class or character ids: (i · stride) mod classes. */
export const ids = (length: number, stride: number, classes: number): Int32Array =>
  Int32Array.from({ length }, (_, i) => (i * stride) % classes);

export const characterStride = 5;
export const targetStride = 7;

/** Rows of zeros with a one at each id. */
export function oneHotRows(indices: Int32Array, classes: number): Float32Array {
  const data = new Float32Array(indices.length * classes);
  indices.forEach((id, row) => {
    data[row * classes + id] = 1;
  });
  return data;
}

export interface SequenceSizes {
  readonly kind: "rnn" | "lstm" | "gru";
  readonly input: number;
  readonly hidden: number;
  readonly batch: number;
  readonly time: number;
  readonly classes: number;
  readonly embedding: boolean;
}

/** The recurrent training works: the same model in three kinds and four sizes. */
export const sequenceWorks: { readonly [work: string]: SequenceSizes } = {
  "rnn-train": { kind: "rnn", input: 65, hidden: 128, batch: 32, time: 64, classes: 65, embedding: true },
  "rnn-train-odd": { kind: "rnn", input: 67, hidden: 131, batch: 32, time: 64, classes: 67, embedding: true },
  "lstm-train": { kind: "lstm", input: 64, hidden: 256, batch: 32, time: 64, classes: 65, embedding: false },
  "lstm-train-small": {
    kind: "lstm",
    input: 16,
    hidden: 32,
    batch: 8,
    time: 32,
    classes: 16,
    embedding: false,
  },
  "gru-train": { kind: "gru", input: 64, hidden: 256, batch: 32, time: 64, classes: 65, embedding: false },
};

export const learningRates = { sgd: 0.1, adam: 1e-3 } as const;
export const mlpSizes = { input: 784, hidden: 256, classes: 10, batch: 64 } as const;
export const streamSizes = { input: 64, hidden: 256, steps: 1000 } as const;
export const longSizes = { input: 64, hidden: 64, batch: 8, time: 1000 } as const;
export const smallLength = 16;

import { checkCount, checkOptions } from "@scope/autodiff/checks";
import { Random, ShapeError, Tensor, tensor, ValueError } from "@scope/autodiff/functions";
import { kindOf, sameShape, showShape } from "../option-checks.js";
import { type Batches, orderOf } from "./batches.js";

/** Sequences of different lengths in one tensor. */
export interface PaddedSequences {
  /** `[sequences, longest, ...features]`, filled up at the end. */
  readonly values: Tensor;
  /** `[sequences]`, int32: the steps of each that are its own; what `forward(xs, state, { lengths })` takes. */
  readonly lengths: Tensor;
}

/** Puts sequences of different lengths into one tensor.
 * @param sequences - tensors `[time, ...features]` of one dtype that differ in time only
 * @param options - `padding` (0): what fills up the shorter ones
 * @throws {@link ShapeError} if there are none, or features or dtypes differ; {@link ValueError} if they are no tensors
 * @example
 * const { values, lengths } = padSequences([tensor([1, 2, 3]), tensor([4])])
 * values.toArray() // => [[1, 2, 3], [4, 0, 0]]
 * lengths.toArray() // => [3, 1]
 */
export function padSequences(
  sequences: readonly Tensor[],
  options?: { readonly padding?: number },
): PaddedSequences {
  checkOptions("padSequences", options, ["padding"]);
  checkSequences("padSequences", sequences);
  const [first] = sequences;
  const features = first.shape.slice(1);
  const width = features.reduce((a, b) => a * b, 1);
  const longest = Math.max(...sequences.map((each) => each.shape[0]));
  const values = new Float64Array(sequences.length * longest * width).fill(options?.padding ?? 0);
  sequences.forEach((each, i) => {
    each.data.forEach((value, k) => {
      values[i * longest * width + k] = value;
    });
  });
  return {
    values: tensor(values, { dtype: first.dtype, shape: [sequences.length, longest, ...features] }),
    lengths: tensor(
      sequences.map((each) => each.shape[0]),
      { dtype: "int32" },
    ),
  };
}

function checkSequences(op: string, sequences: readonly Tensor[]): void {
  const isList = Array.isArray(sequences);
  const stray = isList ? sequences.findIndex((each: unknown) => !(each instanceof Tensor)) : 0;
  if (!isList || stray >= 0) {
    const alone = (sequences as unknown) instanceof Tensor ? "a tensor" : kindOf(sequences);
    throw new ValueError({
      code: "data/sequence-type",
      op,
      problem: "the sequences are not a list of tensors.",
      got: isList ? `at ${stray}, ${kindOf(sequences[stray])}` : alone,
      expected: "a list of tensors [time, ...features]",
      mend: "make a tensor of each sequence: [tensor([1, 2]), tensor([3])]",
    });
  }
  const [first] = sequences;
  const fits = (t: Tensor): boolean =>
    t.rank > 0 && t.dtype === first.dtype && sameShape(t.shape.slice(1), first.shape.slice(1));
  const odd = sequences.findIndex((each) => !fits(each));
  if (sequences.length > 0 && odd < 0) return;
  const show = (t: Tensor): string => `${t.dtype}${showShape(t.shape)}`;
  throw new ShapeError({
    code: "data/sequences",
    op,
    problem: sequences.length === 0 ? "there is no sequence." : "the sequences do not fit together.",
    got: sequences.length === 0 ? "an empty list" : `${show(first)} and, at ${odd}, ${show(sequences[odd])}`,
    expected: "at least one tensor [time, ...features], all of one dtype and with the same features",
    mend: "make every sequence a tensor that differs from the others in its first axis only",
  });
}

/** Options of {@link bucketByLength}. */
export interface BucketOptions {
  /** Sequences in a batch. */
  readonly size: number;
  /** What fills up the shorter sequences of a batch (0). */
  readonly padding?: number;
  /** Whether every pass has a new order: of sequences of equal length, and of the batches (false). */
  readonly shuffle?: boolean;
  /** Where the order is drawn from; a generator of its own, of this seed, if left out. */
  readonly random?: Random;
  /** Seed of the order (0). */
  readonly seed?: number;
}

/** A batch of sequences of nearly one length. */
export interface BucketBatch extends PaddedSequences {
  /** `[sequences]`, int32: which of the sequences these are, to take their targets by. */
  readonly indices: Tensor;
}

/** Batches of sequences of nearly one length, so that little is computed for padding: sequences are sorted by length and cut into batches.
 * @param sequences - tensors `[time, ...features]` that differ in time only
 * @param options - `size`, `padding` (0), `shuffle` (false), `random` or `seed` (0)
 * @throws {@link ShapeError} if there are none, or features or dtypes differ; {@link ValueError} if `size` is no count
 * @example
 * const sequences = [tensor([1, 2, 3]), tensor([4]), tensor([5, 6, 7]), tensor([8])]
 * Array.from(bucketByLength(sequences, { size: 2 }), (batch) => batch.values.toArray()) // => [[[4], [8]], [[1, 2, 3], [5, 6, 7]]]
 */
export function bucketByLength(sequences: readonly Tensor[], options: BucketOptions): Batches<BucketBatch> {
  checkOptions("bucketByLength", options, ["size", "padding", "shuffle", "random", "seed"]);
  const { size, padding, shuffle = false } = options ?? {};
  checkCount("bucketByLength", "size", size);
  checkSequences("bucketByLength", sequences);
  if (padding !== undefined && typeof padding !== "number") {
    throw new ValueError({
      code: "data/padding",
      op: "bucketByLength",
      problem: "padding is not a number.",
      got: typeof padding,
      expected: "a number",
      mend: "pass the number that fills up shorter sequences",
    });
  }
  const random = shuffle ? (options.random ?? new Random(options.seed ?? 0)) : null;
  const length = Math.ceil(sequences.length / size);
  function* pass(): Generator<BucketBatch> {
    const lengthOf = (i: number): number => sequences[i].shape[0];
    // Sorting is stable: sequences of one length stay in the random order.
    const sorted = orderOf(sequences.length, random).sort((a, b) => lengthOf(a) - lengthOf(b));
    for (const batch of orderOf(length, random)) {
      const rows = sorted.slice(batch * size, (batch + 1) * size);
      const padded = padSequences(
        rows.map((i) => sequences[i]),
        { padding },
      );
      yield { ...padded, indices: tensor(rows, { dtype: "int32" }) };
    }
  }
  return { length, [Symbol.iterator]: pass };
}

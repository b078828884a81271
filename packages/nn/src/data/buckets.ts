import { checkCount, checkOptions, outOfRange } from "@scope/autodiff/checks";
import { type Random, ShapeError, Tensor, tensor, ValueError } from "@scope/autodiff/functions";
import { kindOf, sameShape, showShape } from "../option-checks.js";
import { type Batches, orderGenerator, orderOf } from "./batches.js";
import { paddedLengths } from "./padded-lengths.js";
import { commonLength, mapTree, takeRows } from "./tensor-tree.js";

/** Sequences of different lengths in one tensor. */
export interface PaddedSequences {
  /** `[sequences, longest, ...features]`, filled up at the end. */
  readonly values: Tensor;
  /** `[sequences]`, int32: the steps of each that are its own; what `forward(xs, state, { lengths })` takes. */
  readonly lengths: Tensor;
}

/** Puts sequences of different lengths into one tensor.
 * @param sequences - tensors `[time, ...features]` of one dtype that differ in time only
 * @param options - `padding` (0): what fills up the shorter ones; `length` (that of the longest): the steps to fill up to
 * @throws {@link ShapeError} if there are none, or features or dtypes differ; {@link ValueError} if they are no tensors
 * @example
 * const { values, lengths } = padSequences([tensor([1, 2, 3]), tensor([4])])
 * values.toArray() // => [[1, 2, 3], [4, 0, 0]]
 * lengths.toArray() // => [3, 1]
 */
export function padSequences(
  sequences: readonly Tensor[],
  options?: { readonly padding?: number; readonly length?: number },
): PaddedSequences {
  checkOptions("padSequences", options, ["padding", "length"]);
  checkSequences("padSequences", sequences);
  const [first] = sequences;
  const features = first.shape.slice(1);
  const width = features.reduce((a, b) => a * b, 1);
  const most = sequences.reduce((sofar, each) => Math.max(sofar, each.shape[0]), 0);
  const longest = options?.length ?? most;
  checkCount("padSequences", "length", longest, 0);
  if (longest < most) throw outOfRange("padSequences", "length", longest, `at least ${most} steps`);
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
  /** How many padded lengths there are at most (4), or which: in compiled code, each is a program of its own. A last batch with fewer sequences counts as one of them. */
  readonly paddedLengths?: number | readonly number[];
  /** One target for each sequence: a tensor, or arrays and plain objects of tensors, whose first axis counts the sequences. */
  readonly targets?: unknown;
  /** Targets for each step: tensors `[time, ...]` that are as long as their sequences. */
  readonly stepTargets?: readonly Tensor[];
  /** What fills up the shorter sequences of a batch (0). */
  readonly padding?: number;
  /** What fills up the targets of shorter sequences (-1, for `ignoreIndex`). */
  readonly targetPadding?: number;
  /** Whether every pass has a new order: of sequences of equal length, and of the batches (false). */
  readonly shuffle?: boolean;
  /** Where the order is drawn from; a generator of its own, of this seed, if left out. */
  readonly random?: Random;
  /** Seed of the order (0). */
  readonly seed?: number;
}

/** A batch of sequences of nearly one length. */
export interface BucketBatch extends PaddedSequences {
  /** `[sequences]`, int32: which of the sequences these are. */
  readonly indices: Tensor;
}

/** A batch with the targets that came with the sequences. */
export type BucketBatchOf<Options> = BucketBatch &
  (Options extends { readonly targets: infer Targets } ? { readonly targets: Targets } : unknown) &
  (Options extends { readonly stepTargets: readonly Tensor[] } ? { readonly stepTargets: Tensor } : unknown);

/** Batches of sequences of nearly one length, so that little is computed for padding: sequences are sorted by length and cut into batches, whose lengths are rounded up
 * to a few. Every pass has the same shapes, one for each padded length: a compiled step has no more programs than that.
 * @param sequences - tensors `[time, ...features]` that differ in time only
 * @param options - `size`, `paddedLengths` (4), `targets`, `stepTargets`, `padding` (0), `targetPadding` (-1), `shuffle` (false), `random` or `seed` (0)
 * @throws {@link ShapeError} if there are none, features or dtypes differ, or targets do not fit; {@link ValueError} if an option is out of range
 * @example
 * const sequences = [tensor([1, 2, 3]), tensor([4]), tensor([5, 6, 7]), tensor([8])]
 * const batches = bucketByLength(sequences, { size: 2, targets: tensor([10, 20, 30, 40]) })
 * Array.from(batches, (batch) => batch.values.toArray()) // => [[[4], [8]], [[1, 2, 3], [5, 6, 7]]]
 * Array.from(batches, (batch) => batch.targets.toArray()) // => [[20, 40], [10, 30]]
 */
export function bucketByLength<Options extends BucketOptions>(
  sequences: readonly Tensor[],
  options: Options,
): Batches<BucketBatchOf<Options>> {
  const op = "bucketByLength";
  checkOptions(op, options, optionNames);
  const given: BucketOptions = options ?? {};
  const { size, padding = 0, targetPadding = -1, targets, stepTargets } = given;
  const { paddedLengths: lengths = 4 } = given;
  checkCount(op, "size", size);
  checkSequences(op, sequences);
  for (const number of [padding, targetPadding]) checkPadding(op, number);
  const count = sequences.length;
  if (targets !== undefined && commonLength(op, targets) !== count)
    throw misfitTargets(op, `${commonLength(op, targets)} targets for ${count} sequences`);
  const lengthOf = (i: number): number => sequences[i].shape[0];
  if (stepTargets !== undefined) {
    checkSequences(op, stepTargets);
    const odd = stepTargets.findIndex((each, i) => i >= count || each.shape[0] !== lengthOf(i));
    if (odd >= 0 || stepTargets.length !== count)
      throw misfitTargets(op, `stepTargets that differ in ${odd < 0 ? "number" : `length at ${odd}`}`);
  }
  const random = orderGenerator(op, given);
  const length = Math.ceil(count / size);
  const sortedLengths = sequences.map((_, i) => lengthOf(i)).sort((a, b) => a - b);
  const longest = Array.from({ length }, (_, k) => sortedLengths[Math.min((k + 1) * size, count) - 1]);
  const padded = paddedLengths(op, longest, lengths, count % size !== 0);
  function* pass(): Generator<BucketBatchOf<Options>> {
    // Sorting is stable: sequences of one length stay in the random order.
    const sorted = orderOf(count, random).sort((a, b) => lengthOf(a) - lengthOf(b));
    for (const batch of orderOf(length, random)) {
      const rows = sorted.slice(batch * size, (batch + 1) * size);
      const of = (list: readonly Tensor[], filler: number): PaddedSequences =>
        padSequences(
          rows.map((i) => list[i]),
          { padding: filler, length: padded[batch] },
        );
      const made = {
        ...of(sequences, padding),
        indices: tensor(rows, { dtype: "int32" }),
        ...(targets !== undefined && { targets: mapTree(op, targets, (leaf) => takeRows(leaf, rows)) }),
        ...(stepTargets !== undefined && { stepTargets: of(stepTargets, targetPadding).values }),
      };
      // The targets are there where the options have them.
      yield made as BucketBatch as BucketBatchOf<Options>;
    }
  }
  return { length, [Symbol.iterator]: pass };
}

const optionNames: readonly (keyof BucketOptions)[] = [
  "size",
  "paddedLengths",
  "targets",
  "stepTargets",
  "padding",
  "targetPadding",
  "shuffle",
  "random",
  "seed",
];

function checkPadding(op: string, padding: unknown): void {
  if (typeof padding === "number") return;
  throw new ValueError({
    code: "data/padding",
    op,
    problem: "padding is not a number.",
    got: typeof padding,
    expected: "a number",
    mend: "pass the number that fills up shorter sequences",
  });
}

const misfitTargets = (op: string, got: string): ShapeError =>
  new ShapeError({
    code: "data/targets",
    op,
    problem: "there is not one target for each sequence, or each of its steps.",
    got,
    expected: "targets whose first axis counts the sequences; stepTargets as long as their sequences",
    mend: "put the targets in the order of the sequences",
  });

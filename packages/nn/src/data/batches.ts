import { checkCount, checkOptions, outOfRange } from "@scope/autodiff/checks";
import { Random, ValueError } from "@scope/autodiff/functions";
import { commonLength, mapTree, takeRows } from "./tensor-tree.js";

/** Options of {@link batches}. */
export interface BatchOptions {
  /** Examples in a batch. */
  readonly size: number;
  /** Whether every pass goes through the examples in a new random order (false). */
  readonly shuffle?: boolean;
  /** Whether a last batch with fewer examples is left out (false). */
  readonly dropLast?: boolean;
  /** Where the order is drawn from; a generator of its own, of this seed, if left out. */
  readonly random?: Random;
  /** Seed of the order (0). */
  readonly seed?: number;
}

/** Batches that can be gone through again and again; each pass is an epoch. */
export interface Batches<T> extends Iterable<T> {
  /** Batches in a pass. */
  readonly length: number;
}

/** Cuts a data set into batches along the first axis. Each `for … of` over the result is one pass; with `shuffle` each pass has an order of its own,
 * and a generator of the same seed gives the same sequence of orders everywhere.
 * @param data - a tensor, or arrays and plain objects of tensors, whose first axes have the same size
 * @param options - `size`, `shuffle` (false), `dropLast` (false), `random` or `seed` (0)
 * @throws {@link ShapeError} if first axes differ; {@link TreeError} if the data holds no tensors; {@link ValueError} if `size` is no count
 * @example
 * const data = { x: tensor([1, 2, 3]), y: tensor([10, 20, 30]) }
 * const twos = batches(data, { size: 2 })
 * twos.length // => 2
 * Array.from(twos, ({ x, y }) => [x.toArray(), y.toArray()]) // => [[[1, 2], [10, 20]], [[3], [30]]]
 */
export function batches<const T>(data: T, options: BatchOptions): Batches<T> {
  checkOptions("batches", options, ["size", "shuffle", "dropLast", "random", "seed"]);
  // Plain JavaScript leaves the options out as well: then it is the size that is missing.
  const { size, dropLast = false } = options ?? {};
  checkCount("batches", "size", size);
  const examples = commonLength("batches", data);
  const length = dropLast ? Math.floor(examples / size) : Math.ceil(examples / size);
  if (length === 0) {
    throw new ValueError({
      code: "data/no-batch",
      op: "batches",
      problem: "there is not one batch.",
      got: `${examples} examples, size ${size}${dropLast ? ", dropLast" : ""}`,
      expected: dropLast ? "at least as many examples as the size of a batch" : "at least one example",
      mend: dropLast ? "make the batches smaller, or keep the last one" : "pass some data",
    });
  }
  const random = orderGenerator("batches", options);
  function* pass(): Generator<T> {
    const order = orderOf(examples, random);
    for (let start = 0; start < length * size; start += size) {
      const rows = order.slice(start, start + size);
      yield mapTree("batches", data, (leaf) => takeRows(leaf, rows));
    }
  }
  return { length, [Symbol.iterator]: pass };
}

/** What the orders of all passes are drawn from: the generator that is given, or one of its own; null for the order of the data. */
export function orderGenerator(
  op: string,
  options: Pick<BatchOptions, "shuffle" | "random" | "seed">,
): Random | null {
  const { shuffle = false, random, seed = 0 } = options;
  if (random !== undefined && !(random instanceof Random))
    throw outOfRange(op, "random", random, "a Random", "pass { random: new Random(42) } or { seed: 42 }");
  return shuffle ? (random ?? new Random(seed)) : null;
}

/** 0 … count − 1, in a random order if there is a generator. */
export function orderOf(count: number, random: Random | null): number[] {
  return random === null
    ? Array.from({ length: count }, (_, i) => i)
    : Array.from(random.permutation(count).data);
}

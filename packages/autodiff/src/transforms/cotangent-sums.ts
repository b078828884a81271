import { add } from "../ops/arithmetic.js";
import type { Tensor } from "../tensor/tensor.js";

/** Terms that are added one after the other: float32 would drift over more. */
const chainLength = 64;

/** A sum of so many whole chains. */
interface Part {
  readonly sum: Tensor;
  readonly chains: number;
}

/** Sums of cotangents, by the place of what they belong to. What is used again and again, as the weights of a loop over time are, gets its cotangents in
 * chains; whole chains are added pairwise. */
export class CotangentSums {
  readonly #counts: number[] = [];
  readonly #parts = new Map<number, Part[]>();

  /** The sum at a place, with one more term; where its chain was full, it is put aside and the term starts another. */
  add(place: number, sum: Tensor, term: Tensor): Tensor {
    const count = this.#counts[place] ?? 1;
    if (count < chainLength) {
      this.#counts[place] = count + 1;
      return add(sum, term);
    }
    this.#counts[place] = 1;
    this.#putAside(place, sum);
    return term;
  }
  #putAside(place: number, chain: Tensor): void {
    const parts = this.#parts.get(place) ?? [];
    this.#parts.set(place, parts);
    let part: Part = { sum: chain, chains: 1 };
    for (let last = parts.at(-1); last?.chains === part.chains; last = parts.at(-1)) {
      parts.pop();
      part = { sum: add(last.sum, part.sum), chains: 2 * part.chains };
    }
    parts.push(part);
  }
  /** The whole sum at a place, of which `chain` is the last chain. */
  total(place: number, chain: Tensor): Tensor {
    const parts = this.#parts.get(place);
    return parts === undefined ? chain : parts.reduceRight((sum, part) => add(part.sum, sum), chain);
  }
}

/** Means of named numbers over examples, where batches differ in size. */
export class WeightedMean {
  readonly #sums = new Map<string, number>();
  #weight = 0;

  /** Takes in what was measured on a batch. */
  add(values: { readonly [name: string]: number }, examples: number): void {
    this.#weight += examples;
    for (const [name, value] of Object.entries(values))
      this.#sums.set(name, (this.#sums.get(name) ?? 0) + value * examples);
  }

  /** Whether nothing was taken in. */
  get isEmpty(): boolean {
    return this.#sums.size === 0;
  }

  /** NaN if nothing of this name was taken in. */
  of(name: string): number {
    return (this.#sums.get(name) ?? Number.NaN) / this.#weight;
  }

  /** All means by name. */
  all(): { readonly [name: string]: number } {
    return Object.fromEntries([...this.#sums.keys()].map((name) => [name, this.of(name)]));
  }
}

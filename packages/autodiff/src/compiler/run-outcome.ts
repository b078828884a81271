import type { DeviceArray } from "../kernel/backend.js";

/** A copy of a Variable in the memory of a device. */
export interface Reverted {
  /** A run that it is right only with has failed, and has stored nothing: the Variable is as it was before. */
  revert(failed: RunOutcome): void;
}

const statuses = /* @__PURE__ */ new FinalizationRegistry<DeviceArray>((status) => status.dispose());

/** Of so many runs in a row that nobody reads, one is looked at: those before it need not be kept. */
const runsBetweenLooks = 256;

/** Whether a run on a device found all its indices in range, and those that it uses results or state of did: known once somebody has read its status.
 * Runs that use those of a failed one have failed with it, as each takes over the status of the one before. */
export class RunOutcome {
  /** Why it failed, once that is known. */
  error: Error | null = null;
  readonly status: DeviceArray;
  readonly #failure: (check: number, element: number) => Error;
  readonly #copies = new Set<Reverted>();
  #isOpen = true;
  #before: readonly RunOutcome[];
  #after: RunOutcome[] = [];
  readonly #depth: number;

  /** @param status - the two numbers of its checks, as the run left them
   * @param before - runs that it depends on
   * @param failure - the error for one of its own checks */
  constructor(
    status: DeviceArray,
    before: readonly RunOutcome[],
    failure: (check: number, element: number) => Error,
  ) {
    this.status = status;
    this.#before = before;
    this.#failure = failure;
    for (const outcome of before) outcome.#after.push(this);
    this.#depth = 1 + Math.max(0, ...before.map((outcome) => outcome.#depth));
    statuses.register(this, status, this);
    if (this.#depth % runsBetweenLooks === 0) this.#confirm();
  }

  /** Whether it is not known yet. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Tells a copy if the run has failed. */
  warn(copy: Reverted): void {
    if (this.#isOpen) this.#copies.add(copy);
  }

  /** Waits until it is known; rejects with the error of the run that failed first. */
  async settle(): Promise<void> {
    if (this.#isOpen) {
      const [code, element] = await this.status.read();
      // Where an earlier run failed, its code stands here as well: that one names the error.
      if (code !== 0) for (const outcome of this.#before) await outcome.settle();
      this.#close(code, element);
    }
    if (this.error !== null) throw this.error;
  }

  /** The same at once; null if the device can only be waited for. */
  settleNow(): true | null {
    if (this.#isOpen) {
      const status = this.status.readSync?.();
      if (status === undefined) return null;
      if (status[0] !== 0) for (const outcome of this.#before) outcome.settleNow();
      this.#close(status[0], status[1]);
    }
    if (this.error !== null) throw this.error;
    return true;
  }

  /** Looks whether it has succeeded. A failure is left for whoever reads what depends on it. */
  #confirm(): void {
    this.status.read().then(
      ([code]) => {
        if (this.#isOpen && code === 0) this.#succeed();
      },
      () => undefined,
    );
  }

  #close(code: number, element: number): void {
    if (!this.#isOpen) return;
    if (code === 0) this.#succeed();
    else this.#fail(this.#failure(code - 1, element));
  }

  /** What it depends on has succeeded, too. */
  #succeed(): void {
    const open: RunOutcome[] = [this];
    for (let outcome = open.pop(); outcome !== undefined; outcome = open.pop()) {
      if (!outcome.#isOpen) continue;
      open.push(...outcome.#before);
      outcome.#end();
    }
  }

  /** What depends on it has failed, too. */
  #fail(error: Error): void {
    const open: RunOutcome[] = [this];
    for (let outcome = open.pop(); outcome !== undefined; outcome = open.pop()) {
      if (!outcome.#isOpen) continue;
      outcome.error = error;
      open.push(...outcome.#after);
      for (const copy of outcome.#copies) copy.revert(outcome);
      outcome.#end();
    }
  }

  #end(): void {
    this.#isOpen = false;
    this.#before = [];
    this.#after = [];
    this.#copies.clear();
    statuses.unregister(this);
    this.status.dispose();
  }
}

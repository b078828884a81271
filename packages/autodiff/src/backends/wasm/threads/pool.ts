import { poolWords } from "./control.js";
import { startWorker, type WorkerHandle } from "./start-worker.js";
import { type Message, workerSource } from "./worker-source.js";

const mostWorkers = 255;

/** The workers of this thread's programs: started when the first program needs them, asleep while none runs. */
export class Pool {
  /** Why a worker has ended after it had started; then programs that count on it do not run any more. */
  failure: string | null = null;
  readonly #words = new Int32Array(new SharedArrayBuffer((poolWords.mail + mostWorkers) * 4));
  readonly workers: WorkerHandle[] = [];
  readonly #notStarted: (reason: string) => boolean;

  /** @param notStarted - told, if no worker could be started; true if programs are to go on without them */
  constructor(notStarted: (reason: string) => boolean) {
    this.#notStarted = notStarted;
  }

  /** How many workers have started so far. */
  get started(): number {
    return Atomics.load(this.#words, poolWords.started);
  }
  /** How many programs they hold, each counted once for each worker. */
  get held(): number {
    return Atomics.load(this.#words, poolWords.held);
  }
  /** Starts workers, until there are so many. */
  grow(count: number): void {
    while (this.workers.length < count) {
      const index = this.workers.length;
      this.workers.push(startWorker(workerSource(), (reason) => this.#ended(index, reason)));
      this.#post(index, { kind: "start", pool: this.#words.buffer as SharedArrayBuffer, index });
    }
  }
  #ended(index: number, reason: string): void {
    if (this.failure !== null) return;
    if (this.started === 0 && this.#notStarted(reason)) return this.#endAll();
    this.end(`worker ${index + 1} has ended: ${reason}`);
  }
  #post(index: number, message: Message): void {
    this.workers[index]?.post(message);
    Atomics.add(this.#words, poolWords.mail + index, 1);
  }
  #ring(): void {
    Atomics.add(this.#words, poolWords.bell, 1);
    Atomics.notify(this.#words, poolWords.bell);
  }

  /** Gives the first workers a program; each gets its own message. */
  add(messages: readonly Message[]): void {
    for (const [index, message] of messages.entries()) this.#post(index, message);
    this.#ring();
  }
  /** Takes a program away from all. */
  drop(id: number): void {
    for (const index of this.workers.keys()) this.#post(index, { kind: "drop", id });
    this.#ring();
  }
  /** Wakes those who sleep, to help with a program. */
  wake(id: number): void {
    Atomics.store(this.#words, poolWords.active, id);
    this.#ring();
  }
  /** Ends all workers, for a reason that the next run tells. */
  end(reason: string): void {
    this.failure ??= reason;
    this.#endAll();
  }
  #endAll(): void {
    for (const worker of this.workers.splice(0)) worker.end();
  }
}

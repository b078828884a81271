import { CompileError } from "../../../base/errors.js";
import type { HostExecutable } from "../../../kernel/backend.js";
import type { MemoryPlan } from "../../../kernel/plan-memory.js";
import type { LeafKernel, Program } from "../../../kernel/program.js";
import { hasRelaxedMadd } from "../features.js";
import { memoryOf, planOf, WasmExecutable } from "../index.js";
import { type Exports, hostImports } from "../instance.js";
import { type ProgramCode, programCode } from "../program-code.js";
import { sharedKernels } from "./choose-shared.js";
import { controlBytes, words } from "./control.js";
import { Forks } from "./fork.js";
import { type Parts, type SharingOptions, timeOf } from "./plan-parts.js";
import { Pool } from "./pool.js";
import { inPage, mayWait, whyNoThreads } from "./start-worker.js";
import type { Message } from "./worker-source.js";

/** How programs are run on several threads; all but the first are for tests. */
export interface ThreadOptions extends Omit<SharingOptions, "threads"> {
  /** Milliseconds after which a worker that does not finish its part counts as dead; see {@link deadlineOf}. */
  readonly deadline?: number;
}
/** Waking takes the main thread 10 µs, and a processor that rests 30 to 60 (measured in virtual machines, where it takes longest). */
export const defaultOptions: ThreadOptions = { worthwhile: 20, wake: 60 };

/** Milliseconds that the longest part of a program may take, on the slowest and busiest machine: fifty times what is estimated, and 2 s. */
export function deadlineOf(shared: ReadonlyMap<LeafKernel, Parts>): number {
  let longest = 0;
  for (const [kernel, { codes }] of shared) longest = Math.max(longest, timeOf(kernel) / codes.length);
  return 2000 + (50 * longest) / 1000;
}

let pool: Pool | null = null;
let nextId = 1;
let warned = false;
/** Says once why programs run on one thread. */
function warn(reason: string): void {
  if (warned) return;
  warned = true;
  console.warn(`@scope/autodiff: compiled programs run on one thread: ${reason}`);
}

/** Why this page starts no workers. */
let refused: string | null = null;
/** A page whose policy refuses workers goes on without them; elsewhere that is a failure. */
function withoutWorkers(reason: string): boolean {
  if (!inPage()) return false;
  refused = reason;
  warn(reason);
  return true;
}

/** The pool of this thread, with so many workers; null where none can be started. */
function poolOf(workers: number): Pool | null {
  const reason = whyNoThreads();
  if (reason !== null) {
    warn(reason);
    return null;
  }
  if (refused !== null) return null;
  if (pool === null || pool.failure !== null) pool = new Pool(withoutWorkers);
  try {
    pool.grow(workers);
    return pool;
  } catch (error) {
    warn(`workers cannot be started: ${String(error)}`);
    return null;
  }
}

/** The pool that programs use now, for tests. */
export const currentPool = (): Pool | null => pool;

/** Programs that are garbage-collected leave their workers. */
const abandoned = /* @__PURE__ */ new FinalizationRegistry<() => void>((leave) => leave());

/** Milliseconds after which the main thread looks whether a worker has failed, and how many of them count where it was late. */
const betweenLooks = 20;
const mostBetweenLooks = 100;

/** How the main thread waits for parts that workers have begun. */
class Join {
  readonly #view: Int32Array;
  readonly #deadline: number;
  readonly #fail: (reason: string) => Error;
  readonly #maySleep = mayWait();
  #waited = 0;
  #since = performance.now();
  #level = 0;

  /** @param fail - ends the workers, and says what is thrown */
  constructor(view: Int32Array, deadline: number, fail: (reason: string) => Error) {
    this.#view = view;
    this.#deadline = deadline;
    this.#fail = fail;
  }

  /** Returns when so many parts are done. */
  wait(parts: number): void {
    const view = this.#view;
    const [done, waiting] = [words.done / 4, words.waiting / 4];
    const start = performance.now();
    let looked = start;
    let waited = 0;
    for (;;) {
      const now = Atomics.load(view, done);
      if (now === parts) break;
      if (Atomics.load(view, words.failed / 4) !== 0) throw this.#fail("a worker failed in its part");
      // Where this thread was kept from looking, by a machine that slept, say, workers were kept from working.
      const time = performance.now();
      waited += Math.min(time - looked, mostBetweenLooks);
      looked = time;
      if (waited > this.#deadline)
        throw this.#fail(`a worker has not finished its part for ${(this.#deadline / 1000).toFixed(1)} s`);
      if (!this.#maySleep) continue;
      Atomics.store(view, waiting, 1);
      Atomics.wait(view, done, now, betweenLooks);
      Atomics.store(view, waiting, 0);
    }
    this.#account(start);
  }
  /** Where waiting takes most of the time, others need the processors: the main thread then goes on alone for a while, longer each time. */
  #account(start: number): void {
    const view = this.#view;
    const now = performance.now();
    this.#waited += now - start;
    const elapsed = now - this.#since;
    if (elapsed < 20) return;
    const share = this.#waited / elapsed;
    const shared = Atomics.exchange(view, words.shared / 4, 0);
    if (share > 0.4 && elapsed < 1000) {
      this.#level = Math.min(6, this.#level + 1);
      view[words.alone / 4] = shared * 2 ** this.#level;
    } else this.#level = Math.max(0, this.#level - 1);
    this.#waited = 0;
    this.#since = now;
  }
}

const lost = (op: string, reason: string): CompileError =>
  new CompileError({
    code: "compile/worker",
    op,
    problem: "a thread that shares its work is gone; what the program was computing is incomplete.",
    got: reason,
    expected: "workers that live as long as the program",
    mend: "compile it again, or with threads: 1; Variables that it assigned may be half written: load them from a checkpoint",
  });

class ThreadedExecutable extends WasmExecutable {
  readonly #leave: () => void;

  constructor(
    program: Program,
    plan: MemoryPlan,
    code: ProgramCode,
    at: {
      readonly memory: WebAssembly.Memory;
      readonly exports: Exports;
      readonly failure: () => string | null;
    },
    threads: number,
    leave: () => void,
  ) {
    super(program, plan, code, at, threads);
    this.#leave = leave;
    const { run } = at.exports;
    this.run = () => {
      const failure = at.failure();
      if (failure !== null) throw lost(program.name, failure);
      run();
    };
    abandoned.register(this, leave, this);
  }
  override dispose(): void {
    abandoned.unregister(this);
    this.#leave();
  }
}

/** Prepares a program for several threads; null where it gains nothing from them, or where there are none. */
export function prepareThreaded(
  program: Program,
  threads: number,
  options: ThreadOptions = defaultOptions,
): HostExecutable | null {
  const sharing = { ...options, threads };
  const parts = sharedKernels(program, sharing);
  if (parts.size === 0) return null;
  const workers = poolOf(threads - 1);
  if (workers === null) return null;

  const plan = planOf(program);
  const control = Math.ceil(plan.bytes / 64) * 64;
  const forks = new Forks(program, parts, control, sharing);
  const code = programCode(program, plan, hasRelaxedMadd(), control + controlBytes, forks);
  // Each thread has its own copy of what lies behind the program.
  const shift = code.memoryBytes - control;
  const memory = memoryOf(code.memoryBytes + (threads - 1) * shift, true);
  const module = new WebAssembly.Module(code.bytes);
  const id = nextId++;
  const view = new Int32Array(memory.buffer, control, controlBytes / 4);
  const join = new Join(view, options.deadline ?? deadlineOf(parts), (reason) => {
    workers.end(reason);
    return lost(program.name, reason);
  });
  const host = {
    ...hostImports(code.imports.filter((name) => !ownImports.includes(name))),
    wake: () => workers.wake(id),
    stall: (count: number) => join.wait(count),
    finished: () => {},
  };
  const instance = new WebAssembly.Instance(module, { env: { memory, shift: 0 }, host });
  workers.add(
    Array.from({ length: threads - 1 }, (_, i): Message => {
      return { kind: "add", id, module, memory, control, shift: (i + 1) * shift };
    }),
  );
  if (options.patient === true) awaitWorkers(view, threads - 1);
  // Everything that is exported is a function of numbers.
  const at = { memory, exports: instance.exports as Exports, failure: () => workers.failure };
  return new ThreadedExecutable(program, plan, code, at, threads, () => workers.drop(id));
}
const ownImports: readonly string[] = ["wake", "stall", "finished"];

function awaitWorkers(view: Int32Array, count: number): void {
  const joined = words.joined / 4;
  for (let now = 0; now < count; now = Atomics.load(view, joined)) Atomics.wait(view, joined, now, 1000);
}

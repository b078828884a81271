/** How the threads of one program talk to each other: int32 words in its memory, those that are written by different threads on cache lines of their own.
 * The main thread describes a kernel (`kernel`, `counters`), then sets `remaining` to the number of its parts. Whoever lowers `remaining` from above 0 owns a part;
 * the others' parts are counted in `done`, and the main thread goes on when all are. So a description never changes while a part of it is owned. */
export const controlBytes = 512;
/** Byte offsets of the words. */
export const words = {
  /** Parts that nobody has begun. */
  remaining: 0,
  /** Parts that workers have finished. */
  done: 64,
  /** Whether the main thread sleeps until `done` changes. */
  waiting: 128,
  /** Workers that look at `remaining` now. */
  awake: 192,
  /** Workers that have the program. */
  joined: 196,
  /** Whether a worker failed in a part. */
  failed: 200,
  /** How many kernels the main thread does alone before it shares again, and how many it has shared. */
  alone: 256,
  shared: 260,
  /** The kernel that is shared, and the counters of the loops around it. */
  kernel: 320,
  counters: 324,
} as const;
/** Loops around a kernel whose counters have a place. */
export const mostLoops: number = (controlBytes - words.counters) / 4;

/** Words of the memory that a pool and its workers share. */
export const poolWords = {
  /** Changes when there is something to do for workers that sleep. */
  bell: 0,
  /** The program that runs. */
  active: 16,
  /** Workers that have started. */
  started: 32,
  /** Programs that workers hold, each counted once for each worker. */
  held: 33,
  /** Messages that were sent to the first worker; the counts of the others follow. */
  mail: 48,
} as const;

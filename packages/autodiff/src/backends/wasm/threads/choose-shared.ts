import { bodiesOf, type Kernel, type LeafKernel, type Program } from "../../../kernel/program.js";
import { mostLoops } from "./control.js";
import { type Parts, partsOf, type SharingOptions, timeOf } from "./plan-parts.js";

/** Microseconds for which workers look for the next kernel before they sleep, a little less than they do. */
const awakeTime = 80;
/** Microseconds that it takes workers who are awake to begin and to be waited for, with their results still in their caches. */
const forkTime = 2;

/** A kernel where it runs, and how often it runs there: the first round of a loop stands apart from the others. */
interface Visit {
  readonly kernel: LeafKernel;
  readonly times: number;
  readonly inLoops: number;
}
/** What a program runs, in order; a branch as both sides, a while loop as one round. */
function visitsOf(kernels: readonly Kernel[], times: number, inLoops: number): Visit[] {
  return kernels.flatMap((kernel): Visit[] => {
    switch (kernel.kind) {
      case "loop": {
        const rounds = [1, kernel.length - 1].filter((count) => count > 0 && kernel.length > 0);
        return rounds.flatMap((count) => visitsOf(kernel.body, times * count, inLoops + 1));
      }
      case "branch":
      case "while":
        return bodiesOf(kernel).flatMap((body) => visitsOf(body, times, inLoops));
      default:
        return [{ kernel, times, inLoops }];
    }
  });
}

/** Kernels between which workers stay awake. */
interface Burst {
  readonly kernels: Set<LeafKernel>;
  /** How often they must be woken for it, and the microseconds that sharing saves once they are awake. */
  readonly wakes: number;
  saved: number;
}
function burstsOf(
  visits: readonly Visit[],
  shared: ReadonlyMap<LeafKernel, Parts>,
  threads: number,
): readonly Burst[] {
  const bursts: Burst[] = [];
  let gap = Infinity;
  for (const { kernel, times } of visits) {
    const time = timeOf(kernel);
    if (!shared.has(kernel)) {
      gap += time;
      continue;
    }
    if (gap > awakeTime) bursts.push({ kernels: new Set(), wakes: times, saved: 0 });
    const burst = bursts[bursts.length - 1];
    burst.kernels.add(kernel);
    burst.saved += times * Math.max(0, time * (1 - 1 / threads) - forkTime);
    gap = 0;
  }
  return bursts;
}

/** The kernels of a program that are shared, with their parts: those that are long enough, in bursts that save more than waking the workers costs. */
export function sharedKernels(program: Program, options: SharingOptions): ReadonlyMap<LeafKernel, Parts> {
  const { threads, wake = 0 } = options;
  const visits = visitsOf(program.kernels, 1, 0);
  const shared = new Map<LeafKernel, Parts>();
  for (const { kernel, inLoops } of visits) {
    const parts = shared.has(kernel) || inLoops > mostLoops ? null : partsOf(kernel, options);
    if (parts !== null) shared.set(kernel, parts);
  }
  // Without a burst the gaps around it grow, and others may not be worth their waking any more.
  for (let before = Infinity; shared.size < before; ) {
    before = shared.size;
    const paying = burstsOf(visits, shared, threads).filter(({ saved, wakes }) => saved >= wakes * wake);
    for (const kernel of [...shared.keys()])
      if (!paying.some(({ kernels }) => kernels.has(kernel))) shared.delete(kernel);
  }
  return shared;
}

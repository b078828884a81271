import type { Local } from "./assembler.js";
import type { Spot } from "./expression-code.js";
import { i32, type V128, v128 } from "./instructions.js";
import type { ReduceCode, ReduceLoops } from "./reduce.js";
import { chainLength, countDown, WideTotal } from "./wide-sums.js";

/** Rounds after which chains of float32 end; with what is left over at the end of an axis, none gets longer than a chain may be. */
const roundsOfChain = chainLength - 4;

/** How one pass along the axis goes: whole chains, then rounds of a vector for each chain, then single vectors, then a tail of less than a vector. */
interface AlongPlan {
  readonly chains: number;
  /** How often the chains, of `roundsOfChain` rounds each, end within the pass. */
  readonly wholeChains: number;
  readonly rounds: number;
  readonly single: number;
  readonly tail: number;
  /** Whether chains of float32 end and go on in float64. */
  readonly isLong: boolean;
  /** Passes after which chains end; 0 where they need not. */
  readonly passesOfChain: number;
}

function planAlong({ width, size, passes, unrolls, wide }: ReduceLoops): AlongPlan {
  const full = Math.floor(size / width);
  const chains = !unrolls || full < 2 ? 1 : full < 8 ? 2 : 4;
  const allRounds = Math.floor(full / chains);
  const single = full % chains;
  const tail = size % width;
  const rest = single + (tail > 0 ? 1 : 0);
  const isLong = wide && passes * (allRounds + rest) > chainLength;
  const wholeChains = isLong ? Math.floor(allRounds / roundsOfChain) : 0;
  const rounds = allRounds - wholeChains * roundsOfChain;
  const most = Math.floor(chainLength / Math.max(1, rounds + rest));
  const passesOfChain = isLong && passes > most ? most : 0;
  return { chains, wholeChains, rounds, single, tail, isLong, passesOfChain };
}

/** Running results in several chains at once. */
interface Chains {
  /** Starts the chains, and their total in float64 where there is one. */
  start(): void;
  /** Adds `value` to one of them. */
  add(chain: number, value: V128): void;
  /** Ends the chains: what they hold goes on in float64. */
  fold(): void;
  /** What all lanes of all chains come to, in the first lane. */
  total(): V128;
}

function chainsOf(
  { f, width, laneBytes, neutral, combined }: ReduceCode,
  { chains, isLong }: AlongPlan,
): Chains {
  const sums = f.locals("v128", chains);
  const [total, ...others] = sums;
  const wideTotal = isLong ? new WideTotal(f, width) : null;
  const add = (to: Local<"v128">, value: V128): void => f.set(to, combined(to, value));
  const clear = (): void => {
    for (const sum of sums) f.set(sum, neutral());
  };
  const join = (): void => {
    if (others.length === 3) {
      add(others[1], others[2]);
      add(total, others[0]);
      add(total, others[1]);
    } else for (const other of others) add(total, other);
  };
  const fold = (): void => {
    join();
    wideTotal?.add(total);
    clear();
  };
  return {
    start: () => {
      clear();
      wideTotal?.clear();
    },
    add: (chain, value) => add(sums[chain], value),
    fold,
    total: () => {
      if (wideTotal !== null) {
        fold();
        return wideTotal.total();
      }
      join();
      for (let half = width / 2; half >= 1; half /= 2) {
        const bytes = Array.from({ length: 16 }, (_, at) => (at + half * laneBytes) % (width * laneBytes));
        add(total, f.let(v128.shuffle(total, total, bytes)));
      }
      return total;
    },
  };
}

/** Vectors run along a reduced axis, in several chains at once, and their lanes are combined at the end. */
export function reduceAlong(code: ReduceCode): void {
  const { f, nest, body, width, last } = code;
  const plan = planAlong(code);
  const { chains, tail, passesOfChain } = plan;
  const sums = chainsOf(code, plan);
  const passesLeft = passesOfChain > 0 ? f.local("i32") : null;
  const depth = nest.axes.length;
  const spot = (lanes: number, shift = 0): Spot => ({ lanes, shift: new Map([[last, shift]]) });
  /** Adds a vector to each of so many chains. */
  const step = (count: number): void => {
    for (let chain = 0; chain < count; chain++) {
      body.emit(depth, spot(width, chain * width));
      sums.add(chain, body.result(0));
    }
  };
  const run = (rounds: number, count: number): void =>
    nest.loop(f, last, rounds, count * width, () => step(count), false);
  nest.over(f, code.keptAxes, () => {
    sums.start();
    if (passesLeft !== null) f.set(passesLeft, i32.const(passesOfChain));
    nest.over(f, code.reducedAxes, () => {
      for (let level = 0; level < depth; level++) body.emit(level, spot(width));
      f.repeat(plan.wholeChains, () => {
        run(roundsOfChain, chains);
        sums.fold();
      });
      run(plan.rounds, chains);
      run(plan.single, 1);
      if (tail > 0) {
        body.emit(depth, spot(tail));
        // The lanes after the last element are replaced by what changes nothing.
        const words = Array.from({ length: 4 }, (_, i) => (i * 4 < tail * code.laneBytes ? -1 : 0));
        const mask = f.i32(...words);
        sums.add(0, f.let(v128.select(body.result(0), code.neutral(), mask)));
      }
      nest.skip(f, last, tail - code.size);
      if (passesLeft !== null) countDown(f, passesLeft, passesOfChain, sums.fold);
    });
    code.store(sums.total(), 1);
  });
}

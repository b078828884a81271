import type { Local } from "./assembler.js";
import type { Spot } from "./expression-code.js";
import { i32, v128 } from "./instructions.js";
import type { ReduceCode } from "./reduce.js";
import { chainLength, countDown, WideTotal } from "./wide-sums.js";

/** Rounds after which chains of float32 end; with what is left over at the end of an axis, none gets longer than a chain may be. */
const roundsOfChain = chainLength - 4;

/** Vectors run along a reduced axis, in several chains at once, and their lanes are combined at the end. */
export function reduceAlong(code: ReduceCode): void {
  const { f, nest, body, width, last, size, keptAxes, reducedAxes, combined, neutral } = code;
  const full = Math.floor(size / width);
  const chains = code.unrolls && full >= 8 ? 4 : code.unrolls && full >= 2 ? 2 : 1;
  const rounds = Math.floor(full / chains);
  const single = full - rounds * chains;
  const tail = size % width;
  const passes = reducedAxes.reduce((count, axis) => count * nest.axes[axis].size, 1);
  const isLong = code.wide && passes * (rounds + single + (tail > 0 ? 1 : 0)) > chainLength;

  const sums: Local<"v128">[] = Array.from({ length: chains }, () => f.local("v128"));
  const [total, ...others] = sums;
  const wideTotal = isLong ? new WideTotal(f, width) : null;
  const clear = (): void => {
    for (const sum of sums) f.set(sum, neutral());
  };
  const joinChains = (): void => {
    if (others.length === 3) {
      f.set(others[1], combined(others[1], others[2]));
      f.set(total, combined(total, others[0]));
      f.set(total, combined(total, others[1]));
    } else for (const other of others) f.set(total, combined(total, other));
  };
  /** Ends the chains: what they hold goes on in float64. */
  const fold = (): void => {
    joinChains();
    wideTotal?.add(total);
    clear();
  };

  const spot = (lanes: number, shift = 0): Spot => ({ lanes, shift: new Map([[last, shift]]) });
  const step = (chain: number): void => {
    body.emit(nest.axes.length, spot(width, chain * width));
    f.set(sums[chain], combined(sums[chain], body.result(0)));
  };
  const run = (count: number): void =>
    nest.loop(
      f,
      last,
      count,
      chains * width,
      () => {
        for (const chain of sums.keys()) step(chain);
      },
      false,
    );
  /** The last elements, fewer than a vector: what lies behind them is replaced. */
  const remainder = (): void => {
    body.emit(nest.axes.length, spot(tail));
    const word = width === 4 ? 1 : 2;
    const mask = code.narrow
      ? f.i32(-1, 0, 0, 0)
      : f.i32(...Array.from({ length: 4 }, (_, i) => (Math.floor(i / word) < tail ? -1 : 0)));
    f.set(total, combined(total, f.let(v128.select(body.result(0), neutral(), mask))));
  };

  const restRounds = isLong ? rounds % roundsOfChain : rounds;
  const perPass = Math.max(1, restRounds + single + (tail > 0 ? 1 : 0));
  const passesOfChain = Math.floor(chainLength / perPass);
  const passesLeft = isLong && passes > passesOfChain ? f.local("i32") : null;
  code.over(keptAxes, () => {
    clear();
    wideTotal?.clear();
    if (passesLeft !== null) f.set(passesLeft, i32.const(passesOfChain));
    code.over(reducedAxes, () => {
      for (let level = 0; level < nest.axes.length; level++) body.emit(level, spot(width));
      f.repeat((rounds - restRounds) / roundsOfChain, () => {
        run(roundsOfChain);
        fold();
      });
      run(restRounds);
      nest.loop(f, last, single, width, () => step(0), false);
      if (tail > 0) remainder();
      nest.skip(f, last, -full * width);
      if (passesLeft !== null) countDown(f, passesLeft, passesOfChain, fold);
    });
    if (wideTotal !== null) {
      fold();
      code.store(wideTotal.total(), 1);
      return;
    }
    joinChains();
    const lane = width === 4 || code.narrow ? 4 : 8;
    for (let half = width / 2; half >= 1; half /= 2) {
      const bytes = Array.from({ length: 16 }, (_, at) => (at + half * lane) % (width * lane));
      f.set(total, combined(total, f.let(v128.shuffle(total, total, bytes))));
    }
    code.store(total, 1);
  });
}

import type { LeafKernel, Program } from "../../../kernel/program.js";
import type { FunctionBuilder } from "../assembler.js";
import type { CodeContext } from "../context.js";
import { productsOf } from "../gemm-code.js";
import { type I32, i32 } from "../instructions.js";
import { gemmsIn, type Threading } from "../program-code.js";
import { atomic } from "./atomics.js";
import { words } from "./control.js";
import type { Parts, SharingOptions } from "./plan-parts.js";

/** Rounds of looking at a word before the main thread leaves waiting to its host, and before a worker goes to sleep: about 20 and 100 µs. */
const roundsOfMain = 10_000;
const roundsOfWorker = 60_000;

/** Writes the code that shares kernels: `fork` on the main thread, `work` on the others. */
export class Forks implements Threading {
  readonly products: Threading["products"];
  readonly #control: number;
  readonly #parts: ReadonlyMap<LeafKernel, Parts>;
  readonly #workers: number;
  readonly #patient: boolean;
  readonly #flush: boolean;
  /** For each kernel that is shared the functions of its parts, and how many counters they take. */
  readonly #kernels: { readonly parts: readonly FunctionBuilder[]; readonly depth: number }[] = [];
  #ctx!: CodeContext;
  #part!: FunctionBuilder;
  #fork!: FunctionBuilder;

  /** @param control - the address of the control words */
  constructor(
    program: Program,
    parts: ReadonlyMap<LeafKernel, Parts>,
    control: number,
    { threads, patient = false }: SharingOptions,
  ) {
    this.#control = control;
    this.#parts = parts;
    this.#workers = threads - 1;
    this.#patient = patient;
    this.#flush = program.flushSubnormals;
    const pieces = [...parts.values()].flatMap(({ products }) => products);
    this.products = [
      ...productsOf(gemmsIn(program.kernels).filter((kernel) => !parts.has(kernel))),
      ...pieces.map(({ product }) => product),
    ];
  }

  #word(name: keyof typeof words): I32 {
    return i32.const(this.#control + words[name]);
  }

  begin(ctx: CodeContext): void {
    this.#ctx = ctx;
    const { module } = ctx;
    // Its body is written at the end, when all kernels are known.
    this.#part = module.procedure(["i32", "i32"], () => {});
    this.#fork = module.procedure(["i32", "i32"], (f) => this.#writeFork(f));
    module.export(
      "work",
      module.procedure([], (f) => this.#writeWork(f)),
    );
  }

  fork(kernel: LeafKernel, depth: number, write: Parameters<Threading["fork"]>[2]): FunctionBuilder | null {
    const parts = this.#parts.get(kernel);
    if (parts === undefined) return null;
    const functions = parts.codes.map((code) => write((gemms) => code(this.#ctx, gemms, this.#flush)));
    const index = this.#kernels.push({ parts: functions, depth }) - 1;
    const counters = Array.from({ length: depth }, () => "i32" as const);
    return this.#ctx.module.procedure(counters, (f) => {
      for (let level = 0; level < depth; level++)
        f.emit(i32.store(this.#word("counters"), f.parameter(level), level * 4));
      f.run(this.#fork, i32.const(index), i32.const(functions.length));
    });
  }

  /** Runs all parts of a kernel, with whoever helps. Parameters: the kernel's number, the number of its parts. */
  #writeFork(f: FunctionBuilder): void {
    const { module } = this.#ctx;
    const [kernel, count] = [f.parameter(0), f.parameter(1)];
    const [left, own, rounds] = f.locals("i32", 3);
    const one = i32.const(1);
    f.set(left, i32.load(this.#word("alone")));
    f.if(left, () => {
      f.emit(i32.store(this.#word("alone"), i32.sub(left, one)));
      f.emit(i32.store(this.#word("kernel"), kernel));
      f.repeat(count, () => {
        f.advance(count, -1);
        f.run(this.#part, kernel, count);
      });
      f.return();
    });
    f.emit(i32.store(this.#word("shared"), i32.add(i32.load(this.#word("shared")), one)));
    f.emit(i32.store(this.#word("kernel"), kernel));
    f.emit(atomic.store(this.#word("done"), i32.const(0)));
    f.emit(atomic.store(this.#word("remaining"), count));
    f.if(i32.ltS(atomic.load(this.#word("awake")), i32.const(this.#workers)), () =>
      f.run(module.import("wake", [], null)),
    );
    if (!this.#patient)
      f.while(
        () => i32.gtS(f.tee(left, atomic.sub(this.#word("remaining"), one)), i32.const(0)),
        () => {
          f.run(this.#part, kernel, i32.sub(left, one));
          f.advance(own, 1);
        },
      );
    f.set(left, i32.sub(count, own));
    f.while(
      () => i32.ne(atomic.load(this.#word("done")), left),
      () => {
        f.advance(rounds, 1);
        f.if(i32.gtS(rounds, i32.const(roundsOfMain)), () =>
          f.run(module.import("stall", ["i32"], null), left),
        );
      },
    );
  }

  /** Takes parts of kernels until there has been none for a while. */
  #writeWork(f: FunctionBuilder): void {
    const { module } = this.#ctx;
    const [left, rounds] = f.locals("i32", 2);
    const [zero, one] = [i32.const(0), i32.const(1)];
    const drop = (value: I32): void => f.set(f.local("i32"), value);
    const some = (): I32 => i32.gtS(atomic.load(this.#word("remaining")), zero);
    f.loop((again) => {
      drop(atomic.add(this.#word("awake"), one));
      f.set(rounds, i32.const(roundsOfWorker));
      f.while(
        () => rounds,
        () => {
          f.advance(rounds, -1);
          f.if(some(), () => {
            f.set(left, atomic.sub(this.#word("remaining"), one));
            f.if(i32.gtS(left, zero), () => {
              f.run(this.#part, i32.load(this.#word("kernel")), i32.sub(left, one));
              drop(atomic.add(this.#word("done"), one));
              f.if(atomic.load(this.#word("waiting")), () => f.run(module.import("finished", [], null)));
              f.set(rounds, i32.const(roundsOfWorker));
            });
          });
        },
      );
      drop(atomic.sub(this.#word("awake"), one));
      // Whoever shared a kernel just before saw this worker awake.
      f.branchIf(some(), again);
    });
  }

  /** Finds the function of a part, by halves, and calls it with the counters. */
  end(): void {
    const f = this.#part;
    const [kernel, part] = [f.parameter(0), f.parameter(1)];
    const among = (at: I32, low: number, high: number, each: (i: number) => void): void => {
      if (high - low === 1) return each(low);
      const middle = (low + high) >> 1;
      f.if(
        i32.ltS(at, i32.const(middle)),
        () => among(at, low, middle, each),
        () => among(at, middle, high, each),
      );
    };
    among(kernel, 0, this.#kernels.length, (k) => {
      const { parts, depth } = this.#kernels[k];
      among(part, 0, parts.length, (i) => {
        const counters = Array.from({ length: depth }, (_, level) =>
          i32.load(this.#word("counters"), level * 4),
        );
        f.run(parts[i], ...counters);
      });
    });
  }
}

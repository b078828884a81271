import { buildExpression } from "../../kernel/expression.js";
import { type Buffer, homeOf, type Kernel, type Read } from "../../kernel/program.js";
import { access, branch, loop, ProgramBuilder, plain, type SeededNumbers } from "./program-builder.js";
import type { Suite } from "./suite.js";

/** Temporaries that share memory with others, or are computed in the place of others: whoever plans too tightly, or runs kernels side by side that must not be, shows it here. */
export function memoryConformance(suite: Suite): void {
  const samples = Math.ceil(suite.options.samples / 6);
  for (const control of ["no loops", "loops", "branches"] as const) {
    suite.add(
      `temporaries keep what is still to be read, with ${control}`,
      ["float32", "bool"],
      async (trial) => {
        for (let sample = 0; sample < samples; sample++) {
          const draft = new Draft(trial.numbers);
          const program = draft.program(control);
          await trial.expectAsNaive({ ...program, name: `sample ${sample}` });
        }
      },
    );
  }
}

const lengths = [1, 2, 5, 16, 17, 33, 64, 100, 600];

/** Random steps over temporaries, each of which makes a new one or changes one. */
class Draft {
  readonly #numbers: SeededNumbers;
  readonly #builder = new ProgramBuilder();
  /** What may be read; a buffer that was overwritten is no longer among it. */
  #live: Buffer[] = [];

  constructor(numbers: SeededNumbers) {
    this.#numbers = numbers;
  }

  program(control: "no loops" | "loops" | "branches") {
    const numbers = this.#numbers;
    const b = this.#builder;
    for (let i = 0; i < 3; i++) {
      const length = numbers.pick(lengths);
      this.#live.push(b.buffer("float32", numbers.wholes(length), "input"));
    }
    const kernels = this.#steps(numbers.whole(4, 9));
    for (let i = numbers.whole(1, 3); i > 0; i--) {
      const body = control === "no loops" ? [] : this.#body(control);
      kernels.push(...body, ...this.#steps(numbers.whole(1, 6)));
    }
    for (const buffer of [...this.#live]) {
      const out = b.buffer("float32", buffer.length, "output");
      kernels.push(this.#map([buffer], out));
    }
    return b.program(kernels);
  }

  /** Steps in a loop or a branch: what they make is theirs, what they change was there before. */
  #body(control: "loops" | "branches"): Kernel[] {
    const numbers = this.#numbers;
    const before = this.#live;
    const inside = (): Kernel[] => {
      this.#live = [...before];
      const steps = this.#steps(numbers.whole(1, 5), false);
      // Something that was there before takes part, so that it lives through all rounds.
      const carried = before.filter(({ role }) => role === "temporary");
      const last = this.#live[this.#live.length - 1];
      for (const buffer of carried.slice(-2)) steps.push(this.#map([buffer, last], buffer));
      this.#live = before;
      return steps;
    };
    if (control === "branches") {
      const condition = this.#builder.buffer("bool", [numbers.whole(0, 1)], "input");
      return [branch(access(condition, []), inside(), numbers.chance(0.3) ? [] : inside())];
    }
    const inner = loop(numbers.whole(0, 3), numbers.chance(0.5), inside());
    return [loop(numbers.whole(1, 3), numbers.chance(0.5), [...inside(), inner])];
  }

  #steps(count: number, mayOverwrite = true): Kernel[] {
    return Array.from({ length: count }, () => this.#step(mayOverwrite));
  }

  #step(mayOverwrite: boolean): Kernel {
    const numbers = this.#numbers;
    const sources = Array.from({ length: numbers.whole(1, 3) }, () => numbers.pick(this.#live));
    const old = numbers.pick(this.#live);
    if (mayOverwrite && old.role === "temporary" && numbers.chance(0.3)) {
      const target = this.#builder.inPlaceOf(old);
      const others = sources.filter((each) => homeOf(each) !== homeOf(old));
      this.#live = [...this.#live.filter((each) => each !== old), target];
      return this.#map([old, ...others], target);
    }
    const target = this.#builder.buffer("float32", numbers.pick(lengths), "temporary");
    this.#live.push(target);
    // Some values are read no more from here on: their memory is free.
    const dropped = numbers.pick(this.#live);
    if (mayOverwrite && dropped !== target && numbers.chance(0.4))
      this.#live = this.#live.filter((each) => each !== dropped);
    return this.#map(sources, target);
  }

  /** target[i] = Σ of the sources at i, or at i counted from the end, or at 0 where they are shorter; kept small, so that it is exact. */
  #map(sources: readonly Buffer[], target: Buffer): Kernel {
    const { length } = target;
    const reads = sources.map((source): Read => {
      if (source.length < length) return plain(access(source, [0]));
      const inPlace = homeOf(source) === homeOf(target);
      return !inPlace && this.#numbers.chance(0.3)
        ? plain(access(source, [-1], length - 1))
        : plain(access(source, [1]));
    });
    const expression = buildExpression(
      sources.map(() => "float32"),
      (kernel, ...operands) => {
        const constant = (x: number) => kernel.constant(x, "float32");
        const sum = operands.reduce((x, y) => kernel.add(x, y));
        return kernel.max(kernel.min(kernel.sub(constant(3), sum), constant(500)), constant(-500));
      },
    );
    return { kind: "map", name: "step", shape: [length], reads, expression, writes: [access(target, [1])] };
  }
}

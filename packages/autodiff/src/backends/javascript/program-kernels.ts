import { InternalError } from "../../base/errors.js";
import type {
  CheckKernel,
  FillKernel,
  GemmKernel,
  Kernel,
  RandomBitsKernel,
  RowKernel,
  ScatterAddKernel,
} from "../../kernel/program.js";
import { gemm, type Matrix } from "./gemm.js";
import { MapRunner, ReduceRunner, type Runner, type Setting } from "./program-fused.js";
import { BufferCursor, groupAxes, IndexIterator, type InnerAxis, splitInner } from "./program-walk.js";
import { argExtreme, argSort, cumulativeSum, type Elements, randomBits, scatterAdd } from "./routines.js";

/** The kernels that only compute, without those that hold others. */
export type LeafKernel = Exclude<Kernel, { readonly kind: "loop" | "branch" | "while" }>;

/** Makes a kernel ready to run. */
export function prepareKernel(kernel: LeafKernel, setting: Setting): Runner {
  switch (kernel.kind) {
    case "map":
      return new MapRunner(kernel, setting);
    case "reduce":
      return new ReduceRunner(kernel, setting);
    case "fill":
      return new FillRunner(kernel, setting);
    case "gemm":
      return new GemmRunner(kernel, setting);
    case "scatterAdd":
      return new ScatterAddRunner(kernel, setting);
    case "row":
      return new RowRunner(kernel, setting);
    case "randomBits":
      return new RandomBitsRunner(kernel, setting);
    case "check":
      return new CheckRunner(kernel, setting);
    case "pack":
      throw new InternalError(`${kernel.name}: the JavaScript backend asks for no packed operands`);
  }
}

class CheckRunner implements Runner {
  readonly name: string;
  readonly #kernel: CheckKernel;
  readonly #index: BufferCursor;
  readonly #status: BufferCursor;
  readonly #walk: IndexIterator;

  constructor(kernel: CheckKernel, setting: Setting) {
    this.name = kernel.name;
    this.#kernel = kernel;
    this.#index = new BufferCursor(kernel.index, setting.view(kernel.index));
    this.#status = new BufferCursor(kernel.status, setting.view(kernel.status));
    this.#walk = new IndexIterator(groupAxes(kernel.shape, 0, [kernel.index.strides], false));
  }

  run(counters: readonly number[]): void {
    const { low, high, ignored, code } = this.#kernel;
    if (!this.#walk.start([this.#index.base(counters)])) return;
    do {
      const at = this.#index.data[this.#walk.positions[0]];
      if ((at >= low && at < high) || at === ignored) continue;
      const status = this.#status.base(counters);
      this.#status.data[status] = code;
      this.#status.data[status + 1] = at;
      return;
    } while (this.#walk.next());
  }
}

class FillRunner implements Runner {
  readonly name: string;
  readonly #target: BufferCursor;
  readonly #walk: IndexIterator;
  readonly #inner: InnerAxis;
  readonly #value: number;

  constructor(kernel: FillKernel, setting: Setting) {
    this.name = kernel.name;
    this.#target = new BufferCursor(kernel.target, setting.view(kernel.target));
    this.#value = kernel.target.buffer.dtype === "bool" ? Number(kernel.value !== 0) : kernel.value;
    const inner = splitInner(groupAxes(kernel.shape, 0, [kernel.target.strides], false));
    this.#inner = inner;
    this.#walk = new IndexIterator(inner.outer);
  }

  run(counters: readonly number[]): void {
    const { data } = this.#target;
    const { size, strides } = this.#inner;
    if (!this.#walk.start([this.#target.base(counters)])) return;
    do {
      const position = this.#walk.positions[0];
      if (strides[0] === 1) data.fill(this.#value, position, position + size);
      else for (let i = 0, o = position; i < size; i++, o += strides[0]) data[o] = this.#value;
    } while (this.#walk.next());
  }
}

class GemmRunner implements Runner {
  readonly name: string;
  readonly #kernel: GemmKernel;
  readonly #a: BufferCursor;
  readonly #b: BufferCursor;
  readonly #c: BufferCursor;
  readonly #bias: BufferCursor | undefined;
  readonly #walk: IndexIterator;

  constructor(kernel: GemmKernel, setting: Setting) {
    if (kernel.b.packed) throw new InternalError(`${kernel.name}: the JavaScript backend packs nothing`);
    this.name = kernel.name;
    this.#kernel = kernel;
    this.#a = new BufferCursor(kernel.a, setting.view(kernel.a));
    this.#b = new BufferCursor(kernel.b.at, setting.view(kernel.b.at));
    this.#c = new BufferCursor(kernel.c, setting.view(kernel.c));
    this.#bias =
      kernel.mode === "bias" && kernel.bias
        ? new BufferCursor(kernel.bias, setting.view(kernel.bias))
        : undefined;
    const rank = kernel.batch.length;
    const strides = [this.#a, this.#b, this.#c].map((place) => place.strides.slice(0, rank));
    this.#walk = new IndexIterator({ sizes: kernel.batch, axes: kernel.batch.map((_, i) => i), strides });
  }

  run(counters: readonly number[]): void {
    const { m, n, k, mode, batch } = this.#kernel;
    const places = [this.#a, this.#b, this.#c];
    const bias = this.#bias;
    if (!this.#walk.start(places.map((place) => place.base(counters)))) return;
    do {
      const [a, b, c] = places.map((place, i) => ({
        data: place.data,
        offset: this.#walk.positions[i],
        rowStride: place.strides[batch.length],
        columnStride: place.strides[batch.length + 1],
      }));
      if (bias) setRows(m, n, c, bias, bias.base(counters));
      gemm(m, n, k, a, b, c, mode !== "set");
    } while (this.#walk.next());
  }
}

/** Every row of c becomes the bias. */
function setRows(m: number, n: number, c: Matrix, bias: BufferCursor, offset: number): void {
  for (let i = 0; i < m; i++) {
    let o = c.offset + i * c.rowStride;
    for (let j = 0; j < n; j++, o += c.columnStride) c.data[o] = bias.data[offset + j * bias.strides[0]];
  }
}

const elementsOf = (place: BufferCursor, counters: readonly number[]): Elements => ({
  data: place.data,
  offset: place.base(counters),
  strides: place.strides,
});

class ScatterAddRunner implements Runner {
  readonly name: string;
  readonly #shape: readonly [number, number, number];
  readonly #rows: number;
  readonly #target: BufferCursor;
  readonly #index: BufferCursor;
  readonly #source: BufferCursor;

  constructor(kernel: ScatterAddKernel, setting: Setting) {
    this.name = kernel.name;
    this.#shape = kernel.shape;
    this.#rows = kernel.rows;
    this.#target = new BufferCursor(kernel.target, setting.view(kernel.target));
    this.#index = new BufferCursor(kernel.index, setting.view(kernel.index));
    this.#source = new BufferCursor(kernel.source, setting.view(kernel.source));
  }

  run(counters: readonly number[]): void {
    scatterAdd(
      this.#shape,
      this.#rows,
      elementsOf(this.#target, counters),
      elementsOf(this.#index, counters),
      elementsOf(this.#source, counters),
    );
  }
}

class RowRunner implements Runner {
  readonly name: string;
  readonly #kernel: RowKernel;
  readonly #source: BufferCursor;
  readonly #target: BufferCursor;

  constructor(kernel: RowKernel, setting: Setting) {
    this.name = kernel.name;
    this.#kernel = kernel;
    this.#source = new BufferCursor(kernel.source, setting.view(kernel.source));
    this.#target = new BufferCursor(kernel.target, setting.view(kernel.target));
  }

  run(counters: readonly number[]): void {
    const { routine, rows, n } = this.#kernel;
    const { data: a, strides: from } = this.#source;
    const { data: out, strides: to } = this.#target;
    let p = this.#source.base(counters);
    let o = this.#target.base(counters);
    for (let row = 0; row < rows; row++, p += from[0], o += to[0]) {
      switch (routine.kind) {
        case "cumulativeSum":
          cumulativeSum(n, out, o, a, p, 1, routine.reverse);
          break;
        case "argSort":
          argSort(n, out, o, a, p, 1, routine.descending, routine.limit);
          break;
        case "argExtreme":
          out[o] = argExtreme(n, a, p, 1, routine.largest);
          break;
      }
    }
  }
}

class RandomBitsRunner implements Runner {
  readonly name: string;
  readonly #length: number;
  readonly #state: BufferCursor;
  readonly #target: BufferCursor;

  constructor(kernel: RandomBitsKernel, setting: Setting) {
    this.name = kernel.name;
    this.#length = kernel.length;
    this.#state = new BufferCursor(kernel.state, setting.view(kernel.state));
    this.#target = new BufferCursor(kernel.target, setting.view(kernel.target));
  }

  run(counters: readonly number[]): void {
    const state = this.#state.base(counters);
    randomBits(this.#length, this.#target.data, this.#target.base(counters), this.#state.data, state);
  }
}

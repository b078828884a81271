import { InternalError } from "../../base/errors.js";
import type {
  CheckKernel,
  FillKernel,
  GemmKernel,
  LeafKernel,
  MapKernel,
  RandomBitsKernel,
  ReduceKernel,
  RowKernel,
  ScatterAddKernel,
} from "../../kernel/program.js";
import { gemm, type Matrix } from "./gemm.js";
import { MapRunner, ReduceRunner, type Runner, type Setting } from "./program-fused.js";
import { type BufferCursor, groupAxes, IndexIterator, splitInner } from "./program-walk.js";
import { argExtreme, argSort, cumulativeSum, type Elements, randomBits, scatterAdd } from "./routines.js";

/** Makes a kernel ready to run. */
export function prepareKernel(kernel: LeafKernel, setting: Setting): Runner {
  if (kernel.kind === "map") return new MapRunner(kernel, setting);
  if (kernel.kind === "reduce") return new ReduceRunner(kernel, setting);
  return { run: plainRun(kernel, setting) };
}

type Run = Runner["run"];

function plainRun(kernel: Exclude<LeafKernel, MapKernel | ReduceKernel>, setting: Setting): Run {
  switch (kernel.kind) {
    case "fill":
      return runFill(kernel, setting);
    case "gemm":
      return runGemm(kernel, setting);
    case "scatterAdd":
      return runScatterAdd(kernel, setting);
    case "row":
      return runRows(kernel, setting);
    case "randomBits":
      return runRandomBits(kernel, setting);
    case "check":
      return runCheck(kernel, setting);
    case "pack":
      throw new InternalError(`${kernel.name}: the JavaScript backend asks for no packed operands`);
  }
}

function runCheck(kernel: CheckKernel, { place }: Setting): Run {
  const { low, high, ignored, code } = kernel;
  const [index, status] = [place(kernel.index), place(kernel.status)];
  const walk = new IndexIterator(groupAxes(kernel.shape, 0, [kernel.index.strides], false));
  return (counters) => {
    if (!walk.start([index.base(counters)])) return;
    do {
      const at = index.data[walk.positions[0]];
      if ((at >= low && at < high) || at === ignored) continue;
      const start = status.base(counters);
      status.data[start] = code;
      status.data[start + 1] = at;
      return;
    } while (walk.next());
  };
}

function runFill(kernel: FillKernel, { place }: Setting): Run {
  const target = place(kernel.target);
  const { data } = target;
  const value = kernel.target.buffer.dtype === "bool" ? Number(kernel.value !== 0) : kernel.value;
  const { size, strides, outer } = splitInner(groupAxes(kernel.shape, 0, [kernel.target.strides], false));
  const walk = new IndexIterator(outer);
  return (counters) => {
    if (!walk.start([target.base(counters)])) return;
    do {
      const position = walk.positions[0];
      if (strides[0] === 1) data.fill(value, position, position + size);
      else for (let i = 0, o = position; i < size; i++, o += strides[0]) data[o] = value;
    } while (walk.next());
  };
}

function runGemm(kernel: GemmKernel, { place }: Setting): Run {
  if (kernel.b.packed) throw new InternalError(`${kernel.name}: the JavaScript backend packs nothing`);
  const { m, n, k, mode, batch } = kernel;
  const places = [kernel.a, kernel.b.at, kernel.c].map(place);
  const bias = mode === "bias" && kernel.bias ? place(kernel.bias) : undefined;
  const rank = batch.length;
  const walk = new IndexIterator({
    sizes: batch,
    axes: batch.map((_, i) => i),
    strides: places.map(({ strides }) => strides.slice(0, rank)),
  });
  return (counters) => {
    if (!walk.start(places.map((each) => each.base(counters)))) return;
    do {
      const [a, b, c] = places.map(({ data, strides }, i) => ({
        data,
        offset: walk.positions[i],
        rowStride: strides[rank],
        columnStride: strides[rank + 1],
      }));
      if (bias) setRows(m, n, c, bias, bias.base(counters));
      gemm(m, n, k, a, b, c, mode !== "set");
    } while (walk.next());
  };
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

function runScatterAdd(kernel: ScatterAddKernel, { place }: Setting): Run {
  const { shape, rows } = kernel;
  const places = [kernel.target, kernel.index, kernel.source].map(place);
  return (counters) => {
    const [target, index, source] = places.map((each) => elementsOf(each, counters));
    scatterAdd(shape, rows, target, index, source);
  };
}

function runRows({ source, target, routine, rows, n }: RowKernel, { place }: Setting): Run {
  const [from, to] = [place(source), place(target)];
  return (counters) => {
    const { data: a } = from;
    const { data: out } = to;
    let p = from.base(counters);
    let o = to.base(counters);
    for (let row = 0; row < rows; row++, p += from.strides[0], o += to.strides[0]) {
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
  };
}

function runRandomBits({ length, first, ...kernel }: RandomBitsKernel, { place }: Setting): Run {
  const [state, target] = [place(kernel.state), place(kernel.target)];
  return (counters) =>
    randomBits(length, target.data, target.base(counters), state.data, state.base(counters), first);
}

import { bytesOf } from "../../base/dtype.js";
import { selectsFirst } from "../../kernel/lowering.js";
import type { RowKernel } from "../../kernel/program.js";
import { argSelect, bytesOfHeap } from "./arg-select.js";
import { argSort, bytesOfSort } from "./arg-sort.js";
import type { FunctionBuilder } from "./assembler.js";
import type { CodeContext } from "./context.js";
import { f32, f64, i32 } from "./instructions.js";
import type { KernelCode } from "./kernel-code.js";
import { loadWide } from "./load-wide.js";
import type { Row } from "./row-order.js";

/** Routines over rows with unit steps. */
export function rowCode(ctx: CodeContext, kernel: RowKernel): KernelCode {
  const { routine, rows, n, source, target } = kernel;
  const { dtype } = source.buffer;
  const bytes = bytesOf[dtype];
  const bytesOut = bytesOf[target.buffer.dtype];
  const [rowIn, rowOut] = [(source.strides[0] ?? 0) * bytes, (target.strides[0] ?? 0) * bytesOut];
  const key = JSON.stringify(["row", routine, rows, n, dtype, rowIn, rowOut]);
  const limit = routine.kind === "argSort" ? routine.limit : n;
  const selects = selectsFirst(n, limit);
  if (routine.kind === "argSort") ctx.needScratch(selects ? bytesOfHeap(limit) : bytesOfSort(n));
  const { code } = ctx.named(key, ["source", "target"], (f, p) => {
    if (n === 0) return;
    const row: Row = { ...p, dtype, n };
    f.repeat(rows, () => {
      switch (routine.kind) {
        case "cumulativeSum":
          cumulativeSum(f, row, routine.reverse);
          break;
        case "argSort":
          (selects ? argSelect : argSort)(f, { ...row, ...routine, scratch: ctx.scratch });
          break;
        case "argExtreme":
          argExtreme(f, row, routine.largest);
          break;
      }
      f.advance(p.source, rowIn);
      f.advance(p.target, rowOut);
    });
  });
  return {
    routine: code,
    operands: (address) => [address(source, source.offset), address(target, target.offset)],
  };
}

function cumulativeSum(f: FunctionBuilder, { source, target, dtype, n }: Row, reverse: boolean): void {
  const bytes = bytesOf[dtype];
  const start = reverse ? (n - 1) * bytes : 0;
  const from = f.let(i32.add(source, i32.const(start)));
  const to = f.let(i32.add(target, i32.const(start)));
  const step = reverse ? -bytes : bytes;
  const walk = (body: () => void): void =>
    f.repeat(n, () => {
      body();
      f.advance(from, step);
      f.advance(to, step);
    });
  if (dtype === "int32" || dtype === "bool") {
    const sum = f.let(i32.const(0));
    const [load, store] = dtype === "int32" ? [i32.load, i32.store] : [i32.load8U, i32.store8];
    walk(() => {
      f.set(sum, i32.add(sum, load(from)));
      f.emit(store(to, sum));
    });
    return;
  }
  // float32 is summed in double precision and rounded at each store.
  const sum = f.let(f64.const(0));
  walk(() => {
    f.set(sum, f64.add(sum, loadWide(from, dtype)));
    f.emit(dtype === "float32" ? f32.store(to, f32.demote(sum)) : f64.store(to, sum));
  });
}

function argExtreme(f: FunctionBuilder, { source, target, dtype, n }: Row, largest: boolean): void {
  const at = f.let(source);
  const [best, i] = [f.let(i32.const(0)), f.let(i32.const(0))];
  const [top, x] = [f.let(loadWide(at, dtype)), f.local("f64")];
  f.block((done) => {
    f.repeat(n, () => {
      f.set(x, loadWide(at, dtype));
      f.if(f64.ne(x, x), () => {
        f.set(best, i);
        f.branch(done);
      });
      f.if(largest ? f64.gt(x, top) : f64.lt(x, top), () => {
        f.set(top, x);
        f.set(best, i);
      });
      f.advance(i, 1);
      f.advance(at, bytesOf[dtype]);
    });
  });
  f.emit(i32.store(target, best));
}

import type { CheckKernel } from "../../kernel/program.js";
import type { CodeContext } from "./context.js";
import { i32 } from "./instructions.js";
import type { KernelCode } from "./kernel-code.js";
import { LoopNest } from "./loop-nest.js";

/** Code that looks at every index, and reports and ends at the first that is out of range. */
export function checkCode(ctx: CodeContext, kernel: CheckKernel): KernelCode | null {
  const { shape, index, low, high, ignored, code, status } = kernel;
  if (shape.includes(0)) return null;
  const nest = new LoopNest(shape, 0);
  nest.stream(index);
  nest.collapse();
  const routine = ctx.routine(JSON.stringify(["check", nest.key(), low, high, ignored]), 3, (f) => {
    nest.begin(f);
    const pointer = f.parameter(0);
    const at = f.local("i32");
    const look = (): void => {
      f.set(at, i32.load(pointer));
      // As unsigned numbers, those below the range lie above it.
      const outside = i32.geU(i32.sub(at, i32.const(low)), i32.const(high - low));
      const wrong = ignored === null ? outside : i32.and(outside, i32.ne(at, i32.const(ignored)));
      f.if(wrong, () => {
        f.emit(i32.store(f.parameter(1), f.parameter(2)) + i32.store(f.parameter(1), at, 4));
        f.return();
      });
    };
    const over = (axis: number): void => {
      if (axis === nest.axes.length) return look();
      nest.loop(f, axis, nest.axes[axis].size, 1, () => over(axis + 1));
    };
    over(0);
  });
  return {
    routine,
    operands: (address) => [...nest.operands(address), address(status, status.offset), i32.const(code)],
  };
}

import { DerivativeError, SymbolicValueError } from "../../src/base/errors.js";
import { compile } from "../../src/compiler/compile.js";
import { current, ownCells } from "../../src/trace/context.js";
import { cond as plainCond } from "../../src/transforms/cond.js";
import * as plain from "../../src/transforms/index.js";

// The transforms under their own names, but a call from outside of any other runs as a compiled program. In the second run of the suite, tests get these.

export * from "../../src/transforms/index.js";

type AnyFunction = (...args: never[]) => unknown;

/** Calls a function as a program, unless something is open around it: then the program is the one around. */
function asProgram(f: AnyFunction): (...args: unknown[]) => unknown {
  return (...args) => {
    const { trace, tapes, store, substitute } = current();
    const open = trace !== null || tapes.length > 0 || store !== ownCells || substitute !== null;
    // Arguments are whatever the test gave, and go on as they are.
    const run = f as (...args: unknown[]) => unknown;
    if (open) return run(...args);
    try {
      return compile((...inner: unknown[]) => run(...inner) as never)(...args);
    } catch (error) {
      // A function that looks at values cannot be traced, and whileLoop goes backwards eagerly only.
      const eagerly =
        error instanceof SymbolicValueError ||
        (error instanceof DerivativeError && error.code === "derivative/while");
      if (eagerly) return run(...args);
      throw error;
    }
  };
}

/** A transform that returns a function: that function is the program. */
const later = <F extends AnyFunction>(transform: F): F =>
  ((...given: never[]) => asProgram(transform(...given) as AnyFunction)) as unknown as F;
/** A transform that runs at once. */
const now = <F extends AnyFunction>(transform: F): F =>
  ((...given: never[]) => asProgram(() => transform(...given))()) as unknown as F;

export const grad: typeof plain.grad = later(plain.grad);
export const valueAndGrad: typeof plain.valueAndGrad = later(plain.valueAndGrad);
export const vmap: typeof plain.vmap = later(plain.vmap);
export const jacobian: typeof plain.jacobian = later(plain.jacobian);
export const hessian: typeof plain.hessian = later(plain.hessian);
export const checkpoint: typeof plain.checkpoint = later(plain.checkpoint);
export const lossAndGradients: typeof plain.lossAndGradients = now(plain.lossAndGradients);
export const jvp: typeof plain.jvp = now(plain.jvp);
export const scan: typeof plain.scan = now(plain.scan);
export const cond: typeof plainCond = now(plainCond);

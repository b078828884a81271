import { eagerRandomBits } from "../../backends/javascript/eager-routines.js";
import * as loops from "../../backends/javascript/instruction-loops.js";
import { type Shape, showShape } from "../../base/shape.js";
import { apply, applyOne } from "../../trace/apply.js";
import type { Op } from "../../trace/op.js";
import { elementwiseOp, noPartials } from "../elementwise.js";
import { zeroDerivative, zerosOf } from "../fill.js";
import { stack } from "../joining.js";
import { at } from "../slicing.js";

/** 32 random bits per element, by a state of two key words and a counter: the same state gives the same bits, everywhere.
 * @source Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3 (SC11); Threefry-2x32, 20 rounds */
export const randomBitsOp: Op<Shape> = {
  name: "randomBits",
  cheap: true,
  infer: (_inputs, shape) => [{ shape, dtype: "int32" }],
  eager: eagerRandomBits,
  lower: () => ({ kind: "randomBits" }),
  .../* @__PURE__ */ zeroDerivative<"bits are whole numbers">(),
  batch([state], [batched], shape, n) {
    if (!batched) return [apply(randomBitsOp, [state], shape), [false]];
    if (n === 0) return [[zerosOf({ shape: [0, ...shape], dtype: "int32" })], [true]];
    // Each example has a state of its own.
    return [
      [stack(Array.from({ length: n }, (_, i) => applyOne(randomBitsOp, [at(state, i)], shape)))],
      [true],
    ];
  },
  show: showShape,
};

/** Why no random number has a derivative. */
export type RandomBecause = "random numbers depend on nothing that changes smoothly";

/** The low 24 bits as a float32 in [0, 1): all of its steps are equally likely. */
export const unitFloat32Op: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "unitFloat32",
  dtype: () => "float32",
  loops: { and: loops.and, mul: loops.mul },
  lower: (kernel, bits) => {
    const low = kernel.and(bits, kernel.constant(0xffffff, "int32"));
    return kernel.mul(kernel.cast(low, "float32"), kernel.constant(2 ** -24, "float32"));
  },
  partials: /* @__PURE__ */ noPartials<RandomBecause>(),
  cheap: true,
});
/** 27 bits of one word and 26 of another as a float64 in [0, 1). */
export const unitFloat64Op: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "unitFloat64",
  dtype: () => "float64",
  loops: { and: loops.and, add: loops.add, mul: loops.mul },
  lower: (kernel, high, low) => {
    const top = kernel.cast(kernel.and(high, kernel.constant(2 ** 27 - 1, "int32")), "float64");
    const rest = kernel.cast(kernel.and(low, kernel.constant(2 ** 26 - 1, "int32")), "float64");
    const whole = kernel.add(kernel.mul(top, kernel.constant(2 ** 26, "float64")), rest);
    return kernel.mul(whole, kernel.constant(2 ** -53, "float64"));
  },
  partials: /* @__PURE__ */ noPartials<RandomBecause>(),
  cheap: true,
});

import * as loops from "../../backends/javascript/instruction-loops.js";
import type { KernelOf, Scalar } from "../../kernel/expression.js";
import type { Op } from "../../trace/op.js";
import { elementwiseOp, noPartials } from "../elementwise.js";
import type { RandomBecause } from "./bits.js";

// Normal numbers from uniform bits by the inverse of the distribution function, written with +, −, ·, / and square roots only, which every
// machine rounds alike (no backend fuses them in maps): so that a seed gives the same numbers everywhere, to the last bit.

/** Numerators and denominators, highest power first: the centre, the tails, the far tails.
 * @source Wichura: Algorithm AS 241, Applied Statistics 37 (1988), PPND7 for float32 and PPND16 for float64 */
type Rationals = readonly (readonly [numerator: readonly number[], denominator: readonly number[]])[];
const rationals: { readonly float32: Rationals; readonly float64: Rationals } = {
  float32: [
    [
      [59.10937472, 159.29113202, 50.434271938, 3.3871327179],
      [67.1875636, 78.757757664, 17.895169469, 1],
    ],
    [
      [0.17023821103, 1.3067284816, 2.75681539, 1.4234372777],
      [0.12021132975, 0.7370016425, 1],
    ],
    [
      [0.017337203997, 0.42868294337, 3.081226386, 6.657905115],
      [0.012258202635, 0.24197894225, 1],
    ],
  ],
  float64: [
    [
      [
        2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987, 13731.69376550946,
        1971.5909503065513, 133.14166789178438, 3.3871328727963665,
      ],
      [
        5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597, 5394.196021424751,
        687.1870074920579, 42.31333070160091, 1,
      ],
    ],
    [
      [
        0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684,
        3.6478483247632045, 5.769497221460691, 4.630337846156546, 1.4234371107496835,
      ],
      [
        1.0507500716444169e-9, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008,
        0.6897673349851, 1.6763848301838038, 2.053191626637759, 1,
      ],
    ],
    [
      [
        2.0103343992922881e-7, 2.7115555687434876e-5, 0.0012426609473880784, 0.026532189526576124,
        0.29656057182850487, 1.7848265399172913, 5.463784911164114, 6.657904643501103,
      ],
      [
        2.0442631033899397e-15, 1.421511758316446e-7, 1.8463183175100548e-5, 0.0007868691311456133,
        0.014875361290850615, 0.1369298809227358, 0.599832206555888, 1,
      ],
    ],
  ],
};

type FloatDType = keyof typeof rationals;

const quantileLoops = {
  add: loops.add,
  sub: loops.sub,
  mul: loops.mul,
  div: loops.div,
  neg: loops.neg,
  sqrt: loops.sqrt,
  and: loops.and,
  lt: loops.lt,
  le: loops.le,
} as const;
type QuantileKernel = KernelOf<keyof typeof quantileLoops>;

/** c₀ xⁿ + … + cₙ by Horner's rule. */
function polynomial(kernel: QuantileKernel, coefficients: readonly number[], x: Scalar): Scalar {
  let sum = kernel.constant(coefficients[0], x.dtype);
  for (const c of coefficients.slice(1)) sum = kernel.add(kernel.mul(sum, x), kernel.constant(c, x.dtype));
  return sum;
}

/** −log x for x in [2⁻⁶³, 1]: the power of two is taken out by comparisons, the rest is 2 atanh((m − 1)/(m + 1)) as a series. */
function negativeLog(kernel: QuantileKernel, x: Scalar, dtype: FloatDType): Scalar {
  const constant = (value: number): Scalar => kernel.constant(value, dtype);
  let m = x;
  let halvings = constant(0);
  for (const power of [32, 16, 8, 4, 2, 1]) {
    const small = kernel.lt(m, constant(2 ** -power));
    m = kernel.mul(m, kernel.select(small, constant(2 ** power), constant(1)));
    halvings = kernel.add(halvings, kernel.select(small, constant(power), constant(0)));
  }
  const low = kernel.lt(m, constant(Math.SQRT1_2));
  m = kernel.mul(m, kernel.select(low, constant(2), constant(1)));
  halvings = kernel.add(halvings, kernel.select(low, constant(1), constant(0)));
  const s = kernel.div(kernel.sub(m, constant(1)), kernel.add(m, constant(1)));
  const terms = dtype === "float32" ? 5 : 11;
  const series = Array.from({ length: terms }, (_, i) => 2 / (2 * (terms - 1 - i) + 1));
  const logarithm = kernel.mul(s, polynomial(kernel, series, kernel.mul(s, s)));
  return kernel.sub(kernel.mul(halvings, constant(Math.LN2)), logarithm);
}

/** z with Φ(−z) = p, for p in (0, ½]. */
function upperQuantile(kernel: QuantileKernel, p: Scalar, dtype: FloatDType): Scalar {
  const constant = (value: number): Scalar => kernel.constant(value, dtype);
  const ratio = (index: number, x: Scalar): Scalar => {
    const [numerator, denominator] = rationals[dtype][index];
    return kernel.div(polynomial(kernel, numerator, x), polynomial(kernel, denominator, x));
  };
  const q = kernel.sub(constant(0.5), p);
  const centre = kernel.mul(q, ratio(0, kernel.sub(constant(0.180625), kernel.mul(q, q))));
  const r = kernel.sqrt(negativeLog(kernel, p, dtype));
  const tail = ratio(1, kernel.sub(r, constant(1.6)));
  const far = ratio(2, kernel.sub(r, constant(5)));
  return kernel.select(
    kernel.le(q, constant(0.425)),
    centre,
    kernel.select(kernel.le(r, constant(5)), tail, far),
  );
}

const signed = (kernel: QuantileKernel, bits: Scalar, z: Scalar): Scalar =>
  kernel.select(kernel.lt(bits, kernel.constant(0, "int32")), kernel.neg(z), z);

/** A standard normal float32 from 32 bits: a sign, and 31 bits of distance from the middle. */
export const normalFloat32Op: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "normalFloat32",
  dtype: () => "float32",
  loops: quantileLoops,
  lower: (kernel, bits) => {
    const distance = kernel.cast(kernel.and(bits, kernel.constant(0x7fffffff, "int32")), "float32");
    const p = kernel.mul(
      kernel.add(distance, kernel.constant(0.5, "float32")),
      kernel.constant(2 ** -32, "float32"),
    );
    return signed(kernel, bits, upperQuantile(kernel, p, "float32"));
  },
  partials: /* @__PURE__ */ noPartials<RandomBecause>(),
});
/** A standard normal float64 from a sign and 31 bits of one word and 21 bits of another. */
export const normalFloat64Op: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "normalFloat64",
  dtype: () => "float64",
  loops: quantileLoops,
  lower: (kernel, high, low) => {
    const constant = (value: number): Scalar => kernel.constant(value, "float64");
    const top = kernel.cast(kernel.and(high, kernel.constant(0x7fffffff, "int32")), "float64");
    const rest = kernel.cast(kernel.and(low, kernel.constant(2 ** 21 - 1, "int32")), "float64");
    const distance = kernel.add(kernel.add(kernel.mul(top, constant(2 ** 21)), rest), constant(0.5));
    return signed(kernel, high, upperQuantile(kernel, kernel.mul(distance, constant(2 ** -53)), "float64"));
  },
  partials: /* @__PURE__ */ noPartials<RandomBecause>(),
});

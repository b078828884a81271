import type { KernelBuilder, Scalar } from "../../kernel/expression.js";
import type { Op } from "../../trace/op.js";
import { elementwiseOp } from "../elementwise.js";
import type { Samples } from "../samples.js";

// Normal numbers from uniform bits by the inverse of the distribution function, written with +, −, ·, / and square roots only, which every
// machine rounds alike (no backend fuses them in maps): so that a seed gives the same numbers everywhere, to the last bit.

/** Numerators and denominators, highest power first: the centre, the tails, the far tails.
 * @source Wichura: Algorithm AS 241, Applied Statistics 37 (1988), PPND7 for float32 and PPND16 for float64 */
type Rationals = readonly (readonly [numerator: readonly number[], denominator: readonly number[]])[];
const rationals: { readonly float32: Rationals; readonly float64: Rationals } = {
  float32: [
    [[5.910937472e1, 1.5929113202e2, 5.0434271938e1, 3.3871327179], [6.71875636e1, 7.8757757664e1, 1.7895169469e1, 1]],
    [[1.7023821103e-1, 1.3067284816, 2.75681539, 1.4234372777], [1.2021132975e-1, 7.370016425e-1, 1]],
    [[1.7337203997e-2, 4.2868294337e-1, 3.081226386, 6.657905115], [1.2258202635e-2, 2.4197894225e-1, 1]],
  ],
  float64: [
    [
      [
        2.509080928730122672e3, 3.343057558358812811e4, 6.726577092700870085e4, 4.592195393154987146e4,
        1.373169376550946113e4, 1.971590950306551443e3, 1.331416678917843775e2, 3.38713287279636661,
      ],
      [
        5.226495278852854561e3, 2.872908573572194267e4, 3.930789580009271061e4, 2.121379430158659587e4,
        5.394196021424751108e3, 6.871870074920579083e2, 4.231333070160091125e1, 1,
      ],
    ],
    [
      [
        7.745450142783414076e-4, 2.272384498926918458e-2, 2.417807251774506118e-1, 1.270458252452368383,
        3.647848324763204605, 5.769497221460691405, 4.630337846156545296, 1.423437110749683577,
      ],
      [
        1.050750071644416843e-9, 5.475938084995344946e-4, 1.519866656361645719e-2, 1.481039764274800746e-1,
        6.897673349851000046e-1, 1.676384830183803849, 2.053191626637758822, 1,
      ],
    ],
    [
      [
        2.010334399292288133e-7, 2.711555568743487578e-5, 1.242660947388078439e-3, 2.653218952657612309e-2,
        2.965605718285048912e-1, 1.784826539917291336, 5.463784911164114369, 6.657904643501103777,
      ],
      [
        2.044263103389939786e-15, 1.421511758316445888e-7, 1.846318317510054682e-5, 7.868691311456132591e-4,
        1.487536129085061485e-2, 1.369298809227358053e-1, 5.998322065558879377e-1, 1,
      ],
    ],
  ],
};

type FloatDType = keyof typeof rationals;

/** c₀ xⁿ + … + cₙ by Horner's rule. */
function polynomial(kernel: KernelBuilder, coefficients: readonly number[], x: Scalar): Scalar {
  let sum = kernel.constant(coefficients[0], x.dtype);
  for (const c of coefficients.slice(1)) sum = kernel.add(kernel.mul(sum, x), kernel.constant(c, x.dtype));
  return sum;
}

/** −log x for x in [2⁻⁶³, 1]: the power of two is taken out by comparisons, the rest is 2 atanh((m − 1)/(m + 1)) as a series. */
function negativeLog(kernel: KernelBuilder, x: Scalar, dtype: FloatDType): Scalar {
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
function upperQuantile(kernel: KernelBuilder, p: Scalar, dtype: FloatDType): Scalar {
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

const signed = (kernel: KernelBuilder, bits: Scalar, z: Scalar): Scalar =>
  kernel.select(kernel.lt(bits, kernel.constant(0, "int32")), kernel.neg(z), z);

const because = "random numbers depend on nothing that changes smoothly";

/** A standard normal float32 from 32 bits: a sign, and 31 bits of distance from the middle. */
export const normalFloat32Op: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "normalFloat32",
  dtype: () => "float32",
  lower: (kernel, bits) => {
    const distance = kernel.cast(kernel.and(bits, kernel.constant(0x7fffffff, "int32")), "float32");
    const p = kernel.mul(kernel.add(distance, kernel.constant(0.5, "float32")), kernel.constant(2 ** -32, "float32"));
    return signed(kernel, bits, upperQuantile(kernel, p, "float32"));
  },
  partials: { because },
});
/** A standard normal float64 from a sign and 31 bits of one word and 21 bits of another. */
export const normalFloat64Op: Op<null> = /* @__PURE__ */ elementwiseOp({
  name: "normalFloat64",
  dtype: () => "float64",
  lower: (kernel, high, low) => {
    const constant = (value: number): Scalar => kernel.constant(value, "float64");
    const top = kernel.cast(kernel.and(high, kernel.constant(0x7fffffff, "int32")), "float64");
    const rest = kernel.cast(kernel.and(low, kernel.constant(2 ** 21 - 1, "int32")), "float64");
    const distance = kernel.add(kernel.add(kernel.mul(top, constant(2 ** 21)), rest), constant(0.5));
    return signed(kernel, high, upperQuantile(kernel, kernel.mul(distance, constant(2 ** -53)), "float64"));
  },
  partials: { because },
});

const pinned = [0, 5, -1, 12345678, -2000000000, 2147483647, -2147483648, 300000000, 1000000];
export const normalFloat32Samples: Samples<null> = {
  draw: (random) => ({ inputs: [random.tensor(random.shape(), [-9, 9], "int32")], attributes: null }),
  // To the last bit: these may never change, on any backend.
  exact: (random) => [{ inputs: [random.of(pinned, "int32")], attributes: null, outputs: [
        [
          6.337958335876465, 5.957507610321045, -0, 2.7617695331573486, -1.8205360174179077, 0, -6.337958335876465,
          1.4769151210784912, 3.4997687339782715,
        ],
      ] }],
  rejects: [],
};
export const normalFloat64Samples: Samples<null> = {
  draw(random) {
    const shape = random.shape();
    return { inputs: [random.tensor(shape, [-9, 9], "int32"), random.tensor(shape, [-9, 9], "int32")], attributes: null };
  },
  exact: (random) => [
    { inputs: [random.of(pinned, "int32"), random.of([...pinned].reverse(), "int32")], attributes: null, outputs: [
        [
          6.34526374068573, 5.971409591826727, -5.836197354375034e-10, 2.761769506635499, -1.82053595774139,
          6.602010036323698e-11, -6.230260175338836, 1.4769151393376476, 3.4997691220499076,
        ],
      ] },
  ],
  rejects: [],
};

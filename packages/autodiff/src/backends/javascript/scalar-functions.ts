/** Scalar functions that `Math` lacks, or has with another meaning; all in double precision, rounded by whoever stores the result. */

// Near-minimax (Chebyshev) fits computed for this file with 40 digits: erf(x)/x as a polynomial of x² on |x| ≤ 1 (error 1.3e-19),
// and erfc(x)·exp(x²) as one of t = 1/(1 + x/2) on 1 ≤ x ≤ 6 (error 2.4e-18). Highest degree first.
const erfNearZero: readonly number[] = [
  5.957176147748911e-11, -1.1372848856791674e-9, 1.4659775274047436e-8, -1.6350312701054695e-7,
  0.0000016461000484121368, -0.000014925595266831182, 0.0001205533111164271, -0.000854832698083379,
  0.0052239776248180145, -0.026866170645076792, 0.11283791670954879, -0.3761263890318375, 1.1283791670955126,
];
const erfcTail: readonly number[] = [
  -0.07440021243346044, 0.5535022023245029, -1.8535316382081848, 3.6426059404027527, -4.583844406614994,
  3.799359906028882, -2.1298439188930316, 0.9210072415249974, -0.3377317752090611, 0.0031605924750990814,
  -0.011294696331083888, 0.08342915067749279, 0.17661452876291867, 0.24676994208173553, 0.28210194185256204,
  0.28209433744603646, 1.273194538411999e-8,
];

function polynomial(coefficients: readonly number[], x: number): number {
  let y = coefficients[0];
  for (let i = 1; i < coefficients.length; i++) y = y * x + coefficients[i];
  return y;
}

/** The error function 2/√π ∫₀ˣ exp(−t²) dt; within 2 ulp. */
export function erf(x: number): number {
  const m = Math.abs(x);
  if (m <= 1) return x * polynomial(erfNearZero, x * x);
  // Past 5.93 the complement is under half an ulp of 1.
  const y = m >= 6 ? 1 : 1 - Math.exp(-m * m) * polynomial(erfcTail, 1 / (1 + m / 2));
  return x < 0 ? -y : x > 0 ? y : x;
}

/** 1 / (1 + exp(−x)), by exp(−|x|) so that nothing overflows on the way. */
export function sigmoid(x: number): number {
  const e = Math.exp(-Math.abs(x));
  return (x < 0 ? e : 1) / (1 + e);
}

/** The nearest whole number, halves to even; keeps −0. */
export function roundHalfEven(x: number): number {
  const m = Math.abs(x);
  if (!(m < 4503599627370496)) return x;
  const y = m + 4503599627370496 - 4503599627370496;
  return x < 0 || Object.is(x, -0) ? -y : y;
}

/** IEEE 754 and C `pow`: 1 to any power is 1, and (−1)^±∞ = 1, where JavaScript says NaN. */
export function power(x: number, y: number): number {
  if (x === 1 || (x === -1 && (y === Infinity || y === -Infinity))) return 1;
  return x ** y;
}

/** x − y·floor(x/y): the result takes the divisor's sign, a zero too (Python, NumPy). */
export function floorMod(x: number, y: number): number {
  const r = x % y;
  if (r === 0) return y < 0 ? -0 : 0;
  return r < 0 !== y < 0 ? r + y : r;
}

/** {@link floorMod} of int32; 0 for the modulus 0. */
export function floorModInt(x: number, y: number): number {
  if (y === 0) return 0;
  const r = (x % y) | 0;
  return r !== 0 && r < 0 !== y < 0 ? r + y : r;
}

/** Quotient of int32 cut towards 0; 0 for a division by 0. */
export const divideInt = (x: number, y: number): number => (y === 0 ? 0 : (x / y) | 0);

/** Power of int32 with wrap-around; a negative exponent gives the quotient 1 / x^|y| cut towards 0 (0 for x = 0). */
export function powerInt(x: number, y: number): number {
  if (y < 0) return x === 1 ? 1 : x === -1 ? (y & 1 ? -1 : 1) : 0;
  let result = 1;
  for (let base = x, e = y; e > 0; e >>>= 1, base = Math.imul(base, base))
    if (e & 1) result = Math.imul(result, base);
  return result;
}

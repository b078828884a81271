/** Scalar functions that `Math` lacks, or has with another meaning; all in double precision, rounded by whoever stores the result. */

// Each of them stands for itself, but for Math: threads get them as text. Polynomials are written out, because a loop over
// coefficients takes a fifth longer.

/** The error function 2/√π ∫₀ˣ exp(−t²) dt; within 2 ulp. Near-minimax (Chebyshev) fits computed for this file with 40 digits: erf(x)/x as a polynomial of x² on |x| ≤ 1
 * (error 1.3e-19), and erfc(x)·exp(x²) as one of t = 1/(1 + x/2) on 1 ≤ x ≤ 6 (error 2.4e-18). */
export function erf(x: number): number {
  const m = Math.abs(x);
  if (m <= 1) {
    const t = x * x;
    let y = 5.957176147748911e-11;
    y = y * t - 1.1372848856791674e-9;
    y = y * t + 1.4659775274047436e-8;
    y = y * t - 1.6350312701054695e-7;
    y = y * t + 0.0000016461000484121368;
    y = y * t - 0.000014925595266831182;
    y = y * t + 0.0001205533111164271;
    y = y * t - 0.000854832698083379;
    y = y * t + 0.0052239776248180145;
    y = y * t - 0.026866170645076792;
    y = y * t + 0.11283791670954879;
    y = y * t - 0.3761263890318375;
    y = y * t + 1.1283791670955126;
    return x * y;
  }
  // Past 5.93 the complement is under half an ulp of 1.
  if (m >= 6) return x < 0 ? -1 : 1;
  const t = 1 / (1 + m / 2);
  let y = -0.07440021243346044;
  y = y * t + 0.5535022023245029;
  y = y * t - 1.8535316382081848;
  y = y * t + 3.6426059404027527;
  y = y * t - 4.583844406614994;
  y = y * t + 3.799359906028882;
  y = y * t - 2.1298439188930316;
  y = y * t + 0.9210072415249974;
  y = y * t - 0.3377317752090611;
  y = y * t + 0.0031605924750990814;
  y = y * t - 0.011294696331083888;
  y = y * t + 0.08342915067749279;
  y = y * t + 0.17661452876291867;
  y = y * t + 0.24676994208173553;
  y = y * t + 0.28210194185256204;
  y = y * t + 0.28209433744603646;
  y = y * t + 1.273194538411999e-8;
  const z = 1 - Math.exp(-m * m) * y;
  return x < 0 ? -z : x > 0 ? z : x;
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

import type { DType } from "../../base/dtype.js";
import { SeededNumbers } from "./program-builder.js";
import { roundTo } from "./reference-scalars.js";

// The numbers on which instructions are tried.

const signed = (x: number): readonly number[] => [x, -x];

/** Where floats of every width go other ways: zeros, halves, small numbers. */
const small = [0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -1.5, -2.5, 0.25, 2, -2, 3, -3, 10, -10];
/** From the greatest finite number on. */
const ends = (greatest: number): readonly number[] => [...signed(greatest), ...signed(Infinity), Number.NaN];

const edges: { readonly [D in DType]: readonly number[] } = {
  float32: [
    ...small,
    // Where exp and its kin leave the range of either width, or lose what is added to them.
    ...[88.5, 88.8, 104, -88, -104, 710, -745, 1e-6, -1e-6, 1e-20, -1e-20],
    ...signed(2 ** -126),
    ...signed(2 ** -149),
    ...[1e-40, 1e10, -1e10, 8388609.5, 1e30, -1e30],
    ...ends(3.4028234663852886e38),
    ...[0.99999994, 1.0000001, 3.1415925, 1.5707964, 0.625, 0.6249, -0.625],
    ...[16777216, 2147483648, -2147483648],
  ],
  float64: [
    ...small,
    ...[88.8, 104, -104, 709.7, 710, -708, -745, -746, 1e-6, -1e-6, 1e-20, 1e-160, -1e-300],
    ...[2 ** -1022, 5e-324, -5e-324],
    ...[1e10, -1e10, 2251799813685248.5, 1e100, -1e300],
    ...ends(Number.MAX_VALUE),
    ...[1 - 2 ** -53, 1 + 2 ** -52, Math.PI, Math.PI / 2],
    ...[2 ** 53, 2147483648],
  ],
  int32: [0, 1, -1, 2, -2, 3, -3, 7, -7, 100, 65536, -65536, 46341, 2147483647, -2147483648, 1103515245],
  bool: [0, 1, 1, 0, 1],
};

/** Edge values, then random ones of every size. */
export function samples(dtype: DType): number[] {
  const numbers = new SeededNumbers(7);
  if (dtype === "bool" || dtype === "int32")
    return [...edges[dtype], ...numbers.wholes(33, dtype === "bool" ? 0 : -50, dtype === "bool" ? 1 : 50)];
  const scales = [1, 1, 1, 5, 30, 100, 1e-3, 1e-7, 1e4];
  const random = Array.from({ length: 903 }, (_, i) => numbers.uniforms(1)[0] * scales[i % scales.length]);
  return [...edges[dtype], ...random].map(roundTo[dtype]);
}

/** Pairs: all edges against all edges, then random ones. */
export function pairs(dtype: DType): [number[], number[]] {
  const edge = edges[dtype];
  const x = edge.flatMap((value) => edge.map(() => value));
  const y = edge.flatMap(() => edge);
  const more = samples(dtype).slice(edge.length);
  return [[...x, ...more].map(roundTo[dtype]), [...y, ...[...more].reverse()].map(roundTo[dtype])];
}

// The public functions of every family, one line per file. Records and samples stay inside.
export { elu, erf, gelu, leakyRelu, logSigmoid, relu, selu, sigmoid, silu, softplus } from "./activations.js";
export { abs, add, div, mul, neg, reciprocal, rsqrt, sign, sqrt, square, sub } from "./arithmetic.js";
export { expandDims, squeeze, swapAxes, transpose } from "./axes.js";
export {
  equal,
  greater,
  greaterEqual,
  isFinite,
  isNaN,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  notEqual,
  where,
} from "./comparison.js";
export { cast, stopGradient } from "./conversion.js";
export {
  arange,
  eye,
  full,
  fullLike,
  linspace,
  oneHot,
  ones,
  onesLike,
  tril,
  triu,
  zeros,
  zerosLike,
} from "./creation.js";
export { cumprod, cumsum, prod } from "./cumulative.js";
export { diagonal } from "./diagonal.js";
export { einsum } from "./einsum.js";

export { exp, expm1, log, log1p, tanh } from "./exponential.js";
export { clip, maximum, minimum } from "./extrema.js";
export { gather, scatterAdd, take, takeAlongAxis } from "./gather.js";
export { setAt, setSlice } from "./index-update.js";
export { checkedIndices } from "./indices.js";
export { chunk, concat, pad, roll, split, stack, unstack } from "./joining.js";
export { dot, matmul, outer } from "./linear-algebra.js";
export { tensor } from "./literal.js";
export { pow } from "./power.js";
export { all, any, argMax, argMin, max, mean, min, sum } from "./reduction.js";
export { repeat, tile } from "./repetition.js";
export { ceil, floor, mod, round } from "./rounding.js";
export { broadcastTo, permute, reshape } from "./shape.js";
export { at, flip, slice } from "./slicing.js";
export { logSoftmax, logSumExp, softmax } from "./softmax.js";
export { argSort, sort, topK } from "./sorting.js";
export { norm, std, variance } from "./statistics.js";
export { acos, acosh, asin, asinh, atan, atan2, atanh, cos, cosh, sin, sinh, tan } from "./trigonometric.js";

// The public functions that are methods of Tensor as well: their first parameter is the tensor. One line per file; records and samples stay inside.
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
} from "./comparison.js";
export { cast } from "./conversion.js";
export { fullLike, oneHot, onesLike, tril, triu, zerosLike } from "./creation.js";
export { cumprod, cumsum, prod } from "./cumulative.js";
export { diagonal } from "./diagonal.js";
export { exp, expm1, log, log1p, tanh } from "./exponential.js";
export { clip, maximum, minimum } from "./extrema.js";
export { gather, scatterAdd, take, takeAlongAxis } from "./gather.js";
export { setAt, setSlice } from "./index-update.js";
export { checkedIndices } from "./indices.js";
export { chunk, pad, roll, split, unstack } from "./joining.js";
export { dot, matmul, outer } from "./linear-algebra.js";
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

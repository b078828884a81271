import type { Tensor } from "../../src/functions.js";
import * as s from "../../src/functions.js";

/** The arguments of a stored case that are not tensors. */
export type Arguments = Readonly<Record<string, unknown>>;
type Call = (inputs: readonly Tensor[], args: Arguments) => Tensor | readonly Tensor[];

const unary =
  (f: (x: Tensor) => Tensor): Call =>
  ([x]) =>
    f(x);
const binary =
  (f: (a: Tensor, b: Tensor) => Tensor): Call =>
  ([a, b]) =>
    f(a, b);
// Stored arguments are what make-torch-ops.py wrote for this op.
const number = (args: Arguments, name: string): number => args[name] as number;
const reduction =
  (f: (x: Tensor, options?: { axis?: number | number[]; keepDims?: boolean }) => Tensor): Call =>
  ([x], { dim, keepdim }) =>
    f(x, { ...(dim === undefined ? {} : { axis: dim as number | number[] }), keepDims: keepdim === true });

/** PyTorch's name of an op, and the same in Scope. */
export const torchCalls: Readonly<Record<string, Call>> = {
  abs: unary(s.abs),
  sign: unary(s.sign),
  neg: unary(s.neg),
  exp: unary(s.exp),
  expm1: unary(s.expm1),
  log: unary(s.log),
  log1p: unary(s.log1p),
  sqrt: unary(s.sqrt),
  rsqrt: unary(s.rsqrt),
  square: unary(s.square),
  reciprocal: unary(s.reciprocal),
  sin: unary(s.sin),
  cos: unary(s.cos),
  tan: unary(s.tan),
  asin: unary(s.asin),
  acos: unary(s.acos),
  atan: unary(s.atan),
  sinh: unary(s.sinh),
  cosh: unary(s.cosh),
  tanh: unary(s.tanh),
  asinh: unary(s.asinh),
  acosh: unary(s.acosh),
  atanh: unary(s.atanh),
  sigmoid: unary(s.sigmoid),
  softplus: unary(s.softplus),
  logsigmoid: unary(s.logSigmoid),
  erf: unary(s.erf),
  relu: unary(s.relu),
  leaky_relu: ([x], args) => s.leakyRelu(x, { slope: number(args, "negative_slope") }),
  elu: ([x], args) => s.elu(x, { alpha: number(args, "alpha") }),
  selu: unary(s.selu),
  gelu: ([x], { approximate }) => s.gelu(x, { approximate: approximate === "tanh" ? "tanh" : "none" }),
  silu: unary(s.silu),
  floor: unary(s.floor),
  ceil: unary(s.ceil),
  round: unary(s.round),
  clamp: ([x], { min, max }) => s.clip(x, (min ?? null) as number | null, (max ?? null) as number | null),
  pow: ([x, y], { exponent }) => s.pow(x, y ?? (exponent as number)),
  add: binary(s.add),
  sub: binary(s.sub),
  mul: binary(s.mul),
  div: binary(s.div),
  maximum: binary(s.maximum),
  minimum: binary(s.minimum),
  atan2: binary(s.atan2),
  remainder: binary(s.mod),
  where: ([condition, a, b]) => s.where(condition, a, b),
  where_log: ([condition, x]) => s.where(condition, s.log(x), 0),
  amax: reduction(s.max),
  amin: reduction(s.min),
  sum: reduction(s.sum),
  mean: reduction(s.mean),
  logsumexp: reduction(s.logSumExp),
  softmax: ([x], args) => s.softmax(x, { axis: number(args, "dim") }),
  log_softmax: ([x], args) => s.logSoftmax(x, { axis: number(args, "dim") }),
  argmax: ([x], args) => s.argMax(x, { axis: number(args, "dim") }),
  argmin: ([x], args) => s.argMin(x, { axis: number(args, "dim") }),
  roll: ([x], { shifts, dims }) => s.roll(x, shifts as number[], { axis: dims as number[] }),
  triu: ([x], args) => s.triu(x, { diagonal: number(args, "diagonal") }),
  tril: ([x], args) => s.tril(x, { diagonal: number(args, "diagonal") }),
  flip: ([x], { dims }) => s.flip(x, { axis: dims as number[] }),
  pad: ([x], args) =>
    s.pad(x, pairsLastFirst(args.pad_last_axis_first as number[]), { value: number(args, "value") }),
  cat: (xs, args) => s.concat(xs, { axis: number(args, "dim") }),
  stack: (xs, args) => s.stack(xs, { axis: number(args, "dim") }),
  split: ([x], args) => s.split(x, args.split_sizes as number[], { axis: number(args, "dim") }),
  chunk: ([x], args) => s.chunk(x, number(args, "chunks"), { axis: number(args, "dim") }),
  var: (xs, args) => spread(s.variance)(xs, args),
  std: (xs, args) => spread(s.std)(xs, args),
  norm: ([x], { ord, dim }) =>
    s.norm(x, { order: Number(ord), ...(dim === undefined ? {} : { axis: dim as number }) }),
  prod: reduction(s.prod),
  cumprod: ([x], args) => s.cumprod(x, { axis: number(args, "dim") }),
  cumsum: ([x], args) => s.cumsum(x, { axis: number(args, "dim") }),
  matmul: binary(s.matmul),
  einsum: (xs, { equation }) => s.einsum(String(equation), ...xs),
  sort: ([x], { dim, descending }) => {
    const options = { axis: dim as number, descending: descending === true };
    return [s.sort(x, options), s.argSort(x, options)];
  },
  topk: ([x], { k, dim, largest }) => {
    const { values, indices } = s.topK(x, k as number, { axis: dim as number, largest: largest === true });
    return [values, indices];
  },
  gather: ([x, index], args) => s.gather(x, index, { axis: number(args, "dim") }),
  scatter_add: ([x, index, updates], args) => s.scatterAdd(x, index, updates, { axis: number(args, "dim") }),
  index_add: ([x, index, updates], args) => {
    const rows = s.broadcastTo(s.expandDims(index, 1), updates.shape);
    return s.scatterAdd(x, rows, updates, { axis: number(args, "dim") });
  },
  index_select: ([x, index], args) => s.take(x, index, { axis: number(args, "dim") }),
  diagonal: ([x], args) => s.diagonal(x, { offset: number(args, "offset") }),
  tile: ([x], { dims }) => s.tile(x, dims as number[]),
  repeat_interleave: ([x], args) => s.repeat(x, number(args, "repeats"), { axis: number(args, "dim") }),
};

const spread =
  (f: (x: Tensor, options: s.VarianceOptions) => Tensor): Call =>
  ([x], { dim, keepdim, unbiased }) =>
    f(x, {
      axis: dim as number | number[],
      keepDims: keepdim === true,
      correction: unbiased === true ? 1 : 0,
    });

/** PyTorch lists the last axis first. */
function pairsLastFirst(widths: readonly number[]): [number, number][] {
  const pairs: [number, number][] = [];
  for (let i = widths.length - 2; i >= 0; i -= 2) pairs.push([widths[i], widths[i + 1]]);
  return pairs;
}

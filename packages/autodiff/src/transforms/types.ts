import type { Tensor } from "../tensor/tensor.js";
import type { Variable } from "../trace/variable.js";

/** The tree of gradients of a tree: a tensor for every tensor or number; functions, strings and null stay. */
export type Gradient<P> = P extends Tensor | number
  ? Tensor
  : P extends (...a: never) => unknown
    ? P
    : P extends object
      ? { [K in keyof P]: Gradient<P[K]> }
      : P;

/** What a function to be minimised returns: a scalar, alone or with anything else that is to be handed back. */
export type Loss = Tensor | readonly [loss: Tensor, aux: unknown];
/** What a function given to a transform returns. The empty tuple makes returned arrays tuples. */
// biome-ignore lint/suspicious/noConfusingVoidType: functions that return nothing are given too
export type Result = object | number | void | readonly [];
/** `Head`, and `aux` behind it if the function returned one. */
export type WithAux<R, Head extends readonly unknown[]> = R extends readonly [Tensor, infer Aux]
  ? [...Head, aux: Aux]
  : Head;
/** Makes an asynchronous function a type error. */
export type Sync<R> = R extends PromiseLike<unknown> ? "an async function cannot be traced" : unknown;

/** Variables to differentiate with respect to: a list, or a record of names. */
export type Variables = readonly Variable[] | { readonly [name: string]: Variable };

/** For each tensor of the result, for each tensor of the argument: `[...result.shape, ...argument.shape]`. */
export type Jacobian<R, P> = R extends Tensor
  ? P extends Tensor | number
    ? Tensor
    : { [K in keyof P]: Jacobian<R, P[K]> }
  : { [K in keyof R]: Jacobian<R[K], P> };

/** The axis of each tensor that is mapped over; null is shared. One value stands for a whole branch. */
export type Axes<T> =
  | number
  | null
  | (T extends Tensor | number ? never : { readonly [K in keyof T]?: Axes<T[K]> });
/** The axes of each argument. */
export type InAxes<Args extends readonly unknown[]> = { readonly [K in keyof Args]: Axes<Args[K]> };

import type { Tensor } from "../tensor/tensor.js";
import type { Variable } from "../trace/variable.js";

/** A tree with a tensor for every tensor or number; functions, strings and null stay. */
export type Tensors<P> = P extends Tensor | number
  ? Tensor
  : P extends (...a: never) => unknown
    ? P
    : P extends object
      ? { [K in keyof P]: Tensors<P[K]> }
      : P;
/** The same of each argument in a list. */
export type TensorsOfAll<Args extends readonly unknown[]> = { -readonly [K in keyof Args]: Tensors<Args[K]> };
/** The tree of gradients of a tree: a tensor for every tensor or number; functions, strings and null stay. */
export type Gradient<P> = Tensors<P>;

/** A tangent or cotangent of a tree: null stands for zero, at a tensor or for a whole branch. */
export type Direction<T> =
  | null
  | (T extends Tensor | number
      ? Tensor | number
      : T extends object
        ? { readonly [K in keyof T]: Direction<T[K]> }
        : unknown);
/** Those of a list of arguments. */
export type Directions<Args extends readonly unknown[]> = { readonly [K in keyof Args]: Direction<Args[K]> };

type Plain = number | string | boolean | null | undefined;
// biome-ignore lint/complexity/noBannedTypes: unknown takes the same values, but absorbs the tuples beside it in a union
type Anything = {} | null | undefined;
type TreeOf<Part> = Anything | readonly [] | readonly Part[] | { readonly [part: string]: Part };
/** Any tree. The empty tuples make arrays in it tuples, where its type is inferred. (As deep as TypeScript follows: it would not stop in a recursive type.) */
export type AnyTree = TreeOf<TreeOf<TreeOf<Anything | readonly []>>>;

type LiteralTreeOf<Part> = Tensor | Plain | readonly [] | readonly Part[] | { readonly [part: string]: Part };
/** Trees that are told from a type parameter: what is a number in them may be called a tensor. */
export type LiteralTree = LiteralTreeOf<LiteralTreeOf<LiteralTreeOf<LiteralTreeOf<Tensor | Plain>>>>;

declare const unmatched: unique symbol;
/** No value is one. In a union it makes arrays that a function returns tuples, before the type that they must have is known. */
export type TupleHint =
  | (readonly [TupleHint, ...TupleHint[]] & { readonly [unmatched]: never })
  | { readonly [unmatched]: never; readonly [part: string]: TupleHint };

/** A parameter whose type is not written: a tensor, or a tree that is taken apart. */
export type Unannotated = Tensor & { readonly [part: string]: Unannotated } & Iterable<Unannotated>;
/** The arguments that are accepted: of the declared types; any tree for a parameter without a type annotation. */
export type Passed<Args extends readonly unknown[]> = {
  [K in keyof Args]: Args[K] | ([Args[K]] extends [Unannotated] ? AnyTree : never);
};
/** A number stands for a scalar. */
export type OrNumber<P> = P | (P extends Tensor ? number : never);
/** Arrays and plain objects, not tensors. */
export type Branch = readonly [] | readonly AnyTree[] | { readonly [part: string]: AnyTree };

/** The gradient of a function as a function of the same arguments. */
export type GradientFunction<P, Rest extends readonly unknown[]> = ((
  x: OrNumber<P>,
  ...rest: Passed<Rest>
) => Gradient<P>) &
  ([P] extends [Unannotated] ? GradientOfAny<Rest> : unknown);
/** The same where the type of the first parameter is not written. Another transform takes the last line. */
export interface GradientOfAny<Rest extends readonly unknown[]> {
  <Q extends Branch>(x: Q, ...rest: Passed<Rest>): Gradient<Q>;
  (x: Tensor | number, ...rest: Passed<Rest>): Tensor;
  (x: Unannotated, ...rest: Rest): Unannotated;
}
/** The value and the gradient of a function as a function of the same arguments. */
export type ValueAndGradientFunction<P, Rest extends readonly unknown[], R> = ((
  x: OrNumber<P>,
  ...rest: Passed<Rest>
) => WithAux<R, [value: Tensor, gradient: Gradient<P>]>) &
  ([P] extends [Unannotated] ? ValueAndGradientOfAny<Rest, R> : unknown);
/** The same where the type of the first parameter is not written. Another transform takes the last line. */
export interface ValueAndGradientOfAny<Rest extends readonly unknown[], R> {
  <Q extends Branch>(x: Q, ...rest: Passed<Rest>): WithAux<R, [value: Tensor, gradient: Gradient<Q>]>;
  (x: Tensor | number, ...rest: Passed<Rest>): WithAux<R, [value: Tensor, gradient: Tensor]>;
  (x: Unannotated, ...rest: Rest): WithAux<R, [value: Tensor, gradient: Unannotated]>;
}
/** The Jacobian of a function as a function of the same arguments. */
export type JacobianFunction<P, Rest extends readonly unknown[], R> = ((
  x: OrNumber<P>,
  ...rest: Passed<Rest>
) => Jacobian<R, P>) &
  ([P] extends [Unannotated] ? JacobianOfAny<Rest, R> : unknown);
/** The same where the type of the first parameter is not written. Another transform takes the last line. */
export interface JacobianOfAny<Rest extends readonly unknown[], R> {
  <Q extends Branch>(x: Q, ...rest: Passed<Rest>): Jacobian<R, Q>;
  (x: Tensor | number, ...rest: Passed<Rest>): Jacobian<R, Tensor>;
  (x: Unannotated, ...rest: Rest): Jacobian<R, Unannotated>;
}
/** All second derivatives of a function as a function of the same arguments. */
export type HessianFunction<P, Rest extends readonly unknown[]> = ((
  x: OrNumber<P>,
  ...rest: Passed<Rest>
) => Jacobian<Gradient<P>, P>) &
  ([P] extends [Unannotated] ? HessianOfAny<Rest> : unknown);
/** The same where the type of the first parameter is not written. Another transform takes the last line. */
export interface HessianOfAny<Rest extends readonly unknown[]> {
  <Q extends Branch>(x: Q, ...rest: Passed<Rest>): Jacobian<Gradient<Q>, Q>;
  (x: Tensor | number, ...rest: Passed<Rest>): Tensor;
  (x: Unannotated, ...rest: Rest): Unannotated;
}

/** What a function to be minimised returns: a scalar, alone or with anything else that is to be handed back. */
export type Loss = Tensor | readonly [loss: Tensor, aux: AnyTree];
/** What a function given to a transform returns. The empty tuples make returned arrays tuples. */
export type Result =
  | object
  | number
  // biome-ignore lint/suspicious/noConfusingVoidType: in a union of return types, only void accepts functions without a return statement
  | void
  | readonly []
  | readonly AnyTree[]
  | { readonly [part: string]: AnyTree };
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
  | ([T] extends [Unannotated]
      ? AxesOfAny
      : T extends Tensor | number
        ? never
        : { readonly [K in keyof T]?: Axes<T[K]> });
/** Those of a tree whose type is not written. */
export type AxesOfAny = number | null | readonly AxesOfAny[] | { readonly [part: string]: AxesOfAny };
/** The axes of each argument. */
export type InAxes<Args extends readonly unknown[]> = { readonly [K in keyof Args]: Axes<Args[K]> };

import { zerosOf } from "../ops/fill.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Maybe } from "../trace/op.js";

// Lists of tensors in which null stands for a zero derivative, and masks over them.

/** Zeros where nothing arrived. */
export const zerosWhereNull = (derivatives: readonly Maybe<Tensor>[], like: readonly Tensor[]): Tensor[] =>
  derivatives.map((t, i) => t ?? zerosOf(like[i]));

/** Which of a list are not null. */
export const presence = (items: readonly unknown[]): boolean[] => items.map((item) => item !== null);

/** What is marked. */
export const filterByMask = <T>(items: readonly T[], marks: readonly boolean[]): T[] =>
  items.filter((_, i) => marks[i]);

/** One item after the other, from `next` on, wherever there is a mark; null elsewhere. */
export const placeByMask = <T>(marks: readonly boolean[], items: readonly T[], next = 0): Maybe<T>[] =>
  marks.map((on) => (on ? items[next++] : null));

/** What is not null. */
export const nonNull = <T>(items: readonly Maybe<T>[]): T[] => items.filter((item) => item !== null);

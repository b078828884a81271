import type { Profile, Program, TypedArray } from "@scope/autodiff/backend";

/** What the host asks of the worker; programs, buffers and arrays by their numbers. */
export type Order =
  | { readonly kind: "prepare"; readonly program: number; readonly made: Program }
  | {
      readonly kind: "write";
      readonly program: number;
      readonly buffer: number;
      readonly elements: TypedArray;
    }
  | { readonly kind: "copy"; readonly program: number; readonly buffer: number; readonly array: number }
  | { readonly kind: "setUp"; readonly program: number }
  | { readonly kind: "run"; readonly program: number; readonly unless: readonly number[] }
  | {
      readonly kind: "profile";
      readonly program: number;
      readonly unless: readonly number[];
      readonly request: number;
    }
  | { readonly kind: "release"; readonly program: number; readonly buffer: number; readonly array: number }
  | { readonly kind: "read"; readonly array: number; readonly request: number }
  | { readonly kind: "free"; readonly array: number }
  | { readonly kind: "end"; readonly program: number };

/** What the worker answers. */
export interface Answer {
  readonly request: number;
  readonly value: TypedArray | Profile;
}

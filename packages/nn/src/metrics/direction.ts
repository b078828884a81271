import type { Tensor } from "@scope/autodiff/functions";

/** Which way a measure gets better: `"min"` where smaller is better, `"max"` where larger is. */
export type Direction = "min" | "max";

// Who asks for the directions of results; null almost always.
let noted: WeakMap<Tensor, Direction> | null = null;

/** The result of a loss or metric, whose direction is noted for whoever asks by {@link valueAndDirection}. */
export function improving(direction: Direction, value: Tensor): Tensor {
  noted?.set(value, direction);
  return value;
}

/** Runs a measure. Its direction is known if what it returns came from a loss or metric of the library as it is; what was computed of one (1 − accuracy) has none. */
export function valueAndDirection(run: () => Tensor): [value: Tensor, direction: Direction | null] {
  const outer = noted;
  const own = new WeakMap<Tensor, Direction>();
  noted = own;
  try {
    const value = run();
    return [value, own.get(value) ?? null];
  } finally {
    noted = outer;
  }
}

import { expect, test } from "vitest";
import { softplus } from "../../src/ops/activations.js";
import { add, mul } from "../../src/ops/arithmetic.js";
import { ones } from "../../src/ops/creation.js";
import { tanh } from "../../src/ops/exponential.js";
import { tensor } from "../../src/ops/literal.js";
import { sum } from "../../src/ops/reduction.js";

import { at } from "../../src/ops/slicing.js";
import { sin } from "../../src/ops/trigonometric.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { Variable } from "../../src/trace/variable.js";
import { checkpoint } from "../../src/transforms/checkpoint.js";
import { grad } from "../../src/transforms/gradient.js";
import { jvp } from "../../src/transforms/products.js";
import { scan } from "../../src/transforms/scan.js";
import { vmap } from "../../src/transforms/vmap.js";

// A checkpoint inside a checkpoint is replayed inside a replay, where the closures still hold the captures' first names.

type Checkpoint = typeof checkpoint;
const plainly = ((f: unknown) => f) as Checkpoint;
const x64 = (value: number): Tensor => tensor([value], { dtype: "float64" });
const variable = new Variable(x64(0));
const row = ones([3, 2], { dtype: "float64" });

const programs: { readonly [name: string]: (kept: Checkpoint) => (x: Tensor) => Tensor } = {
  "a capture of both": (kept) => (x) => sum(kept(() => kept(() => softplus(x))())()),
  "an argument that is a capture too": (kept) => (x) =>
    sum(kept((c: Tensor) => mul(c, kept((t: Tensor) => mul(softplus(x), t))(x)))(x)),
  "a capture returned as it is": (kept) => (x) => {
    const y = sin(x);
    return sum(kept(() => mul(kept(() => y)(), y))());
  },
  "three deep": (kept) => (x) => {
    const y = sin(x);
    const innermost = (a: Tensor): Tensor => kept((c: Tensor) => mul(softplus(y), c))(sin(a));
    return sum(kept((a: Tensor) => mul(a, kept((b: Tensor) => mul(b, innermost(b)))(mul(a, y))))(y));
  },
  "two results": (kept) => (x) => {
    const [e, a] = kept((c: Tensor) => {
      const m = kept((_: Tensor) => softplus(x))(x);
      return [tanh(add(mul(c, 0.5), m)), m] as [Tensor, Tensor];
    })(x);
    return sum(add(e, mul(a, 2)));
  },
  "a derivative in between": (kept) => (x) =>
    sum(
      kept(() =>
        kept(() => grad((t: Tensor) => sum(mul(t, kept((u: Tensor) => mul(mul(t, u), x))(t))))(mul(x, 2)))(),
      )(),
    ),
  "a loop in between": (kept) => (x) =>
    sum(
      kept(
        () =>
          scan(
            (c: Tensor, t: Tensor) => [kept((d: Tensor) => tanh(add(d, mul(x, at(t, 0)))))(c), null],
            x,
            row,
          )[0],
      )(),
    ),
  "a batch in between": (kept) => (x) =>
    sum(kept(() => vmap((t: Tensor) => kept(() => mul(sum(t), sin(x)))())(row))()),
  "a Variable read and assigned": (kept) => (x) => {
    variable.value = x64(0.3);
    const step = kept(() => {
      variable.value = add(kept(() => mul(variable.value, sin(x)))(), x);
      return mul(variable.value, x);
    });
    return sum(add(step(), mul(step(), variable.value)));
  },
  "a capture assigned to a Variable": (kept) => (x) => {
    variable.value = x64(0.3);
    const y = sin(x);
    kept(() => {
      kept(() => {
        variable.value = y;
        return [];
      })();
      return [];
    })();
    return sum(mul(variable.value, x));
  },
};

test.each(Object.entries(programs))("%s: as without checkpoints, to third order", (_name, program) => {
  const [f, g] = [program(checkpoint), program(plainly)];
  const at0 = x64(0.204);
  const first = (h: typeof f) => (x: Tensor) => sum(grad(h)(x));
  const second = (h: typeof f) => first(first(h));
  const forward = (h: typeof f): Tensor => jvp((x: Tensor) => grad(h)(x), [at0], [x64(1)])[1];
  expect(f(at0).item()).toBeCloseTo(g(at0).item(), 12);
  expect(grad(f)(at0).item()).toBeCloseTo(grad(g)(at0).item(), 12);
  expect(grad(first(f))(at0).item()).toBeCloseTo(grad(first(g))(at0).item(), 12);
  expect(forward(f).item()).toBeCloseTo(forward(g).item(), 12);
  expect(grad(second(f))(at0).item()).toBeCloseTo(grad(second(g))(at0).item(), 11);
});

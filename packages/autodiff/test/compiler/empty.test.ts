import { describe, expect, test } from "vitest";
import { compile } from "../../src/compile.js";
import {
  add,
  argSort,
  broadcastTo,
  cast,
  checkpoint,
  concat,
  cumsum,
  flip,
  grad,
  matmul,
  mul,
  pad,
  reshape,
  roll,
  scan,
  slice,
  softmax,
  sort,
  stack,
  sum,
  type Tensor,
  take,
  tanh,
  tensor,
  tile,
  transpose,
  vmap,
  zeros,
} from "../../src/index.js";
import { SeededNumbers } from "../../src/testing/conformance/program-builder.js";

// Whatever runs eagerly on tensors without elements runs compiled, and gives the same: random programs over axes of size 0, 1 and more.

/** Functions of a tensor of at least one axis; `at` is one of its axes. */
const steps: { readonly [name: string]: (x: Tensor, at: number) => Tensor } = {
  add: (x) => add(x, 1),
  tanh: (x) => tanh(x),
  sum: (x, axis) => sum(x, { axis, keepDims: true }),
  "sum away": (x, axis) => stack([sum(x, { axis })]),
  "the whole sum": (x) => reshape(sum(x), [1]),
  flat: (x) => reshape(x, [x.size]),
  "other empty shape": (x) => (x.size === 0 ? reshape(x, [3, 0, 1]) : reshape(x, [1, x.size])),
  flip: (x, axis) => flip(x, { axis }),
  roll: (x, axis) => roll(x, 1, { axis }),
  concat: (x, axis) => concat([x, mul(x, 2)], { axis }),
  stack: (x) => stack([x, tanh(x)]),
  "slice of none": (x) => slice(x, [[0, 0]]),
  "slice of the rest": (x) => slice(x, [[1, null]]),
  pad: (x) =>
    pad(
      x,
      x.shape.map(() => [1, 0] as const),
    ),
  transpose: (x) => transpose(x),
  "tile to none": (x) => tile(x, [0, ...x.shape.slice(1).map(() => 1)]),
  "broadcast to none": (x) => broadcastTo(x, [0, ...x.shape]),
  "broadcast to two": (x) => broadcastTo(x, [2, ...x.shape]),
  cumsum: (x, axis) => cumsum(x, { axis }),
  sort: (x, axis) => sort(x, { axis }),
  argSort: (x, axis) => cast(argSort(x, { axis }), "float32"),
  softmax: (x, axis) => softmax(x, { axis }),
  "take none": (x, axis) => take(x, zeros([0], { dtype: "int32" }), { axis }),
  "product with none": (x) => matmul(zeros([2, x.size]), reshape(x, [x.size, 1])),
  "product of none": (x) => matmul(reshape(x, [x.size, 1]), zeros([1, 0])),
  checkpoint: (x) => checkpoint((y: Tensor) => mul(y, tanh(y)))(x),
  scan: (x) => scan((c: Tensor, s: Tensor) => [add(c, sum(s)), mul(s, c)], tensor(1), x)[1],
  vmap: (x) => vmap((s: Tensor) => add(sum(s), s))(x),
};
const names = Object.keys(steps);

describe.each(["wasm", "javascript"] as const)("programs on tensors without elements on %s", (backend) => {
  const values = (t: Tensor): unknown => [
    t.shape,
    [...t.data].map((x) => x.toFixed(3).replace(/^-0\.000$/, "0.000")),
  ];
  const agree = (f: (x: Tensor) => Tensor, x: Tensor, what: string): void =>
    expect(values(compile(f, { backend })(x)), what).toEqual(values(f(x)));

  test("an empty reshape, summed", () => {
    expect(compile((x: Tensor) => sum(reshape(x, [0])), { backend })(zeros([0, 4])).item()).toBe(0);
  });

  test.each(names)("%s, and then another", (first) => {
    const numbers = new SeededNumbers(names.indexOf(first) + 1);
    for (let k = 0; k < 6; k++) {
      const shape = Array.from({ length: numbers.whole(1, 3) }, () => numbers.pick([0, 0, 1, 2, 3]));
      const size = shape.reduce((n, d) => n * d, 1);
      const x = reshape(tensor(Float32Array.from({ length: size }, (_, i) => 0.3 * i - 0.5)), shape);
      const path = [first, numbers.pick(names), numbers.pick(names)];
      const turns = path.map(() => numbers.whole(0, 5));
      const f = (t: Tensor): Tensor => path.reduce((y, name, i) => steps[name](y, turns[i] % y.rank), t);
      const what = `${path.join(", ")} of [${shape.join()}]`;
      try {
        f(x);
      } catch (error) {
        // Refused eagerly: with a name of its own, and nothing to agree with.
        expect(error, what).toHaveProperty("code");
        continue;
      }
      agree(f, x, what);
      agree((t) => grad((y: Tensor) => sum(mul(f(y), f(y))))(t), x, `gradient of ${what}`);
    }
  });
});

import { expect, test } from "vitest";
import { compile } from "../../src/compile.js";
import * as s from "../../src/index.js";

const draws = (random: s.Random): readonly s.Tensor[] => [
  random.uniform([5], { low: -1, high: 1 }),
  random.uniform([2, 3], { dtype: "float64" }),
  random.normal([1000]),
  random.normal([100], { dtype: "float64" }),
  random.randint([7], { low: -3, high: 4 }),
  random.bernoulli([9], { p: 0.25 }),
  random.permutation(6),
];

test("a compiled function draws the same numbers as an eager one, to the last bit, call after call", () => {
  const eager = new s.Random(5);
  const random = new s.Random(5);
  const compiled = compile(() => [...draws(random)]);
  for (let call = 0; call < 3; call++) {
    const expected = draws(eager);
    compiled().forEach((t, i) => {
      expect(Array.from(t.data), `draw ${i} of call ${call}`).toEqual(Array.from(expected[i].data));
    });
  }
  expect(random.state.value.toArray()).toEqual(eager.state.value.toArray());
});

test("in the body of a scan every step draws anew, and the state comes out", () => {
  const walk = (random: s.Random): s.Tensor =>
    s.scan(
      (h: { x: s.Tensor }, _x: s.Tensor) => {
        const x = s.add(h.x, random.normal([2]));
        return [{ x }, x];
      },
      { x: s.zeros([2]) },
      s.zeros([4]),
    )[1];
  const eager = walk(new s.Random(9));
  const random = new s.Random(9);
  expect(Array.from(compile(() => walk(random))().data)).toEqual(Array.from(eager.data));
  expect(random.state.value.at(2).item()).toBe(4);
});

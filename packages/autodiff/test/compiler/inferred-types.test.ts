import { describe, expect, expectTypeOf, test } from "vitest";
import { compile, cond, whileLoop } from "../../src/compile.js";
import type { Tensor } from "../../src/index.js";
import * as scope from "../../src/index.js";

// What TypeScript infers where a user writes no types. The types are held by `tsc -b`, and under the oldest TypeScript; the values by the run.
const { tensor, scan, grad, valueAndGrad, vjp, jvp, linearize, vmap, checkpoint, jacobian, hessian } = scope;
const a = tensor([1, 2]);
const b = tensor([3, 4]);
const one = tensor(1);

describe("toArray", () => {
  test("takes the type that is written, or that is asked for", () => {
    const rows: number[][] = scope.zeros([1, 2]).toArray();
    expect(rows).toEqual([[0, 0]]);
    expectTypeOf(a.toArray<number[]>()).toEqualTypeOf<number[]>();
    expectTypeOf(a.toArray()).toEqualTypeOf<scope.NestedArray>();
    // @ts-expect-error: text is not what a tensor holds
    void a.toArray<string[]>;
  });
});

describe("scan", () => {
  test("xs of a tuple, at any depth", () => {
    const [last, ys] = scan((h, [x, y]) => [h.add(x).mul(y), h], tensor(0), [a, b]);
    expectTypeOf(last).toEqualTypeOf<Tensor>();
    expectTypeOf(ys).toEqualTypeOf<Tensor>();
    expect([last.item(), ys.toArray()]).toEqual([20, [0, 3]]);
    const [deep] = scan((h, { pair: [x, y] }) => [h.add(x).mul(y), null], tensor(0), { pair: [a, b] });
    expect(deep.item()).toBe(20);
  });
  test("a number as carry, alone and in trees", () => {
    const [last, ys] = scan((h, x) => [h.add(x), h], 0, a);
    expectTypeOf(last).toEqualTypeOf<Tensor>();
    expect([last.item(), ys.toArray()]).toEqual([3, [0, 1]]);
    const [[h, c], out] = scan(([h, c], x) => [[h.add(x), c.mul(x)], { h, pair: [x, c] }], [tensor(0), 1], a);
    expectTypeOf(c).toEqualTypeOf<Tensor>();
    expectTypeOf(out).toEqualTypeOf<{ h: Tensor; pair: [Tensor, Tensor] }>();
    expect([h.item(), c.item(), out.pair[1].toArray()]).toEqual([3, 2, [1, 1]]);
    const [counted] = scan(({ n, h }, x) => [{ n: n.add(1), h: h.add(x) }, null], { n: 0, h: one }, a);
    expectTypeOf(counted).toEqualTypeOf<{ n: Tensor; h: Tensor }>();
    expect([counted.n.item(), counted.h.item()]).toEqual([2, 4]);
  });
  test("outputs that are numbers are tensors", () => {
    const [, ys] = scan((h) => [h, { n: 2 }], one, null, { length: 3 });
    expectTypeOf(ys).toEqualTypeOf<{ n: Tensor }>();
    expect(ys.n.toArray()).toEqual([2, 2, 2]);
  });
  test("a state that only a caller knows", () => {
    const lastOf = <S extends object>(body: (state: S, x: Tensor) => [S, Tensor], start: S): S =>
      scan(body, start, a)[0];
    const last = lastOf(({ h }, x) => [{ h: h.add(x) }, x], { h: one });
    expectTypeOf(last).toEqualTypeOf<{ h: Tensor }>();
    expect(last.h.item()).toBe(4);
  });
  test("a carry of another structure is an error of type", () => {
    // @ts-expect-error: two states went in, one comes out
    expect(() => scan(([h]) => [[h], null], [one, one], a)).toThrow("scan");
    // @ts-expect-error: a state without its h
    expect(() => scan(({ h }) => [{ g: h }, null], { h: one }, a)).toThrow("scan");
  });
});

describe("whileLoop and cond", () => {
  test("numbers as carries, tuples", () => {
    const [n, x] = whileLoop(
      ([n]) => n.less(3),
      ([n, x]) => [n.add(1), x.mul(2)],
      [0, a],
    );
    expectTypeOf(n).toEqualTypeOf<Tensor>();
    expect([n.item(), x.toArray()]).toEqual([3, [8, 16]]);
    const { i } = whileLoop(
      ({ i }) => i.less(3),
      ({ i }) => ({ i: i.add(1) }),
      { i: 0 },
    );
    expect(i.item()).toBe(3);
    expect(
      whileLoop(
        (k) => k.less(3),
        (k) => k.add(2),
        0,
      ).item(),
    ).toBe(4);
  });
  test("branches that return tuples, operands that are tuples", () => {
    const chosen = cond(
      tensor(true),
      ([x, y]) => [x, { both: [x, y] }],
      ([x, y]) => [y, { both: [y, x] }],
      [a, b],
    );
    expectTypeOf(chosen).toEqualTypeOf<[Tensor, { both: [Tensor, Tensor] }]>();
    const [p, q] = chosen;
    expect([p.toArray(), q.both[1].toArray()]).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });
});

describe("derivatives of functions whose parameters have no type", () => {
  test("grad", () => {
    const g = grad(({ w, x }) => w.mul(x))({ w: tensor(2), x: 3 });
    expectTypeOf(g).toEqualTypeOf<{ w: Tensor; x: Tensor }>();
    expect([g.w.item(), g.x.item()]).toEqual([3, 2]);
    const deep = grad(({ layer: { w, b } }) => w.mul(b))({ layer: { w: 2, b: 3 } });
    expect(deep.layer.b.item()).toBe(2);
    const list = grad(([p, q]) => p.mul(q))([tensor(2), tensor(3)]);
    expect(list.map((t) => t.item())).toEqual([3, 2]);
    expectTypeOf(grad((x) => x.square())(one)).toEqualTypeOf<Tensor>();
    expect(grad((x) => x.square())(3).item()).toBe(6);
    expect(grad((x: Tensor) => x.square())(3).item()).toBe(6);
    expect(grad(grad((x) => x.square()))(3).item()).toBe(2);
    expect(grad((w, { x, y }) => w.mul(x).add(y))(one, { x: tensor(5), y: one }).item()).toBe(5);
    expect(compile(grad(({ x, y }) => x.mul(y)))({ x: tensor(2), y: one }).x.item()).toBe(1);
    const typed: (x: Tensor) => Tensor = grad((x) => x.square());
    expect(typed(one).item()).toBe(2);
  });
  test("grad within a function of any tree", () => {
    const slopes = <P>(f: (p: P) => Tensor, p: P): scope.Gradient<P> => grad(f)(p);
    const { w } = slopes((p) => p.w.square(), { w: tensor(3) });
    expect(w.item()).toBe(6);
  });
  test("mistakes stay errors of type", () => {
    interface Weights {
      readonly w: Tensor;
      readonly b: Tensor;
    }
    // @ts-expect-error: no such method
    expect(() => grad((x) => x.sqare())(one)).toThrow();
    // @ts-expect-error: b is missing
    expect(() => grad((p: Weights) => p.w.mul(p.b))({ w: one })).toThrow();
    // @ts-expect-error: not a tensor
    expect(() => grad((x) => x.square())("1")).toThrow("grad");
  });
  test("valueAndGrad, jacobian, hessian", () => {
    const [value, g] = valueAndGrad(({ w }) => w.square())({ w: tensor(3) });
    expectTypeOf(g).toEqualTypeOf<{ w: Tensor }>();
    expect([value.item(), g.w.item()]).toEqual([9, 6]);
    const [, slope, aux] = valueAndGrad(({ w }) => [w.square(), { pair: [w, 1] }])({ w: tensor(3) });
    expect([slope.w.item(), aux.pair[0].item()]).toEqual([6, 3]);
    expect(valueAndGrad((x) => x.square())(3)[1].item()).toBe(6);
    expect(jacobian(({ x }) => x.square())({ x: tensor(3) }).x.item()).toBe(6);
    expect(jacobian((x) => x.square())(3).item()).toBe(6);
    expect(hessian(({ x, y }) => x.mul(y))({ x: one, y: one }).x.y.item()).toBe(1);
    expect(hessian((x) => x.square())(3).item()).toBe(2);
  });
});

describe("products with derivatives", () => {
  test("numbers are tensors inside, null is a zero", () => {
    const [y, pull] = vjp((x, { p: [u, v] }) => x.mul(u).add(v), 2, { p: [tensor(3), 4] });
    expectTypeOf(pull(one)).toEqualTypeOf<[Tensor, { p: [Tensor, Tensor] }]>();
    expect([y.item(), pull(null)[0].item(), pull(1)[1].p[0].item()]).toEqual([10, 0, 2]);
    const [, tangent] = jvp((x, [u, v]) => x.mul(u).add(v), [2, [tensor(3), one]], [1, null]);
    expect(tangent.item()).toBe(3);
    const [, push] = linearize((x, { u }) => x.mul(u), 2, { u: tensor(3) });
    expect([push(1, null).item(), push(null, { u: 1 }).item()]).toEqual([3, 2]);
    // @ts-expect-error: a tangent of another structure
    expect(() => jvp((x) => x.square(), [one], [{ x: one }])).toThrow("jvp");
  });
});

describe("vmap, checkpoint and compile", () => {
  test("trees that are taken apart", () => {
    expect(vmap(([x, y]) => x.mul(y))([a, b]).toArray()).toEqual([3, 8]);
    expect(vmap(({ x, y }) => x.mul(y), { inAxes: [{ x: 0, y: null }] })({ x: a, y: one }).toArray()).toEqual(
      [1, 2],
    );
    expect(checkpoint(({ x, y }) => x.mul(y))({ x: a, y: b }).toArray()).toEqual([3, 8]);
    const { pair } = compile(({ x, y }) => ({ pair: [x.mul(y), y] }))({ x: a, y: b });
    const both: [Tensor, Tensor] = pair;
    expect(both[0].toArray()).toEqual([3, 8]);
    const scaled = compile((x: Tensor, factor: number) => x.mul(factor));
    expect(scaled(a, 3).toArray()).toEqual([3, 6]);
    // @ts-expect-error: the factor is missing
    expect(() => scaled(a)).toThrow();
  });
});

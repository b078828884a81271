import { mul, Random, type Tensor, tensor, Variable, zeros } from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import { Adam, Linear, LSTM, Parameter, StateDictError } from "@scope/nn";
import type { Draws } from "./draws.js";

/** A value and how a report writes it. */
export type Drawn = readonly [text: string, value: unknown];

/** Thrown by functions that the fuzzer hands in: a library may let it pass. */
export class OwnError extends Error {
  override readonly name = "OwnError";
}
const throwOwn = (): never => {
  throw new OwnError("thrown by an argument");
};

const nested = (depth: number): unknown => {
  let inner: unknown = [];
  for (let i = 0; i < depth; i++) inner = [inner];
  return inner;
};
const cyclicObject = (): object => {
  const cyclic: Record<string, unknown> = { a: 1 };
  cyclic.self = cyclic;
  return cyclic;
};
const cyclicArray = (): unknown[] => {
  const cyclic: unknown[] = [1];
  cyclic.push(cyclic);
  return cyclic;
};
const sparse = (): number[] => {
  const holes = [1];
  holes[3] = 2;
  return holes;
};
const detached = (): Float32Array => {
  const array = new Float32Array([1, 2]);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
};
/** A tensor of a trace that has ended. */
const leaked = (): unknown => {
  let kept: unknown;
  const f = compile((x: Tensor) => {
    kept = x;
    return mul(x, 2);
  });
  f(tensor([1, 2]));
  f.dispose();
  return kept;
};
const disposed = (): unknown => {
  const f = compile((x: Tensor) => mul(x, 2));
  f.dispose();
  return f;
};
const hostileProxy = (): unknown =>
  new Proxy(
    {},
    {
      get: throwOwn,
      has: throwOwn,
      ownKeys: throwOwn,
      getOwnPropertyDescriptor: throwOwn,
      getPrototypeOf: throwOwn,
    },
  );
const revoked = (list: boolean): unknown => {
  const { proxy, revoke } = Proxy.revocable(list ? [] : {}, {});
  revoke();
  return proxy;
};
class Point {
  readonly x = 1;
}

/** Values that no function takes, or only some, or that are at the edge of what they take. */
const makers: readonly (readonly [text: string, make: () => unknown])[] = [
  ["undefined", () => undefined],
  ["null", () => null],
  ["true", () => true],
  ["false", () => false],
  ["NaN", () => Number.NaN],
  ["Infinity", () => Number.POSITIVE_INFINITY],
  ["-Infinity", () => Number.NEGATIVE_INFINITY],
  ["-0", () => -0],
  ["0", () => 0],
  ["1", () => 1],
  ["2", () => 2],
  ["-1", () => -1],
  ["0.5", () => 0.5],
  ["-1.5", () => -1.5],
  ["1e-300", () => 1e-300],
  ["1e300", () => 1e300],
  ["33", () => 33],
  ["1e5", () => 1e5],
  ["1e9", () => 1e9],
  ["2 ** 31", () => 2 ** 31],
  ["2 ** 32", () => 2 ** 32],
  ["2 ** 53", () => 2 ** 53],
  ['""', () => ""],
  ['"abc"', () => "abc"],
  ['"float32"', () => "float32"],
  ['"constructor"', () => "constructor"],
  ['"__proto__"', () => "__proto__"],
  ['"x".repeat(1e6)', () => "x".repeat(1e6)],
  ["Symbol()", () => Symbol("fuzz")],
  ["1n", () => 1n],
  ["{}", () => ({})],
  ["{ unknownKey: 1 }", () => ({ unknownKey: 1 })],
  ["{ dtype: 2 }", () => ({ dtype: 2 })],
  ["{ axis: 0 }", () => ({ axis: 0 })],
  ["Object.create(null)", () => Object.create(null)],
  ["a cyclic object", cyclicObject],
  ["a hostile Proxy", hostileProxy],
  ["a revoked Proxy", () => revoked(false)],
  ["a revoked Proxy of an array", () => revoked(true)],
  ["{ toString: throws }", () => ({ toString: throwOwn, valueOf: throwOwn, [Symbol.toPrimitive]: throwOwn })],
  ["{ toString: null }", () => ({ toString: null, valueOf: null })],
  ["{ get a() { throw } }", () => Object.defineProperty({}, "a", { get: throwOwn, enumerable: true })],
  ["{ then: throws }", () => ({ then: throwOwn })],
  ["{ length: 3 }", () => ({ length: 3 })],
  ["[]", () => []],
  ["[,]", () => new Array(1)],
  ["new Array(3)", () => new Array(3)],
  ["[1, , , 2]", sparse],
  ["[null]", () => [null]],
  ["[[1], [2, 3]]", () => [[1], [2, 3]]],
  ["[NaN, -1]", () => [Number.NaN, -1]],
  ["[1.5, 2]", () => [1.5, 2]],
  ["[Symbol()]", () => [Symbol("fuzz")]],
  ["[1n]", () => [1n]],
  ['["a", "b"]', () => ["a", "b"]],
  ["[Object.create(null)]", () => [Object.create(null)]],
  ["[2, 3]", () => [2, 3]],
  ["[1e5, 1e5]", () => [1e5, 1e5]],
  ["[2 ** 31 - 1, 2 ** 31 - 1]", () => [2 ** 31 - 1, 2 ** 31 - 1]],
  ["an array of 100,000 ones", () => new Array(100_000).fill(1)],
  ["an array nested 100,000 deep", () => nested(100_000)],
  ["an array nested 40 deep", () => nested(40)],
  ["a cyclic array", cyclicArray],
  ["() => undefined", () => () => undefined],
  ["() => { throw }", () => throwOwn],
  ["(x) => x", () => (x: unknown) => x],
  ["async () => 1", () => async () => 1],
  ["async () => { throw }", () => async () => throwOwn()],
  ["function* () {}", () => function* () {}],
  [
    "a generator",
    () =>
      (function* () {
        yield 1;
      })(),
  ],
  [
    "a generator that throws",
    () =>
      (function* () {
        yield throwOwn();
      })(),
  ],
  ["class Point", () => Point],
  ["new Point()", () => new Point()],
  ["new Map([[1, 2]])", () => new Map([[1, 2]])],
  ["new Set([1])", () => new Set([1])],
  ["new WeakMap()", () => new WeakMap()],
  ["new Date(NaN)", () => new Date(Number.NaN)],
  ["/x/", () => /x/],
  ["new Error()", () => new Error("an argument")],
  ["a StateDictError", () => StateDictError],
  ["a Promise", () => Promise.resolve(1)],
  [
    "a rejected Promise",
    () => {
      const p = Promise.reject(new OwnError("rejected"));
      p.catch(() => {});
      return p;
    },
  ],
  ["new Float32Array([1, 2])", () => new Float32Array([1, 2])],
  ["new Float64Array(0)", () => new Float64Array(0)],
  ["new Uint8Array([7])", () => new Uint8Array([7])],
  ["new BigInt64Array(2)", () => new BigInt64Array(2)],
  ["new DataView(…)", () => new DataView(new ArrayBuffer(8))],
  ["new ArrayBuffer(8)", () => new ArrayBuffer(8)],
  ["a detached Float32Array", detached],
  ["tensor(2)", () => tensor(2)],
  ["tensor([1, 2])", () => tensor([1, 2])],
  [
    "tensor([[1, 2], [3, 4]], float64)",
    () =>
      tensor(
        [
          [1, 2],
          [3, 4],
        ],
        { dtype: "float64" },
      ),
  ],
  ["tensor([0, 1], int32)", () => tensor([0, 1], { dtype: "int32" })],
  ["tensor([9, -9], int32)", () => tensor([9, -9], { dtype: "int32" })],
  ["tensor(1, int32)", () => tensor(1, { dtype: "int32" })],
  ["tensor([true, false])", () => tensor([true, false])],
  ["tensor(true)", () => tensor(true)],
  ["tensor([NaN, Infinity])", () => tensor([Number.NaN, Number.POSITIVE_INFINITY])],
  ["zeros([0])", () => zeros([0])],
  ["zeros([2, 0, 3])", () => zeros([2, 0, 3])],
  ["zeros([2, 3, 4])", () => zeros([2, 3, 4])],
  ["zeros([1, 1, 1, 1, 1])", () => zeros([1, 1, 1, 1, 1])],
  ["a leaked symbolic tensor", leaked],
  ["a disposed compiled function", disposed],
  ["new Variable(tensor(1))", () => new Variable(tensor(1))],
  ["new Parameter(zeros([2]))", () => new Parameter(zeros([2]))],
  ["new Random(1)", () => new Random(1)],
  ["new Linear(2, 3)", () => new Linear(2, 3)],
  ["new LSTM(2, 3)", () => new LSTM(2, 3)],
  ["an optimiser", () => new Adam([new Parameter(zeros([2]))], { learningRate: 0.1 })],
  ["globalThis", () => globalThis],
];

const big = (value: unknown): boolean => typeof value === "number" && value > 1000;

/** One of the list; `small` leaves out numbers that are a legitimate reason to work for hours. */
export function drawNasty(draws: Draws, small = false): Drawn {
  for (;;) {
    const [text, make] = draws.pick(makers);
    const value = make();
    if (!(small && big(value))) return [text, value];
  }
}

/** An options object that answers every name with a value of the list: it finds the options that a function reads. */
export function drawGuess(draws: Draws, names: ReadonlySet<string>): Drawn {
  const [text, value] = drawNasty(draws);
  const known = [...names];
  if (known.length > 0 && draws.chance(0.8)) {
    const name = draws.pick(known);
    return isLong(name) && big(value)
      ? [`{ ${name}: 2 }`, { [name]: 2 }]
      : [`{ ${name}: ${text} }`, { [name]: value }];
  }
  return [
    `{ any: ${text} }`,
    new Proxy({}, { get: (_, name) => (typeof name === "symbol" ? undefined : value) }),
  ];
}

/** Options that say how long to work. */
export const isLong = (name: string): boolean => name === "epochs";

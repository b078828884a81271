import { describe, expect, test } from "vitest";
import { runExample } from "./example-program.js";

class ShapeError extends Error {
  override readonly name = "ShapeError";
}
const surroundings = {
  names: new Map<string, unknown>([
    ["double", (x: number) => 2 * x],
    [
      "fail",
      () => {
        throw new ShapeError("sizes 2 and 3 differ");
      },
    ],
    ["scalar", { shape: [], item: () => 1.5, toArray: () => 1.5 }],
    ["vector", { shape: [2], item: () => fail(), toArray: () => [1, 2], toString: () => "Tensor [1, 2]" }],
  ]),
  load: async (specifier: string) => ({ triple: (x: number) => 3 * x, from: specifier }),
};
const fail = (): never => {
  throw new Error("not a scalar");
};
const run = (code: string): Promise<number> => runExample(code, surroundings);

describe("examples that hold", () => {
  const holding: readonly [title: string, code: string, claims: number][] = [
    ["an expression", "double(2) // => 4", 1],
    ["with a semicolon, after a declaration on the same line", "const x: number = 3; double(x); // => 6", 1],
    ["a declaration", "const [a, b] = [1, double(2)]; // => [1, 4]", 1],
    ["rounded decimals", "2 / 3 // => 0.667", 1],
    ["float32 noise", "Math.fround(0.1) // => 0.1", 1],
    ["special numbers", "[NaN, -Infinity, -0] // => [NaN, -Infinity, -0]", 1],
    ["tensors", "scalar // => 1.5\nvector // => [1, 2]\nvector // => 'Tensor [1, 2]'", 3],
    ["typed arrays", "new Float32Array([1, 2]) // => [1, 2]", 1],
    ["objects", '({ a: [1], b: "x", c: vector }) // => { a: [1], b: "x", c: [1, 2] }', 1],
    ["printing", 'console.log("x", 1) // => "x 1"', 1],
    ["several lines", "[1, 2]\n  .map(double)\n  .at(-1) // => 4", 1],
    ["text on the next lines", 'double(1), "a\\n  b" // =>\n// a\n//   b', 1],
    ["errors", "fail() // throws ShapeError", 1],
    ["errors and a part of their message", "fail() // throws ShapeError: 2 and 3", 1],
    ["errors of promises", "await (async () => fail())() // throws ShapeError", 1],
    ["the value of a try statement", "try { fail() } catch (error) { error.name } // => 'ShapeError'", 1],
    ["claims in functions and loops", "for (const x of [1, 1]) {\n  double(x); // => 2\n}", 1],
    ["promises", "await Promise.resolve(3) // => 3", 1],
    [
      "imports",
      'import { triple as t, type Shape } from "m";\nimport * as m from "n";\nt(1) // => 3\nm.from // => "n"',
      2,
    ],
    [
      "types and exports",
      "interface P { x: number }\nexport const p: P = { x: 1 };\np.x satisfies number // => 1",
      1,
    ],
  ];
  test.each(holding)("%s", async (_title, code, claims) => {
    expect(await run(code)).toBe(claims);
  });
});

describe("examples that do not hold", () => {
  const failing: readonly [title: string, code: string, message: RegExp][] = [
    ["a wrong number", "1;\ndouble(2) // => 5", /line 2[\s\S]*value is 4, expected 5/],
    ["a wrong element", "[1, [2]] // => [1, [3]]", /value\[1\]\[0\] is 2, expected 3/],
    ["a wrong sign of zero", "0 // => -0", /value is 0, expected -0/],
    ["a wrong last decimal", "2 / 3 // => 0.668", /expected 0\.668/],
    ["a missing element", "[1] // => [1, 2]", /expected \[1, 2\]/],
    ["an extra property", "({ a: 1, b: 2 }) // => { a: 1 }", /expected \{ a: 1 \}/],
    ["a vector where a number was expected", "vector // => 1", /expected 1/],
    ["no error", "double(1) // throws ShapeError", /nothing was thrown, expected ShapeError/],
    ["another error", "fail() // throws TypeError", /expected TypeError/],
    ["another message", "fail() // throws ShapeError: 7", /expected ShapeError: 7/],
    ["another text", "'a' // =>\n// b", /the text is\na\nexpected\nb/],
    ["an unexpected error", "1;\n\nfail()", /line 3: fail\(\)\n {2}ShapeError: sizes/],
    [
      "a claim in a function that is never called",
      "const f = () => {\n  double(1); // => 2\n};",
      /never reached/,
    ],
    ["a claim inside an expression", "[\n  1, // => 1\n]", /1 of 1 claims[\s\S]*do not end a statement/],
    ["prose after the value", "double(1) // => 2 as it should be", /cannot read the expected value/],
  ];
  test.each(failing)("%s", async (_title, code, message) => {
    await expect(run(code)).rejects.toThrow(message);
  });
});

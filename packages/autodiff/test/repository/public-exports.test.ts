import { describe, expect, test } from "vitest";
import { allEntries } from "./entries.js";
import { publicExports } from "./public-exports.js";

test("documentation is found through re-exports", () => {
  const files = new Map([
    ["/index.ts", 'export * from "./a.js"; export { hidden as shown } from "./b.js";'],
    [
      "/a.ts",
      "/** One.\n * @example\n * one() // => 1 */\nexport const one = () => 1;\nexport class Base {}\n",
    ],
    [
      "/b.ts",
      'import { Base } from "./a.js";\n/** Kind. */\nexport class hidden extends Base {}\n/** Other. */ export const unexported = 1;',
    ],
  ]);
  expect(publicExports(["/index.ts"], files)).toEqual([
    { name: "shown", where: "/b.ts:3", documented: true, hasExample: false, needsExample: false },
    { name: "one", where: "/a.ts:4", documented: true, hasExample: true, needsExample: true },
    { name: "Base", where: "/a.ts:5", documented: false, hasExample: false, needsExample: true },
  ]);
});

describe.each(["@scope/autodiff", "@scope/nn"])("%s", (name) => {
  const entries = [...allEntries()].filter(([specifier]) => specifier.startsWith(name));
  const exports = publicExports(entries.map(([, path]) => path));
  test("every public name has a docstring", () => {
    expect(
      exports.filter(({ documented }) => !documented).map(({ name, where }) => `${name} (${where})`),
    ).toEqual([]);
  });
  test("every public value has an example", () => {
    const missing = exports.filter(({ needsExample, hasExample }) => needsExample && !hasExample);
    expect(missing.map(({ name, where }) => `${name} (${where})`)).toEqual([]);
  });
});

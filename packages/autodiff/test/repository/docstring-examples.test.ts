import { describe, expect, test } from "vitest";
import { docstringExamples } from "./docstrings.js";
import { runExample } from "./example-program.js";
import { filesUnder, read } from "./source-files.js";
import { importSource, publicNames, surroundingsOf } from "./surroundings.js";

test("examples are found in docstrings, with and without fences", () => {
  const source = [
    "/** One. @example is a tag only at the start of a line.",
    " * @example",
    " * one() // => 1",
    " *   two()",
    " * @throws never */",
    "/**",
    " * @example",
    " * ```ts",
    " * three()",
    " * ```",
    " * @example four()",
    " */",
  ].join("\n");
  expect(docstringExamples(source)).toEqual([
    { line: 2, code: "one() // => 1\n  two()" },
    { line: 7, code: "three()" },
    { line: 11, code: "four()" },
  ]);
});

describe("docstring examples", () => {
  const names = publicNames();
  const files = ["autodiff", "nn", "native"].flatMap((name) => filesUnder(`packages/${name}/src`, ".ts"));
  for (const path of files)
    for (const { line, code } of docstringExamples(read(path)))
      test(`${path}:${line}`, async () => {
        // An example of something that is not public names it as its own file does.
        const own = await importSource(path);
        const claims = await runExample(code, surroundingsOf(new Map([...Object.entries(own), ...names])));
        expect(
          claims,
          "an example claims something: expr // => value, or call() // throws XError",
        ).toBeGreaterThan(0);
      });
});

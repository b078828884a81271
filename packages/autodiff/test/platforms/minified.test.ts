import * as autodiff from "@scope/autodiff";
import * as nn from "@scope/nn";
import { expect, test } from "vitest";
import { bundle } from "./bundles.js";

const namesOfErrors = (): string[] =>
  Object.entries({ ...autodiff, ...nn })
    .filter(([, value]) => typeof value === "function" && value.prototype instanceof Error)
    .map(([name]) => name)
    .sort();

test("errors keep their names where a minifier renames classes", async () => {
  const names = namesOfErrors();
  expect(names).toContain("ShapeError");
  const code = await bundle(`
    import * as autodiff from "@scope/autodiff";
    import * as nn from "@scope/nn";
    const complaint = { code: "", op: "", problem: "", got: "", expected: "", mend: "" };
    const all = { ...autodiff, ...nn };
    export const found = ${JSON.stringify(names)}.map((name) => new all[name](complaint).name);
  `);
  const module: unknown = await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(code)}`);
  expect(module).toMatchObject({ found: names });
});

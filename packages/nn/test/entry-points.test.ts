import * as nn from "@scope/nn";
import { expect, test } from "vitest";

test("the entry names what it names: a name that comes or goes is seen here", () => {
  expect(Object.keys(nn).sort()).toMatchSnapshot();
});

test("classes and functions are what their names say", () => {
  for (const [name, value] of Object.entries(nn)) {
    expect(typeof value, name).toBe("function");
    // Classes have their names written out, for a minifier to keep.
    expect(value.name, name).toBe(name);
    expect(/^class\b/.test(String(value)), name).toBe(/^[A-Z]/.test(name));
  }
});

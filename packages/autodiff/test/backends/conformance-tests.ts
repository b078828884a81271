import { describe, expect, it } from "vitest";
import type { Backend } from "../../src/kernel/backend.js";
import { type ConformanceOptions, conformance } from "../../src/testing/conformance.js";
import { casesOf } from "../repository/case-counts.js";

/** The conformance suite as tests; the last of them prints what was left out, and fails if that is more than `lacks`. */
export function conformanceTests(
  name: string,
  backend: Backend,
  { lacks = [], ...options }: ConformanceOptions & { readonly lacks?: readonly string[] } = {},
): void {
  const suite = conformance(backend, { samples: casesOf(300), ...options });
  describe(`${name} conforms`, () => {
    for (const each of suite.cases) it(each.name, () => each.run());
    it("leaves nothing out but what it lacks", () => {
      const left = suite.leftOut();
      const told = left.map(
        ({ reason, cases, programs }) => `${reason}: ${cases} cases, and ${programs} programs of others`,
      );
      process.stdout.write(
        `${name}: ${suite.cases.length} cases of ${suite.programs()} programs; left out: ${told.join("; ") || "nothing"}\n`,
      );
      expect(left.map(({ reason }) => reason)).toEqual(lacks);
    });
  });
}

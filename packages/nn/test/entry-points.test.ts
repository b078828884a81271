import * as nn from "@scope/nn";
import { expect, test } from "vitest";

test("the package resolves to its sources", () => {
  expect(typeof nn).toBe("object");
});

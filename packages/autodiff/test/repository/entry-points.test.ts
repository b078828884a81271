import * as autodiff from "@scope/autodiff";
import * as nn from "@scope/nn";
import { expect, test } from "vitest";

test("the packages resolve to their sources", () => {
  expect(typeof autodiff).toBe("object");
  expect(typeof nn).toBe("object");
});

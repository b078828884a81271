import { afterEach } from "vitest";

// A test that prints hides the next test's failure in noise; so printing fails the test that does it.
const printed: string[] = [];
for (const method of ["log", "info", "warn", "error", "debug", "table", "trace"] as const)
  console[method] = (...parts: unknown[]) => {
    printed.push(`console.${method}: ${parts.map(String).join(" ")}`);
  };

afterEach(() => {
  if (printed.length === 0) return;
  throw new Error(`a test printed to the console:\n${printed.splice(0).join("\n")}`);
});

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

// What a user keeps of many results is not much more than the results. Measured in a process of its own, after collection.

const built = new URL("../../dist/", import.meta.url).href;
const script = (elements: number): string => `
  const { tensor, zeros, add } = await import(${JSON.stringify(`${built}server.js`)});
  const { compile } = await import(${JSON.stringify(`${built}compile.js`)});
  const program = compile((x) => add(x, 1));
  const [x, other] = [zeros([${elements}]), zeros([200])];
  const kept = [];
  const held = () => { gc(); const { heapUsed, arrayBuffers } = process.memoryUsage(); return heapUsed + arrayBuffers; };
  const run = (n) => { for (let i = 0; i < n; i++) {
    kept.push(i % 2 === 0 ? add(x, i) : program(x));
    // Other work between, of small and of middling results.
    for (let k = 0; k < 20; k++) { add(other, k); add(x, k); }
  } };
  run(200);
  const before = held();
  run(5000);
  console.log((held() - before) / 5000);
`;
const bytesEach = (elements: number): number =>
  Number(
    execFileSync(process.execPath, ["--expose-gc", "--input-type=module", "-e", script(elements)], {
      cwd: fileURLToPath(new URL(".", import.meta.url)),
      encoding: "utf8",
    }),
  );

test("a scalar that is kept holds less than two kilobytes, a short vector less than six", () => {
  // 16 kB each when all results shared large slabs; a scalar's tensor, views and share of a slab take 1.0 to 1.7 kB on Node 20 to 26.
  expect(bytesEach(1)).toBeLessThan(2 * 1024);
  expect(bytesEach(16)).toBeLessThan(6 * 1024);
});

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compile } from "../../src/compile.js";
import { broadcastTo, cumsum, sum, type Tensor, tensor } from "../../src/index.js";

test("a program of more than 4 GiB says what it needs", () => {
  const wide = compile(
    (x: Tensor) => {
      const rows = broadcastTo(x, [2 ** 15, 2 ** 15]);
      return sum(cumsum(cumsum(rows, { axis: 1 }), { axis: 0 }));
    },
    { name: "wide" },
  );
  expect(() => wide(tensor(1))).toThrow(expect.objectContaining({ code: "compile/memory", op: "wide" }));
  expect(() => wide(tensor(1))).toThrow("8.00 GB, of which 4.00 GB for one value of 1073741824 float32");
});

// V8 reserves gigabytes of addresses for a memory of any size: a limit on them refuses it, and leaves enough for everything else. From Node 24 on it then makes a memory without.
test.runIf(process.platform === "linux")(
  "without addresses for a memory, eager work runs in JavaScript and programs say so",
  () => {
    const at = (file: string): string => fileURLToPath(new URL(`../../dist/${file}`, import.meta.url));
    const script = `
    import { arange, matmul, reshape, sum, tanh } from ${JSON.stringify(at("server.js"))};
    import { compile } from ${JSON.stringify(at("compile.js"))};
    const a = reshape(arange(65536), [256, 256]).mul(2 ** -16);
    const eager = [sum(matmul(a, a)).item(), sum(tanh(a)).item()];
    const tried = (f) => { try { return f(); } catch (error) { return [error.name, error.code]; } };
    const f = (x) => sum(tanh(matmul(x, x)));
    console.log(JSON.stringify([eager, tried(() => compile(f)(a).item()), tried(() => compile(f, { backend: "javascript" })(a).item())]));`;
    const run = (limit: string): [number[], unknown, number] =>
      JSON.parse(
        execFileSync(
          "sh",
          ["-c", `ulimit -v ${limit} && exec "$0" --input-type=module -e "$1"`, process.execPath, script],
          {
            encoding: "utf8",
          },
        ),
      );
    const [eager, program, plain] = run("4000000");
    const [freely, ran, same] = run("unlimited");
    for (const [i, value] of eager.entries()) expect(value / freely[i]).toBeCloseTo(1, 5);
    if (Number.parseInt(process.versions.node, 10) >= 24) expect(program).toBe(ran);
    else expect(program).toEqual(["CompileError", "compile/memory"]);
    expect(Number(ran) / plain).toBeCloseTo(1, 5);
    expect(same).toBe(plain);
  },
);

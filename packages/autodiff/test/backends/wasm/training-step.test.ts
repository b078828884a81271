import { expect, it } from "vitest";
import { javascriptProgramBackend } from "../../../src/backends/javascript/program.js";
import { wasmProgramBackend } from "../../../src/backends/wasm/index.js";
import type { HostBackend } from "../../../src/kernel/backend.js";
import { buildExpression, type KernelBuilder, type Scalar } from "../../../src/kernel/expression.js";
import type { Expression } from "../../../src/kernel/instruction.js";
import type {
  Access,
  Buffer,
  GemmKernel,
  Kernel,
  MapKernel,
  ReduceKernel,
} from "../../../src/kernel/program.js";
import { access, loop, ProgramBuilder, plain } from "../../../src/testing/conformance/program-builder.js";

const [I, H, B, T, V] = [16, 32, 8, 32, 16];
const [G, N] = [4 * H, T * B];
const [stateStep, gateStep] = [B * H, B * G];

/** An expression of float32 operands. */
const floats = (
  count: number,
  body: (k: KernelBuilder, ...x: Scalar[]) => Scalar | readonly Scalar[],
): Expression => buildExpression(new Array<"float32">(count).fill("float32"), body);
const same = floats(1, (_, x) => x);
const number = (k: KernelBuilder, value: number): Scalar => k.constant(value, "float32");

const forward = floats(5, (k, zi, zf, zg, zo, c) => {
  const [i, f, g, o] = [k.sigmoid(zi), k.sigmoid(zf), k.tanh(zg), k.sigmoid(zo)];
  const next = k.add(k.mul(f, c), k.mul(i, g));
  const t = k.tanh(next);
  return [i, f, g, o, next, t, k.mul(o, t)];
});
const backward = floats(8, (k, i, f, g, o, c, t, dh, dc) => {
  const complement = (x: Scalar): Scalar => k.sub(number(k, 1), x);
  const slope = (x: Scalar): Scalar => k.mul(x, complement(x));
  const d = k.add(k.mul(k.mul(dh, o), complement(k.mul(t, t))), dc);
  const cell = [
    k.mul(k.mul(d, g), slope(i)),
    k.mul(k.mul(d, c), slope(f)),
    k.mul(k.mul(d, i), complement(k.mul(g, g))),
  ];
  return [...cell, k.mul(k.mul(dh, t), slope(o)), k.mul(d, f)];
});
const adam = floats(6, (k, p, g, m, v, b1, b2) => {
  const m2 = k.add(m, k.mul(k.sub(g, m), number(k, 0.1)));
  const v2 = k.add(v, k.mul(k.sub(k.mul(g, g), v), number(k, 0.001)));
  const [mean, square] = [k.div(m2, k.sub(number(k, 1), b1)), k.div(v2, k.sub(number(k, 1), b2))];
  const step = k.div(k.mul(number(k, 1e-3), mean), k.add(k.sqrt(square), number(k, 1e-8)));
  return [k.sub(p, step), m2, v2];
});

/** Weights as the shared workloads set them: 0.1·sin(1.7 i + k)·3/√fan. */
const wave = (length: number, k: number, fan: number): number[] =>
  Array.from({ length }, (_, i) => (0.3 * Math.sin(1.7 * i + k)) / Math.sqrt(fan));

/** An LSTM over 32 steps with a linear head, cross entropy, back-propagation through time and Adam, as a compiler may arrange it. */
function lstmProgram(backend: HostBackend): { builder: ProgramBuilder; kernels: Kernel[]; loss: Buffer } {
  const builder = new ProgramBuilder();
  const values = (length: number, content?: ArrayLike<number>): Buffer =>
    builder.buffer("float32", content ?? length);
  const [b1, b2] = [wave(G, 2, G), wave(G, 3, G)];
  const parts = [
    wave(G * I, 0, I),
    wave(G * H, 1, H),
    b1.map((x, i) => x + b2[i]),
    wave(V * H, 4, H),
    wave(V, 5, V),
  ];
  const [wih, whh, bias, wo, bo] = parts.map((_, i) =>
    parts.slice(0, i).reduce((sum, p) => sum + p.length, 0),
  );
  const size = parts.reduce((sum, p) => sum + p.length, 0);
  const [w, g, mean, square] = [values(size, parts.flat()), values(size), values(size), values(size)];
  const x = values(
    0,
    Array.from({ length: N * I }, (_, i) => Math.sin(0.9 * i)),
  );
  const y = builder.buffer(
    "int32",
    Array.from({ length: N }, (_, i) => (i * 7) % V),
  );
  const [z, h, c, t] = [values(N * G), values(N * H + B * H), values(N * H + B * H), values(N * H)];
  const [logits, top, sums, loss] = [values(N * V), values(N), values(N), values(1)];
  const [dh, dc, powers] = [values(N * H + B * H), values(B * H), values(2, [1, 1])];
  const gate = (q: number): Access => access(z, [G, 1], q * H, [gateStep]);
  const gates = [0, 1, 2, 3].map(gate);
  const state = (of: Buffer, later = 0): Access => access(of, [H, 1], later * stateStep, [stateStep]);

  const product = (
    sizes: readonly [number, number, number],
    a: Access,
    b: Access,
    at: Access,
    mode: GemmKernel["mode"],
    biasAt?: Access,
  ) => {
    const [m, n, k] = sizes;
    const base = { m, n, k, a, b, c: at, mode };
    return (pack: boolean): Kernel[] =>
      builder.gemm(backend.capabilities, biasAt === undefined ? base : { ...base, bias: biasAt }, pack);
  };
  const map = (
    shape: readonly number[],
    reads: readonly Access[],
    expression: Expression,
    writes: readonly Access[],
  ): MapKernel => ({
    kind: "map",
    name: "map",
    shape,
    reads: reads.map(plain),
    expression,
    writes,
  });
  const reduce = (
    shape: readonly number[],
    read: readonly ReduceKernel["reads"][number][],
    expression: Expression,
    to: Access,
    combine: "sum" | "max" = "sum",
  ): ReduceKernel => ({
    kind: "reduce",
    name: "reduce",
    shape,
    reduced: 1,
    reads: read,
    expression,
    combine,
    write: to,
  });
  const row = (of: Buffer): Access => access(of, [1, 0]);
  const dlogits = buildExpression(["float32", "float32", "float32", "int32"], (k, a, m, s, target) => {
    const hit = k.cast(k.eq(k.index(1), target), "float32");
    return k.mul(k.sub(k.div(k.exp(k.sub(a, m)), s), hit), number(k, 1 / N));
  });
  const picked = { kind: "gathered", at: access(logits, [V]), index: access(y, [1]), stride: 1 } as const;
  const negativeLog = floats(3, (k, a, m, s) => k.sub(k.log(s), k.sub(a, m)));
  const forwardGemms = product(
    [B, G, H],
    state(h),
    access(w, [1, H], whh),
    access(z, [G, 1], 0, [gateStep]),
    "accumulate",
  )(true);
  const backwardGemms = product(
    [B, H, G],
    access(z, [G, 1], 0, [gateStep]),
    access(w, [H, 1], whh),
    state(dh),
    "accumulate",
  )(true);
  const kernels: Kernel[] = [
    ...forwardGemms.slice(0, -1),
    ...backwardGemms.slice(0, -1),
    ...product(
      [N, G, I],
      access(x, [I, 1]),
      access(w, [1, I], wih),
      access(z, [G, 1]),
      "bias",
      access(w, [1], bias),
    )(true),
    loop(T, false, [
      ...forwardGemms.slice(-1),
      map([B, H], [...gates, state(c)], forward, [...gates, state(c, 1), state(t), state(h, 1)]),
    ]),
    ...product(
      [N, V, H],
      access(h, [H, 1], stateStep),
      access(w, [1, H], wo),
      access(logits, [V, 1]),
      "bias",
      access(w, [1], bo),
    )(true),
    reduce([N, V], [plain(access(logits, [V, 1]))], same, access(top, [1]), "max"),
    reduce(
      [N, V],
      [plain(access(logits, [V, 1])), plain(row(top))],
      floats(2, (k, a, m) => k.exp(k.sub(a, m))),
      access(sums, [1]),
    ),
    reduce([N], [picked, plain(access(top, [1])), plain(access(sums, [1]))], negativeLog, access(loss, [])),
    map(
      [],
      [access(loss, [])],
      floats(1, (k, s) => k.div(s, number(k, N))),
      [access(loss, [])],
    ),
    map([N, V], [access(logits, [V, 1]), row(top), row(sums), row(y)], dlogits, [access(logits, [V, 1])]),
    ...product(
      [N, H, V],
      access(logits, [V, 1]),
      access(w, [H, 1], wo),
      access(dh, [H, 1], stateStep),
      "set",
    )(false),
    ...product(
      [V, H, N],
      access(logits, [1, V]),
      access(h, [H, 1], stateStep),
      access(g, [H, 1], wo),
      "set",
    )(false),
    reduce([V, N], [plain(access(logits, [1, V]))], same, access(g, [1], bo)),
    { kind: "fill", name: "start", shape: [B * H], value: 0, target: access(dc, [1]) },
    loop(T, true, [
      map([B, H], [...gates, state(c), state(t), state(dh, 1), access(dc, [H, 1])], backward, [
        ...gates,
        access(dc, [H, 1]),
      ]),
      ...backwardGemms.slice(-1),
    ]),
    ...product([G, H, N], access(z, [1, G]), access(h, [H, 1]), access(g, [H, 1], whh), "set")(false),
    ...product([G, I, N], access(z, [1, G]), access(x, [I, 1]), access(g, [I, 1], wih), "set")(false),
    reduce([G, N], [plain(access(z, [1, G]))], same, access(g, [1], bias)),
    map(
      [],
      [access(powers, []), access(powers, [], 1)],
      floats(2, (k, p, q) => [k.mul(p, number(k, 0.9)), k.mul(q, number(k, 0.999))]),
      [access(powers, []), access(powers, [], 1)],
    ),
    map(
      [size],
      [...[w, g, mean, square].map((of) => access(of, [1])), access(powers, [0]), access(powers, [0], 1)],
      adam,
      [w, mean, square].map((of) => access(of, [1])),
    ),
  ];
  return { builder, kernels, loss };
}

function lossesOn(backend: HostBackend): { losses: number[]; codeBytes: number } {
  const { builder, kernels, loss } = lstmProgram(backend);
  const program = backend.prepare(builder.program(kernels), { threads: null });
  const losses = Array.from({ length: 4 }, () => {
    program.run();
    return program.array(loss)[0];
  });
  return { losses, codeBytes: program.codeBytes };
}

it("trains an LSTM as the JavaScript backend does, from PyTorch's first loss, in one small module", () => {
  const { losses, codeBytes } = lossesOn(wasmProgramBackend);
  const reference = lossesOn(javascriptProgramBackend).losses;
  expect(losses[0]).toBeCloseTo(2.774042352182991, 5);
  for (const [step, loss] of losses.entries()) expect(loss).toBeCloseTo(reference[step], 5);
  expect(losses[3]).toBeLessThan(losses[0]);
  expect(codeBytes).toBeLessThan(32_000);
});

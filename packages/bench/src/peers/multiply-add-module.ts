/** A module of WASM made here by hand: multiply-adds in registers, nothing else. */
const accumulators = 12;
const roundsPerIteration = 4;
const floatsPerVector = 4;
export const flopsPerIteration = accumulators * roundsPerIteration * floatsPerVector * 2;

const op = {
  block: 0x02,
  loop: 0x03,
  end: 0x0b,
  brIf: 0x0d,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  i32Const: 0x41,
  f32Const: 0x43,
  i32Sub: 0x6b,
} as const;
const f32x4 = {
  splat: [0xfd, 0x13],
  lane0: [0xfd, 0x1f, 0],
  add: [0xfd, 0xe4, 0x01],
  mul: [0xfd, 0xe6, 0x01],
};
/** Relaxed SIMD: a·b + c, fused where the hardware can. */
const relaxedMadd = [0xfd, 0x85, 0x02];
const type = { i32: 0x7f, f32: 0x7d, v128: 0x7b, none: 0x40, function: 0x60 } as const;

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return bytes;
}
const sized = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes];
const section = (id: number, content: readonly number[]): number[] => [id, ...sized(content)];
const f32Bytes = (value: number): number[] => [...new Uint8Array(new Float32Array([value]).buffer)];

/** `run(iterations) -> f32`: every accumulator becomes accumulator + a·b, over and over; their sum keeps them alive. */
export function multiplyAddModule(fused: boolean): Uint8Array<ArrayBuffer> {
  const [count, a, b, firstAccumulator] = [0, 1, 2, 3];
  const get = (local: number): number[] => [op.localGet, local];
  const multiplyAdd = (local: number): number[] =>
    fused
      ? [...get(a), ...get(b), ...get(local), ...relaxedMadd, op.localSet, local]
      : [...get(a), ...get(b), ...f32x4.mul, ...get(local), ...f32x4.add, op.localSet, local];
  const locals = Array.from({ length: accumulators }, (_, i) => firstAccumulator + i);
  const round = locals.flatMap(multiplyAdd);
  const constant = (value: number, local: number): number[] => [
    op.f32Const,
    ...f32Bytes(value),
    ...f32x4.splat,
    op.localSet,
    local,
  ];
  const body = [
    ...constant(0.5, a),
    ...constant(0.001, b),
    op.loop,
    type.none,
    ...Array.from({ length: roundsPerIteration }, () => round).flat(),
    ...[...get(count), op.i32Const, 1, op.i32Sub, op.localTee, count, op.brIf, 0],
    op.end,
    ...locals.flatMap((local, i) => (i === 0 ? get(local) : [...get(local), ...f32x4.add])),
    ...f32x4.lane0,
    op.end,
  ];
  const code = sized([1, ...unsigned(accumulators + 2), type.v128, ...body]);
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, type.function, 1, type.i32, 1, type.f32]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...sized([...new TextEncoder().encode("run")]), 0, 0]),
    ...section(10, [1, ...code]),
  ]);
}

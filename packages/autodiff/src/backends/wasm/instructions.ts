/** Types of WebAssembly values. */
export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

/** Machine code, one character per byte: V8 joins strings without copying them. A character beyond U+FFFF stands for the index of a {@link Callable}. */
export type Code = string;

/** Something that can be called: a function of the module, or an import. */
export interface Callable<R extends ValueType | null = ValueType | null> {
  /** The character that stands for its index, which is known once the module is encoded. */
  readonly symbol: Code;
  readonly parameters: readonly ValueType[];
  readonly result: R;
}

/** Code that leaves one value of a known type on the stack. Used twice, it is computed twice. */
export interface Value<T extends ValueType> {
  readonly type: T;
  readonly code: Code;
}
export type I32 = Value<"i32">;
export type F32 = Value<"f32">;
export type F64 = Value<"f64">;
export type V128 = Value<"v128">;

/** Bytes as code. */
export const codeOf = (...bytes: readonly number[]): Code => String.fromCharCode(...bytes);

/** Unsigned LEB128. */
export function unsignedLeb(value: number): Code {
  let code = "";
  let rest = value >>> 0;
  while (rest >= 0x80) {
    code += String.fromCharCode((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return code + String.fromCharCode(rest);
}

/** Signed LEB128 of a 32-bit integer. */
export function signedLeb(value: number): Code {
  let code = "";
  let rest = value | 0;
  while (rest < -64 || rest > 63) {
    code += String.fromCharCode((rest & 0x7f) | 0x80);
    rest >>= 7;
  }
  return code + String.fromCharCode(rest & 0x7f);
}

const view = new DataView(new ArrayBuffer(16));
function bytesOfView(count: number): Code {
  return codeOf(...new Uint8Array(view.buffer, 0, count));
}

type Operands<A extends readonly ValueType[]> = { readonly [K in keyof A]: Value<A[K]> };
/** One function per opcode of a table, all of one signature. */
type Table<C, A extends readonly ValueType[], R extends ValueType> = {
  readonly [K in keyof C]: (...operands: Operands<A>) => Value<R>;
};

const simd = (code: number): Code => `\xfd${unsignedLeb(code)}`;

function table<
  C extends Readonly<Record<string, number>>,
  A extends readonly ValueType[],
  R extends ValueType,
>(codes: C, type: R, encode: (code: number) => Code): Table<C, A, R> {
  const entries = Object.entries(codes).map(([name, number]) => {
    const opcode = encode(number);
    return [
      name,
      (a: Value<ValueType>, b?: Value<ValueType>, c?: Value<ValueType>): Value<R> => ({
        type,
        code: a.code + (b === undefined ? "" : b.code) + (c === undefined ? "" : c.code) + opcode,
      }),
    ];
  });
  // Built from the keys of `codes`, so every name of the mapped type is there.
  return Object.fromEntries(entries) as Table<C, A, R>;
}
/** The instructions of vectors, whose opcodes count from `first`. */
const vectorTable = <C extends Readonly<Record<string, number>>, A extends readonly ValueType[]>(
  codes: C,
  first = 0,
): Table<C, A, "v128"> => table<C, A, "v128">(codes, "v128", (code) => simd(first + code));

/** What follows an opcode of loads and stores: no promise of alignment, and the bytes that are added to the address. */
const memoryAt = (offset: number): Code => `\0${unsignedLeb(offset)}`;
type Load<T extends ValueType> = (at: I32, offset?: number) => Value<T>;
type Store<T extends ValueType> = (at: I32, value: Value<T>, offset?: number) => Code;
const loader =
  <T extends ValueType>(type: T, opcode: Code): Load<T> =>
  (at, offset = 0) => ({ type, code: at.code + opcode + memoryAt(offset) });
const storer =
  <T extends ValueType>(opcode: Code): Store<T> =>
  (at, value, offset = 0) =>
    at.code + value.code + opcode + memoryAt(offset);
type LoadLane = (at: I32, into: V128, lane: number, offset?: number) => V128;
type StoreLane = (at: I32, value: V128, lane: number, offset?: number) => Code;
const laneStorer =
  (opcode: Code): StoreLane =>
  (at, value, lane, offset = 0) =>
    at.code + value.code + opcode + memoryAt(offset) + codeOf(lane);
const laneLoader = (opcode: Code): LoadLane => {
  const code = laneStorer(opcode);
  return (at, into, lane, offset) => ({ type: "v128", code: code(at, into, lane, offset) });
};
type Extract<T extends ValueType> = (from: V128, lane: number) => Value<T>;
const extractor =
  <T extends ValueType>(type: T, opcode: Code): Extract<T> =>
  (from, lane) => ({ type, code: from.code + opcode + codeOf(lane) });
type Replace<T extends ValueType> = (into: V128, lane: number, value: Value<T>) => V128;
const replacer =
  <T extends ValueType>(opcode: Code): Replace<T> =>
  (into, lane, value) => ({ type: "v128", code: into.code + value.code + opcode + codeOf(lane) });

const i32BinaryCodes = {
  eq: 0x46,
  ne: 0x47,
  ltS: 0x48,
  ltU: 0x49,
  gtS: 0x4a,
  gtU: 0x4b,
  leS: 0x4c,
  leU: 0x4d,
  geS: 0x4e,
  geU: 0x4f,
  add: 0x6a,
  sub: 0x6b,
  mul: 0x6c,
  divS: 0x6d,
  divU: 0x6e,
  remS: 0x6f,
  remU: 0x70,
  and: 0x71,
  or: 0x72,
  xor: 0x73,
  shl: 0x74,
  shrU: 0x76,
} as const;
/** 32-bit integers. */
export const i32: Table<typeof i32BinaryCodes, ["i32", "i32"], "i32"> & {
  readonly const: (value: number) => I32;
  readonly eqz: (a: I32) => I32;
  readonly load: Load<"i32">;
  readonly load8U: Load<"i32">;
  readonly store: Store<"i32">;
  readonly store8: Store<"i32">;
} = {
  .../* @__PURE__ */ table<typeof i32BinaryCodes, ["i32", "i32"], "i32">(i32BinaryCodes, "i32", codeOf),
  const: (value) => ({ type: "i32", code: `\x41${signedLeb(value)}` }),
  eqz: (a) => ({ type: "i32", code: `${a.code}\x45` }),
  load: loader("i32", "\x28"),
  load8U: loader("i32", "\x2d"),
  store: storer("\x36"),
  store8: storer("\x3a"),
};

/** 32-bit floats. */
export const f32: {
  readonly add: (a: F32, b: F32) => F32;
  readonly load: Load<"f32">;
  readonly store: Store<"f32">;
  readonly demote: (a: F64) => F32;
} = {
  add: (a, b) => ({ type: "f32", code: `${a.code}${b.code}\x92` }),
  load: loader("f32", "\x2a"),
  store: storer("\x38"),
  demote: (a) => ({ type: "f32", code: `${a.code}\xb6` }),
};

const f64BinaryCodes = { add: 0xa0, mul: 0xa2 } as const;
const f64CompareCodes = { ne: 0x62, lt: 0x63, gt: 0x64 } as const;
/** 64-bit floats. */
export const f64: Table<typeof f64BinaryCodes, ["f64", "f64"], "f64"> &
  Table<typeof f64CompareCodes, ["f64", "f64"], "i32"> & {
    readonly const: (value: number) => F64;
    readonly load: Load<"f64">;
    readonly store: Store<"f64">;
    readonly promote: (a: F32) => F64;
    readonly convertI32: (a: I32) => F64;
  } = {
  .../* @__PURE__ */ table<typeof f64BinaryCodes, ["f64", "f64"], "f64">(f64BinaryCodes, "f64", codeOf),
  .../* @__PURE__ */ table<typeof f64CompareCodes, ["f64", "f64"], "i32">(f64CompareCodes, "i32", codeOf),
  const: (value) => {
    view.setFloat64(0, value, true);
    return { type: "f64", code: `\x44${bytesOfView(8)}` };
  },
  load: loader("f64", "\x2b"),
  store: storer("\x39"),
  promote: (a) => ({ type: "f64", code: `${a.code}\xbb` }),
  convertI32: (a) => ({ type: "f64", code: `${a.code}\xb7` }),
};

const v128UnaryCodes = { not: 77 } as const;
const v128BinaryCodes = { and: 78, andnot: 79, or: 80, xor: 81 } as const;
/** `select`: bits of the first where the third is 1, of the second elsewhere. */
const v128TernaryCodes = { select: 82 } as const;
/** 128-bit vectors as bits. */
export const v128: Table<typeof v128UnaryCodes, ["v128"], "v128"> &
  Table<typeof v128BinaryCodes, ["v128", "v128"], "v128"> &
  Table<typeof v128TernaryCodes, ["v128", "v128", "v128"], "v128"> & {
    readonly load: Load<"v128">;
    readonly store: Store<"v128">;
    readonly load32Splat: Load<"v128">;
    readonly load64Splat: Load<"v128">;
    readonly load32Zero: Load<"v128">;
    readonly load64Zero: Load<"v128">;
    readonly load8Splat: Load<"v128">;
    readonly load32Lane: LoadLane;
    readonly load64Lane: LoadLane;
    readonly store8Lane: StoreLane;
    readonly store16Lane: StoreLane;
    readonly store32Lane: StoreLane;
    readonly store64Lane: StoreLane;
    readonly anyTrue: (a: V128) => I32;
    readonly shuffle: (a: V128, b: V128, bytes: readonly number[]) => V128;
  } = {
  .../* @__PURE__ */ vectorTable<typeof v128UnaryCodes, ["v128"]>(v128UnaryCodes),
  .../* @__PURE__ */ vectorTable<typeof v128BinaryCodes, ["v128", "v128"]>(v128BinaryCodes),
  .../* @__PURE__ */ vectorTable<typeof v128TernaryCodes, ["v128", "v128", "v128"]>(v128TernaryCodes),
  load: loader("v128", simd(0)),
  store: storer(simd(11)),
  load8Splat: loader("v128", simd(7)),
  load32Splat: loader("v128", simd(9)),
  load64Splat: loader("v128", simd(10)),
  load32Zero: loader("v128", simd(92)),
  load64Zero: loader("v128", simd(93)),
  load32Lane: laneLoader(simd(86)),
  load64Lane: laneLoader(simd(87)),
  store8Lane: laneStorer(simd(88)),
  store16Lane: laneStorer(simd(89)),
  store32Lane: laneStorer(simd(90)),
  store64Lane: laneStorer(simd(91)),
  anyTrue: (a) => ({ type: "i32", code: a.code + simd(83) }),
  shuffle: (a, b, bytes) => ({ type: "v128", code: a.code + b.code + simd(13) + codeOf(...bytes) }),
};

/** The byte list of a shuffle of 32-bit lanes: 0 to 3 of the first operand, 4 to 7 of the second. */
export const lanes32 = (...lanes: readonly number[]): number[] =>
  lanes.flatMap((lane) => [lane * 4, lane * 4 + 1, lane * 4 + 2, lane * 4 + 3]);

const i32x4UnaryCodes = {
  abs: 160,
  neg: 161,
  extendLowI16U: 169,
  truncSatF32: 248,
  truncSatF64Zero: 252,
} as const;
const i32x4BinaryCodes = {
  eq: 55,
  ne: 56,
  ltS: 57,
  gtS: 59,
  leS: 61,
  add: 174,
  sub: 177,
  mul: 181,
  minS: 182,
  maxS: 184,
} as const;
const shiftCodes = { shl: 171, shrS: 172, shrU: 173 } as const;
/** Four 32-bit integers. */
export const i32x4: Table<typeof i32x4UnaryCodes, ["v128"], "v128"> &
  Table<typeof i32x4BinaryCodes, ["v128", "v128"], "v128"> &
  Table<typeof shiftCodes, ["v128", "i32"], "v128"> & {
    readonly splat: (a: I32) => V128;
    readonly extract: Extract<"i32">;
    readonly replace: Replace<"i32">;
    /** Zero-extends the low eight bytes to 16 bits. */
    readonly extendBytesTo16: (a: V128) => V128;
  } = {
  .../* @__PURE__ */ vectorTable<typeof i32x4UnaryCodes, ["v128"]>(i32x4UnaryCodes),
  .../* @__PURE__ */ vectorTable<typeof i32x4BinaryCodes, ["v128", "v128"]>(i32x4BinaryCodes),
  .../* @__PURE__ */ vectorTable<typeof shiftCodes, ["v128", "i32"]>(shiftCodes),
  splat: (a) => ({ type: "v128", code: a.code + simd(17) }),
  extract: extractor("i32", simd(27)),
  replace: replacer(simd(28)),
  extendBytesTo16: (a) => ({ type: "v128", code: a.code + simd(137) }),
};

/** Two 64-bit integers (masks of float64 lanes). */
export const i64x2: { readonly extendLowS: (a: V128) => V128 } = {
  extendLowS: (a) => ({ type: "v128", code: a.code + simd(199) }),
};

// Floats of both widths have these, from an opcode on that differs.
const compareCodes = { eq: 0, ne: 1, lt: 2, gt: 3, le: 4, ge: 5 } as const;
const floatUnaryCodes = { abs: 0, neg: 1, sqrt: 3 } as const;
const floatBinaryCodes = { add: 4, sub: 5, mul: 6, div: 7, min: 8, max: 9, pmin: 10, pmax: 11 } as const;
const fusedCodes = { relaxedMadd: 0, relaxedNmadd: 1 } as const;
type FloatLanes<U, T extends "f32" | "f64"> = Table<U & typeof floatUnaryCodes, ["v128"], "v128"> &
  Table<typeof compareCodes & typeof floatBinaryCodes, ["v128", "v128"], "v128"> &
  Table<typeof fusedCodes, ["v128", "v128", "v128"], "v128"> & {
    readonly splat: (a: Value<T>) => V128;
    readonly extract: Extract<T>;
    readonly replace: Replace<T>;
  };

const f32x4UnaryCodes = { ceil: 103, floor: 104, nearest: 106, convertI32: 250, demoteF64Zero: 94 } as const;
/** Four 32-bit floats. */
export const f32x4: FloatLanes<typeof f32x4UnaryCodes, "f32"> = {
  .../* @__PURE__ */ vectorTable<typeof f32x4UnaryCodes, ["v128"]>(f32x4UnaryCodes),
  .../* @__PURE__ */ floatLanes(65, 224, 0x105),
  splat: (a) => ({ type: "v128", code: a.code + simd(19) }),
  extract: extractor("f32", simd(31)),
  replace: replacer(simd(32)),
};

const f64x2UnaryCodes = {
  ceil: 116,
  floor: 117,
  nearest: 148,
  convertLowI32: 254,
  promoteLowF32: 95,
} as const;
/** Two 64-bit floats. */
export const f64x2: FloatLanes<typeof f64x2UnaryCodes, "f64"> = {
  .../* @__PURE__ */ vectorTable<typeof f64x2UnaryCodes, ["v128"]>(f64x2UnaryCodes),
  .../* @__PURE__ */ floatLanes(71, 236, 0x107),
  splat: (a) => ({ type: "v128", code: a.code + simd(20) }),
  extract: extractor("f64", simd(33)),
  replace: replacer(simd(34)),
};

function floatLanes(
  compare: number,
  arithmetic: number,
  fused: number,
): Omit<FloatLanes<unknown, "f32">, "splat" | "extract" | "replace"> {
  return {
    ...vectorTable<typeof compareCodes, ["v128", "v128"]>(compareCodes, compare),
    ...vectorTable<typeof floatUnaryCodes, ["v128"]>(floatUnaryCodes, arithmetic),
    ...vectorTable<typeof floatBinaryCodes, ["v128", "v128"]>(floatBinaryCodes, arithmetic),
    ...vectorTable<typeof fusedCodes, ["v128", "v128", "v128"]>(fusedCodes, fused),
  };
}

/** The sixteen bytes of a constant vector. */
export type VectorBytes = Code;
export function bytesOfF32(value: number): VectorBytes {
  for (let i = 0; i < 16; i += 4) view.setFloat32(i, value, true);
  return bytesOfView(16);
}
export function bytesOfF64(value: number): VectorBytes {
  for (let i = 0; i < 16; i += 8) view.setFloat64(i, value, true);
  return bytesOfView(16);
}
export function bytesOfI32(...values: readonly number[]): VectorBytes {
  for (let i = 0; i < 4; i++) view.setInt32(i * 4, values[i % values.length], true);
  return bytesOfView(16);
}
/** A constant vector; {@link FunctionBuilder.vector} hoists it out of loops. */
export const vectorConst = (bytes: VectorBytes): V128 => ({ type: "v128", code: simd(12) + bytes });

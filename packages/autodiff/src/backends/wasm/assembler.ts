import type { Callable, Code, I32, V128, Value, ValueType, VectorBytes } from "./instructions.js";
import { bytesOfF32, bytesOfF64, bytesOfI32, i32, unsignedLeb, vectorConst } from "./instructions.js";

/** A parameter or local variable; as a value it reads the variable. */
export interface Local<T extends ValueType> extends Value<T> {
  /** Its index, as code. */
  readonly index: Code;
}
/** Where a branch goes. */
export interface Label {
  readonly depth: number;
}

const typeCodes: { readonly [T in ValueType]: Code } = {
  i32: "\x7f",
  i64: "\x7e",
  f32: "\x7d",
  f64: "\x7c",
  v128: "\x7b",
};
const voidBlock = "\x40";
const sized = (code: Code): Code => unsignedLeb(code.length) + code;
const listOf = (items: readonly Code[]): Code => unsignedLeb(items.length) + items.join("");
const typesOf = (types: readonly ValueType[]): Code => listOf(types.map((type) => typeCodes[type]));

/** Writes one function: statements in order, with structured control flow. */
export class FunctionBuilder<R extends ValueType | null = null> implements Callable<R> {
  readonly symbol: Code;
  readonly parameters: readonly ValueType[];
  readonly result: R;
  readonly #locals: ValueType[] = [];
  readonly #vectors = new Map<string, Local<"v128">>();
  #prologue: Code = "";
  #body: Code = "";
  #depth = 0;

  constructor(symbol: Code, parameters: readonly ValueType[], result: R) {
    this.symbol = symbol;
    this.parameters = parameters;
    this.result = result;
  }

  #variable<T extends ValueType>(type: T, at: number): Local<T> {
    const index = unsignedLeb(at);
    return { type, index, code: `\x20${index}` };
  }
  /** The i-th parameter, which must be an integer (an address, a size). */
  parameter(i: number): Local<"i32"> {
    return this.#variable("i32", i);
  }
  local<T extends ValueType>(type: T): Local<T> {
    this.#locals.push(type);
    return this.#variable(type, this.parameters.length + this.#locals.length - 1);
  }
  /** So many variables, one after the other. */
  locals<T extends ValueType>(type: T, count: number): Local<T>[] {
    return Array.from({ length: count }, () => this.local(type));
  }
  /** A new variable that holds `value` from here on. */
  let<T extends ValueType>(value: Value<T>): Local<T> {
    const local = this.local(value.type);
    this.set(local, value);
    return local;
  }
  set<T extends ValueType>(local: Local<T>, value: Value<T>): void {
    this.#body += `${value.code}\x21${local.index}`;
  }
  tee<T extends ValueType>(local: Local<T>, value: Value<T>): Value<T> {
    return { type: value.type, code: `${value.code}\x22${local.index}` };
  }
  emit(code: Code): void {
    this.#body += code;
  }
  /** Adds to an address or a counter. */
  advance(local: Local<"i32">, by: number | I32): void {
    if (by === 0) return;
    this.set(local, i32.add(local, typeof by === "number" ? i32.const(by) : by));
  }

  /** A constant vector, set once at the start of the function: V8 does not move constants out of loops. */
  vector(bytes: VectorBytes): V128 {
    let local = this.#vectors.get(bytes);
    if (local === undefined) {
      local = this.local("v128");
      this.#prologue += `${vectorConst(bytes).code}\x21${local.index}`;
      this.#vectors.set(bytes, local);
    }
    return local;
  }
  f32(value: number): V128 {
    return this.vector(bytesOfF32(value));
  }
  f64(value: number): V128 {
    return this.vector(bytesOfF64(value));
  }
  i32(...values: readonly number[]): V128 {
    return this.vector(bytesOfI32(...values));
  }

  #nested(opcode: Code, body: (label: Label) => void): void {
    this.#body += opcode + voidBlock;
    this.#depth++;
    body({ depth: this.#depth });
    this.#depth--;
    this.#body += "\x0b";
  }
  /** A block: branching to its label leaves it. */
  block(body: (leave: Label) => void): void {
    this.#nested("\x02", body);
  }
  /** A loop: branching to its label starts it again; falling out of the end leaves it. */
  loop(body: (again: Label) => void): void {
    this.#nested("\x03", body);
  }
  if(condition: I32, then: () => void, otherwise?: () => void): void {
    this.#body += condition.code;
    this.#nested("\x04", () => {
      then();
      if (otherwise === undefined) return;
      this.#body += "\x05";
      otherwise();
    });
  }
  branch(label: Label): void {
    this.#body += `\x0c${unsignedLeb(this.#depth - label.depth)}`;
  }
  branchIf(condition: I32, label: Label): void {
    this.#body += `${condition.code}\x0d${unsignedLeb(this.#depth - label.depth)}`;
  }
  /** Runs `body` `count` times; a count that is not a plain number may be 0. */
  repeat(count: number | I32, body: () => void): void {
    if (typeof count === "number") {
      if (count <= 0) return;
      if (count === 1) return body();
    }
    const rest = this.let(typeof count === "number" ? i32.const(count) : count);
    const run = (): void =>
      this.loop((again) => {
        body();
        this.branchIf(this.tee(rest, i32.sub(rest, i32.const(1))), again);
      });
    if (typeof count === "number") run();
    else this.if(i32.gtS(rest, i32.const(0)), run);
  }
  /** Runs `body` again and again while a condition holds. */
  while(condition: () => I32, body: () => void): void {
    this.block((done) =>
      this.loop((again) => {
        this.branchIf(i32.eqz(condition()), done);
        body();
        this.branch(again);
      }),
    );
  }

  call<Result extends ValueType>(
    target: Callable<Result>,
    ...operands: readonly Value<ValueType>[]
  ): Value<Result> {
    return { type: target.result, code: callCode(target, operands) };
  }
  run(target: Callable<null>, ...operands: readonly Value<ValueType>[]): void {
    this.#body += callCode(target, operands);
  }
  return(value?: Value<ValueType>): void {
    this.#body += `${value?.code ?? ""}\x0f`;
  }

  /** Variables and instructions; symbols still stand for indices. */
  encode(): Code {
    const runs: [count: number, type: ValueType][] = [];
    for (const type of this.#locals) {
      const last = runs.at(-1);
      if (last !== undefined && last[1] === type) last[0]++;
      else runs.push([1, type]);
    }
    const locals = listOf(runs.map(([count, type]) => unsignedLeb(count) + typeCodes[type]));
    return `${locals}${this.#prologue}${this.#body}\x0b`;
  }
}

function callCode({ symbol }: Callable, operands: readonly Value<ValueType>[]): Code {
  let code = "";
  for (const operand of operands) code += operand.code;
  return `${code}\x10${symbol}`;
}

const memoryImport = `${sized("env")}${sized("memory")}\x02`;
/** No page at least, and no limit; shared memory needs one: all that 32 bits address. */
const unshared = "\0\0";
const sharedImports: readonly Code[] = [
  `${memoryImport}\x03\0\x80\x80\x04`,
  `${sized("env")}${sized("shift")}\x03\x7f\0`,
];

/** Collects imports and functions, and encodes them as a module over one imported memory (`env.memory`). */
export class ModuleBuilder {
  /** What a module over shared memory adds to the addresses that belong to one thread (`env.shift`); null in others. */
  readonly shift: I32 | null;

  readonly #imports = new Map<string, Callable>();
  readonly #functions: FunctionBuilder<ValueType | null>[] = [];
  readonly #exports: [name: string, target: Callable][] = [];
  #symbols = 0;

  constructor(shared: boolean = false) {
    this.shift = shared ? { type: "i32", code: "\x23\0" } : null;
  }

  #symbol(): Code {
    return String.fromCodePoint(0x10000 + this.#symbols++);
  }

  /** A function of the host, imported as `host.NAME` at its first use. */
  import<R extends ValueType | null>(name: string, parameters: readonly ValueType[], result: R): Callable<R> {
    const known = this.#imports.get(name);
    // One name always comes with one signature.
    if (known !== undefined) return known as Callable<R>;
    const callable: Callable<R> = { symbol: this.#symbol(), parameters, result };
    this.#imports.set(name, callable);
    return callable;
  }
  /** Names of the imported functions, in order of first use. */
  get imports(): readonly string[] {
    return [...this.#imports.keys()];
  }
  /** A new function without a result; `body` writes it. */
  procedure(parameters: readonly ValueType[], body: (f: FunctionBuilder) => void): FunctionBuilder {
    return this.function(parameters, null, body);
  }
  function<R extends ValueType | null>(
    parameters: readonly ValueType[],
    result: R,
    body: (f: FunctionBuilder<R>) => void,
  ): FunctionBuilder<R> {
    const f = new FunctionBuilder(this.#symbol(), parameters, result);
    body(f);
    this.#functions.push(f);
    return f;
  }
  export(name: string, target: Callable): void {
    this.#exports.push([name, target]);
  }

  encode(): Uint8Array<ArrayBuffer> {
    const callables = [...this.#imports.values(), ...this.#functions];
    const indices = new Map(callables.map(({ symbol }, index) => [symbol, unsignedLeb(index)]));
    const resolved = (code: Code): Code =>
      code.replace(/[\u{10000}-\u{10ffff}]/gu, (symbol) => indices.get(symbol) ?? "");

    const types: Code[] = [];
    const typeOf = ({ parameters, result }: Callable): Code => {
      const type = `\x60${typesOf(parameters)}${typesOf(result === null ? [] : [result])}`;
      const known = types.indexOf(type);
      return unsignedLeb(known < 0 ? types.push(type) - 1 : known);
    };
    const section = (id: Code, entries: readonly Code[]): Code =>
      entries.length === 0 ? "" : id + sized(listOf(entries));
    const imports = [...this.#imports].map(
      ([name, callable]) => `${sized("host")}${sized(name)}\0${typeOf(callable)}`,
    );
    const functions = this.#functions.map(typeOf);
    const code = [
      "\0asm\x01\0\0\0",
      section("\x01", types),
      section("\x02", [...(this.shift === null ? [memoryImport + unshared] : sharedImports), ...imports]),
      section("\x03", functions),
      section(
        "\x07",
        this.#exports.map(([name, { symbol }]) => `${sized(name)}\0${resolved(symbol)}`),
      ),
      section(
        "\x0a",
        this.#functions.map((f) => sized(resolved(f.encode()))),
      ),
    ].join("");
    const bytes = new Uint8Array(code.length);
    for (let i = 0; i < code.length; i++) bytes[i] = code.charCodeAt(i);
    return bytes;
  }
}

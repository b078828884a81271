import type { Callable, Code, I32, V128, Value, ValueType, VectorBytes } from "./instructions.js";
import { bytesOfF32, bytesOfF64, bytesOfI32, i32, unsignedLeb, vectorConst } from "./instructions.js";

/** A parameter or local variable; as a value it reads the variable. */
export interface Local<T extends ValueType> extends Value<T> {
  readonly index: number;
}
/** Where a branch goes. */
export interface Label {
  readonly depth: number;
}

const typeCodes: { readonly [T in ValueType]: number } = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};
const voidBlock = 0x40;
const listOf = (items: readonly Code[]): Code => [unsignedLeb(items.length), items];
const nameOf = (text: string): Code => {
  const bytes = [...new TextEncoder().encode(text)];
  return [unsignedLeb(bytes.length), bytes];
};

const isList: (code: Code) => code is readonly Code[] = Array.isArray;

/** Bytes in a row, in storage that doubles when it is full. */
class ByteWriter {
  #bytes = new Uint8Array(256);
  #length = 0;

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
  write(code: Code): void {
    if (typeof code === "number") {
      this.#reserve(1);
      this.#bytes[this.#length++] = code;
    } else if (isList(code)) {
      for (let i = 0; i < code.length; i++) this.write(code[i]);
    } else if (code instanceof Uint8Array) {
      this.#reserve(code.length);
      this.#bytes.set(code, this.#length);
      this.#length += code.length;
    } else this.write(unsignedLeb(code.index));
  }
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }
}
function bytesOf(code: Code): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  writer.write(code);
  return writer.bytes;
}
const sized = (code: Code): Code => {
  const bytes = bytesOf(code);
  return [unsignedLeb(bytes.length), bytes];
};

/** Writes one function: statements in order, with structured control flow. */
export class FunctionBuilder<R extends ValueType | null = null> implements Callable<R> {
  index = -1;
  readonly parameters: readonly ValueType[];
  readonly result: R;
  readonly #prologue: Code[] = [];
  readonly #locals: ValueType[] = [];
  readonly #vectors = new Map<string, Local<"v128">>();
  #body: Code[] = [];
  #depth = 0;

  constructor(parameters: readonly ValueType[], result: R) {
    this.parameters = parameters;
    this.result = result;
  }

  #variable<T extends ValueType>(type: T, index: number): Local<T> {
    return { type, index, code: [0x20, unsignedLeb(index)] };
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
    this.#body.push(value.code, 0x21, unsignedLeb(local.index));
  }
  tee<T extends ValueType>(local: Local<T>, value: Value<T>): Value<T> {
    return { type: value.type, code: [value.code, 0x22, unsignedLeb(local.index)] };
  }
  emit(...code: readonly Code[]): void {
    this.#body.push(...code);
  }
  /** Adds to an address or a counter. */
  advance(local: Local<"i32">, by: number | I32): void {
    if (by === 0) return;
    this.set(local, i32.add(local, typeof by === "number" ? i32.const(by) : by));
  }

  /** A constant vector, set once at the start of the function: V8 does not move constants out of loops. */
  vector(bytes: VectorBytes): V128 {
    const key = bytes.join();
    let local = this.#vectors.get(key);
    if (local === undefined) {
      local = this.local("v128");
      this.#prologue.push(vectorConst(bytes).code, 0x21, unsignedLeb(local.index));
      this.#vectors.set(key, local);
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

  #nested(opcode: number, body: (label: Label) => void): void {
    this.#body.push(opcode, voidBlock);
    this.#depth++;
    body({ depth: this.#depth });
    this.#depth--;
    this.#body.push(0x0b);
  }
  /** A block: branching to its label leaves it. */
  block(body: (leave: Label) => void): void {
    this.#nested(0x02, body);
  }
  /** A loop: branching to its label starts it again; falling out of the end leaves it. */
  loop(body: (again: Label) => void): void {
    this.#nested(0x03, body);
  }
  if(condition: I32, then: () => void, otherwise?: () => void): void {
    this.#body.push(condition.code);
    this.#nested(0x04, () => {
      then();
      if (otherwise === undefined) return;
      this.#body.push(0x05);
      otherwise();
    });
  }
  branch(label: Label): void {
    this.#body.push(0x0c, unsignedLeb(this.#depth - label.depth));
  }
  branchIf(condition: I32, label: Label): void {
    this.#body.push(condition.code, 0x0d, unsignedLeb(this.#depth - label.depth));
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
    return { type: target.result, code: [operands.map((operand) => operand.code), 0x10, target] };
  }
  run(target: Callable<null>, ...operands: readonly Value<ValueType>[]): void {
    this.#body.push(
      operands.map((operand) => operand.code),
      0x10,
      target,
    );
  }
  return(value?: Value<ValueType>): void {
    this.#body.push(value?.code ?? [], 0x0f);
  }

  /** The body as the code section wants it. */
  encode(): Code {
    const runs: [count: number, type: ValueType][] = [];
    for (const type of this.#locals) {
      const last = runs.at(-1);
      if (last !== undefined && last[1] === type) last[0]++;
      else runs.push([1, type]);
    }
    const locals = listOf(runs.map(([count, type]) => [unsignedLeb(count), typeCodes[type]]));
    return sized([locals, this.#prologue, this.#body, 0x0b]);
  }
}

/** Collects imports and functions, and encodes them as a module over one imported memory (`env.memory`). */
export class ModuleBuilder {
  readonly #imports = new Map<string, Callable>();
  readonly #functions: FunctionBuilder<ValueType | null>[] = [];
  readonly #exports: [name: string, target: Callable][] = [];

  /** A function of the host, imported as `host.NAME` at its first use. */
  import<R extends ValueType | null>(name: string, parameters: readonly ValueType[], result: R): Callable<R> {
    const known = this.#imports.get(name);
    // One name always comes with one signature.
    if (known !== undefined) return known as Callable<R>;
    const callable: Callable<R> = { index: -1, parameters, result };
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
    const f = new FunctionBuilder(parameters, result);
    body(f);
    this.#functions.push(f);
    return f;
  }
  export(name: string, target: Callable): void {
    this.#exports.push([name, target]);
  }

  encode(): Uint8Array<ArrayBuffer> {
    const imports = [...this.#imports];
    let index = 0;
    for (const [, callable] of imports) callable.index = index++;
    for (const f of this.#functions) f.index = index++;

    const types: Code[] = [];
    const typeIndex = new Map<string, number>();
    const typeOf = ({ parameters, result }: Callable): number[] => {
      const key = `${parameters.join()}:${result ?? ""}`;
      let known = typeIndex.get(key);
      if (known === undefined) {
        known = types.length;
        typeIndex.set(key, known);
        const results = result === null ? [] : [typeCodes[result]];
        types.push([0x60, listOf(parameters.map((type) => typeCodes[type])), listOf(results)]);
      }
      return unsignedLeb(known);
    };
    const importEntries: Code[] = [[nameOf("env"), nameOf("memory"), 0x02, 0x00, 0x00]];
    for (const [name, callable] of imports)
      importEntries.push([nameOf("host"), nameOf(name), 0x00, typeOf(callable)]);
    const functionEntries = this.#functions.map(typeOf);
    const exportEntries = this.#exports.map(([name, target]) => [
      nameOf(name),
      0x00,
      unsignedLeb(target.index),
    ]);

    const section = (id: number, entries: readonly Code[]): Code =>
      entries.length === 0 ? [] : [id, sized(listOf(entries))];
    return bytesOf([
      [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      section(1, types),
      section(2, importEntries),
      section(3, functionEntries),
      section(7, exportEntries),
      section(
        10,
        this.#functions.map((f) => f.encode()),
      ),
    ]);
  }
}

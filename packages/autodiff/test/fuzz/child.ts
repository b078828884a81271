// Makes the calls that it is ordered to make, and says what came of them: see fuzz.ts, which starts it.

// What the bundle is made of; see bundleOfEntries.
import { entries } from "fuzz:entries";
import { openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { types } from "node:util";
import { add, InternalError, ScopeError, tensor } from "@scope/autodiff";
import { Draws } from "./draws.js";
import {
  isClass,
  listen,
  methodsOf,
  type OutsideCall,
  within,
  wrapClass,
  wrapFunction,
  wrapMethods,
} from "./intercept.js";
import { drawArguments, mutateArguments } from "./mutate.js";
import { OwnError } from "./nasty-values.js";
import type { FuzzFailure, FuzzOrder, FuzzReport } from "./protocol.js";
import { watch } from "./watchdog.js";

const order = JSON.parse(readFileSync(process.argv[2], "utf8")) as FuzzOrder;
const describeOnly = process.argv[3] === "describe";
type AnyFunction = (...args: never[]) => unknown;
type Type = new (...args: never[]) => object;

// What the library prints for its user is no part of a report.
for (const name of ["log", "info", "warn", "error", "debug"] as const) console[name] = () => {};

/** Where a program makes a call of a target, or has an object of a class: the call's number among all that it makes. */
interface Occurrence {
  readonly program: number;
  readonly call: number;
}
interface Target {
  readonly name: string;
  /** Valid calls of it. */
  readonly occurrences: Occurrence[];
  /** Where its first argument could be what its method is called on. */
  readonly asFunction: Occurrence[];
  /** Where an object that has the method comes out of a call. */
  readonly holders: Occurrence[];
  /** The function itself, where it needs no object. */
  readonly direct: AnyFunction | null;
  readonly options: Set<string>;
}

const names = new Map<string, unknown>();
const classes = new Map<string, Type>();
const targets = new Map<string, Target>();
const hidden = new Set(order.hidden);
// A method that a class inherits or overrides is as hidden as that of its base.
const hiddenMembers = new Set(
  order.hidden.filter((name) => name.includes(".")).map((name) => name.slice(name.indexOf(".") + 1)),
);
const addTarget = (name: string, direct: AnyFunction | null): void => {
  const member = name.slice(name.indexOf(".") + 1);
  if (hidden.has(name) || (name.includes(".") && (hiddenMembers.has(member) || hidden.has(member)))) return;
  if (!targets.has(name))
    targets.set(name, { name, occurrences: [], asFunction: [], holders: [], direct, options: new Set() });
};

const known = new Map<unknown, unknown>();
for (const module of Object.values(entries))
  for (const [name, value] of Object.entries(module)) {
    if (known.has(value)) {
      names.set(name, known.get(value));
      continue;
    }
    let wrapped = value;
    if (isClass(value)) {
      classes.set(name, value);
      wrapped = wrapClass(name, value);
      addTarget(`new ${name}`, (...args) => Reflect.construct(value, args));
    } else if (typeof value === "function") {
      wrapped = wrapFunction(name, value as AnyFunction);
      addTarget(name, value as AnyFunction);
    }
    known.set(value, wrapped);
    names.set(name, wrapped);
  }
const ownMethods = new Map<string, [string, AnyFunction][]>();
for (const [name, type] of classes) {
  for (const [method, f] of methodsOf(type)) addTarget(`${name}.${method} (static)`, f.bind(type));
  const methods = methodsOf(type.prototype);
  ownMethods.set(name, methods);
  for (const [method] of methods) addTarget(`${name}.${method}`, null);
}
for (const [name, type] of classes) {
  wrapMethods(`${name}`, type.prototype);
}

// The bodies of examples, each a function that may be run again and again.
const AsyncFunction = (async () => {}).constructor as new (
  ...parts: string[]
) => (...values: unknown[]) => Promise<void>;
const scope: readonly (readonly [string, unknown])[] = [
  ...names,
  ["__at", () => {}],
  ["__check", (_: number, value: unknown) => value],
  [
    "__throws",
    (_: number, run: () => unknown): unknown => {
      try {
        const result = run();
        return result instanceof Promise ? result.catch(() => {}) : result;
      } catch {
        return undefined;
      }
    },
  ],
  [
    "__load",
    async (specifier: string): Promise<unknown> =>
      specifier in entries ? Object.fromEntries(names) : await import(specifier),
  ],
];
const programs = order.programs.map((body) => {
  const f = new AsyncFunction(
    ...scope.map(([name]) => name),
    `"use strict"; await (async () => {\n${body}\n})();`,
  );
  return (): Promise<void> => f(...scope.map(([, value]) => value));
});

class Stop extends Error {}

/** Keeps an occurrence, the first two of each program: those in its loops take long to reach. */
function note(list: Occurrence[], at: Occurrence): void {
  if (list.at(-2)?.program !== at.program) list.push(at);
}

/** Learns which calls each program makes, and which options they read. */
async function learn(): Promise<void> {
  for (const [program, run] of programs.entries()) {
    let call = 0;
    const heard = ({ target, self, args, original }: OutsideCall): unknown => {
      const at = { program, call: call++ };
      const noted = targets.get(target);
      if (noted !== undefined) note(noted.occurrences, at);
      else if (target.endsWith("()")) {
        addTarget(target, null);
        note(targets.get(target)?.occurrences ?? [], at);
      }
      note(targets.get(`Tensor.${target}`)?.asFunction ?? [], at);
      for (const arg of args)
        if (isRecord(arg)) for (const name of Object.keys(arg)) noted?.options.add(name);
      const result = original(self, args);
      if (typeof result === "object" && result !== null && !types.isProxy(result))
        for (const [name, type] of classes)
          if (result instanceof type)
            for (const [method] of ownMethods.get(name) ?? []) {
              note(targets.get(`${name}.${method}`)?.holders ?? [], at);
            }
      return result;
    };
    try {
      await listen(heard, run);
    } catch {
      // Of a program that names what is not public, the calls before that count.
    }
  }
}
const isRecord = (value: unknown): value is object =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

const failures: FuzzFailure[] = [];
const counts: Record<string, number> = {};
let index = order.from;
let callText = "";
const journal = openSync(order.journal, "r+");
const journalBytes = new Int32Array(1);

function fail(kind: FuzzFailure["kind"], reason: string): void {
  failures.push({ index, kind, call: callText, reason: reason.slice(0, 1500) });
}
process.on("unhandledRejection", (reason) => judge(reason, "rejection"));
process.on("uncaughtException", (reason) => judge(reason, "rejection"));

const ownFrame = /eval at |<anonymous>:\d|node:internal\/(?!process)/;
/** The first place in an error's stack that is in the library or in a program. */
const thrownByProgram = (error: Error): boolean => {
  const frames = String(error.stack)
    .split("\n")
    .filter((line) => /^\s+at /.test(line));
  const place = frames.find((line) => line.includes(import.meta.filename) || ownFrame.test(line));
  return place !== undefined && ownFrame.test(place);
};

/** Finds fault with an error, if there is any. */
function judge(error: unknown, kind: FuzzFailure["kind"] = "raw error"): void {
  if (error instanceof OwnError || error instanceof Stop) return;
  if (!(error instanceof Error)) return fail(kind, `thrown: ${typeof error}`);
  // What a value does by itself when it is called or looked at is not the library's.
  if (
    error.message === "an argument" ||
    /^Class constructor \w+ cannot be|proxy that has been revoked$/.test(error.message)
  )
    return;
  if (error.message.length >= 1000)
    fail("long text", `${error.message.length} characters: ${error.message.slice(0, 200)}`);
  if (/\[object \w+\]/.test(error.message)) fail("unclear text", error.message);
  if (error instanceof ScopeError && !(error instanceof InternalError))
    return kind === "rejection" ? fail(kind, String(error.stack)) : undefined;
  if (kind !== "rejection" && thrownByProgram(error)) return;
  fail(kind, `${String(error.stack)}`);
}

/** Makes one call at its place in a program, and lets the program go on. */
async function callWithin(target: Target, draws: Draws): Promise<void> {
  const ways = [target.occurrences, target.asFunction, target.holders].filter((list) => list.length > 0);
  if (ways.length === 0 || (target.direct !== null && draws.chance(0.1))) {
    const { args, text } = drawArguments(draws, target.options);
    callText = `${target.name}${text}`;
    if (describeOnly || target.direct === null) return;
    await settle(() => within(() => Reflect.apply(target.direct as AnyFunction, undefined, args as never[])));
    return;
  }
  const way = target.occurrences.length > 0 && draws.chance(0.7) ? target.occurrences : draws.pick(ways);
  const at = draws.pick(way);
  let call = 0;
  let waiting: Promise<unknown> | null = null;
  const make = (
    name: string,
    self: unknown,
    { args, text }: { args: readonly unknown[]; text: string },
    f: OutsideCall["original"],
  ): unknown => {
    callText = `${name}: ${text}\n  in program ${at.program}, call ${at.call}: ${order.programs[at.program].trim().slice(0, 700)}`;
    if (describeOnly) throw new Stop();
    return attempt(() => f(self, args));
  };
  const method = target.name.slice(target.name.indexOf(".") + 1);
  const onObject: OutsideCall["original"] = (self, args) => {
    const f: unknown = (self as Record<string, unknown>)[method];
    return typeof f === "function" ? within(() => Reflect.apply(f, self, args as never[])) : undefined;
  };
  const heard = (outside: OutsideCall): unknown => {
    // What follows the call may fall over what it left, but a training need not run to its end.
    if (call > at.call + 12) throw new Stop();
    if (call++ !== at.call) return attempt(() => outside.original(outside.self, outside.args));
    if (way === target.holders) {
      const result = outside.original(outside.self, outside.args);
      const wait = make(target.name, result, drawArguments(draws, target.options), onObject);
      if (wait instanceof Promise) waiting = wait;
      return result;
    }
    if (way === target.asFunction && target.occurrences !== way) {
      const [self, ...rest] = outside.args;
      const drawn = mutateArguments(rest, draws, target.options);
      return make(target.name, tensorOf(self), drawn, onObject);
    }
    return make(
      target.name,
      outside.self,
      mutateArguments(outside.args, draws, target.options),
      outside.original,
    );
  };
  await settle(() => listen(heard, programs[at.program]).catch(() => {}));
  if (waiting !== null) await settle(() => waiting);
}
const tensorOf = (value: unknown): unknown => (typeof value === "object" ? value : tensor(Number(value)));

/** Runs a call, and finds fault with what it throws. */
function attempt(run: () => unknown): unknown {
  try {
    const result = run();
    if (types.isPromise(result)) result.catch(judge);
    return result;
  } catch (error) {
    judge(error);
    throw error;
  }
}

/** Runs a call to its end, also where it is asynchronous. */
async function settle(run: () => unknown): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const result = run();
    if (!types.isPromise(result)) return;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        fail("hang", "the promise never settled");
        resolve();
      }, 5 * order.hangMs);
    });
    await Promise.race([result, late]);
  } catch (error) {
    judge(error);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether later work of the process is as it was. */
function checkUnspoilt(): void {
  const sum = within(() => add(tensor([1, 2]), tensor([3, 4])));
  const text = within(() => `${sum.shape} ${[...sum.data]}`);
  if (text !== "2 4,6") fail("spoilt", `[1, 2] + [3, 4] is ${text}`);
}

await learn();
const chosen = [...targets.values()].filter(({ name }) => name.startsWith(order.only));
const tick = describeOnly ? () => {} : watch(order);
for (; index < order.to; index++) {
  journalBytes[0] = index;
  writeSync(journal, new Uint8Array(journalBytes.buffer), 0, 4, 0);
  tick(index);
  const draws = new Draws(order.seed, index);
  // In turn, so that none is left out.
  const target = chosen[index % chosen.length];
  counts[target.name] = (counts[target.name] ?? 0) + 1;
  await callWithin(target, draws);
  await new Promise(setImmediate);
  if (!describeOnly) checkUnspoilt();
}
const report: FuzzReport = { calls: order.to - order.from, targets: counts, failures };
writeFileSync(order.answer, describeOnly ? callText : JSON.stringify(report));
process.exit(0);

/** A call of the library by a program, as its outside sees it: not one that the library makes itself. */
export interface OutsideCall {
  readonly target: string;
  readonly self: unknown;
  readonly args: readonly unknown[];
  readonly original: (self: unknown, args: readonly unknown[]) => unknown;
}
/** Told of each outside call; makes it, or another in its place. */
export type Listener = (call: OutsideCall) => unknown;

type AnyFunction = (...args: never[]) => unknown;
const isFunction = (value: unknown): value is AnyFunction => typeof value === "function";
export const isClass = (value: unknown): value is new (...args: never[]) => object =>
  isFunction(value) && /^class\b/.test(Function.prototype.toString.call(value));

let listener: Listener | null = null;
let inside = 0;

/** Runs `program` while a listener hears of every call that it makes. */
export async function listen(heard: Listener, program: () => Promise<void>): Promise<void> {
  listener = heard;
  inside = 0;
  try {
    await program();
  } finally {
    listener = null;
  }
}

/** Runs the library's code: calls that it makes itself are not heard. */
export function within<T>(run: () => T): T {
  inside++;
  try {
    return run();
  } finally {
    inside--;
  }
}

/** A function of the program, on its way into the library: what it calls is heard. */
function asOwn(value: unknown): unknown {
  if (!isFunction(value) || isClass(value) || wrapped.has(value)) return value;
  return new Proxy(value, {
    apply(f, self, args): unknown {
      const before = inside;
      inside = 0;
      try {
        return Reflect.apply(f, self, args);
      } finally {
        inside = before;
      }
    },
  });
}

const wrapped = new WeakSet<object>();

function heardCall(
  target: string,
  original: OutsideCall["original"],
  self: unknown,
  args: readonly unknown[],
): unknown {
  if (listener === null || inside > 0) return original(self, args);
  return listener({ target, self, args, original: (s, a) => within(() => original(s, a.map(asOwn))) });
}

/** A public function whose calls, and those of the functions that it returns, are heard. */
export function wrapFunction(target: string, f: AnyFunction): AnyFunction {
  const proxy = new Proxy(f, {
    apply(_, self, args): unknown {
      const result = heardCall(target, (s, a) => Reflect.apply(f, s, a as never[]), self, args);
      // Of functions that functions return, those of the first level.
      return isFunction(result) && !isClass(result) && !wrapped.has(result) && !target.endsWith("()")
        ? wrapFunction(`${target}()`, result)
        : result;
    },
  });
  wrapped.add(proxy);
  return proxy;
}

/** A public class whose constructions are heard. */
export function wrapClass(target: string, type: new (...args: never[]) => object): object {
  const proxy = new Proxy(type, {
    construct: (_, args, newTarget): object =>
      heardCall(
        `new ${target}`,
        (_self, a) => Reflect.construct(type, a, newTarget === proxy ? type : newTarget),
        undefined,
        args,
      ) as object,
  });
  wrapped.add(proxy);
  return proxy;
}

/** The methods of an object, its own or a prototype's: plain functions under names. */
export function methodsOf(holder: object): [name: string, method: AnyFunction][] {
  const found: [string, AnyFunction][] = [];
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(holder)))
    if (name !== "constructor" && isFunction(value) && !isClass(value)) found.push([name, value]);
  return found;
}

/** Puts listeners around the methods of a prototype, or the static ones of a class. */
export function wrapMethods(target: string, holder: object): void {
  for (const [name, method] of methodsOf(holder)) {
    const heard = function (this: unknown, ...args: never[]): unknown {
      return heardCall(`${target}.${name}`, (s, a) => Reflect.apply(method, s, a), this, args);
    };
    Object.defineProperty(heard, "name", { value: name });
    Object.defineProperty(heard, "length", { value: method.length });
    wrapped.add(heard);
    Object.defineProperty(holder, name, { value: heard, writable: true, configurable: true });
  }
}

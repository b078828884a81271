/** The first characters of a text, and how many there are. */
export const clip = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 24)}… (${text.length} characters)`;

/** The first parts of a list, and how many more there are. */
function first(length: number, part: (i: number) => string): string {
  const parts = Array.from({ length: Math.min(length, 8) }, (_, i) => part(i));
  if (length > 8) parts.push(`… ${length - 8} more`);
  return parts.join(", ");
}

const listed = (list: readonly unknown[], depth: number): string =>
  first(list.length, (i) => (i in list ? shown(list[i], depth) : ""));

function shownObject(value: object, depth: number): string {
  if (Array.isArray(value))
    return depth > 0 ? `[${listed(value, depth - 1)}]` : `an array of ${value.length}`;
  const { dtype, shape } = value as { dtype?: unknown; shape?: unknown };
  if (typeof dtype === "string" && Array.isArray(shape))
    return `a ${"value" in value ? "Variable" : "tensor"} ${dtype}[${listed(shape, 0)}]`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) return `an instance of ${className(value)}`;
  const entries = Object.entries(value);
  const text = first(
    entries.length,
    (i) => `${entries[i][0]}: ${depth > 0 ? shown(entries[i][1], depth - 1) : "…"}`,
  );
  return text === "" ? "{}" : `{ ${text} }`;
}

/** The name of the class of an object, whatever it is made of. */
export const className = ({ constructor: made }: object): string =>
  (typeof made === "function" && typeof made.name === "string" && made.name) || "a class";

function shown(value: unknown, depth: number): string {
  if (typeof value === "string") return JSON.stringify(clip(value, 60));
  if (typeof value === "symbol" || typeof value === "function") return `a ${typeof value}`;
  if (typeof value === "object" && value !== null) return shownObject(value, depth);
  return Object.is(value, -0) ? "-0" : String(value);
}

function shownSafely(value: unknown, depth: number): string {
  try {
    return clip(shown(value, depth), 200);
  } catch {
    return "a value that cannot be read";
  }
}

/** Any value in a few words, for messages: always short, and never an error, whatever the value does when it is read.
 * @example
 * show({ axis: [0, 1] }) // => "{ axis: [0, 1] }"
 * show(Object.create(null)) // => "{}"
 * @internal
 */
export const show = (value: unknown): string => shownSafely(value, 2);

/** What a value is, without what its parts are. */
export const describe = (value: unknown): string => shownSafely(value, 0);

/** Sizes, axes or the like as text, the first ones of many: `2, 3`. */
export const showSizes = (list: readonly unknown[]): string => listed(list, 0);

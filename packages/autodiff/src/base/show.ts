const plural = (n: number, things: string): string => `${n} more ${things}`;

/** The first characters of a text, and how many there are. */
export const clip = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 24)}… (${text.length} characters)`;

function showList(list: readonly unknown[], depth: number): string {
  if (depth === 0) return `an array of ${list.length}`;
  const parts: string[] = [];
  for (let i = 0; i < list.length && i < 8; i++) parts.push(i in list ? showWithin(list[i], depth - 1) : "");
  if (list.length > 8) parts.push(`… ${plural(list.length - 8, "elements")}`);
  return `[${parts.join(", ")}]`;
}

function showRecord(record: object, depth: number): string {
  const names = Object.keys(record);
  if (depth === 0) return names.length === 0 ? "{}" : `{ ${names.slice(0, 4).join(", ")} }`;
  const parts = names
    .slice(0, 6)
    .map((name) => `${clip(name, 40)}: ${showWithin((record as Record<string, unknown>)[name], depth - 1)}`);
  if (names.length > 6) parts.push(`… ${plural(names.length - 6, "properties")}`);
  return parts.length === 0 ? "{}" : `{ ${parts.join(", ")} }`;
}

function showObject(value: object, depth: number): string {
  if (Array.isArray(value)) return showList(value, depth);
  const { dtype, shape, length } = value as { dtype?: unknown; shape?: unknown; length?: unknown };
  if (typeof dtype === "string" && Array.isArray(shape))
    return `a tensor ${clip(dtype, 20)}[${showSizes(shape)}]`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return showRecord(value, depth);
  const name: unknown = value.constructor?.name;
  const type = typeof name === "string" && name !== "" ? clip(name, 40) : "object";
  return ArrayBuffer.isView(value) && typeof length === "number"
    ? `a ${type} of ${length}`
    : `${/^[AEIOU]/.test(type) ? "an" : "a"} ${type}`;
}

function showWithin(value: unknown, depth: number): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(clip(value, 60));
    case "number":
      return Object.is(value, -0) ? "-0" : `${value}`;
    case "bigint":
      return `${clip(`${value}`, 60)}n`;
    case "symbol":
      return "a symbol";
    case "function":
      return "a function";
    case "object":
      return value === null ? "null" : showObject(value, depth);
    default:
      return `${value}`;
  }
}

/** Any value in a few words, for messages: always short, and never an error, whatever the value does when it is read.
 * @example
 * show({ axis: [0, 1] }) // => "{ axis: [0, 1] }"
 * show(Object.create(null)) // => "{}"
 */
export function show(value: unknown): string {
  try {
    return clip(showWithin(value, 2), 200);
  } catch {
    return "a value that cannot be read";
  }
}

/** Sizes, axes or the like as text, the first ones of many: `2, 3`. */
export function showSizes(list: readonly unknown[]): string {
  const text = showList(list, 1);
  return text.slice(1, -1);
}

import { ValueError } from "./errors.js";

/** What other libraries call an option. */
const otherNames: Readonly<Record<string, string>> = {
  dim: "axis",
  dims: "axis",
  axes: "axis",
  keepdim: "keepDims",
  keepdims: "keepDims",
  keepDim: "keepDims",
  ddof: "correction",
  p: "order",
  ord: "order",
};

/** Throws unless a value is one of those that there are. */
export function checkChoice<T extends string>(
  op: string,
  name: string,
  value: unknown,
  choices: readonly T[],
): asserts value is T {
  if (choices.some((choice) => choice === value)) return;
  throw new ValueError({
    code: "value/choice",
    op,
    problem: `there is no such ${name}.`,
    got: typeof value === "string" ? JSON.stringify(value.slice(0, 100)) : typeof value,
    expected: choices.map((choice) => JSON.stringify(choice)).join(" or "),
    mend: `name one of these, or leave ${name} out`,
  });
}

/** Throws unless options are left out or an object of known names; plain JavaScript gets no such word from a compiler. */
export function checkOptions(op: string, options: unknown, known: readonly string[]): void {
  if (options === undefined) return;
  const expected = `{ ${known.join(", ")} }, each of which may be left out`;
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    const got = Array.isArray(options) ? `[${options.join(", ")}]` : String(options);
    throw new ValueError({
      code: "value/option",
      op,
      problem: "options are not an object.",
      got,
      expected,
      mend: `name the option: { ${known[0]}: ${got} }`,
    });
  }
  for (const name in options) {
    if (known.includes(name)) continue;
    const meant = Object.hasOwn(otherNames, name) ? otherNames[name] : undefined;
    throw new ValueError({
      code: "value/option",
      op,
      problem: `there is no option ${name}.`,
      got: name,
      expected,
      mend:
        meant !== undefined && known.includes(meant)
          ? `${name} is called ${meant} here`
          : "leave it out, or name one of these",
    });
  }
}

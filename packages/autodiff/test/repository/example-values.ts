import { inspect } from "node:util";
import ts from "typescript";

/** What an example says that a value is: plain data, whose numbers carry how closely they were written. */
export type Expected =
  | { readonly kind: "number"; readonly value: number; readonly tolerance: number }
  | { readonly kind: "array"; readonly items: readonly Expected[] }
  | { readonly kind: "object"; readonly entries: ReadonlyMap<string, Expected> }
  | { readonly kind: "exact"; readonly value: string | boolean | null | undefined };

interface TensorLike {
  item(): unknown;
  toArray(): unknown;
  readonly shape: readonly number[];
}

/** Reads the text after `// =>`: numbers, strings, arrays, objects, true, false, null, undefined, NaN, Infinity. */
export function parseExpected(text: string): Expected {
  const source = ts.createSourceFile("expected.ts", `(${text})`, ts.ScriptTarget.ES2022, true);
  const [statement, ...more] = source.statements;
  // The parser's complaints are there at run time, though its types do not say so.
  const broken = (source as unknown as { parseDiagnostics: readonly unknown[] }).parseDiagnostics.length > 0;
  if (broken || more.length > 0 || !ts.isExpressionStatement(statement)) throw unreadable(text);
  return readExpected(statement.expression, 1);
}

const unreadable = (text: string): Error =>
  new Error(`cannot read the expected value "${text}": write data, and remarks on a line of their own`);

function readExpected(node: ts.Expression, sign: 1 | -1): Expected {
  if (ts.isParenthesizedExpression(node)) return readExpected(node.expression, sign);
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.MinusToken)
    return readExpected(node.operand, -1);
  if (ts.isNumericLiteral(node)) return numberOf(node.getText(), sign);
  if (ts.isIdentifier(node)) {
    const name = node.text;
    if (name === "NaN") return { kind: "number", value: Number.NaN, tolerance: 0 };
    if (name === "Infinity") return { kind: "number", value: sign * Number.POSITIVE_INFINITY, tolerance: 0 };
    if (name === "undefined") return { kind: "exact", value: undefined };
  }
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node))
    return { kind: "exact", value: node.text };
  if (node.kind === ts.SyntaxKind.TrueKeyword) return { kind: "exact", value: true };
  if (node.kind === ts.SyntaxKind.FalseKeyword) return { kind: "exact", value: false };
  if (node.kind === ts.SyntaxKind.NullKeyword) return { kind: "exact", value: null };
  if (ts.isArrayLiteralExpression(node))
    return { kind: "array", items: node.elements.map((element) => readExpected(element, 1)) };
  if (ts.isObjectLiteralExpression(node)) {
    const entries = node.properties.map((property): [string, Expected] => {
      if (!ts.isPropertyAssignment(property)) throw unreadable(node.getText());
      return [property.name.getText().replace(/^["']|["']$/g, ""), readExpected(property.initializer, 1)];
    });
    return { kind: "object", entries: new Map(entries) };
  }
  throw unreadable(node.getText());
}

/** Three or more decimals mean: rounded there. Anything else is meant exactly, up to float32. */
function numberOf(text: string, sign: 1 | -1): Expected {
  const value = sign * Number(text.replaceAll("_", ""));
  const [, decimals = "", exponent = "0"] = /^\d*(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(text) ?? [];
  const rounding = decimals.length >= 3 ? 0.51 * 10 ** (Number(exponent) - decimals.length) : 0;
  return { kind: "number", value, tolerance: Math.max(rounding, 1e-6 * Math.abs(value)) };
}

/** The first place where a value is not what was expected, in words; `undefined` if they agree. */
export function difference(actual: unknown, expected: Expected, path = "value"): string | undefined {
  const plain = plainValue(actual, expected);
  const complain = (): string => `${path} is ${inspect(plain, { depth: 4 })}, expected ${describe(expected)}`;
  switch (expected.kind) {
    case "exact":
      return plain === expected.value ? undefined : complain();
    case "number": {
      if (typeof plain !== "number") return complain();
      const { value, tolerance } = expected;
      if (Number.isNaN(value)) return Number.isNaN(plain) ? undefined : complain();
      if (Object.is(value, -0)) return Object.is(plain, -0) ? undefined : complain();
      return plain === value || Math.abs(plain - value) <= tolerance ? undefined : complain();
    }
    case "array": {
      if (!Array.isArray(plain) || plain.length !== expected.items.length) return complain();
      for (const [i, item] of expected.items.entries()) {
        const found = difference(plain[i], item, `${path}[${i}]`);
        if (found) return found;
      }
      return undefined;
    }
    case "object": {
      if (typeof plain !== "object" || plain === null) return complain();
      const record = new Map<string, unknown>(Object.entries(plain));
      if (record.size !== expected.entries.size) return complain();
      for (const [key, item] of expected.entries) {
        if (!record.has(key)) return complain();
        const found = difference(record.get(key), item, `${path}.${key}`);
        if (found) return found;
      }
      return undefined;
    }
  }
}

const isTensor = (value: unknown): value is TensorLike =>
  typeof value === "object" && value !== null && "toArray" in value && "item" in value && "shape" in value;

function plainValue(actual: unknown, expected: Expected): unknown {
  if (isTensor(actual)) {
    if (expected.kind === "exact" && typeof expected.value === "string") return String(actual);
    // A number or a truth value is a scalar; [1] is not.
    return actual.shape.length === 0 ? actual.item() : actual.toArray();
  }
  if (ArrayBuffer.isView(actual) && !(actual instanceof DataView)) return Array.from(actual as Float64Array);
  if (typeof actual === "object" && actual !== null && "value" in actual && isTensor(actual.value))
    return expected.kind === "object" ? actual : plainValue(actual.value, expected);
  return actual;
}

function describe(expected: Expected): string {
  switch (expected.kind) {
    case "number":
      return inspect(expected.value);
    case "exact":
      return inspect(expected.value);
    case "array":
      return `[${expected.items.map(describe).join(", ")}]`;
    case "object":
      return `{ ${[...expected.entries].map(([key, value]) => `${key}: ${describe(value)}`).join(", ")} }`;
  }
}

import type { Expression, ExpressionNode } from "../../kernel/instruction.js";
import type { Read } from "../../kernel/program.js";

/** A kernel's expression under construction, with its reads from memory; equal reads and constants are shared. */
export interface Body {
  readonly nodes: ExpressionNode[];
  readonly reads: Read[];
  readonly readKeys: Map<string, number>;
}

export const newBody = (): Body => ({ nodes: [], reads: [], readKeys: new Map() });

const accessKey = (at: {
  buffer: { id: number };
  offset: number;
  strides: readonly number[];
  steps: readonly number[];
}): string => `${at.buffer.id}+${at.offset}:${at.strides.join()}:${at.steps.join()}`;

/** The expression node that holds what a read brings. */
export function pushRead(body: Body, read: Read): number {
  const key =
    read.kind === "plain"
      ? accessKey(read.at)
      : `${accessKey(read.at)}@${accessKey(read.index)}*${read.stride}`;
  let node = body.readKeys.get(key);
  if (node === undefined) {
    node = body.nodes.length;
    body.nodes.push({ kind: "read", index: body.reads.length, dtype: read.at.buffer.dtype });
    body.reads.push(read);
    body.readKeys.set(key, node);
  }
  return node;
}

/** Appends an op's expression, whose reads are the given nodes; returns its results. */
export function inlineExpression(body: Body, expression: Expression, operands: readonly number[]): number[] {
  const at: number[] = [];
  for (const node of expression.nodes) {
    if (node.kind === "read") {
      at.push(operands[node.index]);
      continue;
    }
    at.push(body.nodes.length);
    body.nodes.push(moved(node, at));
  }
  return expression.results.map((r) => at[r]);
}

function moved(node: Exclude<ExpressionNode, { kind: "read" }>, at: readonly number[]): ExpressionNode {
  switch (node.kind) {
    case "constant":
    case "index":
      return node;
    case "unary":
    case "cast":
      return { ...node, a: at[node.a] };
    case "binary":
    case "compare":
      return { ...node, a: at[node.a], b: at[node.b] };
    case "select":
      return { ...node, condition: at[node.condition], a: at[node.a], b: at[node.b] };
  }
}

/** Without nodes that no result needs; reads keep their order but lose those unused. */
export function pruned(body: Body, results: readonly number[]): { expression: Expression; reads: Read[] } {
  const needed = new Uint8Array(body.nodes.length);
  for (const r of results) needed[r] = 1;
  for (let i = body.nodes.length - 1; i >= 0; i--) {
    if (needed[i] === 0) continue;
    const node = body.nodes[i];
    if (node.kind === "unary" || node.kind === "cast") needed[node.a] = 1;
    else if (node.kind === "binary" || node.kind === "compare") needed[node.a] = needed[node.b] = 1;
    else if (node.kind === "select") needed[node.condition] = needed[node.a] = needed[node.b] = 1;
  }
  const at: number[] = [];
  const nodes: ExpressionNode[] = [];
  const reads: Read[] = [];
  body.nodes.forEach((node, i) => {
    at.push(needed[i] === 1 ? nodes.length : -1);
    if (needed[i] === 0) return;
    if (node.kind === "read") {
      nodes.push({ ...node, index: reads.length });
      reads.push(body.reads[node.index]);
    } else nodes.push(moved(node, at));
  });
  return { expression: { nodes, results: results.map((r) => at[r]) }, reads };
}

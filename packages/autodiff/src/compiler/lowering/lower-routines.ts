import { InternalError } from "../../base/errors.js";
import { sameShape, sizeOf } from "../../base/shape.js";
import type { Layout, Lowering } from "../../kernel/lowering.js";
import type { Kernel, Read } from "../../kernel/program.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { Node } from "../../trace/op.js";
import { newBody, pruned } from "./expressions.js";
import type { Block } from "./lower-block.js";
import { gemmKernels } from "./lower-gemm.js";
import { copyKernel, fillKernel } from "./simple-kernels.js";
import { itemOf } from "./values.js";
import { accessOf, isRowMajor, regionOf, squeezed, type View } from "./views.js";

const placed = (target: View, layout: Layout): View => {
  const region = regionOf(target, layout);
  if (region === null) throw new InternalError("compile: a piece does not fit its place");
  return region;
};
/** Where a place is put together: where it will be wanted, unless that is no place for one of its pieces. */
function homeOfPieces(block: Block, out: Tensor, regions: readonly Layout[]): View {
  const home = block.destinationOf(out);
  return regions.every((layout) => regionOf(home, layout) !== null) ? home : block.destinations.ownRoom(out);
}

/** Adds the kernels of an op that is a routine to a block. */
export function lowerRoutine(
  block: Block,
  node: Node,
  lowering: Exclude<Lowering, { kind: "map" | "view" | "fill" | "iota" | "gather" | "check" }>,
): void {
  const [out] = node.outputs;
  const inputs = node.inputs.map((t) => block.valueOf(t));
  const name = node.op.name;
  const done = (emit: () => readonly Kernel[]): void => {
    const view = block.destinationOf(out);
    block.values.set(out.id, { kind: "stored", view, item: block.single(emit) });
  };
  switch (lowering.kind) {
    case "reduce": {
      const { shape } = node.inputs[0];
      const axes = shape.map((_, k) => k);
      const order = [...axes.filter((k) => !lowering.axes.includes(k)), ...lowering.axes].filter(
        (k) => shape[k] !== 1,
      );
      const reduced = lowering.axes.filter((k) => shape[k] !== 1).length;
      const inner = order.map((k) => squeezed(shape.slice(0, k)).length);
      const body = newBody();
      const result = block.operand(body, inputs[0], shape);
      const { expression, reads } = pruned(body, [result]);
      const permuted = reads.map((r): Read => {
        const turn = <A extends { readonly strides: readonly number[] }>(a: A): A => ({
          ...a,
          strides: inner.map((k) => a.strides[k]),
        });
        return r.kind === "plain"
          ? { kind: "plain", at: turn(r.at) }
          : { ...r, at: turn(r.at), index: turn(r.index) };
      });
      const target = block.destinationOf(out);
      done(() => [
        {
          kind: "reduce",
          name,
          shape: order.map((k) => shape[k]),
          reduced,
          reads: permuted,
          expression,
          combine: lowering.combine,
          write: accessOf(
            target,
            order.slice(0, order.length - reduced).map((k) => target.strides[k]),
          ),
        },
      ]);
      return;
    }
    case "gemm": {
      const [a, b] = inputs.slice(0, 2).map((v) => block.stored(v, name));
      const bias = lowering.onto === "row" ? block.stored(inputs[2], name) : null;
      if (lowering.onto === "tensor") {
        const x = block.stored(inputs[2], name);
        // Onto the summand itself, where nobody else looks at it.
        const inPlace =
          !block.destinations.isRequested(out) &&
          block.mayOverwrite(node.inputs[2]) &&
          sameShape(x.shape, out.shape);
        if (inPlace) block.destinations.assign(out, x);
        const target = block.destinationOf(out);
        const product = gemmKernels(block, name, a, b, target, "accumulate", null);
        done(() => (inPlace ? product() : [copyKernel(name, x, target), ...product()]));
        return;
      }
      done(gemmKernels(block, name, a, b, block.destinationOf(out), bias === null ? "set" : "bias", bias));
      return;
    }
    case "place": {
      const target = homeOfPieces(block, out, lowering.regions);
      const pieces = node.inputs.map((t, k) => ({
        value: inputs[k],
        layout: lowering.regions[k],
        home: block.destinations.decided(t),
      }));
      const covered = pieces.reduce((n, p) => n + sizeOf(p.layout.shape), 0) === sizeOf(out.shape);
      const copies: (() => Kernel)[] = [];
      for (const { value, layout, home } of pieces) {
        const region = placed(target, layout);
        if (value.kind === "uniform") {
          if (!Object.is(value.value, lowering.fill) || covered)
            copies.push(() => fillKernel(name, region, value.value));
          continue;
        }
        if (block.tryAlsoStore(value, region)) continue;
        const view = block.stored(value, name);
        if (home !== undefined && view.buffer === region.buffer && view.offset === region.offset) continue;
        copies.push(() => copyKernel(name, view, region));
      }
      if (!covered) {
        // Zeros first: before the first item that writes a piece into its region.
        block.prefill(target, lowering.fill, name);
      }
      const item =
        copies.length === 0
          ? inputs.reduce((m, v) => Math.max(m, itemOf(v)), -1)
          : block.single(() => copies.map((c) => c()));
      block.values.set(out.id, { kind: "stored", view: target, item });
      return;
    }
    case "scatterAdd": {
      const [x, index] = inputs.map((v) => block.stored(v, name));
      const target = block.destinationOf(out);
      const [batch, count, row] = x.shape;
      done(() => [
        fillKernel(name, target, 0),
        {
          kind: "scatterAdd",
          name,
          shape: [batch, count, row],
          rows: target.shape[1],
          source: accessOf(x, x.strides),
          index: accessOf(index, index.strides),
          target: accessOf(target, target.strides),
        },
      ]);
      return;
    }
    case "argExtreme":
    case "cumulative":
    case "argSort": {
      const source = block.rowMajorView(block.stored(inputs[0], name), name);
      const n = source.shape[source.shape.length - 1];
      const rows = n === 0 ? 0 : sizeOf(source.shape) / n;
      const target = block.destinationOf(out);
      const flat = isRowMajor(target) ? target : block.allocate(name, out);
      done(() => [
        {
          kind: "row",
          name,
          routine:
            lowering.kind === "cumulative"
              ? { kind: "cumulativeSum", reverse: lowering.reverse }
              : lowering.kind === "argSort"
                ? { kind: "argSort", descending: lowering.descending, limit: lowering.limit }
                : { kind: "argExtreme", largest: lowering.largest },
          rows,
          n,
          source: accessOf(source, [n]),
          target: accessOf(flat, [rows === 0 ? 0 : sizeOf(out.shape) / rows]),
        },
        ...(flat === target ? [] : [copyKernel(name, flat, target)]),
      ]);
      return;
    }
    case "randomBits": {
      const state = block.rowMajorView(block.stored(inputs[0], name), name);
      const target = block.destinationOf(out);
      const flat = isRowMajor(target) ? target : block.allocate(name, out);
      done(() => [
        {
          kind: "randomBits",
          name,
          length: sizeOf(out.shape),
          state: accessOf(state, []),
          target: accessOf(flat, []),
        },
        ...(flat === target ? [] : [copyKernel(name, flat, target)]),
      ]);
      return;
    }
  }
}

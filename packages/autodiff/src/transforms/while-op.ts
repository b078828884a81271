import { DerivativeError } from "../base/errors.js";
import { batchedUp } from "../ops/batching.js";
import { any } from "../ops/reduction.js";
import { renamed, type Tensor } from "../tensor/tensor.js";
import { apply } from "../trace/apply.js";
import { interpret } from "../trace/evaluate.js";
import type { Op } from "../trace/op.js";
import { type BatchedGraph, batchedSpec, batchGraph, chooseByExample, closeBatched } from "./batch-graph.js";
import { type ClosedGraph, close, memo } from "./close.js";
import { presence } from "./lists.js";
import { type Settled, settleCarries, type WhileAttributes, withHiddenFirst } from "./loop-operands.js";
import { type JointLoop, jointLoop, jointOperands, jointResults } from "./loop-tangents.js";
import { hiddenValues, jvpGraphPush } from "./split.js";

/** A loop of unknown length. Inputs: [constants of the test, constants of the body, carries]. */
export const whileOp: Op<WhileAttributes> = {
  name: "while",
  infer: (_inputs, { body }) => body.outputs,
  forward(inputs, { test, body, testConstants, bodyConstants }) {
    const forTest = inputs.slice(0, testConstants);
    const forBody = inputs.slice(testConstants, testConstants + bodyConstants);
    let carry = inputs.slice(testConstants + bodyConstants);
    while (interpret(test, [...forTest, ...carry])[0].item() !== 0)
      carry = interpret(body, [...forBody, ...carry]);
    return carry.map(renamed);
  },
  structure: (attributes) => ({ kind: "while", ...attributes }),
  pullback: () => {
    throw new DerivativeError({
      code: "derivative/while",
      op: "whileLoop",
      problem:
        "a traced loop of unknown length has no reverse derivative: what it would have to keep has no fixed size.",
      got: "reverse mode (grad, vjp, lossAndGradients) through a whileLoop that was traced or compiled",
      expected: "forward mode (jvp), or a loop of known length",
      mend: "use scan with the most steps it may take, and where to keep the carry once it is done",
    });
  },
  joint(inputs, attributes, tangents) {
    const { testConstants, bodyConstants, body } = attributes;
    const layout = { constants: bodyConstants, carries: body.outputs.length };
    const given = tangents.slice(testConstants);
    const { joint, joined } = jointWhileOf(attributes, presence(given));
    const operands = jointOperands(layout, joint, inputs.slice(testConstants), given);
    return jointResults(
      layout,
      joint,
      apply(whileOp, [...inputs.slice(0, testConstants), ...operands], joined),
    );
  },
  pushforward: (node, tangents) => jvpGraphPush(whileOp, node, tangents),
  batch: batchWhile,
};

interface JointWhile {
  readonly joint: JointLoop;
  readonly joined: WhileAttributes;
}

const jointWhileOf: (attributes: WhileAttributes, given: readonly boolean[]) => JointWhile = memo(
  (attributes, given) => {
    const { test, body, testConstants, bodyConstants } = attributes;
    const joint = jointLoop({ body, constants: bodyConstants, carries: body.outputs.length }, given);
    // The carries of the joint body; the test does not look at the tangents among them.
    const tangents = joint.body.inputs.slice(joint.constants + body.outputs.length);
    return {
      joint,
      joined: {
        test: { ...test, inputs: [...test.inputs, ...tangents] },
        body: joint.body,
        testConstants,
        bodyConstants: joint.constants,
      },
    };
  },
);

/** Test and body of a loop over batched operands, as closed graphs. */
interface BatchedLoop {
  readonly test: ClosedGraph;
  readonly body: ClosedGraph;
  /** Whether the body reads the constants of the test as well, in front of its own. */
  readonly bodyTests: boolean;
}

function batchWhile(
  inputs: readonly Tensor[],
  batched: readonly boolean[],
  attributes: WhileAttributes,
  n: number,
): readonly [readonly Tensor[], readonly boolean[]] {
  const { testConstants, bodyConstants } = attributes;
  const start = testConstants + bodyConstants;
  const { mask, made: shared } = settleBatched(attributes, batched, n);
  const { test, body, bodyTests } = shared.test.batched[0]
    ? loopByExample(attributes, mask, n)
    : { ...shared, bodyTests: false };
  const constantsOfTest = inputs.slice(0, testConstants);
  const constantsOfBody = inputs.slice(bodyTests ? 0 : testConstants, start);
  const carry = inputs.slice(start);
  const [hiddenTest, hiddenBody] = [hiddenValues(test), hiddenValues(body)];
  const made = apply(
    whileOp,
    [
      ...hiddenTest,
      ...constantsOfTest,
      ...hiddenBody,
      ...constantsOfBody,
      ...carry.map((t, i) => (mask[start + i] ? batchedUp(t, batched[start + i], n) : t)),
    ],
    {
      test: withHiddenFirst(test.graph, testConstants + carry.length),
      body: withHiddenFirst(body.graph, constantsOfBody.length + carry.length),
      testConstants: hiddenTest.length + testConstants,
      bodyConstants: hiddenBody.length + constantsOfBody.length,
    },
  );
  return [made, mask.slice(start)];
}

/** A carry is batched if the body makes it so; all are, if the test is: examples then end at different times. */
const settleBatched = (
  { test, body, testConstants, bodyConstants }: WhileAttributes,
  batched: readonly boolean[],
  n: number,
): Settled<{ readonly test: BatchedGraph; readonly body: BatchedGraph }> => {
  const start = testConstants + bodyConstants;
  return settleCarries(
    { constants: start, carries: body.outputs.length },
    batched,
    (mask) => {
      const carries = mask.slice(start);
      return {
        test: closeBatched(test, [...mask.slice(0, testConstants), ...carries], n),
        body: closeBatched(body, mask.slice(testConstants), n, carries),
      };
    },
    (made) => made.body.batched.map((flag) => flag || made.test.batched[0]),
  );
};

/** The loop goes on while any example does, and those that have ended keep their carry.
 * Inputs of the body: [constants of the test, constants of the body, carries]. */
function loopByExample(
  { test, body, testConstants, bodyConstants }: WhileAttributes,
  mask: readonly boolean[],
  n: number,
): BatchedLoop {
  const start = testConstants + bodyConstants;
  const ofTest = <T>(list: readonly T[]): T[] => [...list.slice(0, testConstants), ...list.slice(start)];
  const ofBody = <T>(list: readonly T[]): readonly T[] => list.slice(testConstants);
  /** `[n]`: whether each example goes on, by the operands of the test. */
  const going = (operands: readonly Tensor[]): Tensor => batchGraph(test, operands, ofTest(mask), n)[0][0];
  const symbols = [...test.inputs.slice(0, testConstants), ...body.inputs];
  const specs = symbols.map((t, i) => batchedSpec(t, mask[i], n));
  return {
    test: close((all) => [any(going(all))], ofTest(specs)),
    body: close((all) => {
      const goesOn = going(ofTest(all));
      const [next, flags] = batchGraph(body, ofBody(all), ofBody(mask), n);
      return next.map((value, i) => chooseByExample(goesOn, batchedUp(value, flags[i], n), all[start + i]));
    }, specs),
    bodyTests: true,
  };
}

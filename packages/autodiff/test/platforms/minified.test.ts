import * as autodiff from "@scope/autodiff";
import * as nn from "@scope/nn";
import { expect, test } from "vitest";
import { bundle } from "./bundles.js";

const namesOfErrors = (): string[] =>
  Object.entries({ ...autodiff, ...nn })
    .filter(([, value]) => typeof value === "function" && value.prototype instanceof Error)
    .map(([name]) => name)
    .sort();

test("errors keep their names where a minifier renames classes", async () => {
  const names = namesOfErrors();
  expect(names).toContain("ShapeError");
  const code = await bundle(`
    import * as autodiff from "@scope/autodiff";
    import * as nn from "@scope/nn";
    const complaint = { code: "", op: "", problem: "", got: "", expected: "", mend: "" };
    const all = { ...autodiff, ...nn };
    export const found = ${JSON.stringify(names)}.map((name) => new all[name](complaint).name);
  `);
  const module: unknown = await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(code)}`);
  expect(module).toMatchObject({ found: names });
});

test("modules and optimisers keep their names in messages and summaries", async () => {
  const modules = Object.entries(nn).flatMap(([name, value]) =>
    typeof value === "function" && value.prototype instanceof nn.Module ? [name] : [],
  );
  const abstract = ["Cell", "GatedCell", "RecurrentStack"];
  const named = [
    ...modules.filter((name) => !abstract.includes(name)),
    "Adam",
    "AdamW",
    "Adagrad",
    "RMSProp",
    "SGD",
  ];
  expect(named).toEqual(expect.arrayContaining(["LSTM", "LSTMCell", "Linear", "Sequential", "Normalizer"]));
  const code = await bundle(`
    import { spec, tensor } from "@scope/autodiff";
    import * as nn from "@scope/nn";
    const opOf = (run) => { try { run(); } catch (error) { return error.op; } };
    class Mine extends nn.Module {
      static get name() { return "Mine"; }
      own = new nn.Parameter(tensor(1));
      inner = new nn.Sequential(new nn.Linear(3, 2));
      forward(x) { return this.inner.forward(x); }
    }
    export const names = ${JSON.stringify(named)}.map((name) => nn[name].name);
    export const ops = [
      opOf(() => new nn.LSTM(0, 1)),
      opOf(() => new nn.LSTMCell(0, 1)),
      opOf(() => new nn.GRU(2, 3).forward(tensor([1]))),
      opOf(() => new nn.RNNCell(2, 3).initialState(-1)),
      opOf(() => new nn.Linear(2, 3).loadStateDict({})),
      opOf(() => new nn.Adam([])),
      opOf(() => new nn.SGD([new nn.Parameter(tensor(1))]).step([])),
    ];
    export const types = new Mine().summary(spec([1, 3])).split("\\n").map((line) => line.split(/ {2,}/).at(-3));
  `);
  const module: unknown = await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(code)}`);
  expect(module).toMatchObject({
    names: named,
    ops: ["LSTM", "LSTMCell", "GRU", "RNNCell.initialState", "Linear.loadStateDict", "Adam", "SGD.step"],
    types: expect.arrayContaining(["Mine", "Sequential", "Linear"]),
  });
});

import { expect, test } from "vitest";
import { publicNames } from "../repository/surroundings.js";
import { fuzz, hiddenNames } from "./fuzz.js";
import type { FuzzFailure } from "./protocol.js";

const everything = process.env.TESTS === "full";
const calls = everything ? 100_000 : 10_000;
const seed = Number(process.env.FUZZ_SEED ?? 1);

const shown = ({ index, kind, call, reason }: FuzzFailure): string =>
  `seed ${seed}, call ${index}, ${kind}: ${call}\n    ${reason.split("\n").slice(0, 6).join("\n    ")}`;

test(`${calls} calls with arguments of every kind end in a result or in an error of the library's own`, async () => {
  const { failures, targets } = await fuzz({ calls, seed });
  expect(failures.map(shown).slice(0, 20)).toEqual([]);
  const hidden = new Set(hiddenNames());
  const missed = [...publicNames()].flatMap(([name, value]) =>
    typeof value !== "function" || hidden.has(name) || `new ${name}` in targets || name in targets
      ? []
      : [name],
  );
  expect(missed.filter((name) => !hidden.has(`new ${name}`))).toEqual([]);
}, 900_000);

test("faults that are planted are found", async () => {
  const planted = new Map([["planted", "packages/autodiff/test/fuzz/planted-faults.ts"]]);
  // A machine may take more than two seconds to hand out the gigabytes that the hungry one asks for.
  const { failures } = await fuzz({ calls: 6, seed: 1, only: "planted", planted, hangMs: 8000 });
  const found = new Set(failures.map(({ kind, call }) => `${/planted\w+/.exec(call)?.[0]}: ${kind}`));
  expect([...found].sort()).toEqual([
    "plantedCrash: crash",
    "plantedHang: hang",
    "plantedHunger: memory",
    "plantedLongText: long text",
    "plantedLongText: raw error",
    "plantedRawError: raw error",
    "plantedRejection: rejection",
  ]);
}, 120_000);

import { fuzz } from "./fuzz.js";

const [calls, seed, only] = process.argv.slice(2);
const t = Date.now();
const { failures, targets } = await fuzz({ calls: Number(calls), seed: Number(seed), only });
const groups = new Map<string, (typeof failures)[number][]>();
for (const f of failures) {
  const key =
    f.kind +
    " | " +
    f.reason
      .split("\n")
      .slice(0, 3)
      .map((s) =>
        s
          .replace(/\(.*\/child.mjs/, "(")
          .trim()
          .slice(0, 110),
      )
      .join(" ~ ");
  groups.set(key, [...(groups.get(key) ?? []), f]);
}
for (const [key, list] of [...groups].sort((a, b) => b[1].length - a[1].length))
  console.log(list.length, key, "\n     e.g.", list[0].index, list[0].call.split("\n")[0].slice(0, 200));
console.log(failures.length, "failures", Object.keys(targets).length, "targets", Date.now() - t, "ms");

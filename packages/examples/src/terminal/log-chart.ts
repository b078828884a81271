/** One curve of a chart: the letter that draws it, and a value > 0 for every step. */
export interface Curve {
  readonly mark: string;
  readonly values: readonly number[];
}

/** Curves over the same steps as text, with a logarithmic axis upwards; where curves meet, `*` stands.
 * @param lines - about how many lines the axis takes
 * @param places - which step each value is of, counted from 0, if some were left out */
export function logChart(curves: readonly Curve[], lines = 14, places?: readonly number[]): string {
  const powers = curves.map(({ values }) =>
    values.map((value) => (value > 0 ? Math.log10(value) : Number.NaN)),
  );
  const finite = powers.flat().filter(Number.isFinite);
  if (finite.length === 0) return "(nothing to show: every value is 0)";
  const top = Math.ceil(Math.max(...finite));
  const least = Math.min(Math.floor(Math.min(...finite)), top - 1);
  const linesPerPower = Math.round(lines / (top - least));
  // Where there are more powers than lines, a line stands for several.
  const powersPerLine = linesPerPower >= 1 ? 1 / linesPerPower : Math.ceil((top - least) / lines);
  const height = Math.ceil((top - least) / powersPerLine) + 1;
  const steps = Math.max(...curves.map(({ values }) => values.length));
  const columns = 2;
  const grid = Array.from({ length: height }, () => new Array<string>(steps * columns).fill(" "));
  powers.forEach((values, k) => {
    values.forEach((power, t) => {
      if (!Number.isFinite(power)) return;
      const row = grid[Math.round((top - power) / powersPerLine)];
      row[t * columns] = row[t * columns] === " " ? curves[k].mark : "*";
    });
  });
  const rows = grid.map((row, r) => {
    const value = top - r * powersPerLine;
    const power = Math.abs(value - Math.round(value)) < 1e-9 ? `1e${Math.round(value)}` : "";
    return `${power.padStart(6)} │${row.join("").trimEnd()}`;
  });
  const axis = Array.from({ length: steps }, (_, t) =>
    ((t + 1) % 5 === 0 || t === 0 ? String((places?.[t] ?? t) + 1) : "").padEnd(columns),
  );
  return [
    ...rows,
    `${" ".repeat(6)} └${"─".repeat(steps * columns)}`,
    `${" ".repeat(8)}${axis.join("")}`.trimEnd(),
  ].join("\n");
}

import { element, label } from "./svg.js";

/** Points of the complex plane that belong together. */
export interface Points {
  readonly name: string;
  /** The class that colours them. */
  readonly color: string;
  readonly values: readonly { readonly re: number; readonly im: number }[];
}

const size = 300;

/** Eigenvalues in the complex plane with the unit circle, as SVG markup. */
export function complexPlane(title: string, groups: readonly Points[]): string {
  const reach =
    1.12 *
    Math.max(
      1,
      ...groups.flatMap(({ values }) => values.map(({ re, im }) => Math.max(Math.abs(re), Math.abs(im)))),
    );
  const middle = size / 2;
  const unit = (size / 2 - 8) / reach;
  const points = groups.flatMap(({ color, values }) =>
    values.map(({ re, im }) =>
      element("circle", { cx: middle + re * unit, cy: middle - im * unit, r: 3.4, class: `point ${color}` }),
    ),
  );
  const names = groups.map(({ name, color }, i) => {
    const y = size + 16 + 18 * Math.floor(i / 2);
    const x = 12 + 145 * (i % 2);
    return (
      element("circle", { cx: x, cy: y, r: 4, class: `point ${color}` }) +
      label(name, x + 10, y + 4, { class: "legend" })
    );
  });
  const parts = [
    element("line", { x1: 0, x2: size, y1: middle, y2: middle, class: "grid" }),
    element("line", { x1: middle, x2: middle, y1: 0, y2: size, class: "grid" }),
    element("circle", { cx: middle, cy: middle, r: unit, class: "unit" }),
    label("1", middle + unit + 3, middle - 4, { class: "tick" }),
    label("i", middle + 4, middle - unit - 4, { class: "tick" }),
    ...points,
    ...names,
  ];
  const height = size + 14 + 18 * Math.ceil(groups.length / 2);
  return element(
    "svg",
    { viewBox: `0 0 ${size} ${height}`, role: "img", "aria-label": title },
    parts.join(""),
  );
}

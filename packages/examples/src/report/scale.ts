/** Maps values to places along an axis, and says where its ticks are. */
export interface Scale {
  readonly place: (value: number) => number;
  readonly ticks: readonly { readonly value: number; readonly text: string }[];
}

/** A linear axis over a range, with about five round ticks. */
export function linearScale(low: number, high: number, from: number, to: number): Scale {
  const span = high > low ? high - low : 1;
  const rough = span / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((each) => each * power >= rough) ?? 10);
  const decimals = Math.max(0, -Math.floor(Math.log10(step)));
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  const ticks = Array.from({ length: Math.max(count, 0) }, (_, i) => {
    const value = (first + i) * step;
    return { value, text: value.toFixed(decimals).replace("-", "−") };
  });
  return { place: (value) => from + ((value - low) / span) * (to - from), ticks };
}

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A logarithmic axis that reaches to whole powers of ten; values ≤ 0 have no place. */
export function logScale(low: number, high: number, from: number, to: number): Scale {
  const bottom = Math.floor(Math.log10(low));
  const top = Math.max(Math.ceil(Math.log10(high)), bottom + 1);
  const every = Math.ceil((top - bottom) / 6);
  const powers = Array.from({ length: top - bottom + 1 }, (_, i) => bottom + i).filter(
    (p) => (p - bottom) % every === 0,
  );
  const text = (power: number): string =>
    `10${power < 0 ? "⁻" : ""}${Array.from(String(Math.abs(power)), (digit) => superscripts[Number(digit)]).join("")}`;
  return {
    place: (value) =>
      value > 0 ? from + ((Math.log10(value) - bottom) / (top - bottom)) * (to - from) : Number.NaN,
    ticks: powers.map((power) => ({ value: 10 ** power, text: text(power) })),
  };
}

/** Text made safe for HTML and SVG, attributes included. */
export const escapeText = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

type Attributes = { readonly [name: string]: string | number };

/** An SVG element; `content` is markup already. */
export function element(name: string, attributes: Attributes, content = ""): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeText(show(value))}"`);
  return `<${name}${written.join("")}>${content}</${name}>`;
}

/** Numbers in a picture need two decimals at most. */
const show = (value: string | number): string =>
  typeof value === "number" ? String(Number(value.toFixed(2))) : value;

/** A line of text in a picture. */
export const label = (text: string, x: number, y: number, attributes: Attributes = {}): string =>
  element("text", { x, y, ...attributes }, escapeText(text));

/** A path through points; points that are not finite break it. */
export function polyline(
  points: readonly (readonly [x: number, y: number])[],
  attributes: Attributes,
): string {
  let pen = "M";
  const parts = points.map(([x, y]) => {
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      pen = "M";
      return "";
    }
    const part = `${pen}${show(x)} ${show(y)}`;
    pen = "L";
    return part;
  });
  return element("path", { d: parts.join(""), fill: "none", ...attributes });
}

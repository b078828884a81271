const empty = new Set(["meta", "br", "!doctype"]);

/** Reads HTML strictly: every tag is closed in order, attributes are quoted, text holds no bare `<` or `&`. Throws where it is not so. */
export function checkMarkup(html: string): { readonly tags: string[]; readonly ids: string[] } {
  const tags: string[] = [];
  const ids: string[] = [];
  const open: string[] = [];
  const body = html.replace(/<style>[^<]*<\/style>/g, "<style></style>");
  const token = /<(\/?)([!\w]+)((?:\s+[\w-]+(?:="[^"<]*")?)*)\s*(\/?)>|[^<]+|</g;
  for (const [text, slash, name, attributes] of body.matchAll(token)) {
    if (name === undefined) {
      if (text === "<" || /&(?!#\d+;|\w+;)/.test(text)) throw new Error(`bare ${text.slice(0, 40)}`);
      continue;
    }
    if (slash === "/") {
      const last = open.pop();
      if (last !== name) throw new Error(`</${name}> closes <${last}>`);
      continue;
    }
    tags.push(name);
    ids.push(...Array.from(attributes.matchAll(/\sid="([^"]*)"/g), ([, id]) => id));
    if (!empty.has(name)) open.push(name);
  }
  if (open.length > 0) throw new Error(`never closed: ${open.join(", ")}`);
  return { tags, ids };
}

// The published packages as the tarballs that a user would install.
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pnpm, root } from "./prepare.mjs";

const manifestOf = (name) => JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"));

/** Folder names of the packages that are published. */
export const published = readdirSync(join(root, "packages")).filter((name) => !manifestOf(name).private);

/** Packs every published package into a new temporary folder: its name, its entries and its tarball. */
export async function packAll() {
  const folder = mkdtempSync(join(tmpdir(), "scope-pack-"));
  const packages = [];
  for (const directory of published) {
    const { name, exports } = manifestOf(directory);
    const before = new Set(readdirSync(folder));
    const { code, output } = await pnpm(["pack", "--pack-destination", folder], {
      cwd: join(root, "packages", directory),
      quiet: true,
    });
    if (code !== 0) throw new Error(`pnpm pack of ${name} failed:\n${output}`);
    const tarball = readdirSync(folder).find((file) => !before.has(file));
    packages.push({ name, exports, tarball: join(folder, tarball) });
  }
  return { folder, packages };
}

import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

/** What a cache may hold: the least recently used files go. */
export interface CacheLimits {
  readonly bytes: number;
  readonly files: number;
}
/** What the user's cache may hold. */
export const cacheLimits: CacheLimits = { bytes: 256 * 2 ** 20, files: 4000 };
/** Files in the making that are older belong to a process that has ended. */
const longestMakingMs = 60 * 60 * 1000;

const making = "making-";

/** A digest as part of a file name. */
export const digestOf = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash("sha256");
  // With its length, so that no two lists give the same digest.
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest("hex").slice(0, 40);
};

/** What compilers made, on disk. A file's name holds its key, which says what it was made of, and the digest of its content: what does not match is never used. */
export class ObjectCache {
  readonly folder: string;
  readonly #limits: CacheLimits;

  constructor(folder: string, limits: CacheLimits = cacheLimits) {
    this.folder = folder;
    this.#limits = limits;
  }

  /** The path of the intact file of a key; null if there is none. */
  find(key: string, extension: string): string | null {
    for (const name of readdirSync(this.folder)) {
      if (!name.startsWith(`${key}.`) || !name.endsWith(extension)) continue;
      const path = join(this.folder, name);
      if (this.#isIntact(path, name)) {
        const now = new Date();
        utimesSync(path, now, now);
        return path;
      }
      rmSync(path, { recursive: true, force: true });
    }
    return null;
  }

  /** A new folder for files in the making, to be removed by whoever asked for it; {@link keep} takes files out of it. */
  workshop(): string {
    return mkdtempSync(join(this.folder, making));
  }

  /** Takes a finished file in, in one step, and makes room for it.
   * @returns its path */
  keep(finished: string, key: string, extension: string): string {
    const path = join(this.folder, `${key}.${digestOf(readFileSync(finished))}${extension}`);
    chmodSync(finished, 0o600);
    renameSync(finished, path);
    this.#trim(path);
    return path;
  }

  /** Whether a file is what its name says, and nobody else's. */
  #isIntact(path: string, name: string): boolean {
    try {
      const status = lstatSync(path);
      if (!status.isFile() || !isOurs(status)) return false;
      const [, digest] = name.split(".");
      return digestOf(readFileSync(path)) === digest;
    } catch {
      // Another process has removed it meanwhile.
      return false;
    }
  }

  #trim(latest: string): void {
    const others = readdirSync(this.folder).flatMap((name) => {
      const path = join(this.folder, name);
      try {
        const { size, mtimeMs } = statSync(path);
        const isMade = !name.startsWith(making) || mtimeMs < Date.now() - longestMakingMs;
        return path !== latest && isMade ? [{ path, size, mtimeMs }] : [];
      } catch {
        // Another process has removed it meanwhile.
        return [];
      }
    });
    others.sort((a, b) => b.mtimeMs - a.mtimeMs);
    let bytes = statSync(latest).size;
    let files = 1;
    for (const { path, size } of others) {
      bytes += size;
      files++;
      if (bytes > this.#limits.bytes || files > this.#limits.files)
        rmSync(path, { recursive: true, force: true });
    }
  }
}

/** Whether a file is the user's, and nobody else may write to it. Windows keeps a user's folders apart by itself. */
const isOurs = ({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean =>
  process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);

/** The user's folder for caches. */
function cacheHome(): string {
  const { XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (process.platform === "win32") return LOCALAPPDATA ?? join(homedir(), "AppData", "Local");
  if (XDG_CACHE_HOME?.startsWith("/")) return XDG_CACHE_HOME;
  return process.platform === "darwin" ? join(homedir(), "Library", "Caches") : join(homedir(), ".cache");
}

/** The cache in the user's folder; one for this process alone where that folder cannot be had, or is not the user's own. */
export function openCache(): ObjectCache {
  const folder = join(cacheHome(), "scope-native");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const status = lstatSync(folder);
    if (status.isDirectory() && (process.getuid === undefined || status.uid === process.getuid())) {
      if ((status.mode & 0o077) !== 0) chmodSync(folder, 0o700);
      const probe = join(folder, `probe-${process.pid}-${randomBytes(6).toString("hex")}`);
      writeFileSync(probe, "");
      rmSync(probe);
      return new ObjectCache(folder);
    }
  } catch {
    // No home, or one that is read only.
  }
  const own = mkdtempSync(join(tmpdir(), "scope-native-"));
  process.once("exit", () => rmSync(own, { recursive: true, force: true }));
  return new ObjectCache(own);
}

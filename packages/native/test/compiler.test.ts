import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tanh, tensor } from "@scope/autodiff";
import { compile, setDefaultBackend } from "@scope/autodiff/compile";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ObjectCache } from "../src/cache.js";
import { isNativeAvailable, native } from "../src/index.js";
import { Machine } from "../src/machine.js";
import { openToolchain } from "../src/toolchain.js";
import { describeNative } from "./describe-native.js";

let folder: string;
const { PATH, CC } = process.env;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "scope-native-test-"));
});
afterEach(() => {
  // One by one: a new object in place of process.env is not what child processes get.
  process.env.PATH = PATH;
  if (CC === undefined) delete process.env.CC;
  else process.env.CC = CC;
  rmSync(folder, { recursive: true, force: true });
});

/** What a call throws, as text. */
function thrown(call: () => unknown): { readonly code: string; readonly message: string } {
  try {
    call();
  } catch (error) {
    return error as { readonly code: string; readonly message: string };
  }
  throw new Error("nothing was thrown");
}

it("names what to install where there is no compiler, and the next backend is taken", async () => {
  process.env.PATH = folder;
  delete process.env.CC;
  expect(isNativeAvailable()).toBe(false);
  const { code, message } = thrown(() => openToolchain(new ObjectCache(folder)));
  expect(code).toBe("compile/no-compiler");
  for (const install of ["apt install gcc", "xcode-select --install", "MSYS2"])
    expect(message).toContain(install);
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  expect((await setDefaultBackend([native, "wasm"])).name).toBe("wasm");
  expect(warn.mock.calls.flat().join()).toMatch(
    /"native" cannot be used here: .*apt install gcc.*taking "wasm"/,
  );
  warn.mockRestore();
});

it("takes the compiler that CC names, with its arguments, and none in its place", () => {
  process.env.CC = join(folder, "missing");
  expect(isNativeAvailable()).toBe(false);
  const compiler = join(folder, "compiler");
  writeFileSync(compiler, "#!/bin/sh\nexit 1\n");
  chmodSync(compiler, 0o755);
  process.env.CC = `${compiler} -m64`;
  expect(isNativeAvailable()).toBe(true);
});

describeNative("a compiler that fails", () => {
  /** A compiler that answers questions, and fails when it is to compile. */
  function failing(message: string): void {
    const compiler = join(folder, "failing");
    writeFileSync(
      compiler,
      `#!/bin/sh\ncase "$*" in *-dM*) exec cc "$@";; esac\nprintf '%s\\n' '${message}' >&2\nexit 1\n`,
    );
    chmodSync(compiler, 0o755);
    process.env.CC = compiler;
  }

  it("is told with its message, and the source is kept", () => {
    failing(`program.c:1:1: error: no such thing ${"x".repeat(3000)}`);
    const machine = new Machine(new ObjectCache(folder));
    const { code, message } = thrown(() => machine.load("a program"));
    expect(code).toBe("compile/compiler");
    expect(message).toContain("no such thing");
    expect(message.length).toBeLessThan(1000);
    const [path] = /\S*program\.c(?=;)/.exec(message) ?? [""];
    expect(existsSync(path)).toBe(true);
    expect(readFileSync(path, "utf8")).toBe("a program");
    rmSync(join(path, ".."), { recursive: true });
  });

  it("that cannot even be asked is told as well", () => {
    const compiler = join(folder, "broken");
    writeFileSync(compiler, "#!/bin/sh\necho 'error: out of order' >&2\nexit 1\n");
    chmodSync(compiler, 0o755);
    process.env.CC = compiler;
    const { code, message } = thrown(() => openToolchain(new ObjectCache(folder)));
    expect(code).toBe("compile/compiler");
    expect(message).toContain("out of order");
  });
});

describeNative("programs", () => {
  it("are explained with the machine and its compiler", () => {
    const f = compile((x) => tanh(x), { backend: native });
    expect(f.explain(tensor([1, 2]))).toMatch(/machine: native: .*, .* \d+\.\d+\.\d+, \d+ threads?/);
  });

  it("that have no memory are refused with a RangeError", () => {
    const { addon } = new Machine(new ObjectCache(folder)).load(
      '#include "scalar-math.h"\n#include "program.h"\nstatic void set_up(char *m, scope_pool *p, int32_t *c) {}\nstatic void run(char *m, scope_pool *p, int32_t *c) {}\nPROGRAM(0)\n',
    );
    for (const bytes of [2 ** 60, 2 ** 52]) expect(() => addon.allocate(bytes)).toThrow(RangeError);
    const memory = addon.allocate(100);
    expect(new Uint8Array(memory)).toEqual(new Uint8Array(100));
  });
});

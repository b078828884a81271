import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectSameNumbers } from "./agreement.js";
import { bundle } from "./bundles.js";
import { expectedProgramRuns, runTraining, type TrainingReport } from "./training-program.js";

const executablePath = [
  process.env.CHROMIUM ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path !== "" && existsSync(path));
const missing =
  "there is no Chromium: install it (Debian: apt-get install chromium), or name the executable in CHROMIUM";

/** What a page shows when it is done. */
interface Shown {
  readonly report: TrainingReport;
  /** What its security policy refused, as `directive: what`. */
  readonly refused: readonly string[];
}

const page = (script: string): string => `<!doctype html><meta charset="utf-8"><title>Training</title>
<pre id="report"></pre><script type="module" src="${script}"></script>`;

const onMainThread = `
import { runTraining } from "./training-program.js";
const refused = [];
addEventListener("securitypolicyviolation", (e) => refused.push(e.effectiveDirective + ": " + e.blockedURI));
const shown = document.querySelector("#report");
try {
  const report = runTraining();
  // Violations are reported after the script.
  setTimeout(() => { shown.textContent = JSON.stringify({ report, refused }, null, 1); }, 50);
} catch (error) {
  shown.textContent = String(error.stack);
}`;
const startingWorker = `
const shown = document.querySelector("#report");
const worker = new Worker("/worker.js", { type: "module" });
worker.onmessage = ({ data }) => { shown.textContent = data; };
worker.onerror = ({ message }) => { shown.textContent = message; };`;
const inWorker = `
import { runTraining } from "./training-program.js";
if (typeof document !== "undefined") throw new Error("this is no Worker");
postMessage(JSON.stringify({ report: runTraining(), refused: [] }, null, 1));`;

const onSeveralThreads = `
import "@scope/autodiff/threads";
import { matmul, ones } from "@scope/autodiff";
import { compile } from "@scope/autodiff/compile";
import { currentPool } from "../../src/backends/wasm/threads/prepare.js";
const warnings = [];
console.warn = (line) => void warnings.push(line);
const shown = document.querySelector("#report");
const x = ones([300, 300]).mul(1 / 3);
const multiply = (a) => matmul(a, a.transpose());
const [alone, shared] = [1, 2].map((threads) => compile(multiply, { threads }));
const want = String(alone(x).data);
let right = String(shared(x).data) === want;
let runs = 0;
const run = () => {
  right &&= String(shared(x).data) === want;
  const held = currentPool()?.held ?? 0;
  // Some more runs once the worker has the program.
  if (++runs < 20 || (held === 0 && crossOriginIsolated && warnings.length === 0 && runs < 500)) return void setTimeout(run, 10);
  const machine = shared.explain(x).split("\\n")[1];
  shown.textContent = JSON.stringify({ right, held, machine, warnings });
};
run();`;

const noBlobPolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'";
const strictPolicy = "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'";
const wasmPolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'";

interface Resource {
  readonly type: "text/html" | "text/javascript";
  readonly body: string;
  readonly policy?: string;
  /** Whether memory may be shared. */
  readonly isolated?: boolean;
}
/** What a page shows that shares the work of a program. */
interface Sharing {
  readonly right: boolean;
  /** Programs that its worker has. */
  readonly held: number;
  readonly machine: string;
  readonly warnings: readonly string[];
}

describe("Chromium", () => {
  let node: TrainingReport;
  let server: Server;
  let origin: string;
  let profile: string;
  let browser: BrowserContext;

  beforeAll(async () => {
    if (executablePath === undefined) {
      // Only a developer's machine may do without: where changes are judged, the tests run.
      if (process.env.CI) throw new Error(missing);
      return;
    }
    const resources: Readonly<Record<string, Resource>> = {
      "/main-thread.html": { type: "text/html", body: page("/main-thread.js") },
      "/worker.html": { type: "text/html", body: page("/starting-worker.js") },
      "/strict.html": { type: "text/html", body: page("/main-thread.js"), policy: strictPolicy },
      "/wasm-only.html": { type: "text/html", body: page("/main-thread.js"), policy: wasmPolicy },
      "/isolated.html": { type: "text/html", body: page("/threads.js"), isolated: true },
      "/open.html": { type: "text/html", body: page("/threads.js") },
      "/no-blobs.html": {
        type: "text/html",
        body: page("/threads.js"),
        isolated: true,
        policy: noBlobPolicy,
      },
      "/threads.js": { type: "text/javascript", body: await bundle(onSeveralThreads) },
      "/main-thread.js": { type: "text/javascript", body: await bundle(onMainThread) },
      "/starting-worker.js": { type: "text/javascript", body: startingWorker },
      "/worker.js": { type: "text/javascript", body: await bundle(inWorker) },
    };
    server = createServer(({ url = "" }, response) => {
      if (!Object.hasOwn(resources, url)) {
        response.writeHead(404).end();
        return;
      }
      const { type, body, policy, isolated } = resources[url];
      response.setHeader("Content-Type", type);
      if (isolated) {
        response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
        response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
      }
      if (policy !== undefined) response.setHeader("Content-Security-Policy", policy);
      response.end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the server has no port");
    origin = `http://127.0.0.1:${address.port}`;
    profile = await mkdtemp(join(tmpdir(), "scope-chromium-"));
    browser = await chromium.launchPersistentContext(profile, {
      executablePath,
      headless: true,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
    node = runTraining();
    // Bundles and a browser's start take their time on a busy machine.
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    server?.close();
    if (profile !== undefined) await rm(profile, { recursive: true, force: true });
  });

  async function show<S = Shown>(path: string): Promise<S> {
    const tab = await browser.newPage();
    await tab.goto(origin + path);
    const shown = tab.locator("#report");
    await shown.filter({ hasText: /./ }).waitFor();
    const text = (await shown.textContent()) ?? "";
    await tab.close();
    expect(text).toMatch(/^\{/);
    return JSON.parse(text) as S;
  }

  test("a page differentiates, and trains a compiled LSTM in WebAssembly as Node does", async ({ skip }) => {
    skip(executablePath === undefined, missing);
    const { report } = await show("/main-thread.html");
    expectSameNumbers(report, node);
    expect(report.programRuns).toBe(expectedProgramRuns);
    expect(report.warnings).toEqual([]);
  });
  test("a page that is cross-origin isolated shares a program with a worker, and never sleeps itself", async ({
    skip,
  }) => {
    skip(executablePath === undefined, missing);
    const { right, held, machine, warnings } = await show<Sharing>("/isolated.html");
    expect(warnings).toEqual([]);
    expect({ right, held }).toEqual({ right: true, held: 1 });
    expect(machine).toContain("2 threads");
  });
  test("a page that is not isolated runs it on one thread, and says so once", async ({ skip }) => {
    skip(executablePath === undefined, missing);
    const { right, machine, warnings } = await show<Sharing>("/open.html");
    expect(right).toBe(true);
    expect(machine).toContain("1 thread");
    expect(warnings).toEqual([expect.stringContaining("not cross-origin isolated")]);
  });
  test("a page whose policy refuses the worker's script does all the work itself, and says so once", async ({
    skip,
  }) => {
    skip(executablePath === undefined, missing);
    const { right, held, warnings } = await show<Sharing>("/no-blobs.html");
    expect({ right, held }).toEqual({ right: true, held: 0 });
    expect(warnings).toEqual([expect.stringContaining("run on one thread")]);
  });
  test("a Worker does the same", async ({ skip }) => {
    skip(executablePath === undefined, missing);
    const { report } = await show("/worker.html");
    expectSameNumbers(report, node);
    expect(report.programRuns).toBe(expectedProgramRuns);
    expect(report.warnings).toEqual([]);
  });
  test("a page whose policy forbids WebAssembly gets the same numbers in JavaScript, with one warning", async ({
    skip,
  }) => {
    skip(executablePath === undefined, missing);
    const { report, refused } = await show("/strict.html");
    expectSameNumbers(report, node);
    expect(report.programRuns).toBe(0);
    expect(report.warnings).toEqual([
      expect.stringMatching(/WebAssembly may not be compiled here.*'wasm-unsafe-eval'/),
    ]);
    // The one attempt to compile is all that the policy had to refuse: no text is ever run as code.
    expect([...new Set(refused)]).toEqual(["script-src: wasm-eval"]);
  });
  test("'wasm-unsafe-eval' is all that compiled programs need", async ({ skip }) => {
    skip(executablePath === undefined, missing);
    const { report, refused } = await show("/wasm-only.html");
    expectSameNumbers(report, node);
    expect(report.programRuns).toBe(expectedProgramRuns);
    expect(refused).toEqual([]);
  });
});

import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");

/** The folders of what is published. */
export const PUBLISHED = ["packages/contract", "packages/client", "apps/cli"] as const;

export type Manifest = {
  name: string;
  version: string;
  license: string;
  type: string;
  exports?: Record<string, string>;
  bin?: Record<string, string>;
  dependencies: Record<string, string>;
  repository: { url: string; directory: string };
};

export type PackedPackage = {
  /** Its folder in this tree. */
  source: string;
  tarball: string;
  /** Where the tarball is unpacked. */
  content: string;
  manifest: Manifest;
};

/** Runs pnpm, also where only npm is installed. */
function pnpm(args: readonly string[], cwd = ROOT): void {
  execFileSync("npx", ["--yes", "pnpm@12", ...args], { cwd, stdio: "pipe", encoding: "utf8" });
}

export function build(): void {
  pnpm(["exec", "turbo", "run", "build", "--filter=@klipstream/cli..."]);
}

/**
 * Builds and packs every package that is published, and unpacks the tarballs beside them.
 *
 * @throws Error with what pnpm printed.
 */
export function packPackages(into: string): PackedPackage[] {
  build();
  return PUBLISHED.map((source) => {
    const folder = join(into, source.replace("/", "-"));
    mkdirSync(folder);
    pnpm(["pack", "--pack-destination", folder], join(ROOT, source));
    const tarball = join(folder, readdirSync(folder)[0] ?? "");
    execFileSync("tar", ["-xzf", tarball, "-C", folder]);
    const content = join(folder, "package");
    const manifest = JSON.parse(readFileSync(join(content, "package.json"), "utf8")) as Manifest;
    return { source, tarball, content, manifest };
  });
}

/** For tests: an npm registry on this machine. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export type RegistryPackage = { name: string; version: string; index: string };

export class PackageRegistry {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async serve(packages: readonly RegistryPackage[]): Promise<PackageRegistry> {
    const packed = new Map<string, RegistryPackage & { tarball: Buffer }>();
    for (const each of packages) packed.set(each.name, { ...each, tarball: await pack(each) });
    const server = createServer((request, response) => {
      const [, name = "", file] = (request.url ?? "").split("/");
      const found = packed.get(name);
      if (found === undefined) response.writeHead(404).end("{}");
      else if (file === "package.tgz") response.end(found.tarball);
      else {
        const { version } = found;
        const tarball = `http://${request.headers.host ?? ""}/${name}/package.tgz`;
        const versions = { [version]: { name, version, dist: { tarball } } };
        response.end(JSON.stringify({ name, "dist-tags": { latest: version }, versions }));
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new PackageRegistry(server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function pack({ name, version, index }: RegistryPackage): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), "convex-package-"));
  try {
    const source = join(folder, "source");
    await mkdir(source);
    await writeFile(join(source, "package.json"), JSON.stringify({ name, version }));
    await writeFile(join(source, "index.js"), index);
    await promisify(execFile)("npm", ["pack", source], { cwd: folder });
    return await readFile(join(folder, `${name}-${version}.tgz`));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

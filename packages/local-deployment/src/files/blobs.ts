import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";

/** Where the contents of files are. Their metadata are documents of `_storage`. */
export type Blobs = {
  /** Keeps a content; it is safe when the promise resolves. */
  put(id: string, content: Uint8Array): Promise<void>;
  get(id: string): Promise<Uint8Array | null>;
  /** Forgets a content, if it is there. */
  delete(id: string): Promise<void>;
};

export function memoryBlobs(): Blobs {
  const contents = new Map<string, Uint8Array>();
  return {
    put: (id, content) => Promise.resolve(void contents.set(id, content)),
    get: (id) => Promise.resolve(contents.get(id) ?? null),
    delete: (id) => Promise.resolve(void contents.delete(id)),
  };
}

/** Keeps each content in a file of a folder, for this user only. */
export function folderBlobs(folder: string): Blobs {
  return {
    put: async (id, content) => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const unfinished = join(folder, `${id}.unfinished`);
      const file = await open(unfinished, "w", 0o600);
      try {
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(unfinished, join(folder, id));
      await syncFolder(folder);
    },
    get: async (id) => {
      try {
        return await readFile(join(folder, id));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
        throw error;
      }
    },
    delete: (id) => rm(join(folder, id), { force: true }),
  };
}

/** Makes the name of a new file durable; Windows does so by itself, and opens no folders. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const opened = await open(folder);
  try {
    await opened.sync();
  } finally {
    await opened.close();
  }
}

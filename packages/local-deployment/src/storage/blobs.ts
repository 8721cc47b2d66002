import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";

/** Where the contents of files are. Their metadata are documents of `_storage`. */
export type Blobs = {
  /** Keeps a content; it is safe when the promise resolves. */
  put(id: string, content: Uint8Array): Promise<void>;
  get(id: string): Promise<Uint8Array | null>;
  /** Forgets a content, if it is there. */
  delete(id: string): Promise<void>;
};

/** Blobs whose owner may ask what there is. */
export type ListedBlobs = Blobs & { list(): Promise<string[]> };

export function memoryBlobs(): ListedBlobs {
  const contents = new Map<string, Uint8Array>();
  return {
    put: (id, content) => Promise.resolve(void contents.set(id, content)),
    get: (id) => Promise.resolve(contents.get(id) ?? null),
    delete: (id) => Promise.resolve(void contents.delete(id)),
    list: () => Promise.resolve([...contents.keys()]),
  };
}

/** Keeps each content in a file of a folder, for this user only. */
export function folderBlobs(folder: string): ListedBlobs {
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
    get: (id) => unlessMissing(readFile(join(folder, id)), null),
    delete: (id) => rm(join(folder, id), { force: true }),
    list: () => unlessMissing(readdir(folder), []),
  };
}

async function unlessMissing<T, U>(reading: Promise<T>, missing: U): Promise<T | U> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return missing;
    throw error;
  }
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

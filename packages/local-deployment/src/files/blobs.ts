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

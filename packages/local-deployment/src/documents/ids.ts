/** The table of a document, which the engine writes into its `_id` behind a zero-padded counter. */
export function tableOfId(id: string): string | null {
  const table = id.replace(/^[0-9]+/, "");
  return table === "" || table === id ? null : table;
}

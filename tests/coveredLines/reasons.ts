/** Why a file, or each file of a folder (`/` at the end), has few lines that the counted tests run. */
export const REASONS: Record<string, string> = {};

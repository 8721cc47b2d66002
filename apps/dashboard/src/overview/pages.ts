import { STATUS_FAILED } from "@klipstream/contract";

const firstPage = (numItems: number) => ({ numItems, cursor: null });

/** The largest page: who counts the stalled videos sees "100+" from there on. */
export const STALLED_PAGE = { stalledOnly: true, paginationOpts: firstPage(100) };

export const FAILED_PAGE = { status: STATUS_FAILED, paginationOpts: firstPage(4) } as const;

/** How many videos are asked for at a time as one scrolls. */
export const PAGE_SIZE = 50;

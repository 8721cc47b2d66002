import { type Cell, TOO_NOISY } from "./table.ts";

const NOTHING = "–";

/** A number with three digits that count, and thousands apart. */
export function formatNumber(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US");
  return Number(value.toPrecision(3)).toLocaleString("en-US", { maximumFractionDigits: 10 });
}

/** The median, with the least and the greatest where they differ from it. */
export function formatCell(cell: Cell): string {
  if (cell === null) return NOTHING;
  if (cell === TOO_NOISY) return cell;
  const [median, min, max] = [cell.median, cell.min, cell.max].map(formatNumber);
  return min === median && max === median ? median! : `${median} (${min}–${max})`;
}

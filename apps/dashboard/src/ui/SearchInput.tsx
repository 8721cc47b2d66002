import { Search } from "lucide-react";
import type { ComponentProps } from "react";

/**
 * A text field with a magnifying glass. It takes what an `input` takes.
 *
 * @param props.around - Classes of the box around both: its width.
 */
export function SearchInput({
  around,
  ...input
}: { around: string } & Omit<ComponentProps<"input">, "className">) {
  return (
    <div className={`relative ${around}`}>
      <Search
        aria-hidden="true"
        className="pointer-events-none absolute top-1/2 left-3 size-4 -translate-y-1/2 text-quiet"
      />
      <input className="field pl-9" {...input} />
    </div>
  );
}

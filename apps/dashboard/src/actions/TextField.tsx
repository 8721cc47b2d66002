import { useId } from "react";

type TextFieldProps = {
  label: string;
  hint?: string;
  value: string;
  onChange: (value: string) => void;
  maxLength: number;
  required?: boolean;
  /** How many lines; one is a single-line field. */
  lines?: number;
  placeholder?: string;
};

/** A labelled field of a form. */
export function TextField({ label, hint, value, onChange, lines = 1, ...rest }: TextFieldProps) {
  const id = useId();
  const shared = {
    ...rest,
    id,
    value,
    className: "field",
    autoComplete: "off",
    "aria-describedby": hint === undefined ? undefined : `${id}-hint`,
    onChange: (event: { target: { value: string } }) => onChange(event.target.value),
  };
  return (
    <div>
      <label htmlFor={id} className="mb-1.5 block font-medium">
        {label}
        {rest.required !== true && <span className="font-normal text-quiet"> (optional)</span>}
      </label>
      {lines === 1 ? <input {...shared} /> : <textarea {...shared} rows={lines} />}
      {hint !== undefined && (
        <p id={`${id}-hint`} className="mt-1.5 text-xs text-quiet">
          {hint}
        </p>
      )}
    </div>
  );
}

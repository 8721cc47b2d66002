/** A grey shape where something is still loading; what it stands for is announced once, by its surroundings. */
export function Skeleton({ className }: { className: string }) {
  return (
    <span aria-hidden="true" className={`breathing block rounded-md bg-raised ${className}`} />
  );
}

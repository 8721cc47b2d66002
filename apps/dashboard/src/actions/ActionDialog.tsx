import * as Dialog from "@radix-ui/react-dialog";
import { X } from "lucide-react";
import { type ReactNode, type SyntheticEvent, useState } from "react";

import { describeFailure } from "../backend/describeFailure.ts";
import { useConnection } from "../backend/useConnection.ts";
import { Button, type ButtonLook } from "../ui/Button.tsx";
import { Notice } from "../ui/Notice.tsx";

export type ActionDialogProps = {
  title: string;
  /** What will happen. */
  description: ReactNode;
  /** The word on the button that does it. */
  confirm: string;
  look?: ButtonLook;
  /** The fields of the form. */
  children?: ReactNode;
  /** Does it; what it throws is explained here, and the dialog stays. */
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
};

/** Asks before something is done, and stays until it has been. */
export default function ActionDialog({
  title,
  description,
  confirm,
  look = "primary",
  children,
  onConfirm,
  onClose,
}: ActionDialogProps) {
  const isOffline = useConnection().kind !== "live";
  const { problem, isRunning, run } = useAction(onConfirm, onClose);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    void run();
  };
  return (
    <Dialog.Root open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Dialog.Portal>
        {/* Not Radix's overlay, which would need inline styles in the Content-Security-Policy. */}
        <div className="fixed inset-0 z-40 bg-black/45" />
        <Dialog.Content className="card fixed inset-x-4 top-1/2 z-50 mx-auto max-h-[90vh] max-w-md -translate-y-1/2 overflow-y-auto p-6 shadow-xl">
          <form onSubmit={submit} className="space-y-4">
            <div className="flex items-start justify-between gap-4">
              <Dialog.Title className="text-lg font-semibold">{title}</Dialog.Title>
              <Dialog.Close asChild>
                <Button look="quiet" className="-mt-1.5 -mr-2 px-2" aria-label="Close">
                  <X aria-hidden="true" className="size-4" />
                </Button>
              </Dialog.Close>
            </div>
            <Dialog.Description asChild>
              <div className="text-quiet [overflow-wrap:anywhere]">{description}</div>
            </Dialog.Description>
            {children}
            {problem !== null && <Notice tone="bad" title={problem} role="alert" />}
            {isOffline && (
              <Notice tone="warn" title="Offline: this can be done when the connection is back." />
            )}
            <div className="flex justify-end gap-2 pt-1">
              <Button onClick={onClose}>Cancel</Button>
              <Button look={look} type="submit" disabled={isOffline || isRunning}>
                {isRunning ? "Sending ..." : confirm}
              </Button>
            </div>
          </form>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function useAction(action: () => Promise<unknown>, onDone: () => void) {
  const [problem, setProblem] = useState<string | null>(null);
  const [isRunning, setIsRunning] = useState(false);
  const run = async () => {
    setProblem(null);
    setIsRunning(true);
    try {
      await action();
      onDone();
    } catch (error) {
      setProblem(describeFailure(error));
    } finally {
      setIsRunning(false);
    }
  };
  return { problem, isRunning, run };
}

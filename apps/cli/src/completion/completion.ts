import { Argument } from "@commander-js/extra-typings";

import { type DefineCommand, examples } from "../command/command.ts";
import { describeProgram } from "./describeProgram.ts";
import { completionScript, SHELLS } from "./scripts.ts";

export const defineCompletion: DefineCommand = (command, cli) =>
  command
    .addArgument(new Argument("<shell>", "whose script to print").choices(SHELLS))
    .addHelpText(
      "after",
      examples(
        ["source <(klipstream completion bash)", "complete in this bash; put it into ~/.bashrc"],
        ["source <(klipstream completion zsh)", "complete in this zsh; put it into ~/.zshrc"],
        ["klipstream completion fish | source", "complete in this fish"],
      ),
    )
    .action((shell) => {
      // The tree says that this command needs all: the program is loaded whole.
      const nodes = command.parent === null ? [] : describeProgram(command.parent);
      cli.output.data(completionScript(shell, nodes).trimEnd());
    });

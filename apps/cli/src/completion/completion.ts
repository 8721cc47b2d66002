import { Argument } from "@commander-js/extra-typings";

import type { DefineCommand } from "../commandTree.ts";
import { describeProgram } from "./describeProgram.ts";
import { completionScript, SHELLS } from "./scripts.ts";
import { examples } from "../command/examples.ts";
import { buildProgram } from "../program.ts";

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
    .action(async (shell) => {
      const program = await buildProgram(cli, "all");
      cli.output.data(completionScript(shell, describeProgram(program)).trimEnd());
    });

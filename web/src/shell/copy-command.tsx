// Copies the command that gives the same answer.
import { useState } from "preact/hooks";
import { formatCommand } from "../api/answer.ts";
import { useQuestionOfView } from "../api/command.ts";
import { useSpeech } from "../words/language.tsx";
import { copyText } from "./copy-text.ts";

/** How long it says that it has copied; ms. */
const SAID_MS = 2000;

export function CopyCommand() {
  const { words } = useSpeech();
  const { curl, curlHint, copied, notCopied } = words.shell;
  const asked = useQuestionOfView();
  const [said, setSaid] = useState<string>();
  const command = asked && formatCommand(asked);
  const copy = async () => {
    if (command === undefined) return;
    setSaid((await copyText(command)) ? copied : notCopied);
    setTimeout(() => setSaid(undefined), SAID_MS);
  };
  return (
    <>
      <button
        type="button"
        disabled={command === undefined}
        title={command === undefined ? curlHint : `${curlHint}:\n${command}`}
        onClick={() => void copy()}
      >
        {said ?? curl}
      </button>
      <span class="unseen" role="status">
        {said}
      </span>
    </>
  );
}

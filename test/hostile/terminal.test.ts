// Hostile values on a terminal, on Node; the same in the executable:
// test/executable-hostile.test.ts.
import { describeTerminal } from "./terminal.ts";

describeTerminal("on Node");

// Before lint and tests: installs what the AWS stacks are made of (infra/package-lock.json), unless
// it is there already.
import { installLeaf } from "./leaf.mjs";

installLeaf("infra");

// The program on Node in a company's private network.
import { describePrivateNetwork } from "./private-network.ts";

describePrivateNetwork("on Node");

// The program on Node behind proxies and private CAs.
import { describeNetwork } from "./network.ts";

describeNetwork("on Node");

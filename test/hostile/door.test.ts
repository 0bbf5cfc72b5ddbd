// Bad clients at a server's door, on Node.
import { describeDoor } from "./door.ts";

describeDoor("on Node");

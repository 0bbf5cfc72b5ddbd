// Slow readers over TLS, on Node.
import { describeTlsReaders } from "./tls-readers.ts";

describeTlsReaders("the program on Node");

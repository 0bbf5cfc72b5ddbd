// Which names and addresses are this host itself. Pure.

/** 127.0.0.0/8 and ::1, and the name that means them. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

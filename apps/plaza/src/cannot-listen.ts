/** A failed `listen` in words: the address, why not, and which variable to change. */
export function cannotListen(
  error: NodeJS.ErrnoException,
  host: string,
  port: number,
  [hostVariable, portVariable]: readonly [string, string],
): Error {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `is in use: set ${portVariable} to another, or stop what listens there`,
    EACCES: `is not for this user: set ${portVariable} to one above 1023`,
    EADDRNOTAVAIL: `is no address of this machine: set ${hostVariable} to one, or to 0.0.0.0 for all`,
  }
  const reason = reasons[error.code ?? '']
  return reason === undefined ? error : new Error(`${host}:${port} ${reason}.`, { cause: error })
}
